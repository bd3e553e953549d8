/*
 * query_view: what columns each table over blocks has, and where in a block their values lie.  Internal to src/ledger.
 */
#ifndef LEDGER_QUERY_VIEW_H
#define LEDGER_QUERY_VIEW_H

#include "ledger/sql.h"

enum what { OF_RECORDS, OF_SESSIONS, OF_EXCHANGES, OF_PULSES };

/* Where a column's value comes from. */
enum from { FROM_FIELD, FROM_PULSE, FROM_NUMBER, FROM_PART };
struct source {
	uint8_t from;   /* enum from */
	uint8_t column; /* of the block; of an exchange: which of its five numbers */
};

struct query_view {
	enum what what;
	struct sql_column column[SQL_COLUMNS_MAX];
	struct source source[SQL_COLUMNS_MAX];
	unsigned columns;
};

/* The columns of v->what, from session.def and pulse.def; a view that has its columns stays. */
void query_view_fill(struct query_view *v);

#endif
