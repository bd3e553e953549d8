/*
 * query_group: rows in groups: what query_group.c and query_carry.c share.
 */
#ifndef LEDGER_QUERY_GROUP_H
#define LEDGER_QUERY_GROUP_H

#include "ledger/dictionary.h"
#include "ledger/query_rows.h"

enum { GROUP_CARRIED = 16, GROUP_RECENT = 256 };

/* A column as rows carry it. */
struct carried {
	unsigned column; /* of the view */
	struct source source;
	bool coded; /* its number in `texts`: the key and what is text; else the number itself */
	uint8_t size;
	size_t offset;
	struct dictionary texts; /* of a key that is a number: its eight bytes */
};

struct bound {
	bool is;
	struct text text;
};

struct query_group {
	size_t memory;
	struct carried carried[GROUP_CARRIED]; /* the first: the key */
	unsigned columns;
	uint8_t place[SQL_COLUMNS_MAX]; /* 1 + where a column of the view is carried */
	/* the values that have their turn: those after `after`, up to `high`; or that one alone */
	struct bound after, high, only;
	bool high_too;
	uint8_t *row;
	size_t stride, rows, room;
	uint32_t *order;
	size_t next, ordered; /* of order */
	const uint8_t *now;   /* the row */
	int64_t given;
	bool over, failed;
	uint32_t *code; /* of this block's texts: their numbers */
	size_t code_room;
	struct {
		uint64_t number;
		uint32_t code;
	} recent[GROUP_RECENT]; /* of numbers */
	uint16_t pick[BLOCK_ROWS];
	uint32_t key[BLOCK_ROWS];
};

/* query_carry.c: one more column, the key first; the block's rows that have their turn are added; texts that no row has
   any more, and what was said of keys, are forgotten. */
void group_carry(struct query_group *g, const struct query_view *view, unsigned column);
void group_take_block(struct rows *r);
void group_forget_texts(struct query_group *g);
void group_forget_keys(struct query_group *g);

/* query_group.c */
bool group_has_its_turn(const struct query_group *g, struct text key);

static inline bool
group_is_text(unsigned field)
{
	return SESSION_TABLE.field[field].kind == FIELD_TEXT || SESSION_TABLE.field[field].kind == FIELD_ADDR;
}

/* A key that is a number is kept as its bytes. */
static inline uint64_t
group_number(struct text key)
{
	uint64_t v = 0;

	if (key.p)
		memcpy(&v, key.p, sizeof(v));
	return v;
}

static inline uint32_t
group_key(const struct query_group *g, size_t row)
{
	uint32_t key;

	memcpy(&key, g->row + row * g->stride, sizeof(key));
	return key;
}

#endif
