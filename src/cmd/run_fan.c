/*
 * run_fan: see run_fan.h.
 */
#include "cmd/run_fan.h"

#include <sys/random.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum { TAPS_MOST = 4 };

/* One core is left to the keeper and the rest of the machine. */
static unsigned
taps_of_machine(void)
{
	int cores = get_nprocs() - 1;

	return cores < 1 ? 1 : cores > TAPS_MOST ? TAPS_MOST : (unsigned)cores;
}

unsigned
run_taps(const struct running *r)
{
	int64_t wanted = config_number(&r->common->config, OPT_capture_taps);

	if (r->record_path)
		return 1;
	return wanted ? (unsigned)wanted : taps_of_machine();
}

static bool
asks_lists(const struct config *c)
{
	for (unsigned i = 0; i < c->rules; i++)
		if (c->rule[i].first == OPT_list_file)
			return true;
	return *config_text(c, OPT_places_country) || *config_text(c, OPT_places_asn);
}

bool
run_whole(const struct running *r)
{
	const struct config *c = &r->common->config;

	return config_number(c, OPT_privacy_pseudonymize) && asks_lists(c);
}

int
run_fan_new(unsigned members)
{
	struct capture_fan fan = {.members = members};
	bool fine = getrandom(&fan.seed, sizeof(fan.seed), 0) == (ssize_t)sizeof(fan.seed) &&
		    getrandom(&fan.group, sizeof(fan.group), 0) == (ssize_t)sizeof(fan.group);

	return fine ? role_hand("fan", &fan, sizeof(fan)) : -1;
}

bool
run_fan_get(const struct role_self *self, struct capture_fan *fan)
{
	return self->role == ROLE_tap &&
	       pread(ROLE_FD_FIRST + RUN_FD_FAN, fan, sizeof(*fan), 0) == (ssize_t)sizeof(*fan);
}
