/*
 * quiet_gateway: the gateway stops telling about itself, while users go on (LINE VIPER suppresses syslog messages,
 * OVERSTEP removes lines from logs).
 *
 *	packets to log, time and flow servers by the hour	-> usual: median of that hour over a week
 *	an hour below a fifth of it, scaled down with users	-> quiet; looked at every two minutes
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

enum { HOUR_S = 3600, HOURS = 168, DAYS = 7, DAY_HOURS = 24, PULSES = HOUR_S / PULSE_S };
enum { PART_S = 120, HOUR_PARTS = HOUR_S / PART_S, LATE_PARTS = 2, PARTS = 33 }; /* records come late */
_Static_assert(PARTS > HOUR_PARTS + LATE_PARTS, "an hour that is judged is whole");

/* What was counted in two minutes. */
struct part {
	uint16_t sent[ROWS]; /* packets by kind; USERS: records of clients */
	uint8_t others[2];   /* 1: other calls of the gateway, outside, inside: that leg is in sight */
	uint8_t pulses, poor;
};

/* In an hour that begins with any part. */
struct hour {
	uint32_t sent[ROWS], others[2], pulses, poor;
	uint32_t usual[ROWS]; /* plus 1; 0: unknown */
};

struct quiet {
	int64_t part;                /* number of the one that goes on, since 1970 */
	struct part parts[PARTS];    /* it and those before, by number */
	uint32_t told[KINDS];        /* parts that it is quiet already */
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

	q->of = detect_array(d, c, array, 4);
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

static struct part *
part_at(struct quiet *g, int64_t number)
{
	return &g->parts[(uint64_t)number % PARTS];
}

static void
count(uint16_t *to, uint32_t more)
{
	*to = (uint16_t)least(*to + least(more, UINT16_MAX), UINT16_MAX);
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
	int64_t number = s->last.ns / (PART_S * NS_PER_S);
	struct part *at = part_at(g, number <= g->part && number > g->part - PARTS ? number : g->part);
	int kind;

	if (s->role == ROLE_INBOUND && !s->established)
		return;
	kind = s->role == ROLE_OUTBOUND ? kind_of(s) : -1;
	if (s->role == ROLE_INBOUND) {
		count(&at->sent[USERS], 1);
	} else if (kind >= 0) {
		count(&at->sent[kind], news_of(q, s));
		g->inside = (g->inside & ~(1u << kind)) | (uint32_t)v->inside << kind;
	} else if (v->first) {
		at->others[v->inside] = 1;
	}
}

/* The median of what is known of this hour of the day, or this hour a week ago, whichever is less; plus 1, 0: unknown. */
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
	return same && same < v[n / 2] ? same : same ? v[n / 2] : v[0];
}

/* Of two hours of the clock in proportion. */
static uint32_t
usual_from(const struct quiet *g, unsigned row, int64_t part)
{
	uint32_t behind = (uint32_t)(part % HOUR_PARTS);
	uint32_t first = usual_of(g, row, part / HOUR_PARTS), second = usual_of(g, row, part / HOUR_PARTS + 1);

	if (!behind || !first || !second)
		return behind ? 0 : first;
	return (first * (HOUR_PARTS - behind) + second * behind) / HOUR_PARTS;
}

/* That leg is in sight: not what was heard before it fell silent, a fifth of an hour at most. */
enum { BEFORE_PARTS = HOUR_PARTS / 4 };

static struct hour
hour_from(struct quiet *g, int64_t first)
{
	struct hour h = {.pulses = 0};

	for (int64_t number = first; number < first + HOUR_PARTS; number++) {
		const struct part *p = part_at(g, number);

		for (unsigned row = 0; row < ROWS; row++)
			h.sent[row] += p->sent[row];
		for (unsigned side = 0; side < 2 && number >= first + BEFORE_PARTS; side++)
			h.others[side] += p->others[side];
		h.pulses += p->pulses;
		h.poor += p->poor;
	}
	for (unsigned row = 0; row < ROWS; row++)
		h.usual[row] = usual_from(g, row, first);
	return h;
}

static void
report(struct detect *d, uint8_t gateway, const struct hour *h, unsigned kind, bool in_sight)
{
	struct finding f;

	finding_begin_gateway(&f, d, DETECTOR_quiet_gateway, gateway);
	f.severity = in_sight ? (uint8_t)KIND[kind].severity : SEVERITY_LOW;
	f.explained = !in_sight;
	f.confidence = in_sight ? 80 : 30;
	finding_number(&f, "sent", "packets", h->sent[kind]);
	finding_number(&f, "usual", "packets", h->usual[kind] - 1);
	finding_number(&f, "users", "records", h->sent[USERS]);
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
is_quiet(const struct detect *d, const struct hour *h, unsigned kind)
{
	uint64_t usual = h->usual[kind], users = h->usual[USERS], now = h->sent[USERS];

	if (usual <= (uint64_t)d->param[PARAM_quiet_gateway_packets] ||
	    now < (uint64_t)d->param[PARAM_quiet_gateway_users])
		return false;
	usual--;
	if (kind != CLOCK && now + 1 < users)
		usual = usual * now / (users - 1);
	return h->sent[kind] * UINT64_C(100) < usual * (uint64_t)d->param[PARAM_quiet_gateway_below];
}

/* Is anything else of the gateway's own heard on the same leg, of any kind? */
static bool
in_sight(const struct quiet *g, const struct hour *h, unsigned kind)
{
	unsigned side = g->inside >> kind & 1;
	bool heard = h->others[side] != 0;

	for (unsigned k = 0; k < KINDS; k++)
		heard |= k != kind && (g->inside >> k & 1) == side && h->sent[k] > h->usual[k] / 2 && h->sent[k];
	return heard;
}

static void
judge_kind(struct detect *d, uint8_t gateway, struct quiet *g, const struct hour *h, unsigned kind)
{
	enum { FOR_GOOD = HOURS * HOUR_PARTS };

	if (!is_quiet(d, h, kind)) {
		g->told[kind] = 0;
		return;
	}
	if (g->told[kind]++ == 0)
		report(d, gateway, h, kind, in_sight(g, h, kind));
	if (g->told[kind] >= FOR_GOOD)
		g->told[kind] = 0;
}

static void
remember(struct quiet *g, const struct hour *h, int64_t hour)
{
	for (unsigned row = 0; row < ROWS; row++) {
		uint32_t n = least(h->sent[row], UINT16_MAX - 1) + 1;

		if (row == USERS || g->told[row] == 0)
			g->usual[row][hour % HOURS] = (uint16_t)n;
	}
}

/* A whole hour, all of it seen, that ended a while ago; those of the clock are learned. */
static void
hour_over(struct detect *d, uint8_t gateway, struct quiet *g)
{
	bool learning = when_since(d->now, d->gate[gateway].first) < d->learn_ns;
	int64_t first = g->part - LATE_PARTS - HOUR_PARTS;
	struct hour h = hour_from(g, first);

	if (h.pulses + 2 < PULSES || h.poor)
		return;
	for (unsigned kind = 0; kind < KINDS && !learning; kind++)
		judge_kind(d, gateway, g, &h, kind);
	if (first % HOUR_PARTS == 0)
		remember(g, &h, first / HOUR_PARTS);
}

/* Those in between stay empty; when time goes back all do. */
static void
go_to(struct quiet *g, int64_t number)
{
	int64_t from = number > g->part && number - g->part < PARTS ? g->part : number - PARTS;

	while (from < number)
		*part_at(g, ++from) = (struct part){.pulses = 0};
	g->part = number;
}

void
quiet_pulse(struct detect *d, const struct pulse *p)
{
	struct quiet_all *q = d->state[DETECTOR_quiet_gateway];
	struct quiet *g = &q->of[p->gateway];
	int64_t number = when_add(p->time, -PULSE_S * NS_PER_S).ns / (PART_S * NS_PER_S);
	struct part *now;

	if (number < PARTS)
		return;
	if (number != g->part) {
		go_to(g, number);
		hour_over(d, p->gateway, g);
	}
	now = part_at(g, number);
	now->pulses = (uint8_t)least(now->pulses + 1u, UINT8_MAX);
	now->poor |= seen_poorly(d, p->gateway, p->time);
}
