/*
 * list_pack: a list as the detectors have it, to bytes and back: what the ledger keeps of it, whatever format it had.
 *
 *	"GWLIST1" | entries | each: kind, bits, until, length, key
 *
 * Pseudonyms are no part of it: beside the networks that they stand for they would tell what only their key may tell.
 * Must not take an entry that no reader of a list could have made.
 */
#include <stdlib.h>

#include "sensor/list_parts.h"

static const char MAGIC[7] = {'G', 'W', 'L', 'I', 'S', 'T', '1'};

uint32_t
list_entries(const struct list *l)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->entries; i++)
		n += l->entry[i].kind != INDICATOR_PSEUDONYM;
	return n;
}

void
list_pack(struct bytes *to, const struct list *l)
{
	bytes_add(to, MAGIC, sizeof(MAGIC));
	bytes_varint(to, list_entries(l));
	for (uint32_t i = 0; i < l->entries; i++) {
		const struct indicator *e = &l->entry[i];

		if (e->kind == INDICATOR_PSEUDONYM)
			continue;
		bytes_u8(to, e->kind);
		bytes_u8(to, e->bits);
		bytes_varint(to, e->until);
		bytes_u8(to, e->len);
		bytes_add(to, l->bytes + e->at, e->len);
	}
}

static bool
fits(const struct indicator *e)
{
	if (e->kind == INDICATOR_NET)
		return (e->len == 4 || e->len == 16) && e->bits >= 1 && e->bits <= e->len * 8;
	return e->kind < INDICATOR_PSEUDONYM && e->bits == 0 && e->len > 0 && e->len <= INDICATOR_NAME_MAX;
}

static bool
take_entry(struct list *l, struct cur *c)
{
	struct indicator e = {.at = l->bytes_used};
	const uint8_t *key;
	uint64_t until;

	e.kind = cur_u8(c);
	e.bits = cur_u8(c);
	until = cur_varint(c);
	e.len = cur_u8(c);
	e.until = (uint32_t)until;
	key = cur_take(c, e.len);
	if (c->bad || until > UINT32_MAX || !fits(&e))
		return false;
	memcpy(l->bytes + l->bytes_used, key, e.len);
	l->bytes_used += e.len;
	l->entry[l->entries++] = e;
	return true;
}

bool
list_unpack(struct list *l, struct cur c)
{
	const uint8_t *magic = cur_take(&c, sizeof(MAGIC));
	uint64_t n = cur_varint(&c);
	bool fine =
		magic && memcmp(magic, MAGIC, sizeof(MAGIC)) == 0 && n && n <= LIST_ENTRIES_MAX && n <= cur_left(&c);

	l->entry = fine ? calloc(n, sizeof(*l->entry)) : NULL;
	l->bytes = fine ? malloc(cur_left(&c)) : NULL;
	l->format = "as it was";
	fine = l->entry && l->bytes;
	for (uint64_t i = 0; fine && i < n; i++)
		fine = take_entry(l, &c);
	if (!fine || cur_left(&c))
		list_bad(l, NULL, (struct text){NULL, 0}, "is no list that was kept");
	return l->bad == 0;
}
