/*
 * block: some thousands of rows, column by column.
 *
 *	block	"GWBLOCK" | version | sensor | rows | columns
 *	column	number | mode | length | bytes			a number that is not known is skipped by its length
 *	number	of the field in session.def; 1000.. what session.def does not have (enum block_column); 2000 + pulse.def's
 *
 * Each column has the encoding that suits it: a number is told by its difference to the row before, to the record of
 * the same session before, to the latest record of the same client (peer) or to another field of its row, whichever
 * makes the column smallest (ledger/column.h); addresses and texts are numbered; the id, JA3 and the sums of exchanges
 * that are all there follow from other fields and take nothing, unless they do not.  A JA3 string whose extensions come
 * in random order (Chrome since 110) is kept as the sorted one and the number of the permutation.
 *
 * Reading gives every row as it was, or nothing: blocks come from a disk that somebody else may have written to.
 */
#ifndef LEDGER_BLOCK_H
#define LEDGER_BLOCK_H

#include "ledger/row.h"

enum { BLOCK_ROWS = 8192, BLOCK_VERSION = 1 };

enum block_column {
	COLUMN_KINDS = 1001, /* of rows: 0 session, 1 pulse */
	COLUMN_BEFORE,       /* how many sessions back the one before of the same connection is */
	COLUMN_EXCHANGES,    /* how many; how many of them are those of the record before; the rest */
	COLUMN_PAIRS,
	COLUMN_OF_PULSE = 2000
};

/* Rows of a block, unpacked. */
struct block_rows {
	size_t rows, sessions, pulses;
	uint64_t sensor;
	bool unknown;      /* the block holds columns that this version does not know */
	uint8_t *is_pulse; /* of each row */
	struct session *session;
	struct pulse *pulse;
	struct exchange (*exchange)[EXCHANGES_KEPT];
	struct exchange_pair (*pair)[PAIRS_KEPT];
	uint32_t *before, *peer; /* of each session: 1 + the session that it is told by, 0: none */
	struct block_chunk *texts;
};

void block_free(struct block_rows *b);

/* Packs rows (ledger/row.h), at most BLOCK_ROWS.  False: they are none, or memory ran out. */
bool block_put(struct bytes *to, struct cur rows, uint64_t sensor);

/* False: damaged, of a newer version, or no memory; *b is empty then.  Else to be freed. */
bool block_get(struct cur bytes, struct block_rows *b);

/* The rows as ledger/row.h has them. */
void block_rows(struct bytes *to, const struct block_rows *b);

#endif
