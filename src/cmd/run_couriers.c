/*
 * run_couriers: see run_couriers.h.  Must not start one: the monitor does.
 */
#include "cmd/run_couriers.h"

#include <string.h>

int
run_couriers(struct running *r, struct sinks_wanted *want)
{
	struct common *c = r->common;
	const struct sinks_about about = {.sensor = c->watch.sensor, .ledger = keep_folder(c), .waits = true};

	watch_sensor(c->watch.sensor, &c->config);
	if (sinks_configured(want, &c->config, &about, c->config.error))
		return EXIT_DONE;
	common_error(c, c->config.error);
	return EXIT_USAGE;
}

size_t
run_courier_specs(const struct running *r, const struct sinks_wanted *want, struct role_spec specs[SINKS_MAX])
{
	size_t n = 0;

	for (unsigned i = 0; i < want->count; i++) {
		const struct sink_kind *k = &SINK_KIND[want->sink[i].kind];

		if (!k->sender)
			continue;
		specs[n] = (struct role_spec){.argc = r->argc, .argv = r->argv};
		specs[n].is.role = k->place == SINK_PLACE_program ? ROLE_hook : ROLE_courier;
		memcpy(specs[n].is.name, want->sink[i].name, sizeof(specs[n].is.name));
		n++;
	}
	return n;
}
