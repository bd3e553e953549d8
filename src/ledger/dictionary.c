/*
 * dictionary: see dictionary.h.  The key is public: who fills it makes a query slower, not wrong.
 */
#include "ledger/dictionary.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { CHUNK = 1 << 16, ROOM_FIRST = 64 };

struct dictionary_chunk {
	struct dictionary_chunk *next;
	char bytes[];
};

void
dictionary_free(struct dictionary *d)
{
	while (d->chunk) {
		struct dictionary_chunk *next = d->chunk->next;

		free(d->chunk);
		d->chunk = next;
	}
	free(d->text);
	free(d->slot);
	memset(d, 0, sizeof(*d));
}

static const char *
copy(struct dictionary *d, struct text t)
{
	struct dictionary_chunk *c = d->chunk;
	size_t size = t.len > CHUNK ? t.len : CHUNK;
	char *p;

	if (!c || d->left < t.len) {
		c = malloc(sizeof(*c) + size);
		if (!c)
			return NULL;
		c->next = d->chunk;
		d->chunk = c;
		d->left = size;
		d->bytes += sizeof(*c) + size;
	}
	p = c->bytes + (size > CHUNK ? 0 : CHUNK - d->left);
	memcpy(p, t.p, t.len);
	d->left -= t.len;
	return p;
}

/* The slot that has it, or would. */
static uint32_t *
slot_of(const struct dictionary *d, struct text t)
{
	static const struct hash_key KEY = {12, 13};
	size_t at = hash_fast(&KEY, t.p, t.len) & (d->slots - 1);

	while (d->slot[at] && (d->text[d->slot[at]].len != t.len || memcmp(d->text[d->slot[at]].p, t.p, t.len) != 0))
		at = (at + 1) & (d->slots - 1);
	return &d->slot[at];
}

/* Twice the room, from the first text on. */
static bool
grow(struct dictionary *d)
{
	uint32_t room = d->room ? d->room * 2 : ROOM_FIRST;
	struct text *text = realloc(d->text, room * sizeof(*text));
	uint32_t *slot = calloc((size_t)room * 2, sizeof(*slot));

	if (text)
		d->text = text;
	if (!text || !slot) {
		free(slot);
		return false;
	}
	free(d->slot);
	d->bytes += (room - d->room) * (sizeof(*text) + 2 * sizeof(*slot));
	d->slot = slot;
	d->slots = (size_t)room * 2;
	d->room = room;
	for (uint32_t i = 1; i < d->n; i++)
		*slot_of(d, d->text[i]) = i;
	if (d->n == 0)
		d->text[d->n++] = (struct text){NULL, 0};
	return true;
}

uint32_t
dictionary_know(struct dictionary *d, struct text t)
{
	uint32_t *slot;

	if (d->n == d->room && !grow(d))
		return DICTIONARY_FAILED;
	if (!t.p)
		return 0;
	slot = slot_of(d, t);
	if (!*slot) {
		t.p = copy(d, t);
		if (!t.p)
			return DICTIONARY_FAILED;
		d->text[d->n] = t;
		*slot = d->n++;
	}
	return *slot;
}
