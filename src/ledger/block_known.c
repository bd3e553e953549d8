/*
 * block_known: the texts of a column, each once.  The key is public: who fills it makes their own records larger.
 */
#include <stdlib.h>

#include "base/crypt.h"
#include "base/hash.h"
#include "base/out.h"
#include "ledger/block_parts.h"

bool
block_same_text(struct text a, struct text b)
{
	return a.len == b.len && (a.p == NULL) == (b.p == NULL) && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool
block_known_room(struct block_known *k, size_t most)
{
	for (k->slots = 16; k->slots < 2 * most;)
		k->slots *= 2;
	k->n = 1;
	k->text = malloc((most + 1) * sizeof(*k->text));
	k->slot = calloc(k->slots, sizeof(*k->slot));
	if (k->text)
		k->text[0] = (struct text){NULL, 0};
	return k->text && k->slot;
}

void
block_known_free(struct block_known *k)
{
	free(k->text);
	free(k->slot);
}

/* The slot that has it, or would. */
static uint32_t *
slot_of(const struct block_known *k, struct text t)
{
	static const struct hash_key KEY = {9, 10};
	size_t at = hash_fast(&KEY, t.p, t.len) & (k->slots - 1);

	while (k->slot[at] && !block_same_text(k->text[k->slot[at]], t))
		at = (at + 1) & (k->slots - 1);
	return &k->slot[at];
}

uint32_t
block_find(const struct block_known *k, struct text t)
{
	return t.p ? *slot_of(k, t) : 0;
}

uint32_t
block_know(struct block_known *k, struct text t)
{
	uint32_t *slot;

	if (!t.p)
		return 0;
	slot = slot_of(k, t);
	if (!*slot) {
		k->text[k->n] = t;
		*slot = k->n++;
	}
	return *slot;
}

unsigned
block_derived_from(unsigned column)
{
	return column == AT_ja3 ? AT_ja3_string : column == AT_cert_sha256 ? AT_cert_chain_sha256 : SESSION_COLUMNS;
}

/* JA3 is the MD5 of its string; the leaf is the first of its chain. */
size_t
block_derive(unsigned column, struct text from, char to[DERIVED_MAX])
{
	uint8_t digest[CRYPT_MD5];
	struct out o = out_of(to, DERIVED_MAX);

	if (!from.p || (column == AT_cert_sha256 && from.len < DERIVED_MAX / 2))
		return 0;
	if (column == AT_cert_sha256) {
		out_hex(&o, from.p, DERIVED_MAX / 2);
	} else {
		crypt_md5(from.p, from.len, digest);
		out_hex(&o, digest, sizeof(digest));
	}
	return out_len(&o);
}
