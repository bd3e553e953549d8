/*
 * foreign: which sensor's line it is, values that both write alike, and both parts of a connection as one record.
 * Must not guess: what a log does not say stays absent.
 */
#include "sensor/foreign.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

bool
foreign_fail(char why[FOREIGN_WHY], const char *what, const char *field)
{
	snprintf(why, FOREIGN_WHY, "%s `%s`", what, field);
	return false;
}

bool
foreign_line(struct foreign *f, const char *line, size_t n, char why[FOREIGN_WHY])
{
	f->part = FOREIGN_OTHER;
	f->expects = false;
	f->key = 0;
	f->used = 0;
	f->written = (struct when){0};
	memset(&f->s, 0, sizeof(f->s));
	f->line = json_in(line, n);
	if (!f->line) {
		snprintf(why, FOREIGN_WHY, "is not JSON");
		return false;
	}
	if (json_in_at(f->line, "event_type"))
		return foreign_suricata(f, why);
	if (json_in_at(f->line, "id.orig_h"))
		return foreign_zeek(f, why);
	return true;
}

void
foreign_free(struct foreign *f)
{
	json_in_free(f->line);
	f->line = NULL;
}

bool
foreign_addr(struct addr *to, struct text t)
{
	return t.p && strlen(t.p) == t.len && addr_parse(to, t.p);
}

bool
foreign_port(uint16_t *to, const struct json *line, const char *field)
{
	const struct json *value = json_in_at(line, field);
	uint64_t n;

	if (!value || !json_in_u64(value, &n) || n > UINT16_MAX)
		return false;
	*to = (uint16_t)n;
	return true;
}

uint64_t
foreign_u64(const struct json *o, const char *field)
{
	const struct json *value = json_in_at(o, field);
	uint64_t n;

	return value && json_in_u64(value, &n) ? n : 0;
}

uint32_t
foreign_u32(const struct json *o, const char *field)
{
	uint64_t n = foreign_u64(o, field);

	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

struct text
foreign_hex(struct foreign *f, struct text t, uint32_t digits)
{
	const struct text none = {NULL, 0};
	char *to = f->lists + f->used;
	uint32_t n = 0;

	if (!t.p || sizeof(f->lists) - f->used < digits)
		return none;
	for (uint32_t i = 0; i < t.len; i++) {
		if (t.p[i] == ':')
			continue;
		if (!is_hex(t.p[i]) || n == digits)
			return none;
		to[n++] = t.p[i] >= 'A' && t.p[i] <= 'F' ? (char)(t.p[i] - 'A' + 'a') : t.p[i];
	}
	if (n != digits)
		return none;
	f->used += n;
	return (struct text){to, n};
}

struct text
foreign_plain(struct text t, const char *letters)
{
	enum { LONGEST = 2048 };
	bool plain = t.p && t.len && t.len <= LONGEST && strspn(t.p, letters) == t.len;

	return plain ? t : (struct text){NULL, 0};
}

struct text
foreign_list(struct foreign *f, const struct json *array)
{
	char *to = f->lists + f->used;
	size_t room = sizeof(f->lists) - f->used, n = 0;

	for (size_t i = 0; i < json_in_count(array); i++) {
		struct text t = json_in_item_text(array, i);

		if (!t.p || t.len > UINT8_MAX || n + 1 + t.len > room)
			continue;
		to[n++] = (char)t.len;
		memcpy(to + n, t.p, t.len);
		n += t.len;
	}
	f->used += n;
	return n ? (struct text){to, (uint32_t)n} : (struct text){NULL, 0};
}

uint16_t
foreign_version(struct text t)
{
	static const struct {
		const char *name;
		uint16_t code;
	} VERSIONS[] = {
		{"SSLv2", 0x0002},    {"SSLv3", 0x0300},    {"SSLv20", 0x0002},   {"SSLv30", 0x0300},
		{"TLSv10", 0x0301},   {"TLSv11", 0x0302},   {"TLSv12", 0x0303},   {"TLSv13", 0x0304},
		{"TLSv1", 0x0301},    {"TLS 1.0", 0x0301},  {"TLS 1.1", 0x0302},  {"TLS 1.2", 0x0303},
		{"TLS 1.3", 0x0304},  {"DTLSv10", 0xfeff},  {"DTLSv12", 0xfefd},  {"DTLSv13", 0xfefc},
		{"DTLS 1.0", 0xfeff}, {"DTLS 1.2", 0xfefd}, {"DTLS 1.3", 0xfefc},
	};

	for (size_t i = 0; t.p && i < sizeof(VERSIONS) / sizeof(VERSIONS[0]); i++)
		if (strcmp(t.p, VERSIONS[i].name) == 0)
			return VERSIONS[i].code;
	return 0;
}

uint64_t
foreign_payload(uint64_t bytes, uint32_t packets, const struct addr *a, unsigned frame)
{
	uint64_t headers = (uint64_t)packets * (frame + (addr_is_v4(a) ? 20u : 40u));

	return bytes > headers ? bytes - headers : 0;
}

uint64_t
foreign_client(struct text ja4)
{
	static const struct hash_key KEY = {UINT64_C(0x6761746577697477), UINT64_C(0x696d706f72740001)};

	return ja4.p ? hash_keep(&KEY, ja4.p, ja4.len) : 0;
}

/* All that one part tells, in place of what is absent: the parts have no field in common but who and when. */
static void
take_tls(struct session *to, const struct session *tls)
{
	to->carrier = tls->carrier;
	to->version = tls->version;
	to->cipher = tls->cipher;
	to->group = tls->group;
	to->sni = tls->sni;
	to->alpn = tls->alpn;
	to->ja3 = tls->ja3;
	to->ja3_string = tls->ja3_string;
	to->ja3s = tls->ja3s;
	to->ja3s_string = tls->ja3s_string;
	to->ja4 = tls->ja4;
	to->client_key = tls->client_key;
	to->client_hello = tls->client_hello;
	to->server_hello = tls->server_hello;
	to->hello_retry = tls->hello_retry;
	to->established = tls->established;
	to->resumed = tls->resumed;
	to->client_cert_requested = tls->client_cert_requested;
	to->quic_version = tls->quic_version;
	to->hello = tls->hello;
	to->cert_sha1 = tls->cert_sha1;
	to->cert_sha256 = tls->cert_sha256;
	to->cert_subject = tls->cert_subject;
	to->cert_issuer = tls->cert_issuer;
	to->cert_serial = tls->cert_serial;
	to->cert_san = tls->cert_san;
	to->cert_not_before = tls->cert_not_before;
	to->cert_not_after = tls->cert_not_after;
	to->cert_chain = tls->cert_chain;
	to->client_cert_sha1 = tls->client_cert_sha1;
	to->client_cert_sha256 = tls->client_cert_sha256;
	to->client_cert_subject = tls->client_cert_subject;
	to->client_cert_issuer = tls->client_cert_issuer;
	to->client_cert_serial = tls->client_cert_serial;
}

void
foreign_join(struct session *to, const struct session *flow, const struct session *tls)
{
	if (flow)
		*to = *flow;
	else if (tls)
		*to = *tls;
	if (flow && tls)
		take_tls(to, tls);
	to->lacks |=
		LACKS_EXCHANGES | LACKS_IDENTITIES | (flow ? 0 : LACKS_FLOW) | (tls && !tls->ja4.p ? LACKS_JA4 : 0);
}
