/*
 * database: SQLite as the ledger needs it: a file, a statement with its values, rows one after the other.  With sql*.c
 * (ledger/sql.h) the one that knows SQLite.
 *
 * Files are opened in WAL mode for writing, so that a reader sees whole commits; a commit is on the disk when
 * database_commit returns.  An error is kept as one line and makes everything after it fail until database_rollback.
 */
#ifndef LEDGER_DATABASE_H
#define LEDGER_DATABASE_H

#include "ledger/bytes.h"

enum { DATABASE_ERROR_MAX = 400 };

struct database;

/* ALONE: nobody else opens it, and nothing lies in memory that is shared by way of a file: a full disk keeps nobody from
   opening what is there. */
enum database_use { DATABASE_READING, DATABASE_WRITING, DATABASE_ALONE };

/* NULL: `error` says why in one line, and errno is what the system said, 0: the file's bytes are no database.  A file that
   is not there is made when it is opened for writing. */
struct database *database_open(const char *path, enum database_use use, char error[DATABASE_ERROR_MAX]);
/* WHOLE: nothing lies beside the file, all is in it.  READ: what was committed is kept, but somebody else has the file
   open, and some may lie beside it until a later close.  FAILED: some lies beside it. */
enum database_end { DATABASE_WHOLE, DATABASE_READ, DATABASE_FAILED }; /* the later, the worse */
enum database_end database_close(struct database *d);
const char *database_error(const struct database *d); /* "": none */
int database_errno(const struct database *d); /* of that error: what the system said, 0: it is the file's bytes */

bool database_begin(struct database *d);
bool database_commit(struct database *d);
void database_rollback(struct database *d);

/* Statements without rows, ended by `;`. */
bool database_run(struct database *d, const char *sql);

/* A statement: prepared, given its values in order, stepped through. */
struct statement;
struct statement *statement_of(struct database *d, const char *sql);
void statement_i64(struct statement *s, int64_t v);
void statement_text(struct statement *s, const char *text); /* NULL: no value */
void statement_bytes(struct statement *s, const void *bytes, size_t n);
bool statement_next(struct statement *s); /* false: no more rows, or an error */
int64_t column_i64(const struct statement *s, unsigned i);
bool column_is_null(const struct statement *s, unsigned i);
struct cur column_bytes(const struct statement *s, unsigned i); /* valid until the next call */
const char *column_text(const struct statement *s, unsigned i); /* "": none */
/* The row as bytes of one form: what the chain hashes. */
void statement_canonical(const struct statement *s, struct bytes *to);
/* From the beginning, with other values. */
void statement_again(struct statement *s);
bool statement_end(struct statement *s); /* false: something failed */

/* One value's bytes, as much of them as is asked for: what is not read costs nothing.  The row is held until the end. */
struct part;
struct part *part_open(struct database *d, const char *table, const char *column, int64_t row); /* NULL: an error */
size_t part_size(const struct part *p);
bool part_read(struct part *p, void *to, size_t at, size_t n); /* false: an error, or there are not so many */
bool part_end(struct part *p);                                 /* false: something failed */

#endif
