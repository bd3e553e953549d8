/*
 * sql: SELECTs over tables that are functions: SQLite's parser, planner and aggregates, our rows.  Beside
 * ledger/database.h the second face of SQLite; sql*.c and database.c are the files that know it.
 *
 * Nothing can be written, attached or set; memory and time are bounded, and a flag of the caller's stops a query.
 */
#ifndef LEDGER_SQL_H
#define LEDGER_SQL_H

#include <signal.h>

#include "base/addr.h"
#include "base/text.h"
#include "base/when.h"

enum { SQL_ERROR_MAX = 400, SQL_TESTS = 16, SQL_COLUMNS_MAX = 256 };

/* HEX: a number shown as 16 hex digits, none: 0.  TIME: microseconds, shown as RFC 3339 in UTC.  MICROS: the same as a
   number, which SELECT * leaves out. */
enum sql_type { SQL_INTEGER, SQL_TEXT, SQL_ADDR, SQL_HEX, SQL_TIME, SQL_MICROS };

struct sql_column {
	const char *name;
	uint8_t type; /* enum sql_type */
	const char *unit, *doc;
};

enum sql_kind { SQL_NONE, SQL_NUMBER, SQL_REAL, SQL_WORDS };
struct sql_value {
	uint8_t kind; /* enum sql_kind */
	int64_t number;
	double real;
	struct text text; /* of an address: its 16 bytes, where a table gives it */
};

/* What rows are asked for.  A table may give others, too, unless the column is a TIME: SQLite cannot compare them. */
enum sql_op { SQL_EQ, SQL_LT, SQL_LE, SQL_GT, SQL_GE };
struct sql_test {
	uint16_t column;
	uint8_t op; /* enum sql_op */
	bool never; /* compared with nothing: no row */
	struct sql_value value;
	struct addr addr; /* of an address */
};

/* What a cursor is opened for. */
enum { SQL_UNGROUPED = SQL_COLUMNS_MAX };
struct sql_asked {
	const struct sql_test *test;
	unsigned tests;
	unsigned by; /* rows that have one value of that column come side by side, in SQLite's order; SQL_UNGROUPED */
	const bool *used; /* the columns that are asked for, maybe others, too */
};

struct sql_table {
	const char *name, *doc;
	const struct sql_column *column;
	unsigned columns;
	bool exact; /* it gives no row that the tests of TIME columns exclude */
	/* NULL: no memory */
	void *(*open)(void *source, const struct sql_asked *asked);
	/* Can it group by that column, when these are used?  NULL: by none */
	bool (*groups)(unsigned column, const bool *used);
	bool (*next)(void *cursor); /* false: no more */
	void (*value)(void *cursor, unsigned column, struct sql_value *to);
	int64_t (*row)(void *cursor); /* a number that no other row has */
	void (*close)(void *cursor);
	/* About how many rows there are, and how many have one value of that column, 0: unknown. */
	double rows;
	unsigned (*alike)(unsigned column);
};

struct sql_bounds {
	int64_t memory; /* bytes that SQLite may take */
	int64_t ns;     /* how long a query may take, 0: for ever */
	const volatile sig_atomic_t *stop;
};

struct sql;
/* NULL: no memory. */
struct sql *sql_open(const struct sql_table *const *tables, unsigned n, void *source, const struct sql_bounds *bounds);
void sql_close(struct sql *s);
const char *sql_error(const struct sql *s); /* "": none */

/* One SELECT.  False: sql_error says why in one line. */
bool sql_prepare(struct sql *s, const char *text);
unsigned sql_columns(const struct sql *s);
const char *sql_name(const struct sql *s, unsigned column);
bool sql_step(struct sql *s); /* false: no more, or an error */
void sql_get(const struct sql *s, unsigned column, struct sql_value *to);
void sql_finish(struct sql *s); /* its tables are closed */

/* Has it been stopped, or is its time over?  For tables that look at many rows before they give one; `due` looks at the
   clock, too. */
bool sql_stopped(void);
bool sql_due(void);

/* "2025-05-01T22:00:05.250000Z"; its length. */
enum { SQL_TIME_MAX = 40 };
size_t sql_time(int64_t us, char to[SQL_TIME_MAX]);

/* Does a value pass?  Both are numbers or both are texts, else it does. */
bool sql_holds(const struct sql_test *t, const struct sql_value *v);

#endif
