/*
 * cloud_c2: the gateway speaks TLS with a public resolver or with somebody's server behind a cloud's name, even once
 * a day (BRICKSTORM: DNS over HTTPS, Workers, Heroku; dormant for months).
 *
 * First-seen is the measure: what was called while learning is the site's own.  Must not judge DNS in clear.
 */
#include "detect/cloud.h"
#include "detect/egress.h"

static const struct resolver {
	struct text name;
	const char *addrs; /* separated by blanks */
} RESOLVERS[] = {
#define RESOLVER(name, addrs) {TEXT_INIT(name), addrs},
#define RELAY(suffix, severity)
#include "detect/cloud.def"
#undef RESOLVER
#undef RELAY
};

static const struct relay {
	struct text suffix;
	enum severity severity;
} RELAYS[] = {
#define RESOLVER(name, addrs)
#define RELAY(suffix, severity) {TEXT_INIT(suffix), SEVERITY_##severity},
#include "detect/cloud.def"
#undef RESOLVER
#undef RELAY
};

enum { RESOLVER_COUNT = sizeof(RESOLVERS) / sizeof(RESOLVERS[0]), RELAY_COUNT = sizeof(RELAYS) / sizeof(RELAYS[0]) };
enum { ADDRS_MAX = 48 };

/* A resolver, or a name at a relay, that the gateway called after learning. */
struct cloud_name {
	struct when first;
	int32_t day; /* of the last call, since 1970 */
	uint32_t days, calls;
};

struct cloud {
	struct memory names;
	uint32_t addrs;
	struct {
		struct addr addr;
		uint32_t resolver;
	} addr[ADDRS_MAX];
};

static void
add_addrs(struct cloud *k, uint32_t resolver)
{
	const char *p = RESOLVERS[resolver].addrs;

	while (*p && k->addrs < ADDRS_MAX) {
		char text[ADDR_TEXT_MAX];
		uint32_t n = 0;

		while (*p == ' ')
			p++;
		while (*p && *p != ' ' && n + 1 < sizeof(text))
			text[n++] = *p++;
		text[n] = '\0';
		k->addr[k->addrs].resolver = resolver;
		k->addrs += addr_parse(&k->addr[k->addrs].addr, text);
	}
}

void *
cloud_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct cloud *k = carve_take(c, sizeof(*k));

	k->addrs = 0;
	for (uint32_t i = 0; i < RESOLVER_COUNT; i++)
		add_addrs(k, i);
	detect_memory(d, &k->names, c,
		      &(struct memory_plan){
			      .bytes = bytes - sizeof(*k) - 64, .payload = sizeof(struct cloud_name), .version = 1});
	return k;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The name itself, or one under it. */
static bool
is_under(struct text name, struct text suffix)
{
	uint32_t before = name.len - suffix.len;

	if (!name.p || name.len < suffix.len || (before && name.p[before - 1] != '.'))
		return false;
	for (uint32_t i = 0; i < suffix.len; i++)
		if (lower(name.p[before + i]) != suffix.p[i])
			return false;
	return true;
}

static bool
is_resolver_port(const struct session *s)
{
	return s->dest_port == 443 || s->dest_port == 853 || s->dest_port == 8443;
}

static const struct resolver *
resolver_of(const struct cloud *k, const struct session *s)
{
	for (uint32_t i = 0; i < RESOLVER_COUNT && s->sni.p; i++)
		if (is_under(s->sni, RESOLVERS[i].name))
			return &RESOLVERS[i];
	for (uint32_t i = 0; i < k->addrs && is_resolver_port(s); i++)
		if (addr_same(&k->addr[i].addr, &s->dest))
			return &RESOLVERS[k->addr[i].resolver];
	return NULL;
}

static const struct relay *
relay_of(struct text name)
{
	for (uint32_t i = 0; i < RELAY_COUNT && name.p; i++)
		if (is_under(name, RELAYS[i].suffix))
			return &RELAYS[i];
	return NULL;
}

bool
cloud_is_relay(struct text name)
{
	return relay_of(name) != NULL;
}

/* Counts the call; true on the first of a day. */
static bool
note_call(struct cloud *k, const struct view *v, uint64_t what, struct cloud_name *told)
{
	const struct memory_key key = {.a = what, .b = v->s->gateway};
	int32_t day = (int32_t)(v->s->start.ns / (86400 * NS_PER_S));
	bool fresh, first;
	struct cloud_name *n = memory_use(&k->names, &key, &fresh);

	first = fresh || n->day != day;
	if (fresh)
		n->first = v->s->start;
	n->days += first;
	n->day = day;
	n->calls += n->calls != UINT32_MAX;
	memory_keep(&k->names, n);
	*told = *n;
	return first;
}

static void
report(struct detect *d, const struct view *v, const struct cloud_name *n, const struct text what[2])
{
	const struct session *s = v->s;
	bool resolver = what[1].p != NULL;
	const struct relay *relay = resolver ? NULL : relay_of(s->sni);
	struct finding f;

	finding_begin(&f, v, DETECTOR_cloud_c2);
	f.actor = s->src;
	f.severity = v->learning ? SEVERITY_INFO : relay ? (uint8_t)relay->severity : SEVERITY_CRITICAL;
	f.confidence = resolver ? 80 : 70;
	finding_number(&f, "calls", "calls", n->calls);
	finding_number(&f, "days", "days", n->days);
	finding_number(&f, "known_for", "s", v->known_ns / NS_PER_S);
	finding_number(&f, "bytes_sent", "bytes", (int64_t)s->bytes_out);
	finding_number(&f, "bytes_received", "bytes", (int64_t)s->bytes_in);
	finding_weigh(&f, resolver ? "encrypted names at a public resolver" : "a name anybody can have", 50);
	finding_weigh(&f, "never called while learning", 30);
	finding_session(&f, s->id);
	finding_say(
		&f,
		resolver ? "gateway {a} asks the public resolver {y} at {t} over TLS, which it never did before; "
			   "calls: {0} on {1} days" :
			   "gateway {a} called {x} at {t}, a name anybody can have at a cloud and new here; calls: {0} "
			   "on {1} days",
		what);
	f.benign = resolver ? "names set to be resolved over HTTPS or TLS" :
			      "a maker's updates, telemetry or licences moved to a cloud";
	incident_report(d, &f, &(struct actor){.group = 0});
}

/* QUIC, too: the record is the same. */
void
cloud_judge(struct detect *d, const struct view *v)
{
	struct cloud *k = d->state[DETECTOR_cloud_c2];
	const struct session *s = v->s;
	const struct callee *p;
	const struct resolver *r;
	struct cloud_name n;

	if (s->role != ROLE_OUTBOUND || !v->first || !s->client_hello)
		return;
	r = resolver_of(k, s);
	if (!r && !relay_of(s->sni))
		return;
	p = egress_callee(d, v);
	if (egress_blind(d, v) || egress_name_known(d, s) ||
	    (p && p->standing == PLACE_LEARNT && (!v->learning || !egress_fresh(d, v)) && (!s->sni.p || r)))
		return;
	if (note_call(k, v, r ? (uint64_t)(r - RESOLVERS) + 1 : detect_hash(s->sni), &n))
		report(d, v, &n, (const struct text[2]){s->sni, r ? r->name : (struct text){NULL, 0}});
}
