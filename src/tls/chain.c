/*
 * chain: the leaf's fields as texts and the digests of up to eight certificates, made once for each distinct list.
 * Must not verify: it says what was sent.
 */
#include "tls/chain.h"

#include "base/crypt.h"
#include "tls/x509.h"

/* Limits of the texts.  The largest honest lists of names (shared hosting) are near 100 names. */
enum { NAME_MAX_BYTES = 2048, SERIAL_MAX_BYTES = 256, SAN_MAX_BYTES = 8192, KEY_MAX_BYTES = 64 };
enum { SUBJECT, ISSUER, SERIAL, SAN, KEY, TEXTS };

static const uint16_t TEXT_MAX[TEXTS] = {NAME_MAX_BYTES, NAME_MAX_BYTES, SERIAL_MAX_BYTES, SAN_MAX_BYTES,
					 KEY_MAX_BYTES};

struct chain {
	struct when not_before, not_after;
	uint8_t sha1[CRYPT_SHA1];
	uint8_t sha256[CHAIN_DIGESTS][CRYPT_SHA256];
	uint16_t len[TEXTS];
	uint8_t has; /* a bit for each text */
	uint8_t n;
	char texts[];
};

struct chain_list
chain_split(struct cur list)
{
	struct chain_list l = {.n = 0};

	while (cur_left(&list)) {
		struct cur cert = cur_sub(&list, cur_u24(&list));

		if (cert.bad)
			break;
		if (l.n < CHAIN_DIGESTS)
			l.cert[l.n] = cert;
		l.n = (uint8_t)(l.n + (l.n < UINT8_MAX));
	}
	return l;
}

typedef void put_text(struct out *o, struct cur field);

static void
add_text(struct chain *c, struct out *o, unsigned which, put_text *put, struct cur field)
{
	size_t room = (size_t)(o->end - o->p), max = TEXT_MAX[which];
	struct out part = out_of(o->p, room < max ? room : max);

	if (!field.p)
		return;
	put(&part, field);
	c->has |= (uint8_t)(1u << which);
	c->len[which] = (uint16_t)out_len(&part);
	o->p = part.p;
}

static void
read_leaf(struct chain *c, struct cur leaf, struct out *o)
{
	struct x509 x;

	if (!x509_read(leaf, &x))
		return;
	c->not_before = x.not_before;
	c->not_after = x.not_after;
	add_text(c, o, SUBJECT, x509_put_name, x.subject);
	add_text(c, o, ISSUER, x509_put_name, x.issuer);
	add_text(c, o, SERIAL, x509_put_serial, x.serial);
	add_text(c, o, SAN, x509_put_san, x.san);
	add_text(c, o, KEY, x509_put_key, x.key);
}

static unsigned
digests(uint8_t n)
{
	return n < CHAIN_DIGESTS ? n : CHAIN_DIGESTS;
}

uint32_t
chain_add(struct intern *in, const struct intern_key *k, const struct chain_list *l, struct out work)
{
	struct chain c = {.n = l->n};
	uint32_t handle;
	uint8_t *body;

	for (unsigned i = 0; i < digests(l->n); i++)
		crypt_sha256(l->cert[i].p, cur_left(&l->cert[i]), c.sha256[i]);
	crypt_sha1(l->cert[0].p, cur_left(&l->cert[0]), c.sha1);
	read_leaf(&c, l->cert[0], &work);
	handle = intern_add(in, k, sizeof(c) + out_len(&work));
	if (!handle)
		return 0;
	body = intern_body(in, handle);
	memcpy(body, &c, sizeof(c));
	memcpy(body + offsetof(struct chain, texts), work.start, out_len(&work));
	return handle;
}

void
chain_get(const struct intern *in, uint32_t handle, struct tls_cert *out)
{
	const struct chain *c = intern_body(in, handle);
	struct text *to[TEXTS] = {&out->subject, &out->issuer, &out->serial, &out->san, &out->key};
	const char *at = c->texts;

	*out = (struct tls_cert){
		.not_before = c->not_before, .not_after = c->not_after, .chain_len = c->n, .present = true};
	for (unsigned i = 0; i < TEXTS; i++) {
		if (c->has >> i & 1)
			*to[i] = (struct text){at, c->len[i]};
		at += c->len[i];
	}
	memcpy(out->sha1, c->sha1, sizeof(out->sha1));
	memcpy(out->sha256, c->sha256[0], sizeof(out->sha256));
	out->chain_sha256 = (struct text){(const char *)c->sha256, digests(c->n) * CRYPT_SHA256};
}
