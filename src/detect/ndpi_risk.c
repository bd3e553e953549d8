/*
 * ndpi_risk: the few of nDPI's risks that mean something on a gateway's outside leg; noted for whoever
 * reads an incident.  No part of a chain: what is scanned for everywhere precedes everything, and what the gateway
 * calls is told by new_egress.
 *
 * Not asked for, because they fire on what every gateway does or gets: a known protocol on another port (8443, 10443),
 * no server name (scanners; FortiGate's own calls), fatal alerts, TLS that is not HTTPS (tunnels), expired or
 * mismatched certificates inbound (whoever asks for any name), lists of JA3 and certificates (ours are better:
 * indicator), long lifetimes (every private CA).  nDPI 4.2 mistakes short random-looking names for DGA, therefore
 * outbound only. Must not alert: nDPI loses hellos that arrive out of order, so neither its silence nor its word is
 * proof.
 */
#include "detect/frame.h"

#include "flow/classify.h"

enum { TOLD_AGAIN_S = 86400, CONFIDENCE = 30 };

enum side { IN = 1, OUT = 2, BOTH = IN | OUT, OURS = 4 /* inbound about the gateway, whoever came */ };

struct risk {
	uint8_t bit, side;
	struct text words;
};

static const struct risk RISKS[] = {
	/* in clear: the redirect port, or something that is not TLS on the TLS port */
	{RISK_URL_XSS, IN, TEXT_INIT("script in a URL")},
	{RISK_URL_SQL, IN, TEXT_INIT("SQL in a URL")},
	{RISK_URL_RCE, IN, TEXT_INIT("commands in a URL")},
	{RISK_EXPLOIT, BOTH, TEXT_INIT("exploit pattern (Log4j and the like)")},
	/* what a gateway accepts or offers */
	{RISK_OBSOLETE_TLS, BOTH, TEXT_INIT("TLS 1.1 or older agreed on")},
	{RISK_WEAK_CIPHER, BOTH, TEXT_INIT("weak cipher agreed on")},
	{RISK_SELF_SIGNED, BOTH | OURS,
	 TEXT_INIT("self-signed certificate")}, /* of the gateway: reset to its default? */
	{RISK_UNCOMMON_ALPN, BOTH, TEXT_INIT("uncommon ALPN")},
	/* where it calls: tools are fetched by address, C2 wears quick certificates and odd names */
	{RISK_CERT_EXPIRED, OUT, TEXT_INIT("expired certificate")},
	{RISK_CERT_MISMATCH, OUT, TEXT_INIT("certificate for another name")},
	{RISK_BINARY_TRANSFER, OUT, TEXT_INIT("download of a program in clear")},
	{RISK_NUMERIC_HOST, OUT, TEXT_INIT("HTTP to a bare address")},
	{RISK_DGA_NAME, OUT, TEXT_INIT("name that looks generated")},
	{RISK_DNS_SUSPICIOUS, OUT, TEXT_INIT("suspicious DNS")},
	{RISK_REMOTE_DESKTOP, OUT, TEXT_INIT("remote desktop or file sharing")},
};

struct risked {
	struct when told;
};

void *
ndpi_risk_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct memory *m = carve_take(c, sizeof(*m));

	bytes -= sizeof(*m) + 64;
	detect_memory(d, m, c, &(struct memory_plan){.bytes = bytes, .payload = sizeof(struct risked)});
	return m;
}

static void
risk_tell(struct detect *d, const struct view *v, const struct risk *r)
{
	bool outbound = v->s->role == ROLE_OUTBOUND;
	struct actor actor = actor_of(v);
	struct finding f;

	if (outbound)
		actor = (struct actor){.group = 0};
	finding_begin(&f, v, DETECTOR_ndpi_risk);
	f.severity = SEVERITY_INFO;
	f.confidence = CONFIDENCE;
	finding_number(&f, "risk", "bit", r->bit);
	finding_session(&f, v->s->id);
	finding_say(&f,
		    outbound ? "gateway {a} called {t} port {p}; nDPI sees a risk: {x}" :
			       "{a} to {t} port {p}; nDPI sees a risk: {x}",
		    (const struct text[2]){r->words, {NULL, 0}});
	f.benign = "old clients and servers; appliances with their own certificates; nDPI's mistakes";
	incident_report(d, &f, &actor);
}

static void
risk_judge(struct detect *d, const struct view *v, const struct risk *r)
{
	bool outbound = v->s->role == ROLE_OUTBOUND;
	bool about_dest = outbound || r->side & OURS;
	const struct memory_key key = {about_dest ? v->s->dest : v->client, r->bit,
				       (uint64_t)v->s->gateway << 8 | outbound};
	struct risked *seen;
	bool fresh;

	seen = memory_use(d->state[DETECTOR_ndpi_risk], &key, &fresh);
	if (!fresh && when_since(v->s->time, seen->told) < TOLD_AGAIN_S * NS_PER_S)
		return;
	seen->told = v->s->time;
	risk_tell(d, v, r);
}

void
ndpi_risk_judge(struct detect *d, const struct view *v)
{
	uint8_t side = v->s->role == ROLE_OUTBOUND ? OUT : IN;

	if (!v->s->ndpi_risks || v->shared)
		return;
	for (size_t i = 0; i < sizeof(RISKS) / sizeof(RISKS[0]); i++)
		if (RISKS[i].side & side && v->s->ndpi_risks >> RISKS[i].bit & 1)
			risk_judge(d, v, &RISKS[i]);
}
