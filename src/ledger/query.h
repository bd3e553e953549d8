/*
 * query: a ledger's tables for SQL (ledger/sql.h): names and units of columns are those of session.def and pulse.def.
 *
 *	sessions	one row a connection: its last record
 *	records		every record: open, update, close
 *	exchanges	the first turns of each session's conversation
 *	pulses		ten seconds of a gateway
 *	findings incidents peers coverage settings	as they were written, day by day
 */
#ifndef LEDGER_QUERY_H
#define LEDGER_QUERY_H

#include "ledger/database.h"
#include "ledger/sql.h"

/* What the tables read from, and what they could not read. */
struct query_source {
	const char *folder;
	size_t memory; /* bytes that rows may take that are grouped; 0: 128 MiB.  What is beyond waits for another turn over
			  the blocks, which may have grown since */
	uint64_t blocks, passed_over, damaged;
	bool no_time;                   /* times were asked for that are after and before each other */
	char error[DATABASE_ERROR_MAX]; /* of the first that is damaged */
};

enum { QUERY_TABLES = 9 };
/* Made on the first call. */
const struct sql_table *const *query_tables(void);

#endif
