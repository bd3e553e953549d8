/*
 * ja4: the JA4 fingerprint of a TLS client, its raw form JA4_r, and the client key made from it.
 *
 * JA4: Copyright (c) 2023, FoxIO, LLC.  All rights reserved.  Licensed under the BSD 3-Clause License; the full
 * notice is in LICENSE.  Only JA4 for TLS clients is under that licence: nothing of the rest of JA4+ may enter here.
 *
 *	t13d1516h2_8daaf6152771_e5627efa2ab1
 *	|| ||  | |  ciphers      extensions less SNI and ALPN, sorted, "_", signature algorithms in order
 *	|| ||  | first and last character of the first ALPN value
 *	|| |ciphers, extensions: how many
 *	|version, SNI there (d) or not (i)
 *	t TCP, q QUIC, d DTLS
 */
#include "base/crypt.h"
#include "tls/shape.h"

enum { HASH_LEN = 12, CIPHERS_AT = 11, EXTENSIONS_AT = 24, VALUES_MAX = SHAPE_MAX / 2, COUNT_MAX = 99 };

/* Values to be sorted, and what the first part says of them. */
struct values {
	size_t n;
	uint16_t v[VALUES_MAX];
};

/* Shell's sort with Ciura's gaps: short lists are the rule, and a hostile long one must not cost its square. */
static void
sort(struct values *s)
{
	static const uint16_t gaps[] = {301, 132, 57, 23, 10, 4, 1};

	for (size_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++)
		for (size_t i = gaps[g]; i < s->n; i++) {
			uint16_t x = s->v[i];
			size_t j = i;

			for (; j >= gaps[g] && s->v[j - gaps[g]] > x; j -= gaps[g])
				s->v[j] = s->v[j - gaps[g]];
			s->v[j] = x;
		}
}

static void
put_value(struct out *o, uint16_t v)
{
	static const char hex[] = "0123456789abcdef";
	const char four[4] = {hex[v >> 12], hex[v >> 8 & 15], hex[v >> 4 & 15], hex[v & 15]};

	out_bytes(o, four, 4);
}

static void
put_values(struct out *o, const struct values *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (i)
			out_char(o, ',');
		put_value(o, s->v[i]);
	}
}

static void
put_list(struct out *o, struct cur list)
{
	for (bool first = true; cur_left(&list) >= 2; first = false) {
		if (!first)
			out_char(o, ',');
		put_value(o, cur_u16(&list));
	}
}

static void
put_count(struct out *o, size_t n)
{
	size_t c = n < COUNT_MAX ? n : COUNT_MAX;

	out_char(o, (char)('0' + c / 10));
	out_char(o, (char)('0' + c % 10));
}

/* "00" for what has no code of its own: drafts, experiments.  0x0100 is what OpenSSL before 0.9.8f took for DTLS. */
static const char *
version_code(uint16_t version)
{
	static const struct {
		uint16_t version;
		char code[3];
	} codes[] = {{0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"}, {0x0301, "10"}, {0x0300, "s3"},
		     {0x0002, "s2"}, {0x0100, "s1"}, {0xfeff, "d1"}, {0xfefd, "d2"}, {0xfefc, "d3"}};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].version == version)
			return codes[i].code;
	return "00";
}

/* The largest number, also for DTLS, whose numbers fall: so do the tools that others compare with. */
static uint16_t
highest_version(const struct shape *s)
{
	struct cur list = shape_list(s, SHAPE_VERSIONS);
	uint16_t highest = 0;

	while (cur_left(&list) >= 2) {
		uint16_t v = cur_u16(&list);

		highest = v > highest ? v : highest;
	}
	return highest ? highest : s->head.version;
}

static bool
is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* First and last character of the first ALPN value; where one is not alphanumeric, the first and last hex digit. */
static void
put_alpn(struct out *o, const struct shape *s)
{
	struct cur list = shape_list(s, SHAPE_ALPNS), first = cur_sub(&list, cur_u8(&list));
	size_t n = cur_left(&first);
	uint8_t a = cur_peek(&first, 0), z = cur_peek(&first, n - 1);
	char hex[4];
	struct out h = out_of(hex, sizeof(hex));

	if (n == 0) {
		OUT_LIT(o, "00");
		return;
	}
	out_hex(&h, &a, 1);
	out_hex(&h, &z, 1);
	out_char(o, is_alnum(a) && is_alnum(z) ? (char)a : hex[0]);
	out_char(o, is_alnum(a) && is_alnum(z) ? (char)z : hex[3]);
}

static void
put_hash(struct out *o, const char *from, const struct out *to)
{
	uint8_t digest[CRYPT_SHA256];

	if (from == to->p) {
		OUT_LIT(o, "000000000000");
		return;
	}
	crypt_sha256(from, (size_t)(to->p - from), digest);
	out_hex(o, digest, HASH_LEN / 2);
}

/* The extensions in order of their numbers, with SNI and ALPN. */
static void
sorted_extensions(const struct shape *s, struct values *all)
{
	struct cur list = shape_list(s, SHAPE_EXTENSIONS);

	for (all->n = 0; cur_left(&list) >= 2; all->n++)
		all->v[all->n] = cur_u16(&list);
	sort(all);
}

/* What a client sends only when it resumes, or to fill up; early data is in TLS 1.3's resumptions only. */
static bool
of_resumption(uint16_t type)
{
	return type == EXT_PADDING || type == EXT_PSK || type == EXT_EARLY_DATA;
}

/* Leaves out those of resumption; true: there were some. */
static bool
drop_resumption(struct values *all)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (!of_resumption(all->v[i]))
			all->v[n++] = all->v[i];
	if (n == all->n)
		return false;
	all->n = n;
	return true;
}

static void
put_first(struct out *o, const struct shape *s, const struct values *extensions)
{
	size_t ciphers = s->head.flags & SHAPE_SSLV2 ? 0 : s->head.len[SHAPE_CIPHERS] / 2;

	out_char(o, (char)s->head.letter);
	out_bytes(o, version_code(highest_version(s)), 2);
	out_char(o, extensions->n && extensions->v[0] == EXT_SNI ? 'd' : 'i');
	put_count(o, ciphers);
	put_count(o, extensions->n);
	put_alpn(o, s);
	out_char(o, '_');
}

static void
put_ciphers(struct out *raw, const struct shape *s, struct values *work)
{
	struct cur list = shape_list(s, SHAPE_CIPHERS);

	work->n = 0;
	while (!(s->head.flags & SHAPE_SSLV2) && cur_left(&list) >= 2)
		work->v[work->n++] = cur_u16(&list);
	sort(work);
	put_values(raw, work);
}

/* The third part, of sorted extensions. */
static void
put_extensions(struct out *raw, const struct shape *s, const struct values *sorted)
{
	bool first = true;

	for (size_t i = 0; i < sorted->n; i++) {
		if (sorted->v[i] == EXT_SNI || sorted->v[i] == EXT_ALPN)
			continue;
		if (!first)
			out_char(raw, ',');
		put_value(raw, sorted->v[i]);
		first = false;
	}
	if (s->head.len[SHAPE_SIG_ALGS] == 0)
		return;
	out_char(raw, '_');
	put_list(raw, shape_list(s, SHAPE_SIG_ALGS));
}

/* The same again without the extensions of resumption; the ciphers' part is taken over. */
static void
key_of(const struct shape *s, struct ja4 *j, struct values *extensions)
{
	char memory[SHAPE_MAX * 3];
	struct out o = out_of(j->key, JA4_LEN), third = out_of(memory, sizeof(memory));

	if (!drop_resumption(extensions)) {
		memcpy(j->key, j->text, JA4_LEN);
		return;
	}
	put_first(&o, s, extensions);
	out_bytes(&o, j->text + CIPHERS_AT, EXTENSIONS_AT - CIPHERS_AT);
	put_extensions(&third, s, extensions);
	put_hash(&o, memory, &third);
}

void
ja4_of(const struct shape *s, struct ja4 *j, struct out *raw)
{
	struct values ciphers, extensions;
	struct out o = out_of(j->text, JA4_LEN);
	const char *from;

	sorted_extensions(s, &extensions);
	put_first(&o, s, &extensions);
	out_bytes(raw, j->text, out_len(&o));
	from = raw->p;
	put_ciphers(raw, s, &ciphers);
	put_hash(&o, from, raw);
	out_char(&o, '_');
	out_char(raw, '_');
	from = raw->p;
	put_extensions(raw, s, &extensions);
	put_hash(&o, from, raw);
	key_of(s, j, &extensions);
}
