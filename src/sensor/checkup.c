/*
 * checkup: see checkup.h.  Must not ask a clock.
 */
#include "sensor/checkup.h"

enum { MINUTE_S = 60, LOST_PER = 1000, MISSED_PER = 100 };

static const struct {
	int64_t after_s, until_s;
} LASTS[TROUBLES] = {
#define TROUBLE(name, id, severity, after_s, until_s, title, doc) {after_s, until_s},
#include "sink/trouble.def"
#undef TROUBLE
};

static struct checkup_sums
sums_of(const struct health *h)
{
	struct checkup_sums s = {.frames = h->counts.frames,
				 .bytes = h->counts.frame_bytes,
				 .lost = h->loss.nic + h->loss.backlog + h->loss.ring,
				 .upstream = h->loss.upstream,
				 .memory = h->loss.memory,
				 .not_kept = h->counts.ledger_failed + h->counts.ledger_not_kept,
				 .steps = h->clock_steps,
				 .deaths = h->deaths};

	for (uint32_t i = 0; i < h->sinks; i++)
		s.given_up[i] = h->sink[i].lost;
	return s;
}

/* Some of these begin again when a part of the sensor does. */
static uint64_t
grown(uint64_t now, uint64_t was)
{
	return now > was ? now - was : 0;
}

static struct checkup_sums
growth(const struct checkup_sums *now, const struct checkup_sums *was)
{
	struct checkup_sums s = {.frames = grown(now->frames, was->frames),
				 .bytes = grown(now->bytes, was->bytes),
				 .lost = grown(now->lost, was->lost),
				 .upstream = grown(now->upstream, was->upstream),
				 .memory = grown(now->memory, was->memory),
				 .not_kept = grown(now->not_kept, was->not_kept),
				 .steps = grown(now->steps, was->steps),
				 .deaths = grown(now->deaths, was->deaths)};

	for (unsigned i = 0; i < SINKS_MAX; i++)
		s.given_up[i] = grown(now->given_up[i], was->given_up[i]);
	return s;
}

static bool
holds(const struct checkup *c, const struct health *h, enum trouble what, unsigned i)
{
	const struct checkup_sums *s = &c->second, *m = &c->minute;

	switch (what) {
	case TROUBLE_sees_nothing:
		return s->frames == 0;
	case TROUBLE_frames_lost:
		return m->lost * LOST_PER > m->frames + m->lost;
	case TROUBLE_mirror_loses:
		return m->upstream * MISSED_PER > m->bytes;
	case TROUBLE_memory_full:
		return m->memory > 0;
	case TROUBLE_not_kept:
		return s->not_kept > 0 || h->outbox_fails;
	case TROUBLE_clock_unset:
		return h->clock_unset;
	case TROUBLE_clock_stepped:
		return s->steps > 0;
	case TROUBLE_sink_down:
		return !h->sink[i].well;
	case TROUBLE_sink_loses:
		return s->given_up[i] > 0;
	case TROUBLE_part_died:
		return s->deaths > 0;
	case TROUBLES:
		break;
	}
	return false;
}

static bool
is_of_sinks(enum trouble what)
{
	return what == TROUBLE_sink_down || what == TROUBLE_sink_loses;
}

static void
put_count(struct out *o, uint64_t n, const char *words)
{
	out_u64(o, n);
	out_text(o, words);
}

/* The numbers it rests on, behind its title. */
static void
say(struct out *o, const struct checkup *c, const struct health *h, enum trouble what, unsigned i)
{
	out_text(o, TROUBLE_INFO[what].title);
	OUT_LIT(o, ": ");
	switch (what) {
	case TROUBLE_sees_nothing:
		put_count(o, (uint64_t)LASTS[what].after_s / MINUTE_S, " minutes without one on ");
		out_text(o, h->iface);
		OUT_LIT(o, "; is the mirror port still set up?");
		break;
	case TROUBLE_frames_lost:
		put_count(o, c->minute.lost, " of ");
		put_count(o, c->minute.lost + c->minute.frames, " in a minute; gatewitness status says where");
		break;
	case TROUBLE_mirror_loses:
		put_count(o, c->minute.upstream, " bytes of ");
		put_count(o, c->minute.bytes + c->minute.upstream, " in a minute; gatewitness span looks closer");
		break;
	case TROUBLE_memory_full:
		put_count(o, c->minute.memory, " in a minute; raise memory.limit");
		break;
	case TROUBLE_sink_down:
	case TROUBLE_sink_loses:
		OUT_LIT(o, "sink ");
		out_text(o, h->sink[i].name);
		OUT_LIT(o, ", ");
		put_count(o, h->sink[i].waiting, " lines wait, ");
		put_count(o, h->sink[i].lost, " are lost");
		out_text(o, *h->sink[i].error ? ": " : "");
		out_text(o, h->sink[i].error);
		break;
	case TROUBLE_not_kept:
	case TROUBLE_clock_unset:
	case TROUBLE_clock_stepped:
	case TROUBLE_part_died:
	case TROUBLES:
		out_text(o, TROUBLE_INFO[what].doc);
		break;
	}
}

static uint64_t
incident_of(const struct health *h, enum trouble what, unsigned i, struct when opened)
{
	static const struct hash_key KEY = {3, 5};
	char names[3 * HEALTH_NAME];
	struct out o = out_of(names, sizeof(names));

	out_text(&o, h->sensor);
	out_char(&o, '\0');
	out_text(&o, TROUBLE_INFO[what].name);
	out_char(&o, '\0');
	if (is_of_sinks(what))
		out_text(&o, h->sink[i].name);
	return hash_keep(&KEY, names, out_len(&o)) ^ (uint64_t)opened.ns;
}

static void
begin(struct checkup *c, const struct health *h, struct checkup_news *n, unsigned i)
{
	struct checkup_state *s = &c->state[n->what][i];
	struct out o = out_of(n->text, sizeof(n->text) - 1);

	s->opened = n->now;
	s->incident = incident_of(h, n->what, i, n->now);
	say(&o, c, h, n->what, i);
	*o.p = '\0';
}

static void
look_at(struct checkup *c, const struct health *h, const struct checkup_news *at, unsigned i, int64_t now_s,
	checkup_fn *tell, void *arg)
{
	struct checkup_state *s = &c->state[at->what][i];
	struct checkup_news n = *at;
	bool is = holds(c, h, n.what, i);

	if (is != s->is)
		s->since = now_s;
	s->is = is;
	if (is == s->told || now_s - s->since < (is ? LASTS[n.what].after_s : LASTS[n.what].until_s))
		return;
	s->told = n.begins = is;
	if (is)
		begin(c, h, &n, i);
	n.opened = s->opened;
	n.incident = s->incident;
	tell(arg, &n);
}

void
checkup_look(struct checkup *c, const struct health *h, int64_t now_s, struct when wall, checkup_fn *tell, void *arg)
{
	const struct checkup_sums now = sums_of(h);

	if (!c->began) {
		c->began = true;
		c->last = c->minute_began = now;
		c->last.deaths = 0; /* what died was this part, too */
		c->minute_at = now_s + MINUTE_S;
		return;
	}
	c->second = growth(&now, &c->last);
	c->last = now;
	if (now_s >= c->minute_at) {
		c->minute = growth(&now, &c->minute_began);
		c->minute_began = now;
		c->minute_at = now_s + MINUTE_S;
	}
	for (unsigned what = 0; what < TROUBLES; what++) {
		const struct checkup_news n = {.what = (enum trouble)what, .now = wall};
		unsigned count = is_of_sinks(n.what) ? h->sinks : 1;

		for (unsigned i = 0; i < count; i++)
			look_at(c, h, &n, i, now_s, tell, arg);
	}
}

unsigned
checkup_lasting(const struct checkup *c, const char **worst)
{
	unsigned n = 0, severity = 0;

	*worst = NULL;
	for (unsigned what = 0; what < TROUBLES; what++)
		for (unsigned i = 0; i < SINKS_MAX; i++) {
			if (!c->state[what][i].told)
				continue;
			n++;
			if (!*worst || TROUBLE_INFO[what].severity > severity) {
				*worst = TROUBLE_INFO[what].title;
				severity = TROUBLE_INFO[what].severity;
			}
		}
	return n;
}
