/*
 * list_value: one value of a list, from text to key, and what is wrong with those that cannot be.
 * Must not resolve names, and must not guess: what may be two things is told.
 */
#include "sensor/list_parts.h"

enum { TEXT_MAX = 300, V4_BROADEST = 8, V6_BROADEST = 19 };

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
only(const char *s, const char *of)
{
	return *s && strspn(s, of) == strlen(s);
}

static const char *
take_key(struct list_value *v, enum indicator_kind kind, const char *key, size_t len)
{
	v->kind = (uint8_t)kind;
	v->len = (uint8_t)len;
	memcpy(v->key, key, len);
	return NULL;
}

/* Hex digits without the colons that OpenSSL puts between bytes; their number, 0: something else. */
static size_t
hex_of(const char *s, char to[64])
{
	size_t n = 0, pairs = 0;

	for (; *s; s++) {
		if (*s == ':' && n % 2 == 0 && n && s[1]) {
			pairs++;
			continue;
		}
		if (!is_hex(*s) || n == 64)
			return 0;
		to[n++] = lower(*s);
	}
	return pairs && pairs != n / 2 - 1 ? 0 : n;
}

static const char *
value_digest(const char *s, enum list_kind kind, struct list_value *v)
{
	char hex[64];
	size_t n = hex_of(s, hex);

	if (kind == LIST_JA3)
		return n == 32 ? take_key(v, INDICATOR_JA3, hex, n) : "is not a JA3: 32 hex digits";
	if (n == 40)
		return take_key(v, INDICATOR_SHA1, hex, n);
	if (n == 64)
		return take_key(v, INDICATOR_SHA256, hex, n);
	if (n == 32 && kind == LIST_AUTO)
		return "may be a JA3 or another MD5; say which with kind = ja3, or take it out";
	return "is not a certificate's digest: SHA-1 has 40 hex digits, SHA-256 has 64";
}

static const char *
value_net(const struct list *l, const char *s, struct list_value *v)
{
	struct addr_net net;
	struct addr whole;
	char host[TEXT_MAX];
	size_t n = strcspn(s, "/");
	bool v4;

	memcpy(host, s, n);
	host[n] = '\0';
	if (!addr_net_parse(&net, s) || !addr_parse(&whole, host))
		return strchr(s, ':') && strchr(s, '.') ? "is not an address; a port does not belong to it" :
							  "is not an address or network such as 192.0.2.7, "
							  "192.0.2.0/24 or 2001:db8::/32; correct it";
	if (!addr_same(&net.addr, &whole))
		return "is not a network: it has bits behind its prefix; write its first address, or the address alone";
	v4 = addr_is_v4(&net.addr) && net.bits >= 96;
	v->bits = v4 ? (uint8_t)(net.bits - 96) : net.bits;
	if (v->bits < (v4 ? V4_BROADEST : V6_BROADEST))
		return v4 ? "is too broad: at most a /8; list the networks that are meant" :
			    "is too broad: at most a /19; list the networks that are meant";
	for (size_t i = 0; i < l->owns; i++)
		if (addr_in(&l->own[i].addr, &net))
			return "has an address of the gateway itself in it; take it out";
	return v4 ? take_key(v, INDICATOR_NET, (const char *)net.addr.b + 12, 4) :
		    take_key(v, INDICATOR_NET, (const char *)net.addr.b, 16);
}

/* JA4_a: protocol, version, SNI, two counts, ALPN (FoxIO's specification of JA4). */
static bool
is_ja4_a(const char *s)
{
	return strchr("tqd", s[0]) && strspn(s + 1, "0123456789sd") >= 2 && strchr("di", s[3]) &&
	       strspn(s + 4, "0123456789") >= 4;
}

static bool
is_ja4_hash(const char *s)
{
	return strspn(s, "0123456789abcdef") >= 12;
}

static const char *
value_ja4(const char *s, struct list_value *v)
{
	char key[JA4_LEN + 1];
	size_t n = strlen(s);

	if (n >= 2 && strcmp(s + n - 2, "_*") == 0)
		n -= 2;
	if (n != JA4_LEN && n != JA4_AB_LEN && n != JA4_A_LEN)
		return "is not a JA4 such as t13d1516h2_8daaf6152771_02713d6af862, or its beginning followed by _*";
	for (size_t i = 0; i < n; i++)
		key[i] = lower(s[i]);
	key[n] = '\0';
	if (n < JA4_LEN && s[n] == '\0')
		return "is the beginning of a JA4; say so by _* behind it";
	if (!is_ja4_a(key) || (n > JA4_A_LEN && (key[JA4_A_LEN] != '_' || !is_ja4_hash(key + JA4_A_LEN + 1))) ||
	    (n > JA4_AB_LEN && (key[JA4_AB_LEN] != '_' || !is_ja4_hash(key + JA4_AB_LEN + 1))))
		return "is not a JA4 such as t13d1516h2_8daaf6152771_02713d6af862; correct it";
	return take_key(v, n == JA4_LEN ? INDICATOR_JA4 : n == JA4_AB_LEN ? INDICATOR_JA4_AB : INDICATOR_JA4_A, key, n);
}

/* Labels of letters, digits, - and _, each of 1 to 63; their number, 0: not a name. */
static unsigned
name_labels(const char *s)
{
	unsigned labels = 0;

	for (;;) {
		size_t n = strcspn(s, ".");

		if (n == 0 || n > 63 ||
		    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") < n)
			return 0;
		labels++;
		if (s[n] == '\0')
			return labels;
		s += n + 1;
	}
}

static const char *
value_name(char *s, enum list_kind kind, struct list_value *v)
{
	bool below = s[0] == '.' || (s[0] == '*' && s[1] == '.');
	char *name = s + (below ? strcspn(s, ".") + 1 : 0);
	size_t n = strlen(name);
	unsigned labels;

	if (n && name[n - 1] == '.')
		name[--n] = '\0';
	for (size_t i = 0; i < n; i++) {
		if ((uint8_t)name[i] >= 0x80)
			return "has letters beyond ASCII; write the name as it goes over the wire (xn--...)";
		name[i] = lower(name[i]);
	}
	labels = n <= INDICATOR_NAME_MAX ? name_labels(name) : 0;
	if (labels == 0 || (labels == 1 && !below && kind != LIST_NAME))
		return "is not an address, network, name, JA3, JA4 or certificate digest; correct it or take it out";
	if (below && labels == 1)
		return "is too broad: all names of a top-level domain; list the names that are meant";
	if (below && labels > INDICATOR_LABELS)
		return "has more than 12 labels; list the whole name";
	return take_key(v, below ? INDICATOR_UNDER : INDICATOR_NAME, name, n);
}

static const char *
not_bare(const char *s)
{
	if (strstr(s, "[.]") || strstr(s, "(.)") || strstr(s, "[:]") || strncmp(s, "hxxp", 4) == 0)
		return "is defanged; write it with its plain dots and colons";
	if (strstr(s, "://"))
		return "is a URL; only its name or address can be seen from outside";
	if (strpbrk(s, " \t"))
		return "has blanks in it; one value a line, comments behind #";
	return NULL;
}

static bool
looks_ja4(const char *s)
{
	return strlen(s) > JA4_A_LEN && s[JA4_A_LEN] == '_' && is_ja4_a(s);
}

static const char *
value_auto(const struct list *l, char *s, struct list_value *v)
{
	char hex[64];

	if (hex_of(s, hex) >= 32)
		return value_digest(s, LIST_AUTO, v);
	if (looks_ja4(s))
		return value_ja4(s, v);
	if (strchr(s, ':') || only(s, "0123456789./"))
		return value_net(l, s, v);
	if (strchr(s, '/'))
		return "is a URL or a path; only its name or address can be seen from outside";
	return value_name(s, LIST_AUTO, v);
}

const char *
list_value(const struct list *l, struct text t, enum list_kind kind, struct list_value *v)
{
	char s[TEXT_MAX];
	const char *why;

	*v = (struct list_value){.bits = 0};
	if (t.len == 0)
		return "is empty; take it out";
	if (t.len >= sizeof(s))
		return "is longer than any name, fingerprint or digest";
	memcpy(s, t.p, t.len);
	s[t.len] = '\0';
	why = not_bare(s);
	if (why)
		return why;
	switch (kind) {
	case LIST_ADDRESS:
		return value_net(l, s, v);
	case LIST_NAME:
		return value_name(s, kind, v);
	case LIST_JA4:
		return value_ja4(s, v);
	case LIST_JA3:
	case LIST_CERTIFICATE:
		return value_digest(s, kind, v);
	case LIST_AUTO:
		break;
	}
	return value_auto(l, s, v);
}
