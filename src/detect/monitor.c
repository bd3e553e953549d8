/*
 * monitor: learns strict periods.  Must not be fooled by a missed probe, nor by people, who are never that punctual.
 */
#include "detect/monitor.h"

enum {
	PAUSE_MS = 2000,   /* requests closer together are one probe */
	MISSED = 6,        /* so many probes may be missing in a row */
	STRICT_PARTS = 20, /* a mean deviation below this part of the period */
	EWMA_PARTS = 8,
	SIZE_BAND = 8, /* a date, a counter, compression */
	PROBES_MIN = 24,
	PROBES_MANY = 120,
	LONG_S = 86400,
	PERIOD_MAX_S = 7200,
	KEEP_PROBES = 8,
	STEPS = 4 /* requests of one probe that are compared: a page, its script, a call */
};

/* Smallest and largest of one request of a probe. */
struct span {
	uint32_t request_min, request_max, answer_min, answer_max;
};

struct monitor {
	struct when since, probe, last; /* last: of any request */
	uint32_t period_ms, off_ms;     /* mean, and mean deviation from it */
	uint32_t probes;
	uint32_t step;           /* which request of the probe came last */
	struct span span[STEPS]; /* each request of a probe */
};

uint32_t
monitor_payload(void)
{
	return sizeof(struct monitor);
}

/* False: it would be too wide, and stays as it was. */
static inline bool
span_add(struct span *s, uint32_t request, uint32_t answer)
{
	const bool none = s->request_max == 0 && s->answer_max == 0;
	const struct span to = {least(s->request_min, request), most(s->request_max, request),
				least(s->answer_min, answer), most(s->answer_max, answer)};

	if (!none && (to.request_max - to.request_min > SIZE_BAND || to.answer_max - to.answer_min > SIZE_BAND))
		return false;
	*s = none ? (struct span){request, request, answer, answer} : to;
	return true;
}

static void
begin_again(struct monitor *m, struct when t)
{
	*m = (struct monitor){.since = t, .probe = t, .last = t, .probes = 1};
}

static void
begin_with(struct monitor *m, struct when t, uint32_t request, uint32_t answer)
{
	begin_again(m, t);
	m->span[0] = (struct span){request, request, answer, answer};
}

static uint32_t
toward(uint32_t mean, uint32_t value)
{
	int64_t step = ((int64_t)value - mean) / EWMA_PARTS;

	return (uint32_t)(mean + step);
}

/* The time since the last probe: one period, or a few when some are missing. */
static void
note_interval(struct monitor *m, uint32_t ms)
{
	uint32_t periods = m->period_ms ? (ms + m->period_ms / 2) / m->period_ms : 1, one, off;

	if (periods == 0 || periods > MISSED)
		periods = 1;
	one = ms / periods;
	if (m->period_ms == 0)
		m->period_ms = one;
	off = one > m->period_ms ? one - m->period_ms : m->period_ms - one;
	m->off_ms = toward(m->off_ms, least(off, m->period_ms));
	m->period_ms = toward(m->period_ms, one);
	m->probes += m->probes < UINT32_MAX;
}

static void
note_request(struct monitor *m, struct when t, uint32_t request, uint32_t answer)
{
	int64_t since = when_since(t, m->probe);
	bool goes_on = when_since(t, m->last) < PAUSE_MS * NS_PER_MS && m->probes;

	if (m->probes == 0 || since <= -NS_PER_MS || since >= (PERIOD_MAX_S * MISSED * INT64_C(1000) + 1) * NS_PER_MS) {
		begin_again(m, t);
	} else if (!goes_on) {
		if (!span_add(&m->span[0], request, answer)) { /* another page: then the time is no matter */
			begin_with(m, t, request, answer);
			return;
		}
		note_interval(m, (uint32_t)(since / NS_PER_MS));
		m->probe = t;
	}
	m->last = t;
	m->step = goes_on ? least(m->step + 1, STEPS) : 0;
	if (m->step < STEPS && !span_add(&m->span[m->step], request, answer))
		begin_with(m, t, request, answer);
}

/* The request's time: a slow answer does not make a probe late. */
static struct when
asked(const struct turn *t)
{
	return when_add(t->time, -(int64_t)t->server_us * NS_PER_US);
}

static bool
pauses_before(const struct turn *t)
{
	return when_since(asked(t), asked(t - 1)) >= PAUSE_MS * NS_PER_MS;
}

static bool
differs(const struct turn *a, const struct turn *b)
{
	return most(a->request, b->request) - least(a->request, b->request) > SIZE_BAND ||
	       most(a->answer, b->answer) - least(a->answer, b->answer) > SIZE_BAND;
}

/* The last of a record's requests that begins anew whatever came before it, because the one before it was the first
   after a pause as well, and another page.  Nearly all of people's requests are such.  NULL: none for sure. */
static const struct turn *
begins_anew(const struct turn *from, const struct turn *end)
{
	for (size_t n = (size_t)(end - from); n > 2; n--) {
		const struct turn *t = from + n - 1;

		if (pauses_before(t) && pauses_before(t - 1) && (t[-1].request || t[-1].answer) && differs(t, t - 1))
			return t;
	}
	return NULL;
}

static bool
is_strict(const struct monitor *m)
{
	return m->period_ms > 0 && m->off_ms < m->period_ms / STRICT_PARTS;
}

static bool
is_known(const struct monitor *m)
{
	return m->probes >= PROBES_MIN && is_strict(m) &&
	       (m->probes >= PROBES_MANY || when_since(m->last, m->since) >= LONG_S * NS_PER_S);
}

/* Whoever makes many turns is no monitor; nor is what has no client program. */
static bool
may_be(const struct view *v)
{
	const struct session *s = v->s;

	return s->role == ROLE_INBOUND && s->client_key && (s->established || s->exchanges) &&
	       (s->carrier == CARRIER_TCP || s->carrier == CARRIER_STARTTLS);
}

bool
monitor_note(struct detect *d, const struct view *v)
{
	const struct session *s = v->s;
	const struct turn bare = {.count = 1, .time = s->start}; /* a probe that asks nothing */
	bool asks_nothing = s->kind == SESSION_CLOSE && s->exchanges == 0;
	const struct turn *t = asks_nothing ? &bare : v->turn, *end = asks_nothing ? t + 1 : t + v->turns;
	const struct turn *summary = end, *anew;
	struct monitor *m;
	bool fresh;

	if (!may_be(v))
		return false;
	m = memory_use_hashed(&d->monitors, &v->by_client, &fresh);
	while (summary > t && summary[-1].index >= EXCHANGES_KEPT)
		summary--;
	anew = begins_anew(t, summary);
	if (anew) {
		begin_with(m, asked(anew), anew->request, anew->answer);
		t = anew + 1;
	}
	for (; t < summary; t++)
		note_request(m, asked(t), t->request, t->answer);
	for (; t < end; t++)
		if (!span_add(&m->span[0], t->request, t->answer))
			begin_again(m, t->time);
	if (m->probes >= KEEP_PROBES && is_strict(m))
		memory_keep(&d->monitors, m);
	return is_known(m);
}
