/*
 * block_parts: what packing and unpacking of a block share.  Internal to block_*.c.
 */
#ifndef LEDGER_BLOCK_PARTS_H
#define LEDGER_BLOCK_PARTS_H

#include "ledger/block.h"
#include "ledger/column.h"

extern const char BLOCK_MAGIC[7];

/* What a column's numbers are told by, when there is no record of the same session before or it is not asked. */
enum block_base { BASE_NONE, BASE_ROW, BASE_NEAR, BASE_PEER, BASES };
enum { MODE_BEFORE = 8 }; /* added: the record before is asked first */

enum {
#define FIELD(id, name, type, group, unit, doc) ID_##name = (id),
#include "session/session.def"
#undef FIELD
};

/* The index in SESSION_TABLE of the column at this place of a block; peers are known after the first BLOCK_FIRST. */
enum { BLOCK_FIRST = 6 };
unsigned block_order(unsigned at);

/* Memory that lives as long as the rows; NULL: there is none. */
struct block_chunk {
	struct block_chunk *next;
};
void *block_keep(struct block_rows *b, size_t size);

/* Room for so many rows.  False: no memory. */
bool block_room(struct block_rows *b, size_t rows);

/* For each session: the latest of the same client and program at the same place, else of the same program. */
bool block_peers(struct block_rows *b);

/* Is there another field of the row that tells about this one? */
bool block_has_near(uint16_t id);
uint64_t block_near(const struct block_rows *b, uint16_t id, size_t i);

/* The number that session i's field is told by; what follows is the difference when there is one. */
bool block_base(const struct block_rows *b, const struct field *f, unsigned mode, size_t i, uint64_t *base);

/* Which session's text or address is meant by "the same"; 0: none, else 1 + its index. */
static inline uint32_t
block_same(const struct block_rows *b, size_t i)
{
	return b->before[i] ? b->before[i] : b->peer[i];
}

/* "771,4865-4866,0-23-65281-10,29-23,0": the third list sorted, and which permutation it was.  False: it has none, or
   too many to number (20! fits 64 bits).  to: t.len bytes. */
bool order_take(struct text t, char *to, uint64_t *number);
/* Puts it back.  False: there is no such permutation. */
bool order_give(struct text sorted, uint64_t number, char *to);

/* How a text or an address is told. */
enum { TOLD_SAME, TOLD_DERIVED, TOLD_NEW, TOLD_OLDER };

/* The pairs as they follow from exchanges that are all kept, most frequent first; how many. */
uint32_t block_pairs(const struct session *s, struct exchange_pair to[PAIRS_KEPT]);
/* What part 0..2 (request, response, count) of session i's pair k is told by: that of the record before, else 0. */
uint32_t block_pair_base(const struct block_rows *b, size_t i, uint32_t k, unsigned part);

/* The columns of texts and addresses (block_texts.c). */
void block_put_texts(struct bytes *to, const struct block_rows *b, const struct field *f);
bool block_get_texts(struct cur from, struct block_rows *b, const struct field *f);

/* JA3 as it follows from its string: 32 hex digits. */
void block_ja3(struct text string, char to[32]);

#endif
