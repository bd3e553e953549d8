/*
 * flood: more than the gateway is there for: handshakes, requests that nobody waits for, and packets with forged
 * sources whose answers hit others.
 *
 *	handshakes	ten seconds against the busiest ten seconds of this hour on other days
 *	hasty		small records up by the hundred a second, next to nothing down (HTTP/2 rapid reset, CVE-2023-44487)
 *	reflected	UDP peers of one packet, answered with five times as much (DTLS on port 443, December 2020)
 *
 * One incident about the gateway: told when it begins and when it has grown fourfold.
 */
#include "detect/outage.h"
#include "detect/sketch.h"

enum {
	RETURNING = 5, /* times as many at once: clients that find the gateway again */
	OVER = 4,      /* times the busiest that is known */
	GROWN = 4,
	EPISODE_S = 600,
	HASTY_RECORDS = 1000,
	HASTY_PER_S = 50,
	HASTY_PARTS = 10,   /* answers below this part of the requests */
	HASTY_RECORD = 512, /* bytes in a record: more is an upload */
	REFLECTED_PARTS = 5,
	REFLECTED_BYTES = 300,
	REFLECTED_PACKETS = 2
};

enum kind { KIND_HANDSHAKES, KIND_HASTY, KIND_REFLECTED, KINDS };

/* Something that goes on: how much of it, and how much was told. */
struct episode {
	struct when since, last;
	uint32_t count, told;
	uint64_t bytes, session;
};

struct flood {
	struct baseline busiest; /* ten seconds of each hour */
	int64_t hour;
	uint32_t peak; /* of this hour so far */
	uint32_t over; /* pulses in a row */
	struct episode episode[KINDS];
};

struct flood_gates {
	struct memory gates;
};

void *
flood_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct flood_gates *g = carve_take(c, sizeof(*g));

	detect_memory(
		d, &g->gates, c,
		&(struct memory_plan){.bytes = bytes - sizeof(*g) - 64, .payload = sizeof(struct flood), .version = 1});
	return g;
}

static struct flood *
flood_of(struct detect *d, uint8_t gateway)
{
	struct flood_gates *g = d->state[DETECTOR_flood];
	const struct memory_key key = {.b = gateway};
	struct flood *s = memory_newest(&g->gates, &key);

	return s ? s : memory_use(&g->gates, &key, &(bool){false});
}

static void
episode_add(struct episode *e, struct when t, uint32_t count, uint64_t bytes)
{
	if (when_since(t, e->last) > EPISODE_S * NS_PER_S)
		*e = (struct episode){.since = t};
	e->last = t;
	e->count = e->count > UINT32_MAX - count ? UINT32_MAX : e->count + count;
	e->bytes += bytes;
}

/* Is it news?  The first that is enough, then each fourfold. */
static bool
episode_news(struct episode *e, uint32_t enough)
{
	if (e->count < enough || e->count < e->told * (uint64_t)GROWN)
		return false;
	e->told = e->count;
	return true;
}

static void
say(struct detect *d, struct finding *f, const struct episode *e, const char *words)
{
	finding_number(f, "duration", "s", when_since(e->last, e->since) / NS_PER_S);
	finding_session(f, e->session);
	finding_say(f, words, NULL);
	incident_report(d, f, &(struct actor){.group = 0});
}

static void
report_handshakes(struct detect *d, const struct episode *e, const struct pulse *p, uint32_t busiest)
{
	struct finding f;

	finding_begin_gateway(&f, d, DETECTOR_flood, p->gateway);
	f.confidence = busiest ? 85 : 60;
	finding_number(&f, "connections", "connections", most(p->syns_to, p->handshakes));
	finding_number(&f, "handshakes", "handshakes", p->handshakes);
	finding_number(&f, "busiest_known", "connections", busiest);
	finding_number(&f, "answered", "connections", p->syns_answered);
	finding_weigh(&f, "times the busiest known",
		      busiest ? least(most(p->syns_to, p->handshakes) / busiest, 100) : 0);
	f.benign = "everybody comes back after an outage elsewhere; a load test; a benchmark of TLS";
	say(d, &f, e,
	    "{0} connections and {1} handshakes to gateway {t} in ten seconds; the busiest ten seconds of this hour so "
	    "far had {2}");
}

/* How many in ten seconds are too many at this hour. */
static uint32_t
limit_of(const struct detect *d, const struct flood *w, const struct pulse *p)
{
	uint64_t floor = (uint64_t)d->param[PARAM_flood_rate] * PULSE_S;
	uint64_t over = (uint64_t)baseline_most(&w->busiest, baseline_hour(p->time)) * OVER;

	if (baseline_known(&w->busiest, baseline_hour(p->time)) == 0)
		floor *= 2; /* nothing is known of this hour */
	return (uint32_t)(over > floor ? over : floor < UINT32_MAX ? floor : UINT32_MAX);
}

static void
hour_passes(struct flood *w, const struct pulse *p)
{
	int64_t hour = baseline_hours(p->time);

	if (hour == w->hour)
		return;
	if (w->hour && hour - 1 == w->hour)
		baseline_add(&w->busiest, baseline_of(w->hour), w->peak);
	w->hour = hour;
	w->peak = 0;
}

void
flood_pulse(struct detect *d, const struct pulse *p)
{
	struct flood *w = flood_of(d, p->gateway);
	uint32_t load = most(p->syns_to, p->handshakes), limit;

	hour_passes(w, p);
	limit = limit_of(d, w, p);
	/* who comes back after an outage is no flood, but it takes no outage to hide one either */
	if (load < limit || (outage_since(d, p->gateway).ns && load / RETURNING < limit)) {
		w->over = 0;
		w->peak = most(w->peak, least(load, limit));
		return;
	}
	w->over++;
	episode_add(&w->episode[KIND_HANDSHAKES], p->time, load, p->bytes_to);
	if ((w->over >= 2 || load / OVER >= limit) && episode_news(&w->episode[KIND_HANDSHAKES], 1))
		report_handshakes(d, &w->episode[KIND_HANDSHAKES], p,
				  baseline_most(&w->busiest, baseline_hour(p->time)));
}

/* Nobody types so fast, and nobody who wants an answer asks a thousand times without one. */
static bool
is_hasty(const struct session *s)
{
	int64_t lasts = when_since(s->last, s->start) / NS_PER_S + 1;

	return s->records_out >= HASTY_RECORDS && s->records_out / lasts >= HASTY_PER_S &&
	       (uint64_t)s->records_in * HASTY_PARTS < s->records_out &&
	       s->record_bytes_out / s->records_out < HASTY_RECORD && s->proto == PROTO_TCP;
}

static void
judge_hasty(struct detect *d, const struct view *v)
{
	struct episode *e = &flood_of(d, v->s->gateway)->episode[KIND_HASTY];
	struct finding f;

	if (e->session == v->s->id && when_since(v->s->time, e->last) < EPISODE_S * NS_PER_S)
		return;
	episode_add(e, v->s->time, 1, v->s->bytes_out);
	e->session = v->s->id;
	if (!episode_news(e, 1))
		return;
	finding_begin(&f, v, DETECTOR_flood);
	f.confidence = 70;
	finding_number(&f, "records", "records", v->s->records_out);
	finding_number(&f, "answers", "records", v->s->records_in);
	finding_number(&f, "within", "s", when_since(v->s->last, v->s->start) / NS_PER_S);
	finding_number(&f, "connections", "connections", e->count);
	f.benign = "a fast one-way upload in small pieces; a load test";
	say(d, &f, e,
	    "{0} small records from {a} to gateway {t} within {2}, answered with {1}: requests that are cancelled or "
	    "never "
	    "finished; {3} such connections");
}

/* A peer of one packet that got five times as much: it may never have sent it. */
static bool
is_reflected(const struct view *v)
{
	const struct session *s = v->s;

	return s->proto == PROTO_UDP && s->kind == SESSION_CLOSE && s->packets_out <= REFLECTED_PACKETS &&
	       s->bytes_in >= REFLECTED_BYTES && s->bytes_in >= s->bytes_out * REFLECTED_PARTS;
}

static void
judge_reflected(struct detect *d, const struct view *v)
{
	struct episode *e = &flood_of(d, v->s->gateway)->episode[KIND_REFLECTED];
	struct finding f;

	episode_add(e, v->s->time, 1, v->s->bytes_in);
	e->session = v->s->id;
	if (!episode_news(e, (uint32_t)d->param[PARAM_flood_reflected]))
		return;
	finding_begin_gateway(&f, d, DETECTOR_flood, v->s->gateway);
	f.target = v->client;
	f.target_port = v->s->src_port;
	f.actor_port = v->s->dest_port;
	f.proto = v->s->proto;
	f.confidence = 80;
	finding_number(&f, "peers", "peers", e->count);
	finding_number(&f, "sent", "bytes", (int64_t)e->bytes);
	finding_number(&f, "port", "port", v->s->dest_port);
	finding_number(&f, "one_in", "bytes", (int64_t)v->s->bytes_out);
	finding_number(&f, "one_out", "bytes", (int64_t)v->s->bytes_in);
	f.benign = "clients behind a firewall that lets nothing back";
	say(d, &f, e,
	    "gateway {a} port {2} answers packets whose senders never come back with five times as much: {0} peers, "
	    "{1} "
	    "sent, the last {3} for {4} to {t}; it may be used against others");
}

void
flood_judge(struct detect *d, const struct view *v)
{
	if (v->s->role != ROLE_INBOUND)
		return;
	if (is_hasty(v->s))
		judge_hasty(d, v);
	else if (is_reflected(v))
		judge_reflected(d, v);
}
