/*
 * sql_parts: what sql.c and sql_module.c share.  Internal to sql*.c.
 */
#ifndef LEDGER_SQL_PARTS_H
#define LEDGER_SQL_PARTS_H

#include <sqlite3.h>

#include "ledger/sql.h"

/* A table as SQLite knows it. */
struct sql_module {
	const struct sql_table *table;
	void *source;
	bool asked;                 /* a SELECT named it */
	bool used[SQL_COLUMNS_MAX]; /* so it did these columns */
	bool rows_are_named; /* their numbers are asked for, or may be, or columns that nobody names: no groups */
};

extern const sqlite3_module SQL_MODULE;

/* Addresses compare as their bytes; what is no address, as text. */
int sql_compare_addr(void *arg, int n, const void *a, int m, const void *b);
/* in_net(address, network), net(address, bits) */
void sql_in_net(sqlite3_context *c, int n, sqlite3_value **v);
void sql_net(sqlite3_context *c, int n, sqlite3_value **v);

#endif
