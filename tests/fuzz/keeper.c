/*
 * keeper: any bytes from two taps; the first two say how many are the first one's.  Whatever comes out of it is sound: every line is JSON, a tap that said nonsense is
 * named, and there is an end.  What is said of evidence, either way, is what was understood.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sensor/json_in.h"
#include "sensor/keeper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TAPS = 2, HELD = 1 << 18 };

struct ends {
	struct eve_config cfg;
	struct eve_context context;
	char line[EVE_LINE_MAX];
};

static void
check(struct ends *e, struct out *o)
{
	size_t n = out_len(o);
	const char *p = e->line, *end = p + n;

	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		struct json *one = stop ? json_in(p, (size_t)(stop - p)) : NULL;

		if (!one)
			abort();
		json_in_free(one);
		p = stop + 1;
	}
}

static void
on_session(void *arg, const struct session *s)
{
	struct ends *e = arg;
	struct out o = out_of(e->line, sizeof(e->line));

	eve_session(&o, &e->context, s);
	check(e, &o);
}

static void
on_pulse(void *arg, const struct pulse *p)
{
	struct ends *e = arg;
	struct out o = out_of(e->line, sizeof(e->line));

	eve_pulse(&o, &e->context, p);
	check(e, &o);
}

static void
on_finding(void *arg, const struct finding *f)
{
	struct ends *e = arg;
	struct out o = out_of(e->line, sizeof(e->line));

	eve_finding(&o, &e->context, f, NULL);
	check(e, &o);
}

static void
open_watch(struct watch *w, struct config *config, struct ends *e)
{
	struct watch_setup setup = {.config = config, .version = "0", .taps = TAPS};

	setup.tell = (struct watch_tell){.arg = e, .session = on_session, .finding = on_finding, .pulse = on_pulse};
	config_init(config);
	config_begin(config);
	config->gateways = 1;
	if (!config_gateway_list(config, "192.0.2.10,2001:db8:0:1::10") ||
	    config_set(config, "memory.limit=64MiB") != CONFIG_FINE ||
	    config_set(config, "sensor.name=fuzz") != CONFIG_FINE || !watch_open(w, &setup))
		abort();
	e->cfg = (struct eve_config){.updates = true, .replay = true, .sensor = "fuzz", .version = "0"};
	eve_context_init(&e->context, &e->cfg, NULL, 0);
}

/* What this tap says: all that it ever will. */
static void
join(struct keeper *k, unsigned i, struct cur says)
{
	size_t n = cur_left(&says);
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0 || !keeper_join(k, i, channel_new(fd[0], &TAP_WIRE, HELD)))
		abort();
	if (n > 1 << 16) /* so that the socket takes it at once */
		n = 1 << 16;
	if (n && write(fd[1], says.p, n) != (ssize_t)n)
		abort();
	shutdown(fd[1], SHUT_WR);
	close(fd[1]);
}

static void
hear_out(struct keeper *k)
{
	for (unsigned rounds = 0; !keeper_done(k); rounds++) {
		for (unsigned i = 0; i < TAPS; i++)
			keeper_take(k, i);
		keeper_work(k);
		for (unsigned i = 0; i < TAPS; i++)
			if (keeper_take(k, i) == KEEPER_GONE) {
				if (*keeper_error(k, i) == '\0')
					abort();
				keeper_lost(k, i, keeper_error(k, i));
			}
		if (rounds > 100)
			abort();
	}
}

/* What was read, written again, is what was read. */
static void
evidence_of(const uint8_t *data, size_t size)
{
	struct bytes again = {.p = NULL};
	struct evidence_picked picked;
	struct evidence_wanted wanted;
	struct cur c = cur_of(data, size);

	if (wire_get_picked(&c, &picked)) {
		wire_picked(&again, &picked);
		if (again.n > size || memcmp(again.p, data, again.n) != 0 || (again.n < size && size < 1 << 17))
			abort();
	}
	c = cur_of(data, size);
	again.n = 0;
	if (wire_get_wanted(&c, &wanted)) {
		wire_wanted(&again, &wanted);
		if (again.n != size || memcmp(again.p, data, size) != 0)
			abort();
	}
	bytes_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config;
	static struct ends ends;
	static struct watch w;
	struct cur c = cur_of(data, size);
	size_t first = cur_u16le(&c);
	struct keeper *k;

	evidence_of(data, size);
	open_watch(&w, &config, &ends);
	k = keeper_new(&w, &(struct keeper_tell){.arg = NULL});
	if (!k)
		abort();
	join(k, 0, cur_sub(&c, first < cur_left(&c) ? first : cur_left(&c)));
	join(k, 1, c);
	hear_out(k);
	keeper_free(k);
	watch_end(&w);
	watch_close(&w);
	return 0;
}
