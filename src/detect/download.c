/*
 * download: the gateway fetches something from a new place, or lets itself be led by it (CVE-2023-3519's stage of
 * 24,768 bytes, CVE-2024-3400's reverse shells).
 *
 *	fetch	kilobytes received from a place called for the first time; grave right after a suspicious request
 *	led	TLS: peer says little, the gateway answers at once and with more, the peer takes a person's time
 *		in clear: the same by sums, and lasting: few small packets in, more out
 *
 * Must not judge learnt places: updates, lists, directories.
 */
#include "detect/egress.h"

struct fetched {
	struct when told; /* 0: not yet */
	uint8_t led_told, reserved[7];
};

void *
download_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct memory *m = carve_take(c, sizeof(*m));

	detect_memory(d, m, c,
		      &(struct memory_plan){
			      .bytes = bytes - sizeof(*m) - 64, .payload = sizeof(struct fetched), .version = 1});
	return m;
}

/* What an exploit looks like from outside. */
static const uint64_t BEFORE = DETECTOR_BIT(leak_loop) | DETECTOR_BIT(oversized_request) | DETECTOR_BIT(memory_leak) |
			       DETECTOR_BIT(upload_overflow) | DETECTOR_BIT(webshell) | DETECTOR_BIT(crash);

/* The newest such finding not long ago. */
static const struct trace *
suspicion(const struct detect *d, const struct view *v)
{
	int64_t window = d->param[PARAM_download_after];
	const struct trace *newest = NULL;

	for (enum detector_id id = 1; id < DETECTOR_END; id++) {
		const struct trace *t = BEFORE >> id & 1 ? trace_of(d, v->s->gateway, id, v->s->start, window) : NULL;

		if (t && !when_before(v->s->start, t->time) && (!newest || when_before(newest->time, t->time)))
			newest = t;
	}
	return newest;
}

/* Ports where a fetch is nothing strange by itself. */
static bool
is_usual_port(uint16_t port)
{
	return port == 80 || port == 443 || port == 53 || port == 853;
}

/* Before anyone has broken in, directories and neighbours inside are no place to fetch tools from. */
static uint8_t
fetch_severity(const struct view *v, bool suspicious)
{
	const struct session *s = v->s;

	if (suspicious)
		return SEVERITY_CRITICAL;
	if (v->inside || egress_is_private(&s->dest))
		return SEVERITY_LOW;
	if (!is_usual_port(s->dest_port) || (s->client_hello && !s->sni.p))
		return SEVERITY_HIGH;
	return s->client_hello ? SEVERITY_LOW : SEVERITY_MEDIUM;
}

static void
report_fetch(struct detect *d, const struct view *v)
{
	const struct session *s = v->s;
	const struct trace *t = suspicion(d, v);
	struct finding f;

	finding_begin(&f, v, DETECTOR_download);
	f.actor = s->src;
	f.severity = fetch_severity(v, t != NULL);
	f.confidence = t ? 90 : 60;
	finding_number(&f, "bytes_received", "bytes", (int64_t)s->bytes_in);
	finding_number(&f, "bytes_sent", "bytes", (int64_t)s->bytes_out);
	finding_number(&f, "after", "s", t ? when_since(s->start, t->time) / NS_PER_S : -1);
	finding_weigh(&f, "first call to this place", 40);
	if (t)
		finding_weigh(&f, "right after a suspicious exchange", 50);
	if (!is_usual_port(s->dest_port))
		finding_weigh(&f, "a port that is nobody's for fetching", 20);
	if (s->client_hello && !s->sni.p)
		finding_weigh(&f, "TLS without a server name", 20);
	finding_session(&f, s->id);
	finding_say(&f,
		    t ? "gateway {a} received {0} from {t} port {p}, which it never called before, {2} after a "
			"suspicious exchange" :
			"gateway {a} received {0} from {t} port {p}, which it never called before",
		    NULL);
	f.benign = "an update fetched by hand; a new source of lists or definitions";
	incident_report(d, &f, &(struct actor){.group = 0});
}

/* How often the peer led: a short word, an answer at once and longer, and a pause no program makes. */
struct lead {
	uint32_t turns;
	uint64_t words, answers; /* bytes */
	uint32_t pause_min_us, pause_max_us;
};

static struct lead
lead_of(const struct session *s)
{
	enum { WORD = 256, AT_ONCE_US = 2000000, PAUSE_US = 500000, ANSWER_MAX = 65536 };
	struct lead l = {.pause_min_us = UINT32_MAX};

	for (uint32_t i = 0; i + 1 < s->exchange_count; i++) {
		/* The gateway is the TLS client: its "request" answers the "response" before. */
		const struct exchange *e = &s->exchange[i], *next = &s->exchange[i + 1];

		if (e->response == 0 || e->response > WORD || next->think_us > AT_ONCE_US || e->server_us < PAUSE_US ||
		    next->request > ANSWER_MAX)
			continue;
		l.turns++;
		l.words += e->response;
		l.answers += next->request;
		l.pause_min_us = least(l.pause_min_us, e->server_us);
		l.pause_max_us = most(l.pause_max_us, e->server_us);
	}
	return l;
}

/* A server that asks in a strict period is a monitor; people vary. */
static bool
is_led(const struct detect *d, const struct lead *l)
{
	return l->turns >= d->param[PARAM_download_turns] && l->answers >= l->words * 2 &&
	       l->pause_max_us / 2 >= l->pause_min_us;
}

/* Without records only sums: typing is a few bytes a packet, answers are more; a copy is megabytes. */
static bool
seems_led(const struct detect *d, const struct session *s)
{
	enum { PACKETS = 8, TYPED = 128, TYPED_LEAST = 2, ANSWERED = 24, BYTES_MAX = 4 << 20 };
	bool lasts = when_since(s->last, s->start) >= d->param[PARAM_download_lasts] * NS_PER_S;

	return s->proto == PROTO_TCP && s->carrier == CARRIER_NONE && lasts && s->packets_in >= PACKETS &&
	       s->packets_out >= PACKETS && s->bytes_in >= UINT64_C(16) && s->bytes_out < BYTES_MAX &&
	       s->bytes_in >= (uint64_t)s->packets_in * TYPED_LEAST && s->bytes_in <= (uint64_t)s->packets_in * TYPED &&
	       s->bytes_out >= s->bytes_in * 2 && s->bytes_out >= (uint64_t)s->packets_out * ANSWERED;
}

static void
report_led(struct detect *d, const struct view *v, const struct lead *l)
{
	const struct session *s = v->s;
	bool seen = l->turns > 0;
	struct finding f;

	finding_begin(&f, v, DETECTOR_download);
	f.actor = s->src;
	f.severity = seen || suspicion(d, v) ? SEVERITY_CRITICAL : SEVERITY_HIGH;
	f.confidence = seen ? 85 : 60;
	finding_number(&f, "turns", "turns", l->turns);
	finding_number(&f, "bytes_received", "bytes", seen ? (int64_t)l->words : (int64_t)s->bytes_in);
	finding_number(&f, "bytes_sent", "bytes", seen ? (int64_t)l->answers : (int64_t)s->bytes_out);
	finding_number(&f, "lasts", "s", when_since(s->last, s->start) / NS_PER_S);
	finding_weigh(&f, "the place is new", 40);
	finding_weigh(&f, seen ? "pauses of a person before each word" : "few bytes a packet, lasting", seen ? 40 : 20);
	finding_weigh(&f, "answers longer than what is asked", 20);
	finding_session(&f, s->id);
	finding_say(&f,
		    seen ? "gateway {a} answers {t} port {p}, which it called itself: {0} short messages ({1}), each "
			   "after a person's pause, answered at once with {2} in all" :
			   "gateway {a} is led by {t} port {p}, which it called itself: {1} came in small pieces over "
			   "{3}, {2} went back",
		    NULL);
	f.benign = "a new management or directory server that asks the gateway";
	incident_report(d, &f, &(struct actor){.group = 0});
}

static struct fetched *
fetched_of(struct detect *d, const struct session *s)
{
	const struct memory_key key = {.a = s->id};
	bool fresh;

	return memory_use(d->state[DETECTOR_download], &key, &fresh);
}

static void
judge_led(struct detect *d, const struct view *v)
{
	struct lead l = lead_of(v->s);
	struct fetched *w;

	if (!is_led(d, &l)) {
		l.turns = 0;
		if (!seems_led(d, v->s))
			return;
	}
	w = fetched_of(d, v->s);
	if (w->led_told)
		return;
	w->led_told = 1;
	report_led(d, v, &l);
}

/* Of a new place's first calls, by the bytes that came until now. */
static void
judge_fetch(struct detect *d, const struct view *v)
{
	enum { FIRST_S = 3600 };
	const struct callee *p = egress_callee(d, v);
	struct fetched *w;

	if (v->s->bytes_in < (uint64_t)d->param[PARAM_download_bytes] ||
	    when_since(v->s->start, p->first) > FIRST_S * NS_PER_S)
		return;
	w = fetched_of(d, v->s);
	if (w->told.ns)
		return;
	w->told = v->s->time;
	report_fetch(d, v);
}

/* While learning every place is new: then a fetch counts only from a strange one, while there is an attempt to see. */
static bool
is_judged(const struct detect *d, const struct view *v)
{
	enum { SETTLED_S = 86400 };
	const struct callee *p = egress_callee(d, v);

	if (!p || egress_blind(d, v))
		return false;
	if (p->standing == PLACE_NEW)
		return true;
	return v->learning && v->known_ns > SETTLED_S * NS_PER_S && !when_before(p->first, v->s->start) &&
	       incident_open(d, v->s->gateway, BEFORE) && fetch_severity(v, false) >= SEVERITY_HIGH;
}

void
download_judge(struct detect *d, const struct view *v)
{
	bool datagrams = v->s->proto != PROTO_TCP && v->s->carrier == CARRIER_NONE; /* time, names, telemetry */

	if (v->s->role != ROLE_OUTBOUND || v->s->packets_in == 0 || datagrams || !is_judged(d, v))
		return;
	judge_fetch(d, v);
	judge_led(d, v);
}
