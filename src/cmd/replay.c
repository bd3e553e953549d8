/*
 * replay: a pipeline without frames.  Must not change the store, and must keep nothing from one run to the next.
 */
#include "cmd/replay.h"

#include <sys/mman.h>

enum { TELL_EVERY = 4096 };

static void
on_finding(void *arg, const struct finding *f, const struct session *s)
{
	const struct replay *r = arg;

	(void)s;
	r->finding(r->arg, f);
}

static void
on_closed(void *arg, const struct incident *i)
{
	(void)arg;
	(void)i;
}

static void
feed(const struct replay *r, struct pipeline *p)
{
	struct store_item item;

	for (uint64_t i = 0; store_at(r->store, i, &item); i++) {
		if (item.session)
			pipeline_record(p, item.session);
		else
			pipeline_pulse(p, item.pulse);
		if (r->progress && i % TELL_EVERY == TELL_EVERY - 1)
			r->progress(r->arg, TELL_EVERY);
	}
	pipeline_end(p);
}

bool
replay_run(const struct replay *r, const int64_t *params)
{
	struct replay own = *r;
	const struct pipeline_sink to = {.arg = &own, .finding = on_finding, .closed = on_closed};
	struct pipeline *p;
	void *memory;

	own.pipeline.ndpi = false;
	own.pipeline.detect.params = params;
	memory = mmap(NULL, own.pipeline.memory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		      -1, 0);
	if (memory == MAP_FAILED)
		return false;
	p = pipeline_new(memory, &own.pipeline, &to);
	if (p) {
		pipeline_rules(p, own.rules);
		if (own.enrich)
			enrich_use(own.enrich, p);
		feed(&own, p);
		pipeline_close(p);
	}
	munmap(memory, own.pipeline.memory);
	return p != NULL;
}
