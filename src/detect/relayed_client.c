/*
 * relayed_client: TCP ends at a relay nearby, TLS at the client behind it: the same path has two round-trip times.
 *
 *	client ----- far ----- relay --- near --- sensor
 *	TLS: ClientHello .. its next flight, less the server's time		TCP: SYN-ACK .. ACK
 *
 * Off by default: there are patent applications on comparing these times (US 2007/0192845 and others); whoever switches
 * it on decides.  The formula is the plain difference of the two.  A HelloRetryRequest costs another turn, so such
 * handshakes are left out; slow clients are told by comparing with everybody else here.
 */
#include "detect/frame.h"
#include "detect/sketch.h"

enum {
	OFF = 1,
	CONNECTIONS = 3,
	PARTS = 2, /* TLS takes more than 2.5 times as long as TCP: 5 halves */
	TIMES = 5,
	APART_US = 40000,
	KNOWN = 200, /* handshakes of others before anything is said */
	AGE_S = 86400
};

struct relay {
	struct when since;
	uint32_t tcp_us, tls_us; /* the least of each */
	uint32_t connections, told;
};

struct relays {
	struct memory who;
	struct quantiles *apart; /* of everybody: TLS less TCP, microseconds */
};

void *
relay_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct relays *r = carve_take(c, sizeof(*r));

	r->apart = detect_array(d, c, sizeof(*r->apart), 1);
	bytes -= sizeof(*r) + sizeof(*r->apart) + 2 * 64;
	detect_memory(d, &r->who, c,
		      &(struct memory_plan){.bytes = bytes, .payload = sizeof(struct relay), .version = 1});
	return r;
}

static bool
is_timed(const struct view *v)
{
	const struct session *s = v->s;

	return s->role == ROLE_INBOUND && !v->hidden && v->first_established && s->carrier == CARRIER_TCP &&
	       !s->hello_retry && !s->midstream && !s->retransmits_out && !s->retransmits_in && s->rtt_src_us &&
	       s->handshake_us > s->server_us;
}

static void
report(struct detect *d, const struct view *v, struct relay *r, uint32_t usual_us)
{
	struct actor a = actor_of(v);
	struct finding f;

	r->told = r->connections;
	finding_begin(&f, v, DETECTOR_relayed_client);
	f.confidence = 30;
	finding_number(&f, "tcp", "ms", r->tcp_us / 1000);
	finding_number(&f, "tls", "ms", r->tls_us / 1000);
	finding_number(&f, "connections", "connections", r->connections);
	finding_number(&f, "usual_difference", "ms", usual_us / 1000);
	finding_weigh(&f, "ms between TCP and TLS", (r->tls_us - r->tcp_us) / 1000);
	finding_session(&f, v->s->id);
	finding_say(
		&f,
		"{a} answers TCP within {0} ms and TLS not before {1} ms, in {2} connections; 95 % of the clients here "
		"differ by less than {3} ms: a relay stands between",
		NULL);
	f.benign = "satellite links and mobile networks that split TCP; a company's proxy; a very slow client";
	incident_report(d, &f, &a);
}

static bool
is_relayed(const struct relay *r, uint32_t usual_us)
{
	return r->connections >= CONNECTIONS && (uint64_t)r->tls_us * PARTS > (uint64_t)r->tcp_us * TIMES &&
	       r->tls_us > r->tcp_us + (uint64_t)APART_US && r->tls_us - r->tcp_us > usual_us;
}

void
relay_judge(struct detect *d, const struct view *v)
{
	struct relays *all = d->state[DETECTOR_relayed_client];
	const struct memory_key key = {v->source, v->s->client_key, v->s->gateway};
	uint32_t tls_us, usual_us;
	struct relay *r;
	bool fresh;

	if (d->param[PARAM_relayed_client_mode] == OFF || !is_timed(v))
		return;
	tls_us = v->s->handshake_us - v->s->server_us;
	usual_us = quantile_at(all->apart, 95, 100);
	r = memory_use(&all->who, &key, &fresh);
	if (fresh || when_since(v->s->start, r->since) > AGE_S * NS_PER_S)
		*r = (struct relay){.since = v->s->start, .tcp_us = v->s->rtt_src_us, .tls_us = tls_us};
	r->tcp_us = least(r->tcp_us, v->s->rtt_src_us);
	r->tls_us = least(r->tls_us, tls_us);
	r->connections++;
	if (!r->told && all->apart->total >= KNOWN && is_relayed(r, usual_us))
		report(d, v, r, usual_us);
	if (!v->degraded && !v->suspect)
		quantile_add(all->apart, tls_us > v->s->rtt_src_us ? tls_us - v->s->rtt_src_us : 0);
}
