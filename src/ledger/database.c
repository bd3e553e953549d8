/*
 * database: see database.h.  Must not hold a statement open across a commit: those that are kept are reset.
 */
#include "ledger/database.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Statements that wait to be asked again; pages of the WAL, 32 MB, before they are copied into the file. */
enum { WAIT_MS = 5000, WAIT_AT_END_MS = 500, KEPT_MAX = 16 };
#define WAL_PAGES "8192"

struct database {
	sqlite3 *db;
	sqlite3_stmt *kept[KEPT_MAX]; /* reset; parsing them anew costs more than most of them do */
	unsigned oldest;
	bool writing;
	int number; /* of the error */
	char path[DATABASE_ERROR_MAX / 2], error[DATABASE_ERROR_MAX];
};

struct statement {
	struct database *of;
	sqlite3_stmt *stmt;
	int values;
	bool failed;
};

static bool
fail(struct database *d, const char *words)
{
	if (!*d->error)
		snprintf(d->error, sizeof(d->error), "%s: %.180s", d->path, words);
	return false;
}

/* SQLite calls EIO, ENXIO and ERANGE of a read a corrupt file system, and in the end a corrupt file (os_unix.c); the
   file, or its log, still knows. */
static int
read_errno(const struct database *d)
{
	static const int FILES[] = {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER};

	for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
		sqlite3_file *file = NULL;
		int number = 0;

		if (sqlite3_file_control(d->db, "main", FILES[i], &file) == SQLITE_OK && file && file->pMethods &&
		    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number) == SQLITE_OK &&
		    (number == EIO || number == ENXIO || number == ERANGE))
			return number;
	}
	return 0;
}

/* What the system said, where it is not the file's bytes; 0: it is. */
static int
number_of(const struct database *d, int code)
{
	static const struct {
		int code, number;
	} MEANT[] = {{SQLITE_BUSY, EBUSY},     {SQLITE_LOCKED, EBUSY}, {SQLITE_PERM, EACCES}, {SQLITE_AUTH, EACCES},
		     {SQLITE_READONLY, EROFS}, {SQLITE_NOMEM, ENOMEM}, {SQLITE_FULL, ENOSPC}};

	for (size_t i = 0; i < sizeof(MEANT) / sizeof(MEANT[0]); i++)
		if (MEANT[i].code == (code & 0xff))
			return MEANT[i].number;
	if ((code & 0xff) == SQLITE_CORRUPT)
		return read_errno(d);
	if (code == SQLITE_IOERR_SHORT_READ || ((code & 0xff) != SQLITE_IOERR && (code & 0xff) != SQLITE_CANTOPEN))
		return 0;
	return sqlite3_system_errno(d->db) ? sqlite3_system_errno(d->db) : EIO;
}

static bool
check(struct database *d, int code)
{
	int number;

	if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
		return true;
	number = number_of(d, sqlite3_extended_errcode(d->db));
	if (!*d->error)
		d->number = number;
	return fail(d, number == EBUSY ? "is locked by another process" :
		       number          ? strerror(number) :
					 sqlite3_errmsg(d->db));
}

/* Has it no table yet?  To say of one that has how its pages are to be is a write, which a full disk refuses. */
static bool
is_empty(struct database *d)
{
	struct statement *s = statement_of(d, "SELECT count(*) FROM sqlite_master");
	bool empty = statement_next(s) && column_i64(s, 0) == 0;

	return statement_end(s) && empty;
}

/* Cells must hold what they say they hold; a view or trigger of somebody else's must not run. */
static bool
set_up(struct database *d, enum database_use use)
{
	sqlite3_busy_timeout(d->db, WAIT_MS);
	sqlite3_db_config(d->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(d->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(d->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	if (use == DATABASE_READING)
		return true;
	if (use == DATABASE_ALONE &&
	    !database_run(d, "PRAGMA locking_mode=EXCLUSIVE")) /* before it looks at the file */
		return false;
	if (is_empty(d) && !database_run(d, "PRAGMA page_size=4096; PRAGMA auto_vacuum=2"))
		return false;
	/* the tail's pages are written again and again: the longer the WAL, the fewer of those writes reach the file */
	return database_run(d,
			    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=" WAL_PAGES);
}

static void
forget_kept(struct database *d)
{
	for (unsigned i = 0; i < KEPT_MAX; i++) {
		sqlite3_finalize(d->kept[i]);
		d->kept[i] = NULL;
	}
}

static bool
open_with(struct database *d, int flags, enum database_use use)
{
	if (check(d, sqlite3_open_v2(d->path, &d->db, flags, NULL)) && set_up(d, use) &&
	    database_run(d, "SELECT count(*) FROM sqlite_master"))
		return true;
	forget_kept(d);
	sqlite3_close(d->db);
	return false;
}

/* After a power failure a file may first have to be put right by its journal, which takes a right to write. */
static bool
open_reading(struct database *d)
{
	if (open_with(d, SQLITE_OPEN_READONLY, DATABASE_READING))
		return true;
	if (access(d->path, W_OK) != 0)
		return false;
	*d->error = '\0';
	d->number = 0;
	return open_with(d, SQLITE_OPEN_READWRITE, DATABASE_READING) && database_run(d, "PRAGMA query_only=1");
}

struct database *
database_open(const char *path, enum database_use use, char error[DATABASE_ERROR_MAX])
{
	struct database *d = calloc(1, sizeof(*d));

	if (!d) {
		snprintf(error, DATABASE_ERROR_MAX, "no memory");
		errno = ENOMEM;
		return NULL;
	}
	snprintf(d->path, sizeof(d->path), "%s", path);
	d->writing = use != DATABASE_READING;
	if (d->writing ? open_with(d, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, use) : open_reading(d))
		return d;
	snprintf(error, DATABASE_ERROR_MAX, "%s", d->error);
	errno = d->number;
	free(d);
	return NULL;
}

enum database_end
database_close(struct database *d)
{
	int got = SQLITE_OK;

	if (!d)
		return DATABASE_WHOLE;
	forget_kept(d);
	database_rollback(d);
	if (d->writing) {
		sqlite3_busy_timeout(d->db, WAIT_AT_END_MS);
		got = sqlite3_exec(d->db, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE", NULL, NULL,
				   NULL);
	}
	sqlite3_close(d->db);
	free(d);
	return got == SQLITE_OK                           ? DATABASE_WHOLE :
	       got == SQLITE_BUSY || got == SQLITE_LOCKED ? DATABASE_READ :
							    DATABASE_FAILED;
}

const char *
database_error(const struct database *d)
{
	return d->error;
}

int
database_errno(const struct database *d)
{
	return d->number;
}

bool
database_run(struct database *d, const char *sql)
{
	return !*d->error && check(d, sqlite3_exec(d->db, sql, NULL, NULL, NULL));
}

bool
database_begin(struct database *d)
{
	return database_run(d, "BEGIN IMMEDIATE");
}

bool
database_commit(struct database *d)
{
	return database_run(d, "COMMIT");
}

void
database_rollback(struct database *d)
{
	if (!sqlite3_get_autocommit(d->db))
		sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
	*d->error = '\0';
	d->number = 0;
}

static sqlite3_stmt *
take_kept(struct database *d, const char *sql)
{
	for (unsigned i = 0; i < KEPT_MAX; i++) {
		sqlite3_stmt *stmt = d->kept[i];

		if (stmt && strcmp(sqlite3_sql(stmt), sql) == 0) {
			d->kept[i] = NULL;
			return stmt;
		}
	}
	return NULL;
}

/* For whoever asks the same again; the one that waits longest makes room. */
static void
keep(struct database *d, sqlite3_stmt *stmt)
{
	unsigned to = 0;

	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	while (to < KEPT_MAX && d->kept[to])
		to++;
	if (to == KEPT_MAX)
		to = d->oldest++ % KEPT_MAX;
	sqlite3_finalize(d->kept[to]);
	d->kept[to] = stmt;
}

struct statement *
statement_of(struct database *d, const char *sql)
{
	struct statement *s = calloc(1, sizeof(*s));

	if (!s) {
		fail(d, "no memory");
		return NULL;
	}
	s->of = d;
	s->stmt = *d->error ? NULL : take_kept(d, sql);
	s->failed =
		*d->error ||
		(!s->stmt && !check(d, sqlite3_prepare_v3(d->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->stmt, NULL)));
	return s;
}

void
statement_i64(struct statement *s, int64_t v)
{
	if (s && !s->failed)
		s->failed = !check(s->of, sqlite3_bind_int64(s->stmt, ++s->values, v));
}

void
statement_text(struct statement *s, const char *text)
{
	if (s && !s->failed)
		s->failed = !check(s->of, sqlite3_bind_text(s->stmt, ++s->values, text, -1, SQLITE_TRANSIENT));
}

void
statement_bytes(struct statement *s, const void *bytes, size_t n)
{
	if (s && !s->failed)
		s->failed =
			!check(s->of, sqlite3_bind_blob64(s->stmt, ++s->values, n ? bytes : "", n, SQLITE_TRANSIENT));
}

bool
statement_next(struct statement *s)
{
	int code;

	if (!s || s->failed)
		return false;
	code = sqlite3_step(s->stmt);
	s->failed = !check(s->of, code);
	return code == SQLITE_ROW;
}

int64_t
column_i64(const struct statement *s, unsigned i)
{
	return sqlite3_column_int64(s->stmt, (int)i);
}

bool
column_is_null(const struct statement *s, unsigned i)
{
	return sqlite3_column_type(s->stmt, (int)i) == SQLITE_NULL;
}

struct cur
column_bytes(const struct statement *s, unsigned i)
{
	const void *p = sqlite3_column_blob(s->stmt, (int)i);

	return cur_of(p, p ? (size_t)sqlite3_column_bytes(s->stmt, (int)i) : 0);
}

const char *
column_text(const struct statement *s, unsigned i)
{
	const char *p = (const char *)sqlite3_column_text(s->stmt, (int)i);

	return p ? p : "";
}

void
statement_canonical(const struct statement *s, struct bytes *to)
{
	int n = sqlite3_column_count(s->stmt);

	bytes_varint(to, (uint64_t)n);
	for (int i = 0; i < n; i++) {
		int type = sqlite3_column_type(s->stmt, i);
		struct cur c;

		bytes_u8(to, (uint8_t)type);
		if (type == SQLITE_INTEGER) {
			bytes_u64le(to, (uint64_t)sqlite3_column_int64(s->stmt, i));
		} else if (type != SQLITE_NULL) {
			c = column_bytes(s, (unsigned)i);
			bytes_varint(to, cur_left(&c));
			bytes_add(to, c.p, cur_left(&c));
		}
	}
}

void
statement_again(struct statement *s)
{
	if (!s || s->failed)
		return;
	s->failed = !check(s->of, sqlite3_reset(s->stmt));
	s->values = 0;
}

bool
statement_end(struct statement *s)
{
	bool fine = s && !s->failed;

	if (fine)
		keep(s->of, s->stmt);
	else if (s)
		sqlite3_finalize(s->stmt);
	free(s);
	return fine;
}

struct part {
	struct database *of;
	sqlite3_blob *blob;
	bool failed;
};

struct part *
part_open(struct database *d, const char *table, const char *column, int64_t row)
{
	struct part *p = *d->error ? NULL : calloc(1, sizeof(*p));

	if (!p) {
		fail(d, "no memory");
		return NULL;
	}
	p->of = d;
	if (check(d, sqlite3_blob_open(d->db, "main", table, column, row, 0, &p->blob)))
		return p;
	free(p);
	return NULL;
}

size_t
part_size(const struct part *p)
{
	return (size_t)sqlite3_blob_bytes(p->blob);
}

bool
part_read(struct part *p, void *to, size_t at, size_t n)
{
	if (!p->failed)
		p->failed = at > part_size(p) || n > part_size(p) - at ||
			    !check(p->of, sqlite3_blob_read(p->blob, to, (int)n, (int)at));
	return !p->failed;
}

bool
part_end(struct part *p)
{
	bool fine = !p->failed;

	sqlite3_blob_close(p->blob);
	free(p);
	return fine;
}
