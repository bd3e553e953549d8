/*
 * foreign_zeek: lines of Zeek's conn.log and ssl.log, written as JSON (docs.zeek.org, base/protocols/conn/main.zeek and
 * ssl/main.zeek).  A line is one of conn.log when it has a conn_state, one of ssl.log when it has a cipher, a version or
 * an ssl_history.
 */
#include "sensor/foreign.h"

#include <string.h>

#include "base/hash.h"

static const struct hash_key UID_KEY = {UINT64_C(0x7a65656b), UINT64_C(0x756964)};

/* Seconds since 1970, or RFC 3339 (LogAscii::json_timestamps). */
static bool
time_of(const struct json *line, const char *field, struct when *t)
{
	const struct json *value = json_in_at(line, field);
	struct text text = json_in_string(value);
	int64_t us;

	if (text.p)
		return when_parse(t, text.p, text.len);
	if (!value || !json_in_us(value, &us) || us > INT64_MAX / NS_PER_US || us < 0)
		return false;
	*t = (struct when){us * NS_PER_US};
	return true;
}

static bool
who(struct foreign *f, char why[FOREIGN_WHY])
{
	struct session *s = &f->s;
	struct text uid = json_in_text(f->line, "uid");

	if (!uid.p || !uid.len)
		return foreign_fail(why, "has no", "uid");
	if (!time_of(f->line, "ts", &s->start))
		return foreign_fail(why, "has no time in", "ts");
	if (!foreign_addr(&s->src, json_in_text(f->line, "id.orig_h")))
		return foreign_fail(why, "has no address in", "id.orig_h");
	if (!foreign_addr(&s->dest, json_in_text(f->line, "id.resp_h")))
		return foreign_fail(why, "has no address in", "id.resp_h");
	if (!foreign_port(&s->src_port, f->line, "id.orig_p") || !foreign_port(&s->dest_port, f->line, "id.resp_p"))
		return foreign_fail(why, "has no port in", "id.orig_p` or `id.resp_p");
	f->key = hash_keep(&UID_KEY, uid.p, uid.len);
	s->source = TEXT_LIT("zeek");
	s->kind = SESSION_CLOSE;
	s->time = s->last = s->start;
	return true;
}

static bool
has_letter(struct text history, char c)
{
	return history.p && memchr(history.p, c, history.len) != NULL;
}

/* S, H, A and D, F, R: SYN, SYN-ACK, ACK with and without data, FIN, RST; upper case from the originator. */
static uint8_t
flags_of(struct text history, bool originator)
{
	enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };
	static const struct {
		char letter;
		uint8_t flags;
	} LETTERS[] = {{'S', SYN}, {'H', SYN | ACK}, {'A', ACK}, {'D', PSH | ACK}, {'F', FIN | ACK}, {'R', RST}};
	uint8_t flags = 0;

	for (size_t i = 0; i < sizeof(LETTERS) / sizeof(LETTERS[0]); i++)
		if (has_letter(history, (char)(LETTERS[i].letter | (originator ? 0 : 0x20))))
			flags |= LETTERS[i].flags;
	return flags;
}

/* Who was first to end it? */
static bool
ended_by_responder(struct text history)
{
	for (uint32_t i = 0; history.p && i < history.len; i++)
		if (strchr("FRfr", history.p[i]) && history.p[i])
			return history.p[i] == 'f' || history.p[i] == 'r';
	return false;
}

static void
read_end(struct session *s, struct text state, struct text history)
{
	static const struct {
		const char *state;
		uint8_t end;
	} STATES[] = {{"SF", FLOW_FIN},     {"RSTO", FLOW_RST},   {"RSTR", FLOW_RST},   {"REJ", FLOW_RST},
		      {"RSTOS0", FLOW_RST}, {"RSTRH", FLOW_RST},  {"S0", FLOW_TIMEOUT}, {"S1", FLOW_TIMEOUT},
		      {"S2", FLOW_TIMEOUT}, {"S3", FLOW_TIMEOUT}, {"SH", FLOW_TIMEOUT}, {"SHR", FLOW_TIMEOUT},
		      {"OTH", FLOW_TIMEOUT}};

	for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++)
		if (strcmp(state.p, STATES[i].state) == 0)
			s->end = STATES[i].end;
	if (s->proto != PROTO_TCP)
		s->end = FLOW_TIMEOUT;
	s->ended_by_dest = (s->end == FLOW_FIN || s->end == FLOW_RST) && ended_by_responder(history);
	s->flags_out = s->proto == PROTO_TCP ? flags_of(history, true) : 0;
	s->flags_in = s->proto == PROTO_TCP ? flags_of(history, false) : 0;
	s->midstream = s->proto == PROTO_TCP && history.p && !has_letter(history, 'S');
}

/* "ssl", "quic,ssl", "-ssl": a name among others. */
static bool
speaks(struct text service, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = service.p; p && (p = strstr(p, name)); p += n)
		if ((p == service.p || p[-1] == ',') && (p[n] == '\0' || p[n] == ','))
			return true;
	return false;
}

static bool
read_conn(struct foreign *f, char why[FOREIGN_WHY])
{
	struct session *s = &f->s;
	struct text proto = json_in_text(f->line, "proto"), service = json_in_text(f->line, "service");
	const struct json *duration = json_in_at(f->line, "duration");
	int64_t us = 0;

	s->proto = !proto.p ? 0 : strcmp(proto.p, "tcp") == 0 ? PROTO_TCP : strcmp(proto.p, "udp") == 0 ? PROTO_UDP : 0;
	if (!s->proto) /* ICMP, and what has no ports */
		return true;
	if (duration && (!json_in_us(duration, &us) || us < 0 || us > INT64_C(366) * 86400 * 1000000))
		return foreign_fail(why, "has no seconds in", "duration");
	s->last = s->time = f->written = when_add(s->start, us * NS_PER_US);
	s->packets_out = foreign_u32(f->line, "orig_pkts");
	s->packets_in = foreign_u32(f->line, "resp_pkts");
	s->bytes_out = foreign_payload(foreign_u64(f->line, "orig_ip_bytes"), s->packets_out, &s->src, 0);
	s->bytes_in = foreign_payload(foreign_u64(f->line, "resp_ip_bytes"), s->packets_in, &s->src, 0);
	s->one_sided = s->packets_out == 0 || s->packets_in == 0;
	s->gap_bytes_in = foreign_u32(f->line, "missed_bytes");
	(void)foreign_port(&s->vlan, f->line, "vlan");
	(void)foreign_port(&s->vlan_inner, f->line, "inner_vlan");
	read_end(s, json_in_text(f->line, "conn_state"), json_in_text(f->line, "history"));
	f->expects = speaks(service, "ssl") || speaks(service, "quic") || speaks(service, "dtls");
	f->part = FOREIGN_FLOW;
	return true;
}

static void
read_certificates(struct foreign *f)
{
	struct session *s = &f->s;
	const struct json *server = json_in_at(f->line, "cert_chain_fps"),
			  *client = json_in_at(f->line, "client_cert_chain_fps");
	size_t n = json_in_count(server);

	s->cert_sha256 = foreign_hex(f, json_in_item_text(server, 0), 64);
	if (!s->cert_sha256.p) /* X509::hash_... of Zeek before 5, or as configured */
		s->cert_sha1 = foreign_hex(f, json_in_item_text(server, 0), 40);
	s->cert_chain = (uint8_t)(n < UINT8_MAX ? n : UINT8_MAX);
	s->client_cert_sha256 = foreign_hex(f, json_in_item_text(client, 0), 64);
	if (!s->client_cert_sha256.p)
		s->client_cert_sha1 = foreign_hex(f, json_in_item_text(client, 0), 40);
	s->cert_subject = json_in_text(f->line, "subject");
	s->cert_issuer = json_in_text(f->line, "issuer");
	s->client_cert_subject = json_in_text(f->line, "client_subject");
	s->client_cert_issuer = json_in_text(f->line, "client_issuer");
}

/* ssl_history: C the ClientHello, s the ServerHello, j a HelloRetryRequest, r a CertificateRequest. */
static void
read_ssl(struct foreign *f)
{
	struct session *s = &f->s;
	struct text history = json_in_text(f->line, "ssl_history"), cipher = json_in_text(f->line, "cipher"),
		    curve = json_in_text(f->line, "curve");
	bool resumed = json_in_yes(f->line, "resumed");

	s->version = foreign_version(json_in_text(f->line, "version"));
	if (cipher.p)
		(void)tls_cipher_code(cipher, &s->cipher);
	if (curve.p)
		(void)tls_group_code(curve, &s->group);
	s->carrier = s->version >= 0xfe00 ? CARRIER_DTLS : CARRIER_TCP;
	s->proto = s->carrier == CARRIER_DTLS ? PROTO_UDP : PROTO_TCP;
	s->sni = json_in_text(f->line, "server_name");
	s->alpn = json_in_text(f->line, "next_protocol");
	s->established = json_in_yes(f->line, "established");
	s->client_hello = history.p ? has_letter(history, 'C') : true;
	s->server_hello = history.p ? has_letter(history, 's') : s->cipher != 0;
	s->hello_retry = has_letter(history, 'j');
	s->client_cert_requested = has_letter(history, 'r');
	s->resumed = !resumed ? RESUMED_NO : s->version == 0x0304 ? RESUMED_PSK : RESUMED_UNKNOWN;
	s->ja3 = foreign_hex(f, json_in_text(f->line, "ja3"), 32);
	s->ja3s = foreign_hex(f, json_in_text(f->line, "ja3s"), 32);
	s->ja4 = foreign_plain(json_in_text(f->line, "ja4"), FOREIGN_JA4);
	s->client_key = foreign_client(s->ja4);
	s->hello = s->start;
	read_certificates(f);
	f->written = s->start;
	f->part = FOREIGN_TLS;
}

bool
foreign_zeek(struct foreign *f, char why[FOREIGN_WHY])
{
	bool conn = json_in_text(f->line, "conn_state").p != NULL;
	bool ssl = json_in_text(f->line, "cipher").p || json_in_text(f->line, "version").p ||
		   json_in_text(f->line, "ssl_history").p;

	if (!conn && !ssl)
		return true;
	if (!who(f, why))
		return false;
	if (conn)
		return read_conn(f, why);
	read_ssl(f);
	return true;
}
