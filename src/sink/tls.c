/*
 * tls: the `tls` and `quic` objects of an EVE line.
 * Strict mode writes nothing that Suricata's schema does not know.
 */
#include "sink/line.h"

#define FINGERPRINT(o, key, h, s)                                                                                      \
	do {                                                                                                           \
		if ((h).p) {                                                                                           \
			JSON_KEY(o, key);                                                                              \
			out_char(o, '{');                                                                              \
			LINE_PLAIN(o, "hash", h);                                                                      \
			LINE_PLAIN(o, "string", s);                                                                    \
			out_char(o, '}');                                                                              \
		}                                                                                                      \
	} while (0)

/* Texts, each after a length byte, as a JSON array. */
static void
list_member(struct out *o, const char *key, struct text list)
{
	struct cur c = cur_of(list.p, list.p ? list.len : 0);

	if (cur_left(&c) == 0) /* the schema wants one item at least */
		return;
	json_comma(o);
	out_text(o, key);
	while (cur_left(&c)) {
		struct cur item = cur_sub(&c, cur_u8(&c));

		json_string(o, item.p, cur_left(&item));
	}
	out_char(o, ']');
}

/* aa:bb:cc..., as Suricata writes a SHA-1; the record has it without colons. */
static void
colon_member(struct out *o, const char *key, struct text hex)
{
	if (!hex.p)
		return;
	json_comma(o);
	out_text(o, key);
	for (uint32_t i = 0; i + 1 < hex.len; i += 2) {
		if (i)
			out_char(o, ':');
		out_bytes(o, hex.p + i, 2);
	}
	out_char(o, '"');
}

static void
date_member(struct out *o, const char *key, struct when t)
{
	if (t.ns == 0)
		return;
	json_comma(o);
	out_text(o, key);
	out_time_s(o, t);
	out_char(o, '"');
}

/* One certificate's members: the server's and the client's have the same names. */
struct cert_texts {
	struct text subject, issuer, san, serial, sha1, sha256;
	struct when not_before, not_after;
};

static void
cert_members(struct out *o, const struct cert_texts *c, bool strict)
{
	LINE_TEXT(o, "subject", c->subject);
	LINE_TEXT(o, "issuerdn", c->issuer);
	list_member(o, "\"subjectaltname\":[", c->san);
	LINE_TEXT(o, "serial", c->serial);
	colon_member(o, "\"fingerprint\":\"", c->sha1);
	if (!strict)
		LINE_TEXT(o, "fingerprint_sha256", c->sha256);
	date_member(o, "\"notbefore\":\"", c->not_before);
	date_member(o, "\"notafter\":\"", c->not_after);
}

static void
server_cert(struct out *o, const struct session *s, bool strict)
{
	const struct cert_texts c = {s->cert_subject, s->cert_issuer, s->cert_san,        s->cert_serial,
				     s->cert_sha1,    s->cert_sha256, s->cert_not_before, s->cert_not_after};

	if (c.sha1.p)
		cert_members(o, &c, strict);
}

static void
client_cert(struct out *o, const struct session *s, bool strict)
{
	const struct cert_texts c = {s->client_cert_subject,    s->client_cert_issuer,   s->client_cert_san,
				     s->client_cert_serial,     s->client_cert_sha1,     s->client_cert_sha256,
				     s->client_cert_not_before, s->client_cert_not_after};

	if (!c.sha1.p)
		return;
	JSON_KEY(o, "client");
	out_char(o, '{');
	cert_members(o, &c, strict);
	out_char(o, '}');
}

static void
version_member(struct out *o, uint16_t version)
{
	char buf[24];
	struct text name;

	if (version == 0)
		return;
	name = tls_version_name(version, buf);
	LINE_PLAIN(o, "version", name);
}

static bool
was_resumed(const struct session *s)
{
	return s->resumed == RESUMED_SESSION_ID || s->resumed == RESUMED_TICKET || s->resumed == RESUMED_PSK;
}

static void
fingerprints(struct out *o, const struct session *s)
{
	FINGERPRINT(o, "ja3", s->ja3, s->ja3_string);
	FINGERPRINT(o, "ja3s", s->ja3s, s->ja3s_string);
	LINE_PLAIN(o, "ja4", s->ja4);
}

static void
cipher_member(struct out *o, uint16_t suite)
{
	const char *name = tls_cipher_name(suite);
	char hex[7] = "0x";
	struct out code = out_of(hex + 2, 4);
	uint8_t b[2] = {(uint8_t)(suite >> 8), (uint8_t)suite};

	JSON_KEY(o, "cipher");
	out_hex(&code, b, 2);
	json_text(o, name ? name : hex);
}

static void
extended_members(struct out *o, const struct session *s)
{
	if (s->server_hello)
		cipher_member(o, s->cipher);
	LINE_TEXT(o, "alpn", s->alpn);
	LINE_PLAIN(o, "ja4_r", s->ja4_r);
	if (s->hello_retry)
		LINE_BOOL(o, "hello_retry_request", true);
}

static void
quic_object(struct out *o, const struct session *s)
{
	OUT_LIT(o, ",\"quic\":{");
	LINE_TEXT(o, "version", s->quic_version);
	LINE_TEXT(o, "sni", s->sni);
	fingerprints(o, s);
	out_char(o, '}');
}

static void
tls_object(struct out *o, const struct session *s, bool strict)
{
	OUT_LIT(o, ",\"tls\":{");
	server_cert(o, s, strict);
	if (was_resumed(s))
		LINE_BOOL(o, "session_resumed", true);
	LINE_TEXT(o, "sni", s->sni);
	version_member(o, s->version);
	LINE_TEXT(o, "from_proto", s->prelude);
	fingerprints(o, s);
	list_member(o, "\"client_alpns\":[", s->alpns);
	if (s->alpn.p) {
		JSON_KEY(o, "server_alpns");
		out_char(o, '[');
		json_string(o, s->alpn.p, s->alpn.len);
		out_char(o, ']');
	}
	client_cert(o, s, strict);
	if (!strict)
		extended_members(o, s);
	out_char(o, '}');
}

void
line_tls(struct out *o, struct eve_context *x, const struct session *s)
{
	const struct ready_key key = session_key(s, x->cfg->strict ? RUN_TLS_STRICT : RUN_TLS);
	struct text known = ready_find(x->cfg->ready, &key);
	const char *start;

	if (s->carrier == CARRIER_QUIC)
		quic_object(o, s);
	if (known.p) {
		out_bytes(o, known.p, known.len);
		return;
	}
	start = o->p;
	tls_object(o, s, x->cfg->strict);
	if (!o->full)
		ready_keep(x->cfg->ready, &key, start, (size_t)(o->p - start));
}
