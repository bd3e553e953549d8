/*
 * query_rows: a cursor over the rows of blocks, and what it has in groups.  Internal to query_records.c and
 * query_group.c.
 */
#ifndef LEDGER_QUERY_ROWS_H
#define LEDGER_QUERY_ROWS_H

#include "ledger/query_parts.h"
#include "ledger/query_view.h"

/* A test as a block can answer it. */
struct test {
	uint8_t kind; /* enum test_kind */
	struct source source;
	uint64_t least, most; /* of numbers; of times with the topmost bit turned */
	uint64_t turn;
	char *text; /* of texts and addresses */
	uint32_t len;
	uint8_t *match; /* by the index of the column's texts in this block */
	size_t match_room;
};
enum test_kind { TEST_NUMBER, TEST_TEXT };

struct rows {
	struct query_source *source;
	const struct query_view *view;
	struct scan scan;
	struct test test[SQL_TESTS + 1];
	unsigned tests;
	uint16_t pick[BLOCK_ROWS]; /* the block's rows that pass */
	size_t picks, at;          /* so many, and how many were given */
	size_t i;                  /* the row */
	uint32_t k, many;          /* the exchange, of so many of it */
	char words[QUERY_WORDS];
	struct query_group *group; /* NULL: rows come as they are */
};

/* The rows of the next block that pass; false: no more blocks. */
bool query_next_block(struct rows *r);
/* The blocks from the first on again. */
void query_first_block(struct rows *r);
/* Is that column there?  Else the block is damaged. */
bool query_need(struct rows *r, struct source s);
const struct block_column *query_column(const struct rows *r, struct source s);
/* A field's value as SQL has it; *to is that of none. */
void query_show(struct rows *r, struct source s, uint64_t number, struct text text, struct sql_value *to);

/* query_group.c: can rows of that view come in groups of one value of a column, when these are used? */
bool query_can_group(const struct query_view *view, unsigned column, const bool *used);
/* NULL: no memory */
struct query_group *query_group_new(const struct rows *r, const struct sql_asked *asked);
void query_group_free(struct query_group *g);
bool query_group_next(struct rows *r); /* false: no more */
void query_group_value(struct rows *r, unsigned column, struct sql_value *to);
int64_t query_group_row(const struct query_group *g);

#endif
