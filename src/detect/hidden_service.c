/*
 * hidden_service: somebody hides behind the service port and answers only those who know how to ask (RESURGE's own
 * certificate for its master, LINE VIPER's C2 inside client authentication, and TCP in answer to ICMP).
 *
 *	minority	a program or a name is served one thing, one network alone another
 *	no TLS		a ClientHello is answered with bytes that are none
 *	no SYN		the gateway sends data on a connection that never began
 *
 * Absence is evidence here: must not judge when the capture has holes, has just begun, or often misses SYNs.
 */
#include "detect/minority.h"
#include "detect/outage.h"
#include "detect/ports.h"
#include "detect/visit.h"

#include <string.h>

enum kind { STACK = 1, FLIGHT, ISSUER, ASKS, TAG_PEER };

static const struct what {
	const char *words;
	unsigned confidence;
} WHAT[] = {
	[STACK] = {"another TLS server", 85},
	[FLIGHT] = {"a certificate of another length", 75},
	[ISSUER] = {"a certificate of another issuer", 85},
	[ASKS] = {"a request for a client certificate", 85},
};

/* Connections of a gateway, and how many began out of sight; pulses, and how many of them with ICMP. */
struct starts {
	struct when since, last; /* pulses without a pause */
	struct when icmp;        /* the last one */
	uint32_t all;            /* of the last STARTS or so: connections, */
	uint32_t unseen, halves; /* whose begin, whose answers were not seen */
	uint32_t pulses, pinged;
};

struct hidden {
	struct memory minorities; /* and, with TAG_PEER, peers: payload unused */
	struct starts *starts;    /* by gateway */
};

static bool
minority_sound(const void *bytes)
{
	const struct minority *m = bytes;

	return m->nets <= MINORITY_NETS && m->accepted_count <= MINORITY_ACCEPTED && m->after_nets <= MINORITY_AFTER;
}

void *
hidden_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct hidden *h = carve_take(c, sizeof(*h));
	size_t array = sizeof(*h->starts) * (GATEWAYS_MAX + 1);

	h->starts = detect_array(d, c, array, 2);
	detect_memory(d, &h->minorities, c,
		      &(struct memory_plan){.bytes = bytes - array - sizeof(*h) - 128,
					    .payload = sizeof(struct minority),
					    .version = 2});
	detect_sound(d, minority_sound);
	return h;
}

static void
report_minority(struct detect *d, const struct view *v, enum kind kind, const struct minority *m)
{
	const char *words = WHAT[kind].words;
	struct finding f;

	finding_begin(&f, v, DETECTOR_hidden_service);
	f.actor = f.target;
	f.actor_port = f.target_port;
	f.confidence = (uint8_t)WHAT[kind].confidence;
	finding_number(&f, "odd", "handshakes", m->odd_count);
	finding_number(&f, "usual", "handshakes", m->count);
	finding_number(&f, "usual_since", "handshakes", m->after);
	finding_number(&f, "known_for", "s", when_since(m->odd_last, m->odd_first) / NS_PER_S);
	finding_weigh(&f, "one network alone is served it", 50);
	finding_weigh(&f, "others go on being served the usual", 30);
	finding_session(&f, m->odd_session[0]);
	finding_session(&f, m->odd_session[1]);
	finding_say(
		&f,
		"{t} port {p} serves {x} to one network alone: {0} times, while {2} handshakes of others since then "
		"got the usual, as did {1} in all",
		(const struct text[2]){{words, (uint32_t)strlen(words)}, {NULL, 0}});
	f.benign = "one of two units that differ, and a balancer that keeps one network there";
	incident_report(d, &f, &(struct actor){.group = 0});
}

static void
see(struct detect *d, const struct view *v, enum kind kind, const struct sighting *what)
{
	enum { TIMES = 2, KEEP = 8 };
	struct hidden *h = d->state[DETECTOR_hidden_service];
	const struct session *s = v->s;
	bool by_program = kind == STACK || kind == FLIGHT;
	/* JA4 sorts ciphers, and machines without AES in hardware want ChaCha20 first. */
	uint64_t asked = by_program ? detect_mix(s->client_key, (uint64_t)s->version << 16 | s->cipher) : 0;
	const struct memory_key key = {s->dest, (uint64_t)kind << 32 | (uint64_t)s->gateway << 24 | s->dest_port,
				       detect_mix(name_of(v), asked)};
	bool fresh;
	struct minority *m = memory_use(&h->minorities, &key, &fresh);

	minority_add(m, what);
	if (m->count >= KEEP)
		memory_keep(&h->minorities, m);
	if (m->told || !minority_is(m, TIMES))
		return;
	m->told = 1;
	report_minority(d, v, kind, m);
}

/* A whole handshake, nothing resumed: what the server shows depends on it alone and on the hello. */
static bool
is_whole(const struct view *v)
{
	const struct session *s = v->s;

	return v->first_established && s->server_hello && s->resumed == RESUMED_NO && !s->hello_retry &&
	       !s->early_data && s->carrier == CARRIER_TCP && s->client_key && !v->degraded;
}

static void
judge_minority(struct detect *d, const struct view *v)
{
	enum { FLIGHT_SPREAD = 48, TLS13 = 0x0304 };
	const struct session *s = v->s;
	struct sighting what = {.net = network_of(v) | 1,
				.session = s->id,
				.learning = v->learning,
				.time = s->time,
				.value = s->server_key};

	/* Until TLS 1.2 a ServerHello says whether a ticket follows, which is no matter of the program's. */
	if (s->version >= TLS13)
		see(d, v, STACK, &what);
	if (s->flight_in) {
		what.spread = FLIGHT_SPREAD;
		what.value = s->flight_in;
		see(d, v, FLIGHT, &what);
		what.spread = 0;
	}
	if (s->cert_issuer.p) {
		what.value = detect_hash_again(d, s->shown, TEXT_ISSUER, s->cert_issuer);
		see(d, v, ISSUER, &what);
	}
	if (s->version < TLS13) {
		what.value = s->client_cert_requested + UINT64_C(1);
		see(d, v, ASKS, &what);
	}
}

static const struct addr *
peer_of(const struct view *v)
{
	return v->s->role == ROLE_OUTBOUND ? &v->s->dest : &v->client;
}

/* True once for a peer and what it did. */
static bool
once(struct detect *d, const struct view *v, uint64_t what)
{
	struct hidden *h = d->state[DETECTOR_hidden_service];
	const struct memory_key key = {detect_net(peer_of(v), 32, 64), (uint64_t)TAG_PEER << 32 | what, v->s->gateway};
	bool fresh;

	memory_use(&h->minorities, &key, &fresh);
	return fresh;
}

static void
report_no_tls(struct detect *d, const struct view *v, bool goes_on)
{
	const struct session *s = v->s;
	struct finding f;

	finding_begin(&f, v, DETECTOR_hidden_service);
	f.severity = goes_on ? SEVERITY_CRITICAL : SEVERITY_LOW;
	f.confidence = goes_on ? 85 : 40;
	finding_number(&f, "bytes_answered", "bytes", (int64_t)s->bytes_in);
	finding_number(&f, "bytes_received", "bytes", (int64_t)s->bytes_out);
	finding_number(&f, "lasts", "s", when_since(s->last, s->start) / NS_PER_S);
	finding_weigh(&f, "this port answers hellos with TLS", 40);
	finding_weigh(&f, goes_on ? "the talk goes on" : "an answer that is no TLS", goes_on ? 45 : 20);
	finding_session(&f, s->id);
	finding_say(
		&f,
		goes_on ? "{t} port {p} answered the ClientHello of {a} with bytes that are no TLS and talked on: {1} "
			  "came, {0} went back within {2}" :
			  "{t} port {p} answered the ClientHello of {a} with {0} that are no TLS",
		NULL);
	f.benign = "a server program that says no in clear to a hello it cannot read";
	incident_report(d, &f, &(struct actor){.net = actor_of(v).net});
}

/* A hello was answered, and not even by an alert: nothing that came from the server was a record. */
static void
judge_no_tls(struct detect *d, const struct view *v)
{
	enum { TALK = 1024, TALK_S = 30 };
	const struct session *s = v->s;
	bool bare = !s->sslv2_hello && !s->prelude.p && s->records_in == 0;
	bool lasts, goes_on;

	if (!bare || s->carrier != CARRIER_TCP || s->kind == SESSION_OPEN || v->degraded ||
	    !ports_only_tls(ports_find(d, s)))
		return;
	lasts = when_since(s->last, s->start) >= TALK_S * NS_PER_S;
	goes_on = s->bytes_in >= TALK && s->bytes_out >= TALK && (lasts || s->bytes_in >= 8 * TALK);
	if (once(d, v, goes_on ? 1 : 2))
		report_no_tls(d, v, goes_on);
}

static struct starts *
starts_of(const struct detect *d, uint8_t gateway)
{
	struct hidden *h = d->state[DETECTOR_hidden_service];

	return &h->starts[gateway];
}

/* It opened, and acknowledged an answer that nobody saw: the mirror shows one direction. */
static bool
is_half(const struct session *s)
{
	const uint8_t both = TCP_SYN | TCP_ACK;

	return (s->flags_out & both) == both && s->packets_in == 0;
}

/* How often connections begin out of sight here; halved now and then, so that it is of late. */
static void
note_start(struct starts *w, const struct session *s)
{
	enum { STARTS = 1024 };

	w->all++;
	w->unseen += s->midstream;
	w->halves += is_half(s);
	if (w->all >= STARTS) {
		w->all /= 2;
		w->unseen /= 2;
		w->halves /= 2;
	}
}

/* Sees every connection begin, and has seen them for longer than an idle one lives. */
static bool
sees_starts(const struct detect *d, const struct view *v, const struct starts *w)
{
	enum { WATCHED_S = 3 * FLOW_TCP_S, LEAST = 100, PARTS = 200 };

	return w->all >= LEAST && w->unseen <= w->all / PARTS + 1 && w->halves <= w->all / PARTS + 1 &&
	       when_since(v->s->start, w->since) >= WATCHED_S * NS_PER_S &&
	       when_since(v->s->time, w->last) < 60 * NS_PER_S && !seen_poorly(d, v->s->gateway, v->s->time);
}

/* ICMP to or from the gateway just before; where it is always there (a monitor's pings) that says nothing. */
static bool
was_pinged(const struct starts *w, const struct session *s)
{
	enum { BEFORE_S = 60, RARE = 20 };
	int64_t before = when_since(s->start, w->icmp);

	return w->icmp.ns && before >= -PULSE_S * NS_PER_S && before <= BEFORE_S * NS_PER_S &&
	       w->pinged <= w->pulses / RARE;
}

/* It goes on, nobody asked for it, it is too slow for a download whose beginning was missed, and no machine took over
   another's connections: a silence of seconds that they outlived is none. */
static bool
speaks_alone(const struct detect *d, const struct session *s)
{
	enum { TALK = 1024, TALK_S = 30, DOWNLOAD = 1 << 20, TAKEN_OVER_S = 86400 };
	bool outbound = s->role == ROLE_OUTBOUND;
	uint64_t sent = outbound ? s->bytes_out : s->bytes_in, asked = outbound ? s->bytes_in : s->bytes_out;

	return asked == 0 && sent >= TALK && sent < DOWNLOAD && s->records_in + s->records_out == 0 &&
	       when_since(s->last, s->start) >= TALK_S * NS_PER_S &&
	       !outage_was_long(d, s->gateway, s->time, TAKEN_OVER_S);
}

static void
report_no_syn(struct detect *d, const struct view *v, bool pinged, bool alone)
{
	const struct session *s = v->s;
	const struct starts *w = starts_of(d, s->gateway);
	bool outbound = s->role == ROLE_OUTBOUND;
	struct finding f;

	finding_begin(&f, v, DETECTOR_hidden_service);
	f.actor = *peer_of(v);
	f.target = outbound ? s->src : s->dest;
	f.actor_port = outbound ? s->dest_port : s->src_port;
	f.target_port = outbound ? s->src_port : s->dest_port;
	f.severity = pinged ? SEVERITY_HIGH : alone ? SEVERITY_MEDIUM : SEVERITY_LOW;
	f.confidence = pinged ? 75 : alone ? 55 : 30;
	f.degraded = false; /* the beginning is missing: that is the finding */
	finding_number(&f, "bytes_from_gateway", "bytes", (int64_t)(outbound ? s->bytes_out : s->bytes_in));
	finding_number(&f, "packets_from_gateway", "packets", outbound ? s->packets_out : s->packets_in);
	finding_number(&f, "begun_unseen", "connections", w->unseen);
	finding_number(&f, "begun", "connections", w->all);
	finding_weigh(&f, "no SYN in either direction, where SYNs are seen", 40);
	if (pinged)
		finding_weigh(&f, "right after ICMP, which is rare here", 40);
	if (alone)
		finding_weigh(&f, "it goes on, and the peer sends nothing", 20);
	finding_session(&f, s->id);
	finding_say(
		&f,
		pinged ?
			"gateway {t} sent {0} over TCP on a connection with {a} that never began, right after ICMP; of "
			"{3} others {2} began unseen" :
			"gateway {t} sent {0} over TCP on a connection with {a} that never began; of {3} others {2} "
			"began unseen",
		NULL);
	f.benign = "a connection that was silent for longer than the sensor remembers; a failover";
	incident_report(d, &f, &(struct actor){.net = detect_net(peer_of(v), 32, 64)});
}

/* Somebody who never was a client, sent data without a beginning. */
static void
judge_no_syn(struct detect *d, const struct view *v)
{
	enum { PACKETS = 3, BYTES = 16 };
	const struct session *s = v->s;
	const struct starts *w = starts_of(d, s->gateway);
	bool outbound = s->role == ROLE_OUTBOUND;
	uint32_t packets = outbound ? s->packets_out : s->packets_in;
	uint64_t bytes = outbound ? s->bytes_out : s->bytes_in;
	bool alone = speaks_alone(d, s);

	if (!s->midstream || (s->flags_out | s->flags_in) & TCP_SYN || packets < PACKETS || bytes < BYTES ||
	    s->gap_bytes_in || s->gap_bytes_out || !sees_starts(d, v, w))
		return;
	if (!visit_came(d, peer_of(v), s->gateway) && once(d, v, alone ? 4 : 3))
		report_no_syn(d, v, was_pinged(w, s), alone);
}

void
hidden_judge(struct detect *d, const struct view *v)
{
	enum { ANSWER = 16 };
	const struct session *s = v->s;

	if (s->proto != PROTO_TCP)
		return;
	if (v->first)
		note_start(starts_of(d, s->gateway), s);
	if (s->midstream)
		judge_no_syn(d, v);
	if (s->role != ROLE_INBOUND)
		return;
	if (is_whole(v))
		judge_minority(d, v);
	else if (s->client_hello && !s->server_hello && s->bytes_in >= ANSWER)
		judge_no_tls(d, v);
}

void
hidden_pulse(struct detect *d, const struct pulse *p)
{
	enum { DAY_PULSES = 8640 };
	struct starts *w = starts_of(d, p->gateway);

	if (w->since.ns == 0 || when_since(p->time, w->last) > 6 * PULSE_S * NS_PER_S)
		w->since = p->time;
	w->last = p->time;
	w->pulses++;
	w->pinged += p->icmp != 0;
	if (p->icmp)
		w->icmp = p->time;
	if (w->pulses >= DAY_PULSES) {
		w->pulses /= 2;
		w->pinged /= 2;
	}
}
