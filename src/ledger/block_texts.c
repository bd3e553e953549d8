/*
 * block_texts: texts and addresses of a column: each told once, then by how long ago it came first.
 *
 *	column	how each session's is told | of JA3 strings: permutations | the texts, compressed
 *	told	0 as the session that it is told by | 1 follows (ja3) | 2 the next text | 3.. one before
 */
#include <stdlib.h>

#include "base/hash.h"
#include "ledger/block_parts.h"
#include "ledger/squeeze.h"

static const size_t TEXTS_MAX = (size_t)1 << 27;

static bool
same_text(struct text a, struct text b)
{
	return a.len == b.len && (a.p == NULL) == (b.p == NULL) && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static struct text
value_of(const struct field *f, const struct session *s)
{
	if (f->kind == FIELD_TEXT)
		return *field_text(f, s);
	return (struct text){(const char *)field_addr(f, s)->b, sizeof(struct addr)};
}

/* The texts of a column so far, in the order in which they came. */
struct known {
	struct text *text;
	uint32_t n, *slot; /* slot: 1 + index */
	size_t slots;
};

static bool
known_room(struct known *k, size_t n)
{
	for (k->slots = 16; k->slots < 2 * n;)
		k->slots *= 2;
	k->n = 0;
	k->text = calloc(n + 1, sizeof(*k->text));
	k->slot = calloc(k->slots, sizeof(*k->slot));
	return k->text && k->slot;
}

/* How it is told, and it is known from now on. */
static uint64_t
tell(struct known *k, struct text t)
{
	static const struct hash_key KEY = {9, 10};
	size_t at = hash_fast(&KEY, t.p ? t.p : "", t.len) & (k->slots - 1);

	while (k->slot[at] && !same_text(k->text[k->slot[at] - 1], t))
		at = (at + 1) & (k->slots - 1);
	if (k->slot[at])
		return TOLD_OLDER + k->n - k->slot[at];
	k->text[k->n++] = t;
	k->slot[at] = k->n;
	return TOLD_NEW;
}

static void
put_texts(struct bytes *to, const struct known *k)
{
	struct bytes all = {.p = NULL};

	for (uint32_t i = 0; i < k->n; i++) {
		bytes_varint(&all, k->text[i].p ? (uint64_t)k->text[i].len + 1 : 0);
		bytes_add(&all, k->text[i].p, k->text[i].len);
	}
	squeeze(to, all.p, all.n, SQUEEZE_SMALL);
	to->failed |= all.failed;
	bytes_free(&all);
}

static bool
follows(const struct field *f, const struct session *s)
{
	char ja3[32];

	if (f->id != ID_ja3 || !s->ja3_string.p || s->ja3.len != sizeof(ja3) || !s->ja3.p)
		return false;
	block_ja3(s->ja3_string, ja3);
	return memcmp(ja3, s->ja3.p, sizeof(ja3)) == 0;
}

/* The column's texts as they are told: JA3 strings sorted, with 1 + the number of their permutation in order[]. */
static bool
sort_orders(const struct block_rows *b, struct text *t, uint64_t *order, char **memory)
{
	size_t n = 1;
	char *p;

	for (size_t i = 0; i < b->sessions; i++)
		n += t[i].len;
	*memory = p = malloc(n);
	for (size_t i = 0; p && i < b->sessions; i++) {
		uint64_t number;

		if (!order_take(t[i], p, &number))
			continue;
		order[i] = number + 1;
		t[i].p = p;
		p += t[i].len;
	}
	return *memory != NULL;
}

struct told {
	struct text *text;
	uint64_t *how, *order;
	char *memory;
	struct known known;
};

static bool
told_room(struct told *t, size_t n)
{
	t->text = calloc(n + 1, sizeof(*t->text));
	t->how = calloc(n + 1, sizeof(*t->how));
	t->order = calloc(n + 1, sizeof(*t->order));
	return known_room(&t->known, n) && t->text && t->how && t->order;
}

static void
told_free(struct told *t)
{
	free(t->text);
	free(t->how);
	free(t->order);
	free(t->memory);
	free(t->known.text);
	free(t->known.slot);
}

static void
tell_all(struct told *t, const struct block_rows *b, const struct field *f)
{
	uint64_t *order = t->order;

	for (size_t i = 0; i < b->sessions; i++) {
		uint32_t of = block_same(b, i);

		if (follows(f, &b->session[i]))
			t->how[i] = TOLD_DERIVED;
		else if (of && same_text(t->text[of - 1], t->text[i]))
			t->how[i] = TOLD_SAME;
		else
			t->how[i] = tell(&t->known, t->text[i]);
	}
	/* backwards: who is told by another still finds it as it was */
	for (size_t i = b->sessions; i-- > 0;) {
		uint32_t of = b->before[i];

		if (of && order[i] && order[i] == order[of - 1] && t->how[i] == TOLD_SAME)
			order[i] = 0;
	}
}

void
block_put_texts(struct bytes *to, const struct block_rows *b, const struct field *f)
{
	struct told t = {.memory = NULL};
	bool fine = told_room(&t, b->sessions);

	for (size_t i = 0; fine && i < b->sessions; i++)
		t.text[i] = value_of(f, &b->session[i]);
	if (fine && f->id == ID_ja3_string)
		fine = sort_orders(b, t.text, t.order, &t.memory);
	if (fine) {
		tell_all(&t, b, f);
		column_put(to, t.how, b->sessions);
		if (f->id == ID_ja3_string)
			column_put(to, t.order, b->sessions);
		put_texts(to, &t.known);
	}
	to->failed |= !fine;
	told_free(&t);
}

/* The texts, one after the other, in memory of the block. */
static bool
get_texts(struct cur *from, struct block_rows *b, struct known *k)
{
	struct bytes all = {.p = NULL};
	struct cur c;
	char *p;
	bool fine = unsqueeze(&all, from, TEXTS_MAX) && (p = block_keep(b, all.n + 1));

	if (fine) {
		if (all.n)
			memcpy(p, all.p, all.n);
		c = cur_of(p, all.n);
		while (cur_left(&c) && k->n < b->sessions) {
			uint64_t len = cur_varint(&c);
			struct cur t = cur_sub(&c, len ? len - 1 : 0);

			k->text[k->n++] = (struct text){len ? (const char *)t.p : NULL, (uint32_t)(len ? len - 1 : 0)};
		}
		fine = cur_done(&c);
	}
	bytes_free(&all);
	return fine;
}

static bool
set_value(const struct field *f, struct session *s, struct text t)
{
	struct addr a;

	if (f->kind == FIELD_TEXT) {
		field_set_text(f, s, t);
		return true;
	}
	if (!t.p || t.len != sizeof(a))
		return false;
	memcpy(&a, t.p, sizeof(a));
	field_set_addr(f, s, &a);
	return true;
}

static bool
derive(struct block_rows *b, const struct field *f, size_t i, struct text *t)
{
	const struct session *s = &b->session[i];
	char *p = f->id == ID_ja3 && s->ja3_string.p ? block_keep(b, 32) : NULL;

	if (!p)
		return false;
	block_ja3(s->ja3_string, p);
	*t = (struct text){p, 32};
	return true;
}

/* What each was told as; `next` counts the new ones. */
static bool
resolve(struct told *t, struct block_rows *b, const struct field *f)
{
	uint32_t next = 0;

	for (size_t i = 0; i < b->sessions; i++) {
		uint32_t of = block_same(b, i);
		uint64_t how = t->how[i];

		if (how == TOLD_DERIVED) {
			if (!derive(b, f, i, &t->text[i]))
				return false;
		} else if (how == TOLD_SAME) {
			if (!of || of > i)
				return false;
			t->text[i] = t->text[of - 1];
		} else if (how == TOLD_NEW) {
			if (next == t->known.n)
				return false;
			t->text[i] = t->known.text[next++];
		} else {
			if (how - TOLD_OLDER >= next)
				return false;
			t->text[i] = t->known.text[next - 1 - (how - TOLD_OLDER)];
		}
	}
	return next == t->known.n;
}

/* The permutations put back: into memory of the block, but those that are as another's. */
static bool
give_orders(struct told *t, struct block_rows *b)
{
	size_t n = 1, total = 0;
	struct text full = {NULL, 0};
	char *p;

	for (size_t i = 0; i < b->sessions; i++)
		total += t->order[i] ? t->text[i].len : 0;
	if (total > TEXTS_MAX || !(p = block_keep(b, n + total)))
		return false;
	for (size_t i = 0; i < b->sessions; i++) {
		uint32_t of = b->before[i];

		full = t->text[i];
		if (t->order[i]) {
			if (!order_give(full, t->order[i] - 1, p))
				return false;
			full.p = p;
			p += full.len;
		} else if (of && t->how[i] == TOLD_SAME) {
			full = b->session[of - 1].ja3_string;
		}
		b->session[i].ja3_string = full;
	}
	return true;
}

bool
block_get_texts(struct cur from, struct block_rows *b, const struct field *f)
{
	struct told t = {.memory = NULL};
	bool fine = told_room(&t, b->sessions) && column_get(&from, t.how, b->sessions) &&
		    (f->id != ID_ja3_string || column_get(&from, t.order, b->sessions)) &&
		    get_texts(&from, b, &t.known) && cur_done(&from) && resolve(&t, b, f);

	if (fine && f->id == ID_ja3_string)
		fine = give_orders(&t, b);
	else
		for (size_t i = 0; fine && i < b->sessions; i++)
			fine = set_value(f, &b->session[i], t.text[i]);
	told_free(&t);
	return fine;
}
