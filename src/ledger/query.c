/*
 * query: the list of tables.
 */
#include "ledger/query_parts.h"

static const struct sql_table *const TABLES[] = {&QUERY_SESSIONS, &QUERY_RECORDS,  &QUERY_EXCHANGES,
						 &QUERY_PULSES,   &QUERY_FINDINGS, &QUERY_INCIDENTS,
						 &QUERY_PEERS,    &QUERY_COVERAGE, &QUERY_SETTINGS};
_Static_assert(sizeof(TABLES) / sizeof(TABLES[0]) == QUERY_TABLES, "as many as query.h says");

const struct sql_table *const *
query_tables(void)
{
	query_records_columns();
	query_days_columns();
	return TABLES;
}
