/*
 * wrong_protocol: a port that speaks TLS answers something else with data; or a tunnel's program comes in.
 *
 * The internet tries everything on port 443, all day: HTTP in clear, SSH, RDP, nonsense.  A short answer, or none, is
 * what it gets, and is no finding.  Must not judge ports that are shared by design (sslh), which learning tells.
 */
#include "detect/ports.h"

#include <string.h>

/* Fingerprints that FoxIO published (ja4plus-mapping.csv) and that no browser or VPN client of a gateway has. */
static const struct program {
	struct text ja4;
	const char *name;
} PROGRAMS[] = {
	{TEXT_INIT("t13d880900_fcb5b95cb75a_b0d3b4ac2a14"), "SoftEther VPN"},
	{TEXT_INIT("t13i880900_fcb5b95cb75a_b0d3b4ac2a14"), "SoftEther VPN"},
};

enum { TAG_PORT = 1, TAG_PROGRAM, TAG_SESSION, SIZE_STEP = 64, TLS_KNOWN = 20 };

void *
wrong_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct memory *m = carve_take(c, sizeof(*m));

	detect_memory(d, m, c,
		      &(struct memory_plan){
			      .bytes = bytes - sizeof(*m) - 64, .payload = sizeof(struct port_talk), .version = 1});
	return m;
}

static struct memory_key
port_key(const struct session *s)
{
	return (struct memory_key){s->dest, (uint64_t)TAG_PORT << 32 | (uint64_t)s->proto << 16 | s->dest_port,
				   s->gateway};
}

const struct port_talk *
ports_find(const struct detect *d, const struct session *s)
{
	const struct memory_key key = port_key(s);

	return memory_find(d->state[DETECTOR_wrong_protocol], &key);
}

bool
ports_only_tls(const struct port_talk *p)
{
	return p && p->tls >= TLS_KNOWN && p->plain == 0;
}

/* A thing told once: true the first time. */
static bool
once(struct detect *d, struct addr who, uint64_t what, uint64_t tag)
{
	const struct memory_key key = {who, what, tag};
	bool fresh;

	memory_use(d->state[DETECTOR_wrong_protocol], &key, &fresh);
	return fresh;
}

/* Answered in clear, with more than a page that says no. */
static bool
is_answered(const struct detect *d, const struct view *v)
{
	const struct session *s = v->s;
	bool clear = s->carrier == CARRIER_NONE || (s->carrier == CARRIER_TCP && !s->client_hello);

	return clear && s->proto == PROTO_TCP && s->bytes_out && s->kind != SESSION_OPEN &&
	       s->bytes_in >= (uint64_t)d->param[PARAM_wrong_protocol_answer];
}

static uint64_t
answer_bit(const struct session *s)
{
	return size_bit(s->bytes_in > UINT32_MAX ? UINT32_MAX : (uint32_t)s->bytes_in, SIZE_STEP);
}

static uint8_t
severity_of(const struct detect *d, const struct session *s)
{
	enum { TALK_BYTES = 2000, TALK_S = 300, MUCH = 10 };
	uint64_t much = (uint64_t)d->param[PARAM_wrong_protocol_answer] * MUCH;
	bool lasts = when_since(s->last, s->start) >= TALK_S * NS_PER_S;

	if (s->bytes_out >= TALK_BYTES && (lasts || (s->bytes_in >= much && s->bytes_out >= much / 2)))
		return SEVERITY_HIGH;
	return s->bytes_in >= much ? SEVERITY_MEDIUM : SEVERITY_LOW;
}

static void
report_plain(struct detect *d, const struct view *v, const struct port_talk *p, uint8_t severity)
{
	const struct session *s = v->s;
	struct finding f;

	finding_begin(&f, v, DETECTOR_wrong_protocol);
	f.severity = severity;
	f.confidence = severity >= SEVERITY_HIGH ? 80 : 50;
	finding_number(&f, "bytes_received", "bytes", (int64_t)s->bytes_out);
	finding_number(&f, "bytes_answered", "bytes", (int64_t)s->bytes_in);
	finding_number(&f, "lasts", "s", when_since(s->last, s->start) / NS_PER_S);
	finding_number(&f, "tls_handshakes", "handshakes", p->tls);
	finding_weigh(&f, "this port speaks TLS and nothing else", 40);
	finding_weigh(&f, "answered with data", severity >= SEVERITY_HIGH ? 50 : 25);
	finding_session(&f, s->id);
	finding_say(
		&f,
		s->prelude.p ?
			"port {p} of {t}, which speaks TLS, spoke {x} with {a}: {0} came, {1} went back within {2}" :
			"port {p} of {t}, which speaks TLS, spoke something else with {a}: {0} came, {1} went "
			"back within {2}",
		(const struct text[2]){s->prelude, {NULL, 0}});
	f.benign = "a long error page for HTTP in clear; a port newly shared by several protocols";
	incident_report(d, &f, &(struct actor){.net = actor_of(v).net});
}

/* Told when it begins to matter, and again when it has grown to what is grave. */
static void
judge_plain(struct detect *d, const struct view *v)
{
	const struct port_talk *p = ports_find(d, v->s);
	uint8_t severity;

	if (!ports_only_tls(p) || p->plain_sizes & answer_bit(v->s))
		return;
	severity = severity_of(d, v->s);
	if (v->learning && severity < SEVERITY_HIGH)
		severity = SEVERITY_INFO;
	if (once(d, (struct addr){{0}}, v->s->id, (uint64_t)TAG_SESSION << 8 | severity))
		report_plain(d, v, p, severity);
}

static const struct program *
program_of(const struct session *s)
{
	for (unsigned i = 0; i < sizeof(PROGRAMS) / sizeof(PROGRAMS[0]); i++)
		if (s->ja4.len == PROGRAMS[i].ja4.len && memcmp(s->ja4.p, PROGRAMS[i].ja4.p, s->ja4.len) == 0)
			return &PROGRAMS[i];
	return NULL;
}

static void
report_program(struct detect *d, const struct view *v, const struct program *p)
{
	const struct session *s = v->s;
	const struct text name = {p->name, (uint32_t)strlen(p->name)};
	struct finding f;

	finding_begin(&f, v, DETECTOR_wrong_protocol);
	f.severity = v->learning ? SEVERITY_INFO : SEVERITY_MEDIUM;
	f.confidence = 60;
	finding_number(&f, "bytes_received", "bytes", (int64_t)s->bytes_out);
	finding_number(&f, "bytes_answered", "bytes", (int64_t)s->bytes_in);
	finding_weigh(&f, "the fingerprint of a tunnel's program", 40);
	finding_weigh(&f, "it got an answer of substance", 20);
	finding_session(&f, s->id);
	finding_say(&f, "{a} came to {t} port {p} with the program {x}, sent {0} and got {1}",
		    (const struct text[2]){name, {NULL, 0}});
	f.benign = "a user or provider whose line runs through such a tunnel does not show here; this is the tunnel "
		   "itself";
	incident_report(d, &f, &(struct actor){.net = actor_of(v).net});
}

static void
judge_program(struct detect *d, const struct view *v)
{
	const struct session *s = v->s;
	const struct program *p;

	if (!s->established || s->bytes_in < (uint64_t)d->param[PARAM_wrong_protocol_tunnel] ||
	    s->bytes_out < (uint64_t)d->param[PARAM_wrong_protocol_tunnel] || !(p = program_of(s)))
		return;
	if (once(d, detect_net(&v->client, 24, 48), (uint64_t)(p - PROGRAMS), (uint64_t)TAG_PROGRAM << 8 | s->gateway))
		report_program(d, v, p);
}

void
wrong_judge(struct detect *d, const struct view *v)
{
	if (v->s->role != ROLE_INBOUND)
		return;
	if (is_answered(d, v) && !v->degraded)
		judge_plain(d, v);
	if (v->s->ja4.p)
		judge_program(d, v);
}

void
wrong_learn(struct detect *d, const struct view *v)
{
	struct memory *m = d->state[DETECTOR_wrong_protocol];
	const struct session *s = v->s;
	struct memory_key key;
	struct port_talk *p;
	bool fresh, tls = v->first_established && s->server_hello;

	if (s->role != ROLE_INBOUND || (!tls && !(v->learning && is_answered(d, v))))
		return;
	key = port_key(s);
	p = memory_use(m, &key, &fresh);
	p->tls += tls && p->tls != UINT32_MAX;
	if (!tls) {
		p->plain += s->kind == SESSION_CLOSE && severity_of(d, s) >= SEVERITY_HIGH;
		p->plain_sizes |= answer_bit(s);
	}
	if (p->tls >= TLS_KNOWN)
		memory_keep(m, p);
}
