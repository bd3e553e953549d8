/*
 * query: rows of values, printed as a table, as CSV or as JSON.  Internal to query*.c.
 */
#ifndef CMD_QUERY_H
#define CMD_QUERY_H

#include "cmd/term.h"
#include "ledger/query.h"

enum print_as { PRINT_TABLE, PRINT_CSV, PRINT_JSON };

struct printing {
	struct term to;
	enum print_as as;
	unsigned columns;
	const char *name[SQL_COLUMNS_MAX];
	uint64_t rows;
	/* of a table: the first rows wait until it is known how wide columns are */
	char **cell;
	uint32_t waiting;
	unsigned width[SQL_COLUMNS_MAX];
	bool number[SQL_COLUMNS_MAX]; /* to the right */
	bool begun, upright, no_memory;
};

/* Names are set and stay. */
void print_begin(struct printing *p);
void print_row(struct printing *p, const struct sql_value *value);
void print_end(struct printing *p);

/* What each column of a ledger's blocks takes.  An exit code. */
int query_sizes(const char *folder, struct printing *p);

#endif
