/*
 * list_type: the words by which CSV feeds and MISP say what a value is.
 * Words that no session can be compared with are known too, so that a misspelt one is not taken for one of them.
 */
#include "sensor/list_parts.h"

enum { WORD_MAX = 48 };

struct word {
	const char *word;
	struct list_type type;
};

static const struct word WORDS[] = {
	/* MISP's types (https://www.misp-project.org/datamodels/), where they can be seen */
	{"ip-src", {LIST_ADDRESS, false, false}},
	{"ip-dst", {LIST_ADDRESS, false, false}},
	{"ip-src|port", {LIST_ADDRESS, true, false}},
	{"ip-dst|port", {LIST_ADDRESS, true, false}},
	{"domain", {LIST_NAME, false, false}},
	{"domain|ip", {LIST_NAME, true, true}},
	{"hostname", {LIST_NAME, false, false}},
	{"hostname|port", {LIST_NAME, true, false}},
	{"ja3-fingerprint-md5", {LIST_JA3, false, false}},
	{"x509-fingerprint-sha1", {LIST_CERTIFICATE, false, false}},
	{"x509-fingerprint-sha256", {LIST_CERTIFICATE, false, false}},
	/* feeds' */
	{"ip", {LIST_ADDRESS, false, false}},
	{"ipv4", {LIST_ADDRESS, false, false}},
	{"ipv6", {LIST_ADDRESS, false, false}},
	{"ip-address", {LIST_ADDRESS, false, false}},
	{"ipv4-addr", {LIST_ADDRESS, false, false}},
	{"ipv6-addr", {LIST_ADDRESS, false, false}},
	{"address", {LIST_ADDRESS, false, false}},
	{"network", {LIST_ADDRESS, false, false}},
	{"cidr", {LIST_ADDRESS, false, false}},
	{"ip:port", {LIST_ADDRESS, true, false}},
	{"domain-name", {LIST_NAME, false, false}},
	{"fqdn", {LIST_NAME, false, false}},
	{"sni", {LIST_NAME, false, false}},
	{"ja3", {LIST_JA3, false, false}},
	{"ja3-md5", {LIST_JA3, false, false}},
	{"ja3-hash", {LIST_JA3, false, false}},
	{"ja4", {LIST_JA4, false, false}},
	{"ja4-fingerprint", {LIST_JA4, false, false}},
	{"certificate", {LIST_CERTIFICATE, false, false}},
	{"cert-sha1", {LIST_CERTIFICATE, false, false}},
	{"cert-sha256", {LIST_CERTIFICATE, false, false}},
	/* Zeek's intelligence framework */
	{"intel::addr", {LIST_ADDRESS, false, false}},
	{"intel::subnet", {LIST_ADDRESS, false, false}},
	{"intel::domain", {LIST_NAME, false, false}},
	{"intel::cert-hash", {LIST_CERTIFICATE, false, false}},
	{"intel::url", {LIST_TYPE_OTHER, false, false}},
	{"intel::software", {LIST_TYPE_OTHER, false, false}},
	{"intel::email", {LIST_TYPE_OTHER, false, false}},
	{"intel::user-name", {LIST_TYPE_OTHER, false, false}},
	{"intel::file-hash", {LIST_TYPE_OTHER, false, false}},
	{"intel::file-name", {LIST_TYPE_OTHER, false, false}},
	{"intel::pubkey-hash", {LIST_TYPE_OTHER, false, false}},
	/* not seen from outside */
	{"url", {LIST_TYPE_OTHER, false, false}},
	{"uri", {LIST_TYPE_OTHER, false, false}},
	{"md5", {LIST_TYPE_OTHER, false, false}},
	{"sha1", {LIST_TYPE_OTHER, false, false}},
	{"sha256", {LIST_TYPE_OTHER, false, false}},
	{"sha512", {LIST_TYPE_OTHER, false, false}},
	{"md5-hash", {LIST_TYPE_OTHER, false, false}},
	{"sha1-hash", {LIST_TYPE_OTHER, false, false}},
	{"sha256-hash", {LIST_TYPE_OTHER, false, false}},
	{"sha3-384-hash", {LIST_TYPE_OTHER, false, false}},
	{"filehash", {LIST_TYPE_OTHER, false, false}},
	{"file", {LIST_TYPE_OTHER, false, false}},
	{"filename", {LIST_TYPE_OTHER, false, false}},
	{"email", {LIST_TYPE_OTHER, false, false}},
	{"user-agent", {LIST_TYPE_OTHER, false, false}},
	{"mutex", {LIST_TYPE_OTHER, false, false}},
	{"cve", {LIST_TYPE_OTHER, false, false}},
	{"jarm", {LIST_TYPE_OTHER, false, false}},
	{"ja3s", {LIST_TYPE_OTHER, false, false}},
	{"asn", {LIST_TYPE_OTHER, false, false}},
	{"x509-fingerprint-md5", {LIST_TYPE_OTHER, false, false}},
};

struct list_type
list_type(struct text word)
{
	char w[WORD_MAX];

	if (word.len < sizeof(w)) {
		for (uint32_t i = 0; i < word.len; i++) {
			char c = word.p[i];

			w[i] = c == '_' || c == ' ' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		}
		w[word.len] = '\0';
		for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++)
			if (strcmp(WORDS[i].word, w) == 0)
				return WORDS[i].type;
	}
	return (struct list_type){LIST_TYPE_UNKNOWN, false, false};
}

/* Where the first part ends: at |, or at the last : before a port. */
static uint32_t
first_part(struct text value)
{
	const char *bar = memchr(value.p, '|', value.len);
	uint32_t n = value.len;

	if (bar)
		return (uint32_t)(bar - value.p);
	while (n && value.p[n - 1] >= '0' && value.p[n - 1] <= '9')
		n--;
	return n > 1 && value.p[n - 1] == ':' ? n - 1 : value.len;
}

/* "[2001:db8::1]" of an address with a port. */
static struct text
unbracket(struct text t)
{
	if (t.len >= 2 && t.p[0] == '[' && t.p[t.len - 1] == ']')
		return (struct text){t.p + 1, t.len - 2};
	return t;
}

void
list_add_typed(struct list *l, struct text value, const struct list_type *type, uint32_t until,
	       const struct list_where *where)
{
	uint32_t n = type->first ? first_part(value) : value.len;

	list_add(l, unbracket((struct text){value.p, n}), (enum list_kind)type->kind, until, where);
	if (type->second_addr && n < value.len)
		list_add(l, (struct text){value.p + n + 1, value.len - n - 1}, LIST_ADDRESS, until, where);
}
