/*
 * sink: events to all sinks that want them.  Must not know how a kind sends, nor how a format writes.
 */
#include "sink/sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "sink/format.h"

#define LINES(x)                        extern const struct sink_calls x;
#define SENDS(x)                        extern const struct sender_calls x;
#define BY_CURL(x)                      SENDS(x)
#define BY_MOSQUITTO(x)                 SENDS(x)
#define BY_RDKAFKA(x)                   SENDS(x)
#define KIND(name, calls, place, title) calls
#include "sink/sink.def"
#undef LINES
#undef SENDS
#undef BY_CURL
#undef BY_MOSQUITTO
#undef BY_RDKAFKA
#undef KIND

#define LINES(x)      &(x), NULL, NULL
#define SENDS(x)      NULL, &(x), NULL
#define BUILT(x, lib) NULL, &(x), lib
#define LACKS(lib)    NULL, NULL, lib
#ifdef WITHOUT_CURL
#define BY_CURL(x) LACKS("libcurl")
#else
#define BY_CURL(x) BUILT(x, "libcurl")
#endif
#ifdef WITHOUT_MOSQUITTO
#define BY_MOSQUITTO(x) LACKS("libmosquitto")
#else
#define BY_MOSQUITTO(x) BUILT(x, "libmosquitto")
#endif
#ifdef WITHOUT_RDKAFKA
#define BY_RDKAFKA(x) LACKS("librdkafka")
#else
#define BY_RDKAFKA(x) BUILT(x, "librdkafka")
#endif

const struct sink_kind SINK_KIND[SINK_KINDS] = {
#define KIND(name, calls, place, title) {#name, title, calls, SINK_PLACE_##place},
#include "sink/sink.def"
#undef KIND
};

const char SINK_NAMES[] =
#define KIND(name, calls, place, title) "|" #name
#include "sink/sink.def"
#undef KIND
	;

enum { WELL = 60 };

struct sink {
	struct sink_config cfg;
	const struct sink_calls *calls; /* NULL: its lines go to the outbox */
	void *state;
	struct sink_counts counts;
	bool failed, failure_told;
	unsigned well; /* flushes in a row */
};

struct sinks {
	unsigned count;
	struct sink sink[SINKS_MAX];
	struct outbox *outbox; /* NULL: there is no network sink */
	const char *const *gateway;
	char line[EVE_LINE_MAX];
};

static void
say_failure(const struct sink *s, int why, char words[SINK_ERROR_MAX])
{
	snprintf(words, SINK_ERROR_MAX, "sink %.63s: %.300s: cannot be written: %s", s->cfg.name, s->cfg.path,
		 strerror(why));
}

struct sinks *
sinks_new(const struct sink_config *cfg, unsigned n, char error[SINK_ERROR_MAX])
{
	struct sinks *s = calloc(1, sizeof(*s));
	char ignored[SINK_ERROR_MAX];

	if (!s) {
		snprintf(error, SINK_ERROR_MAX, "no memory for sinks");
		return NULL;
	}
	for (; s->count < n && s->count < SINKS_MAX; s->count++) {
		struct sink *one = &s->sink[s->count];

		one->cfg = cfg[s->count];
		one->calls = SINK_KIND[one->cfg.kind].calls;
		if (!one->calls)
			continue;
		one->state = one->calls->open(&one->cfg);
		if (!one->state) {
			say_failure(one, errno, error);
			sinks_close(s, ignored);
			return NULL;
		}
	}
	return s;
}

void
sinks_outbox(struct sinks *s, struct outbox *to, const char *const *gateway)
{
	s->outbox = to;
	s->gateway = gateway;
}

/* A finding made of an incident, so that one question does for both. */
static bool
holds(const struct sink *s, const struct event *e)
{
	const struct incident *i = e->incident;
	struct finding f = {.severity = SEVERITY_INFO};

	if (i) {
		f.severity = i->severity;
		f.gateway = i->gateway;
		f.actor = i->actor;
		f.time = i->last;
	}
	return where_holds(&s->cfg.where,
			   &(struct where_subject){e->session, &WHERE_FINDING, e->finding ? e->finding : &f});
}

static bool
wants(const struct sink *s, const struct event *e)
{
	unsigned severity = e->finding ? e->finding->severity : e->incident ? e->incident->severity : SEVERITY_CRITICAL;

	if (e->test)
		return true;
	if (!(s->cfg.events & e->kind) || severity < s->cfg.severity)
		return false;
	return e->kind == EVENT_STATS || e->kind == EVENT_HEARTBEAT || s->cfg.where.tests == 0 || holds(s, e);
}

/* The event in the sink's format, into all->line.  False: it is too long, or the format has nothing to say. */
static bool
format(struct sinks *all, struct sink *s, const struct event *e, size_t *n)
{
	struct out o = out_of(all->line, sizeof(all->line));
	unsigned cut = 0;

	FORMAT_LIST[s->cfg.format].write(&o, e, &cut);
	s->counts.cut += cut;
	s->counts.too_long += o.full;
	*n = out_len(&o);
	return *n && !o.full;
}

static void
tell(struct sinks *all, struct sink *s, const struct event *e)
{
	size_t n;

	if (!format(all, s, e, &n))
		return;
	if (s->calls->send(s->state, e->time, all->line, n))
		s->counts.told++;
	else
		s->counts.lost++;
	s->failed = s->calls->error(s->state) != 0;
}

static const char *
gateway_of(const struct sinks *all, const struct event *e)
{
	unsigned number = e->finding  ? e->finding->gateway :
			  e->incident ? e->incident->gateway :
			  e->session  ? e->session->gateway :
					0;

	return number <= GATEWAYS_MAX ? all->gateway[number] : "";
}

/* Each line by itself, to all these sinks: what they share is formatted and kept once. */
static void
tell_outbox(struct sinks *all, const struct event *e, size_t n, uint32_t to)
{
	const char *line = all->line, *end = line + n, *stop;
	struct sender_event out = {
		.kind = e->kind,
		.severity = e->finding  ? e->finding->severity :
			    e->incident ? e->incident->severity :
					  SEVERITY_INFO,
		.time = e->time,
		.gateway = gateway_of(all, e),
	};

	for (; (stop = memchr(line, '\n', (size_t)(end - line))) != NULL; line = stop + 1) {
		out.line = line;
		out.n = (size_t)(stop - line);
		outbox_add(all->outbox, &out, to);
	}
}

/* Network sinks from the i-th on that want it in the format of the i-th, as bits in their order among themselves. */
static uint32_t
of_format(struct sinks *all, unsigned i, unsigned number, const struct event *e, uint32_t *done)
{
	uint32_t to = 0;

	for (unsigned k = i, at = number; k < all->count; k++) {
		struct sink *s = &all->sink[k];

		if (s->calls)
			continue;
		if (s->cfg.format == all->sink[i].cfg.format) {
			*done |= UINT32_C(1) << k;
			if (wants(s, e)) {
				to |= UINT32_C(1) << at;
				s->counts.told++;
			}
		}
		at++;
	}
	return to;
}

static void
tell_network(struct sinks *all, const struct event *e)
{
	uint32_t done = 0, to;
	unsigned number = 0;
	size_t n;

	for (unsigned i = 0; i < all->count; i++) {
		if (all->sink[i].calls)
			continue;
		if (!(done >> i & 1) && (to = of_format(all, i, number, e, &done)) != 0 &&
		    format(all, &all->sink[i], e, &n))
			tell_outbox(all, e, n, to);
		number++;
	}
}

void
sinks_tell(struct sinks *s, const struct event *e)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->sink[i].calls && wants(&s->sink[i], e))
			tell(s, &s->sink[i], e);
	if (s->outbox)
		tell_network(s, e);
}

void
sinks_flush(struct sinks *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct sink *one = &s->sink[i];

		if (!one->calls)
			continue;
		one->calls->flush(one->state);
		one->failed = one->calls->error(one->state) != 0;
		one->well = one->failed ? 0 : one->well + 1;
		if (one->well >= WELL) /* a disk that is full all the time is told once */
			one->failure_told = false;
	}
}

void
sinks_reopen(struct sinks *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct sink *one = &s->sink[i];

		if (!one->calls)
			continue;
		one->calls->reopen(one->state);
		one->failed = one->calls->error(one->state) != 0;
		one->failure_told = false;
	}
}

bool
sinks_notice(struct sinks *s, char words[SINK_ERROR_MAX])
{
	for (unsigned i = 0; i < s->count; i++) {
		struct sink *one = &s->sink[i];

		if (!one->failed || one->failure_told)
			continue;
		one->failure_told = true;
		say_failure(one, one->calls->error(one->state), words);
		return true;
	}
	return false;
}

bool
sinks_failing(const struct sinks *s)
{
	bool failing = false;

	for (unsigned i = 0; i < s->count; i++)
		failing |= s->sink[i].failed;
	return failing;
}

bool
sinks_shortened(const struct sinks *s, char words[SINK_ERROR_MAX])
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct sink *one = &s->sink[i];

		if (one->counts.cut + one->counts.too_long == 0)
			continue;
		snprintf(words, SINK_ERROR_MAX,
			 "sink %.63s: %llu values were cut, they end in ...; %llu events were too long for a line",
			 one->cfg.name, (unsigned long long)one->counts.cut, (unsigned long long)one->counts.too_long);
		return true;
	}
	return false;
}

struct sink_counts
sinks_counts(const struct sinks *s, unsigned i)
{
	return s->sink[i].counts;
}

bool
sinks_close(struct sinks *s, char error[SINK_ERROR_MAX])
{
	bool fine = true;

	for (unsigned i = 0; s && i < s->count; i++) {
		struct sink *one = &s->sink[i];
		int why = one->calls ? one->calls->close(one->state) : 0;

		if (why && fine)
			say_failure(one, why, error);
		fine = fine && !why;
	}
	free(s);
	return fine;
}
