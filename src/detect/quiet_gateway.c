/*
 * quiet_gateway: the gateway stops telling about itself, while users go on (LINE VIPER suppresses syslog messages,
 * OVERSTEP removes lines from logs).
 *
 *	packets to log, time and flow servers by the hour	-> usual: median of that hour over a week
 *	an hour below a fifth of it, scaled down with users	-> quiet
 *
 * Absence is the whole evidence: must not judge hours with holes, hours whose sensor did not run, nor a leg that has
 * gone out of sight.
 */
#include "detect/frame.h"

#include <string.h>

enum chatter { LOGS, CLOCK, EXPORTS, KINDS };
enum { USERS = KINDS, ROWS };

static const struct kind {
	const char *what;
	enum severity severity;
} KIND[KINDS] = {
	[LOGS] = {"log messages", SEVERITY_HIGH},
	[CLOCK] = {"time requests", SEVERITY_MEDIUM},
	[EXPORTS] = {"traps and flow exports", SEVERITY_HIGH},
};

/* Where each kind goes: registered ports, and those that collectors of flows listen at by custom. */
static const struct port {
	uint16_t port;
	uint8_t proto;
	uint8_t kind;
} PORTS[] = {
	{514, PROTO_UDP, LOGS},     {514, PROTO_TCP, LOGS},     {601, PROTO_TCP, LOGS},     {1468, PROTO_TCP, LOGS},
	{6514, PROTO_TCP, LOGS},    {6514, PROTO_UDP, LOGS},    {123, PROTO_UDP, CLOCK},    {162, PROTO_UDP, EXPORTS},
	{2055, PROTO_UDP, EXPORTS}, {4739, PROTO_UDP, EXPORTS}, {4739, PROTO_TCP, EXPORTS}, {6343, PROTO_UDP, EXPORTS},
	{9995, PROTO_UDP, EXPORTS}, {9996, PROTO_UDP, EXPORTS}, {5557, PROTO_TCP, EXPORTS}, /* NetScaler's Logstream */
};

enum { HOUR_S = 3600, HOURS = 168, DAYS = 7, DAY_HOURS = 24, LATE_S = 600, PULSES = HOUR_S / PULSE_S };

/* What was counted in an hour. */
struct hour {
	int64_t number;      /* since 1970 */
	uint32_t sent[ROWS]; /* packets by kind; USERS: records of clients */
	uint32_t others[2];  /* other calls of the gateway, outside and inside: that leg is in sight */
	uint32_t pulses, poor;
};

struct quiet {
	struct hour now, last;       /* last: not judged yet, records come late */
	uint32_t told[KINDS];        /* hours that it is quiet already */
	uint32_t inside;             /* bits by kind: goes to a network that the gateway proxies to */
	uint16_t usual[ROWS][HOURS]; /* by hour of the week, plus 1; 0: unknown */
};

struct quiet_all {
	struct memory counted; /* sessions that go on: packets counted */
	struct quiet *of;      /* by gateway */
};

struct counted {
	uint32_t packets;
	uint32_t reserved;
};

void *
quiet_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct quiet_all *q = carve_take(c, sizeof(*q));
	size_t array = sizeof(*q->of) * (GATEWAYS_MAX + 1);

	q->of = detect_array(d, c, array, 2);
	detect_memory(d, &q->counted, c,
		      &(struct memory_plan){.bytes = bytes - array - sizeof(*q) - 128,
					    .payload = sizeof(struct counted),
					    .version = 1});
	return q;
}
_Static_assert(sizeof(struct quiet) * (GATEWAYS_MAX + 1) + 2048 <= DETECT_MEMORY_MIN / 256 * 4, "four shares");

static int
kind_of(const struct session *s)
{
	for (unsigned i = 0; i < sizeof(PORTS) / sizeof(PORTS[0]); i++)
		if (PORTS[i].port == s->dest_port && PORTS[i].proto == s->proto)
			return PORTS[i].kind;
	return -1;
}

static int64_t
hour_of(struct when t)
{
	return t.ns / (HOUR_S * NS_PER_S);
}

/* Packets of the session that were not counted before. */
static uint32_t
news_of(struct quiet_all *q, const struct session *s)
{
	const struct memory_key key = {.a = s->id};
	struct counted *c = memory_find(&q->counted, &key);
	uint32_t before = c ? c->packets : 0;
	bool fresh;

	if (s->kind == SESSION_CLOSE) {
		if (c)
			memory_drop(&q->counted, c);
	} else {
		c = memory_use(&q->counted, &key, &fresh);
		c->packets = s->packets_out;
	}
	return s->packets_out > before ? s->packets_out - before : 0;
}

void
quiet_judge(struct detect *d, const struct view *v)
{
	struct quiet_all *q = d->state[DETECTOR_quiet_gateway];
	const struct session *s = v->s;
	struct quiet *g = &q->of[s->gateway];
	struct hour *h;
	int kind;

	if (s->role == ROLE_INBOUND && !s->established)
		return;
	h = hour_of(s->last) == g->last.number ? &g->last : &g->now;
	kind = s->role == ROLE_OUTBOUND ? kind_of(s) : -1;
	if (s->role == ROLE_INBOUND)
		h->sent[USERS]++;
	else if (kind >= 0) {
		h->sent[kind] += news_of(q, s);
		g->inside = (g->inside & ~(1u << kind)) | (uint32_t)v->inside << kind;
	} else
		h->others[v->inside] += v->first;
}

/* The median of what is known of this hour of the day, or this hour a week ago, whichever is less. */
static uint32_t
usual_of(const struct quiet *g, unsigned row, int64_t hour)
{
	enum { KNOWN = 5 };
	uint32_t v[DAYS] = {0}, n = 0, same = g->usual[row][hour % HOURS];

	for (unsigned day = 0; day < DAYS; day++) {
		uint32_t x = g->usual[row][(hour + day * DAY_HOURS) % HOURS], at = n;

		if (x == 0)
			continue;
		for (; at > 0 && v[at - 1] > x; at--)
			v[at] = v[at - 1];
		v[at] = x;
		n++;
	}
	if (n < KNOWN)
		return 0;
	return (same && same < v[n / 2] ? same : same ? v[n / 2] : v[0]) - 1;
}

static void
report(struct detect *d, uint8_t gateway, unsigned kind, const uint32_t number[3], bool in_sight)
{
	struct finding f;

	finding_begin_gateway(&f, d, DETECTOR_quiet_gateway, gateway);
	f.severity = in_sight ? (uint8_t)KIND[kind].severity : SEVERITY_LOW;
	f.explained = !in_sight;
	f.confidence = in_sight ? 80 : 30;
	finding_number(&f, "sent", "packets", number[0]);
	finding_number(&f, "usual", "packets", number[1]);
	finding_number(&f, "users", "records", number[2]);
	finding_weigh(&f, "below a fifth of what is usual at this hour", 60);
	if (in_sight)
		finding_weigh(&f, "other calls of the gateway are seen", 20);
	finding_say(&f,
		    in_sight ?
			    "gateway {a} sent {0} packets of {x} within an hour where {1} are usual, while users work "
			    "on" :
			    "gateway {a} sent {0} packets of {x} within an hour where {1} are usual; nothing else "
			    "of its own was seen either: perhaps the sensor lost sight of that leg",
		    (const struct text[2]){{KIND[kind].what, (uint32_t)strlen(KIND[kind].what)}, {NULL, 0}});
	f.benign = "logging was reconfigured or is limited in rate; the mirror no longer has that leg";
	incident_report(d, &f, &(struct actor){.group = 0});
}

/* In proportion to users: on a holiday fewer logs are written. */
static bool
is_quiet(const struct detect *d, const struct quiet *g, unsigned kind)
{
	uint64_t usual = usual_of(g, kind, g->last.number), users = usual_of(g, USERS, g->last.number);
	uint64_t now = g->last.sent[USERS];

	if (usual < (uint64_t)d->param[PARAM_quiet_gateway_packets] ||
	    now < (uint64_t)d->param[PARAM_quiet_gateway_users])
		return false;
	if (kind != CLOCK && now < users)
		usual = usual * now / users;
	return g->last.sent[kind] * UINT64_C(100) < usual * (uint64_t)d->param[PARAM_quiet_gateway_below];
}

/* Is anything else of the gateway's own heard on the same leg, of any kind? */
static bool
in_sight(const struct quiet *g, unsigned kind)
{
	unsigned side = g->inside >> kind & 1;
	bool heard = g->last.others[side] != 0;

	for (unsigned k = 0; k < KINDS; k++)
		heard |= k != kind && (g->inside >> k & 1) == side &&
			 g->last.sent[k] > usual_of(g, k, g->last.number) / 2 && g->last.sent[k];
	return heard;
}

static void
judge_kind(struct detect *d, uint8_t gateway, struct quiet *g, unsigned kind)
{
	enum { FOR_GOOD = HOURS };

	if (!is_quiet(d, g, kind)) {
		g->told[kind] = 0;
		return;
	}
	if (g->told[kind]++ == 0)
		report(d, gateway, kind,
		       (const uint32_t[3]){g->last.sent[kind], usual_of(g, kind, g->last.number), g->last.sent[USERS]},
		       in_sight(g, kind));
	if (g->told[kind] >= FOR_GOOD)
		g->told[kind] = 0;
}

static void
remember(struct quiet *g)
{
	for (unsigned row = 0; row < ROWS; row++) {
		uint32_t n = least(g->last.sent[row], UINT16_MAX - 1) + 1;

		if (row == USERS || g->told[row] == 0)
			g->usual[row][g->last.number % HOURS] = (uint16_t)n;
	}
}

/* A whole hour, all of it seen. */
static void
hour_over(struct detect *d, uint8_t gateway, struct quiet *g)
{
	bool learning = when_since(d->now, d->gate[gateway].first) < d->learn_ns;

	if (g->last.pulses + 2 >= PULSES && g->last.poor == 0) {
		for (unsigned kind = 0; kind < KINDS && !learning; kind++)
			judge_kind(d, gateway, g, kind);
		remember(g);
	}
	g->last = (struct hour){.number = -1};
}

void
quiet_pulse(struct detect *d, const struct pulse *p)
{
	struct quiet_all *q = d->state[DETECTOR_quiet_gateway];
	struct quiet *g = &q->of[p->gateway];
	struct when begin = when_add(p->time, -PULSE_S * NS_PER_S);
	int64_t hour = hour_of(begin);

	if (hour < 0)
		return;
	if (hour != g->now.number) {
		if (g->last.number > 0)
			hour_over(d, p->gateway, g);
		g->last = g->now;
		g->now = (struct hour){.number = hour};
	}
	g->now.pulses++;
	g->now.poor += seen_poorly(d, p->gateway, p->time);
	if (g->last.number > 0 && begin.ns % (HOUR_S * NS_PER_S) >= LATE_S * NS_PER_S)
		hour_over(d, p->gateway, g);
}
