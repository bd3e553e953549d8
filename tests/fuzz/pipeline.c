/*
 * Fuzz target: a whole capture file through the whole sentence, to EVE lines in a buffer.
 * Checks that every record gives whole lines, the same ones whether texts are kept ready or not, and whether a glance at
 * a frame is enough or all are taken apart, in batches of any size; and that nothing outlives its memory.
 */
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "packet/savefile.h"
#include "pipeline.h"
#include "sink/eve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 4 << 20 };

struct lines {
	char buffer[EVE_LINE_MAX], again[EVE_LINE_MAX];
	struct ready ready;
	struct eve_config cfg, cfg_plain; /* keeps texts ready, writes each out */
	struct eve_context context, plain;
	uint64_t count, sum; /* of bytes written, and what tells one run's from another's */
};

static void
check(struct lines *l, const struct out *o)
{
	if (!o->full && out_len(o) && o->p[-1] != '\n')
		__builtin_trap();
	l->count += out_len(o);
	l->sum = hash_fast(&(struct hash_key){l->sum, l->count}, o->start, out_len(o));
}

static void
on_session(void *arg, const struct session *s)
{
	struct lines *l = arg;
	struct out o = out_of(l->buffer, sizeof(l->buffer)), again = out_of(l->again, sizeof(l->again));

	eve_session(&o, &l->context, s);
	check(l, &o);
	eve_session(&again, &l->plain, s);
	if (!o.full && !again.full && (out_len(&o) != out_len(&again) || memcmp(l->buffer, l->again, out_len(&o)) != 0))
		__builtin_trap();
}

static void
on_pulse(void *arg, const struct pulse *p)
{
	struct lines *l = arg;
	struct out o = out_of(l->buffer, sizeof(l->buffer));

	pulse_json(&o, p);
	l->count += out_len(&o);
	l->sum = hash_fast(&(struct hash_key){l->sum, l->count}, l->buffer, out_len(&o));
}

static void
on_finding(void *arg, const struct finding *f, const struct session *s)
{
	struct lines *l = arg;
	struct out o = out_of(l->buffer, sizeof(l->buffer));

	eve_finding(&o, &l->context, f, s);
	check(l, &o);
}

static void
on_closed(void *arg, const struct incident *i)
{
	struct lines *l = arg;
	struct out o = out_of(l->buffer, sizeof(l->buffer));

	eve_incident_closed(&o, &l->context, i);
	check(l, &o);
}

/* The addresses of frames decide who is a gateway: the first two of the capture, so that roles are tried. */
static void
choose_gateways(struct pipeline *p, const struct frame *f)
{
	struct gateway_addr g[2] = {{.gateway = 1, .listens = true, .calls = true},
				    {.gateway = 1, .listens = true, .calls = true}};
	struct cur c = f->bytes;

	if (!cur_skip(&c, 26) || cur_left(&c) < 8)
		return;
	g[0].addr = addr_v4(c.p);
	g[1].addr = addr_v4(c.p + 4);
	pipeline_gateways(p, g, cur_peek(&c, 3) & 1 ? 2 : 1);
}

static void
read_all(struct pipeline *p, struct cur bytes, size_t batch)
{
	struct savefile file = {0};
	struct frame frames[PIPELINE_BATCH];
	const char *why;
	size_t n = 0;
	bool first = true;

	for (;;) {
		enum savefile_verdict verdict = savefile_next(&file, &bytes, &frames[n], &why);

		if (verdict == SAVEFILE_MORE || verdict == SAVEFILE_BAD)
			break;
		if (verdict != SAVEFILE_FRAME)
			continue;
		if (first)
			choose_gateways(p, &frames[n]);
		first = false;
		if (++n < batch)
			continue;
		pipeline_frames(p, frames, n);
		n = 0;
	}
	pipeline_frames(p, frames, n);
}

static void
run(void *memory, const struct pipeline_config *cfg, struct lines *lines, struct cur bytes, size_t batch)
{
	const struct pipeline_sink to = {
		.arg = lines, .session = on_session, .pulse = on_pulse, .finding = on_finding, .closed = on_closed};
	struct pipeline *p = pipeline_new(memory, cfg, &to);

	lines->count = lines->sum = 0;
	read_all(p, bytes, batch);
	pipeline_end(p);
	pipeline_close(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lines lines;
	static void *memory;
	struct pipeline_config cfg = {.memory = MEMORY,
				      .table = {1, 2},
				      .identity = {3, 4},
				      .identity_id = 5,
				      .update_ns = NS_PER_S,
				      .detect = {.learn_ns = NS_PER_S, .incident_idle_ns = 60 * NS_PER_S}};
	int64_t params[256];
	uint64_t count, sum;

	if (!memory) {
		crypt_init();
		memory = aligned_alloc(64, MEMORY);
		lines.cfg_plain = (struct eve_config){.sensor = "fuzz", .version = "0"};
		lines.cfg = lines.cfg_plain;
		lines.cfg.ready = &lines.ready;
		eve_context_init(&lines.context, &lines.cfg, "fuzz.pcap", 5);
		eve_context_init(&lines.plain, &lines.cfg_plain, "fuzz.pcap", 5);
	}
	for (unsigned i = 0; i < DETECT_PARAM_COUNT; i++)
		params[i] = DETECT_PARAMS[i].value;
	cfg.detect.params = params;
	run(memory, &cfg, &lines, cur_of(data, size), 1 + size % PIPELINE_BATCH);
	count = lines.count;
	sum = lines.sum;
	cfg.long_way = true;
	run(memory, &cfg, &lines, cur_of(data, size), 1);
	if (lines.count != count || lines.sum != sum)
		__builtin_trap();
	return 0;
}
