/*
 * block_parts: what packing and unpacking of a block share.  Internal to block*.c.
 */
#ifndef LEDGER_BLOCK_PARTS_H
#define LEDGER_BLOCK_PARTS_H

#include "ledger/block.h"
#include "ledger/column.h"

extern const char BLOCK_MAGIC[7];

/* What a column's numbers are told by, when there is no record of the same session before or it is not asked. */
enum block_base { BASE_NONE, BASE_ROW, BASE_NEAR, BASE_PEER, BASES };
enum { MODE_BEFORE = 8 }; /* added: the record before is asked first */

/* Memory that lives as long as the rows; NULL: there is none. */
void *block_keep(struct block_rows *b, size_t size);

/* Room for so many rows, all absent; memory of the rows before is used again.  False: no memory. */
bool block_room(struct block_rows *b, size_t rows);

/* What peers are made of cannot be told by peers. */
bool block_is_first(unsigned column);

bool block_need_before(struct block_rows *b);
/* For each session: the latest of the same client and program at the same place, else of the same program. */
bool block_need_peers(struct block_rows *b);

/* Is there another field of the row that tells about this one?  What it tells, for each session; false: damaged. */
bool block_has_near(unsigned column);
bool block_near(struct block_rows *b, unsigned column, uint64_t *to);

/* Which session's number tells about session i's, and 1 + its index; 0: none. */
static inline uint32_t
block_told_by(const struct block_rows *b, enum block_base base, bool before, size_t i)
{
	if (before && b->before[i])
		return b->before[i];
	return base == BASE_ROW ? (uint32_t)i : base == BASE_PEER ? b->peer[i] : 0;
}

static inline uint64_t
block_number(const struct block_rows *b, unsigned column, size_t i)
{
	return b->session[column].v ? b->session[column].v[i] : 0;
}

/* "771,4865-4866,0-23-65281-10,29-23,0": the third list sorted, and which permutation it was.  False: it has none, or
   too many to number (20! fits 64 bits).  to: t.len bytes. */
bool order_take(struct text t, char *to, uint64_t *number);
/* Puts it back.  False: there is no such permutation. */
bool order_give(struct text sorted, uint64_t number, char *to);

/* How a text or an address is told: as of the session that it is told by; follows from another column; none; the next
   one; one before. */
enum { TOLD_SAME, TOLD_DERIVED, TOLD_ABSENT, TOLD_NEW, TOLD_OLDER };

/* The column that this one follows from, SESSION_COLUMNS: none; what follows from its text, *len bytes, 0: nothing. */
enum { DERIVED_MAX = 64 };
unsigned block_derived_from(unsigned column);
size_t block_derive(unsigned column, struct text from, char to[DERIVED_MAX]);

/* The texts of a column so far, each once, in the order in which they came. */
struct block_known {
	struct text *text; /* 0: absent */
	uint32_t n, *slot;
	size_t slots;
};
bool block_known_room(struct block_known *k, size_t most);
void block_known_free(struct block_known *k);
/* Its index, under which it is known from now on. */
uint32_t block_know(struct block_known *k, struct text t);
uint32_t block_find(const struct block_known *k, struct text t); /* 0: it is not known */
bool block_same_text(struct text a, struct text b);

static inline uint32_t
block_count(const struct block_many *m, size_t i)
{
	return m->at ? m->at[i + 1] - m->at[i] : 0;
}

/* The columns that are not numbers (block_texts.c, block_talk.c). */
bool block_get_texts(struct block_rows *b, unsigned column);
void block_put_texts(struct bytes *to, struct block_rows *b, unsigned column, struct column_work *w);
bool block_get_exchanges(struct block_rows *b);
bool block_get_pairs(struct block_rows *b);
void block_put_exchanges(struct bytes *to, const struct block_rows *b, struct column_work *w);
void block_put_pairs(struct bytes *to, const struct block_rows *b, struct column_work *w);

/* The id as it follows from the other fields, which are there. */
uint64_t block_id(const struct block_rows *b, size_t i);

#endif
