/*
 * block_parts: what packing and unpacking of a block share.  Internal to block*.c.
 */
#ifndef LEDGER_BLOCK_PARTS_H
#define LEDGER_BLOCK_PARTS_H

#include "ledger/block.h"
#include "ledger/column.h"

extern const char BLOCK_MAGIC[7];

/*
 * What a number is told by.  Of records that have none of the same session before ("firsts"), and of those that have
 * ("laters"), it is told apart: what does not change in a session takes nothing but once.
 *
 *	NONE	itself		ROW	the row before		PEER	the record of the same client or program before
 *	NEAR	what other fields of the row make of it (block.c)
 *	BEFORE	the record before	CHANGE	that, and by how much what others make of it changed since
 */
enum block_base { BASE_NONE, BASE_ROW, BASE_NEAR, BASE_PEER, BASE_BEFORE, BASE_CHANGE, BASES };

/*
 * How the numbers of a column are packed: its mode.
 *
 *	bit	14 13 | 12 11 10 | 9 8  | 7 6 5 | 4     | 3      | 2 1 0
 *	2				  0	  before   base		the record before is asked first; all in one
 *	3	near  | base	 | near | base	| split	  0	   0	firsts (9 to 5), then laters (14 to 10)
 *
 * near: which of the ways to make it of other fields (block.c).  Both are read in blocks of either version.
 */
enum { MODE_BEFORE = 8, MODE_SPLIT = 16, MODE_FIRSTS = 5, MODE_LATERS = 10, MODES = 1 << 15 };
struct block_way {
	uint8_t base; /* enum block_base */
	uint8_t near; /* of NEAR and CHANGE */
};
static inline unsigned
block_way_mode(struct block_way w, unsigned shift)
{
	return (unsigned)(w.base | w.near << 3) << shift;
}
static inline struct block_way
block_way_of(unsigned mode, unsigned shift)
{
	return (struct block_way){mode >> shift & 7, mode >> shift >> 3 & 3};
}

/* Memory that lives as long as the rows; NULL: there is none. */
void *block_keep(struct block_rows *b, size_t size);

/* Room for so many rows, all absent; memory of the rows before is used again.  False: no memory. */
bool block_room(struct block_rows *b, size_t rows);

/* What peers are made of cannot be told by peers. */
bool block_is_first(unsigned column);

bool block_need_before(struct block_rows *b);
/* For each session: the latest of the same client and program at the same place, else of the same program. */
bool block_need_peers(struct block_rows *b);

/* Do other fields of the row tell about this one, in that way, from 0 on?  OLD: no block is written so any more.  Those
   fields are there when block_need_near returns; then what they tell, for each session. */
enum block_near { NEAR_NONE, NEAR_OLD, NEAR_IS };
enum block_near block_has_near(unsigned column, unsigned way);
bool block_need_near(struct block_rows *b, unsigned column, unsigned way);
void block_near(const struct block_rows *b, unsigned column, unsigned way, uint64_t *to);

static inline uint64_t
block_number(const struct block_rows *b, unsigned column, size_t i)
{
	return b->session[column].v ? b->session[column].v[i] : 0;
}

/* What a number is told by; near: of NEAR and CHANGE, what others make of each session's. */
struct block_told_by {
	enum block_base base;
	const uint64_t *near;
};

/* What the number of session i is expected to be, by those before it in v: its difference to that is kept.  False:
   nobody tells, and it is kept itself.  The same for both ways. */
static inline bool
block_expect(const struct block_rows *b, struct block_told_by by, const uint64_t *v, size_t i, uint64_t *to)
{
	uint32_t before = b->before[i], of = 0;

	switch (by.base) {
	case BASE_NEAR:
		*to = by.near[i];
		return true;
	case BASE_CHANGE:
		*to = by.near[i] + (before ? v[before - 1] - by.near[before - 1] : 0);
		return true;
	case BASE_ROW:
		of = (uint32_t)i;
		break;
	case BASE_PEER:
		of = b->peer[i];
		break;
	case BASE_BEFORE:
		of = before;
		break;
	case BASE_NONE:
	case BASES:
		break;
	}
	if (of)
		*to = v[of - 1];
	return of != 0;
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

/* The columns that are numbers (block_numbers.c).  Sound: each value fits the field, and what every record has names
   something. */
bool block_get_numbers(struct block_rows *b, unsigned column);
bool block_sound(const struct field *f, unsigned column, const uint64_t *v, size_t n);

/* Those that are not (block_texts.c, block_talk.c). */
bool block_get_texts(struct block_rows *b, unsigned column);
void block_put_texts(struct bytes *to, struct block_rows *b, unsigned column, struct column_work *w);
bool block_get_exchanges(struct block_rows *b);
bool block_get_pairs(struct block_rows *b);
void block_put_exchanges(struct bytes *to, const struct block_rows *b, struct column_work *w);
void block_put_pairs(struct bytes *to, const struct block_rows *b, struct column_work *w);

/* The id as it follows from the other fields, which are there. */
uint64_t block_id(const struct block_rows *b, size_t i);

#endif
