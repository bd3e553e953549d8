/*
 * day: see day.h.  Must not write when it reads.
 */
#include "ledger/day.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *const DAY_TABLES[CHAIN_TABLES] = {"finding", "incident", "coverage", "setting", "peer"};

const char *const DAY_INSERTS[CHAIN_TABLES] = {
	"INSERT INTO finding VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	"INSERT INTO incident VALUES(?,?,?,?,?,?,?,?)",
	"INSERT INTO coverage VALUES(?,?,?,?,?,?,?,?,?,?,?)",
	"INSERT INTO setting VALUES(?,?,?,?,?)",
	"INSERT INTO peer VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
};

static const char SESSIONS_SCHEMA[] =
	"BEGIN; CREATE TABLE IF NOT EXISTS tail(commit_no INTEGER PRIMARY KEY, rows INTEGER NOT NULL, bytes BLOB NOT "
	"NULL);"
	"CREATE TABLE IF NOT EXISTS block(no INTEGER PRIMARY KEY, commit_no INTEGER NOT NULL, first INTEGER NOT NULL,"
	" last INTEGER NOT NULL, rows INTEGER NOT NULL, sessions INTEGER NOT NULL, begin_us INTEGER NOT NULL,"
	" end_us INTEGER NOT NULL, range BLOB NOT NULL, filter BLOB NOT NULL, ids BLOB NOT NULL, bytes BLOB NOT NULL);"
	"CREATE INDEX IF NOT EXISTS block_commit ON block(commit_no);"
	"PRAGMA user_version=1; PRAGMA application_id=0x47574c31; COMMIT;";

static const char SUMMARY_SCHEMA[] =
	"BEGIN; CREATE TABLE IF NOT EXISTS chain(commit_no INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, rows INTEGER "
	"NOT "
	"NULL,"
	" records BLOB NOT NULL, blocks BLOB NOT NULL, tables BLOB NOT NULL, hash BLOB NOT NULL);"
	"CREATE TABLE IF NOT EXISTS link(hash BLOB NOT NULL);"
	"CREATE TABLE IF NOT EXISTS finding(commit_no INTEGER NOT NULL, time_us INTEGER, id TEXT, incident TEXT,"
	" detector TEXT, severity INTEGER, confidence INTEGER, gateway INTEGER, opens INTEGER, worsens INTEGER,"
	" learning INTEGER, degraded INTEGER, weak INTEGER, suppressed TEXT, actor TEXT, target TEXT, text TEXT,"
	" sessions TEXT, coverage INTEGER);"
	"CREATE TABLE IF NOT EXISTS incident(commit_no INTEGER NOT NULL, id TEXT, opened_us INTEGER, last_us INTEGER,"
	" actor TEXT, gateway INTEGER, severity INTEGER, findings INTEGER);"
	"CREATE TABLE IF NOT EXISTS coverage(commit_no INTEGER NOT NULL, begin_us INTEGER, end_us INTEGER, cause TEXT,"
	" frames INTEGER, bytes INTEGER, lost_ring INTEGER, lost_interface INTEGER, lost_upstream INTEGER,"
	" lost_memory INTEGER, rows INTEGER);"
	"CREATE TABLE IF NOT EXISTS setting(commit_no INTEGER NOT NULL, time_us INTEGER, row INTEGER, name TEXT,"
	" value TEXT);"
	"CREATE TABLE IF NOT EXISTS peer(commit_no INTEGER NOT NULL, peer TEXT, role TEXT, gateway INTEGER,"
	" first_us INTEGER, last_us INTEGER, sessions INTEGER, established INTEGER, bytes_to_gateway INTEGER,"
	" bytes_from_gateway INTEGER, programs INTEGER, ja4 TEXT);"
	"CREATE INDEX IF NOT EXISTS peer_peer ON peer(peer);"
	"CREATE INDEX IF NOT EXISTS finding_commit ON finding(commit_no);"
	"CREATE INDEX IF NOT EXISTS incident_commit ON incident(commit_no);"
	"CREATE INDEX IF NOT EXISTS coverage_commit ON coverage(commit_no);"
	"CREATE INDEX IF NOT EXISTS setting_commit ON setting(commit_no);"
	"PRAGMA user_version=1; PRAGMA application_id=0x47574c32; COMMIT;";

bool
day_names(struct day *d, const char *folder, int64_t day)
{
	char date[CHAIN_DATE];

	*d = (struct day){.day = day};
	chain_date(date, day);
	return snprintf(d->sessions_path, PATH_MAX, "%s/%s.sessions", folder, date) < PATH_MAX &&
	       snprintf(d->summary_path, PATH_MAX, "%s/%s.summary", folder, date) < PATH_MAX;
}

const char *
day_error(const struct day *d)
{
	const char *first = d->summary ? database_error(d->summary) : "";

	return *first || !d->sessions ? first : database_error(d->sessions);
}

bool
day_is_damaged(const struct day *d)
{
	const struct database *first = d->summary && *database_error(d->summary) ? d->summary : d->sessions;

	return first && *database_error(first) && !database_errno(first);
}

enum database_end
day_close(struct day *d)
{
	enum database_end sessions = database_close(d->sessions), summary = database_close(d->summary);

	d->sessions = d->summary = NULL;
	return sessions > summary ? sessions : summary;
}

/* The one number that a statement gives; its values are bound by the caller. */
static int64_t
number_of(struct database *db, const char *sql)
{
	struct statement *s = statement_of(db, sql);
	int64_t v = statement_next(s) ? column_i64(s, 0) : 0;

	statement_end(s);
	return v;
}

static bool
get_digest(const struct statement *s, unsigned column, struct digest *to)
{
	struct cur c = column_bytes(s, column);

	return cur_left(&c) == sizeof(*to) && cur_copy(&c, to, sizeof(*to)) == sizeof(*to);
}

/* Where the chain stands. */
static bool
load_chain(struct day *d)
{
	struct statement *s = statement_of(d->summary, "SELECT hash FROM link");
	bool fine = statement_next(s) && get_digest(s, 0, &d->link);

	fine = statement_end(s) && fine;
	d->commits = number_of(d->summary, "SELECT max(commit_no) FROM chain");
	d->rows = number_of(d->summary, "SELECT sum(rows) FROM chain");
	d->head = d->link;
	s = statement_of(d->summary, "SELECT hash FROM chain ORDER BY commit_no DESC LIMIT 1");
	if (statement_next(s))
		fine = get_digest(s, 0, &d->head) && fine;
	return statement_end(s) && fine;
}

static bool
put_link(struct day *d, const struct digest *link)
{
	struct statement *s =
		statement_of(d->summary, "INSERT INTO link SELECT ? WHERE NOT EXISTS (SELECT 1 FROM link)");

	statement_bytes(s, link, sizeof(*link));
	statement_next(s);
	return statement_end(s);
}

/* What the sessions' file has beyond the chain: the power went between the two commits. */
static bool
take_back(struct day *d)
{
	char sql[512];

	snprintf(sql, sizeof(sql), "SELECT ifnull(sum(rows), 0) FROM tail WHERE commit_no > %lld",
		 (long long)d->commits);
	d->dropped = number_of(d->sessions, sql);
	snprintf(sql, sizeof(sql), "SELECT ifnull(sum(rows), 0) FROM block WHERE last > %lld", (long long)d->commits);
	d->dropped += number_of(d->sessions, sql);
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM block WHERE commit_no > %lld", (long long)d->commits);
	d->recovered = d->dropped > 0 || number_of(d->sessions, sql) > 0;
	snprintf(sql, sizeof(sql),
		 "BEGIN; DELETE FROM tail WHERE commit_no > %lld; DELETE FROM block WHERE last > %lld;"
		 "UPDATE block SET commit_no = %lld WHERE commit_no > %lld; COMMIT;",
		 (long long)d->commits, (long long)d->commits, (long long)d->commits + 1, (long long)d->commits);
	return database_run(d->sessions, sql);
}

bool
day_open(struct day *d, const char *folder, int64_t day, const struct digest *link, char error[DATABASE_ERROR_MAX])
{
	if (!day_names(d, folder, day)) {
		snprintf(error, DATABASE_ERROR_MAX, "%.300s: the name is too long", folder);
		return false;
	}
	d->sessions = database_open(d->sessions_path, DATABASE_WRITING, error);
	d->summary = d->sessions ? database_open(d->summary_path, DATABASE_WRITING, error) : NULL;
	d->damaged = !d->summary && !errno;
	if (d->summary && database_run(d->sessions, SESSIONS_SCHEMA) && database_run(d->summary, SUMMARY_SCHEMA) &&
	    put_link(d, link) && load_chain(d) && take_back(d))
		return true;
	if (d->summary) {
		d->damaged = day_is_damaged(d) || !*day_error(d);
		snprintf(error, DATABASE_ERROR_MAX, "%s",
			 *day_error(d) ? day_error(d) : "the chain of the open day cannot be read");
	}
	day_close(d);
	return false;
}

static bool
check_format(struct database *db, const char *path, int64_t application, bool *empty, char error[DATABASE_ERROR_MAX])
{
	int64_t id = number_of(db, "PRAGMA application_id"), version = number_of(db, "PRAGMA user_version");

	*empty = !*database_error(db) && id == 0 && number_of(db, "SELECT count(*) FROM sqlite_master") == 0;
	if (*database_error(db))
		snprintf(error, DATABASE_ERROR_MAX, "%s", database_error(db));
	else if (*empty)
		snprintf(error, DATABASE_ERROR_MAX, "%.300s: was being made and holds nothing yet", path);
	else if (id != application)
		snprintf(error, DATABASE_ERROR_MAX, "%.300s: is no file of a ledger", path);
	else if (version > DAY_FORMAT)
		snprintf(error, DATABASE_ERROR_MAX, "%.300s: was written by a newer gatewitness", path);
	else
		return true;
	return false;
}

static bool
run_both(struct day *d, const char *sql, char error[DATABASE_ERROR_MAX])
{
	if (database_run(d->summary, sql) && (!d->sessions || database_run(d->sessions, sql)))
		return true;
	snprintf(error, DATABASE_ERROR_MAX, "%s", day_error(d));
	return false;
}

/*
 * Both files' headers and where the chain stands, each file as it is at one moment: a sensor may be making them, and what
 * is no ledger in one statement is one in the next.
 */
static bool
at_one_moment(struct day *d, char error[DATABASE_ERROR_MAX])
{
	if (!run_both(d, "BEGIN", error) || !check_format(d->summary, d->summary_path, 0x47574c32, &d->empty, error) ||
	    (d->sessions && !check_format(d->sessions, d->sessions_path, 0x47574c31, &d->empty, error)))
		return false;
	if (load_chain(d))
		return run_both(d, "COMMIT", error);
	d->empty = !*database_error(d->summary) && d->commits == 0;
	snprintf(error, DATABASE_ERROR_MAX, "%.300s: its chain cannot be read", d->summary_path);
	return false;
}

bool
day_read(struct day *d, const char *folder, int64_t day, char error[DATABASE_ERROR_MAX])
{
	if (!day_names(d, folder, day)) {
		snprintf(error, DATABASE_ERROR_MAX, "%.300s: the name is too long", folder);
		return false;
	}
	errno = 0;
	d->summary = database_open(d->summary_path, DATABASE_READING, error);
	if (d->summary && access(d->sessions_path, F_OK) == 0)
		d->sessions = database_open(d->sessions_path, DATABASE_READING, error);
	d->number = !d->summary || (!d->sessions && access(d->sessions_path, F_OK) == 0) ? errno : 0;
	if (d->summary && (d->sessions || access(d->sessions_path, F_OK) != 0) && at_one_moment(d, error))
		return true;
	if (d->summary && !d->number)
		d->number = database_errno(d->summary) || !d->sessions ? database_errno(d->summary) :
									 database_errno(d->sessions);
	day_close(d);
	return false;
}

/* All rows of a statement in one digest. */
static bool
digest_rows(struct statement *s, struct digest *to)
{
	struct bytes all = {.p = NULL};
	bool fine;

	while (statement_next(s))
		statement_canonical(s, &all);
	fine = statement_end(s) && !all.failed;
	*to = digest_of(all.p, all.n);
	bytes_free(&all);
	return fine;
}

bool
day_digest_table(struct day *d, enum day_table table, int64_t commit, struct digest *to)
{
	char sql[96];
	struct statement *s;

	snprintf(sql, sizeof(sql), "SELECT * FROM %s WHERE commit_no = ? ORDER BY rowid", DAY_TABLES[table]);
	s = statement_of(d->summary, sql);
	statement_i64(s, commit);
	return digest_rows(s, to);
}

bool
day_digest_blocks(struct day *d, int64_t commit, struct digest *to)
{
	struct statement *s = statement_of(d->sessions, "SELECT * FROM block WHERE commit_no = ? ORDER BY no");

	statement_i64(s, commit);
	return digest_rows(s, to);
}

bool
day_chain(struct day *d, struct chain_entry *e)
{
	struct statement *s;

	e->commit = d->commits + 1;
	for (unsigned t = 0; t < CHAIN_TABLES; t++)
		if (!day_digest_table(d, t, e->commit, &e->table[t]))
			return false;
	if (!day_digest_blocks(d, e->commit, &e->blocks))
		return false;
	e->hash = chain_next(&d->head, e);
	s = statement_of(d->summary, "INSERT INTO chain VALUES(?, ?, ?, ?, ?, ?, ?)");
	statement_i64(s, e->commit);
	statement_i64(s, e->time_us);
	statement_i64(s, e->rows);
	statement_bytes(s, &e->records, sizeof(e->records));
	statement_bytes(s, &e->blocks, sizeof(e->blocks));
	statement_bytes(s, e->table, sizeof(e->table));
	statement_bytes(s, &e->hash, sizeof(e->hash));
	statement_next(s);
	return statement_end(s);
}

bool
day_entry(struct day *d, int64_t commit, struct chain_entry *e)
{
	struct statement *s =
		statement_of(d->summary, "SELECT * FROM chain WHERE commit_no > ? ORDER BY commit_no LIMIT 1");
	struct cur tables;
	bool found;

	statement_i64(s, commit);
	found = statement_next(s);
	if (found) {
		e->commit = column_i64(s, 0);
		e->time_us = column_i64(s, 1);
		e->rows = column_i64(s, 2);
		/* a tree whose keys somebody altered may give what was not asked for, again and again */
		found = e->commit > commit && get_digest(s, 3, &e->records) && get_digest(s, 4, &e->blocks) &&
			get_digest(s, 6, &e->hash);
		tables = column_bytes(s, 5);
		found = found && cur_left(&tables) == sizeof(e->table);
		cur_copy(&tables, e->table, sizeof(e->table));
	}
	return statement_end(s) && found;
}

/* A day in the order in which they were written: as they were sealed, then those that are not. */
struct dated {
	int64_t day;
	size_t place;
};

static int
by_place(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->day < y->day ? -1 : x->day > y->day;
}

static bool
take_name(struct dated **days, size_t *n, const char *name)
{
	char date[CHAIN_DATE];
	struct dated *more;
	int64_t day;

	if (strlen(name) != CHAIN_DATE - 1 + 8 || strcmp(name + CHAIN_DATE - 1, ".summary") != 0)
		return true;
	memcpy(date, name, CHAIN_DATE - 1);
	date[CHAIN_DATE - 1] = '\0';
	if (!chain_parse_date(&day, date))
		return true;
	more = realloc(*days, (*n + 1) * sizeof(*more));
	if (!more)
		return false;
	*days = more;
	more[(*n)++] = (struct dated){day, SIZE_MAX};
	return true;
}

/* A clock that went back made days whose dates do not follow each other; what a line's seal is worth verify tells. */
static void
take_places(struct dated *days, size_t n, const char *folder)
{
	char path[PATH_MAX], *line = NULL, date[CHAIN_DATE];
	size_t room = 0, place = 0;
	int64_t day;
	FILE *f = snprintf(path, sizeof(path), "%s/seals", folder) < PATH_MAX ? fopen(path, "re") : NULL;

	while (f && getline(&line, &room, f) > 0) {
		place++;
		if (sscanf(line, "gatewitness-seal 1 %10[0-9-]", date) != 1 || !chain_parse_date(&day, date))
			continue;
		for (size_t i = 0; i < n; i++)
			if (days[i].day == day && days[i].place == SIZE_MAX)
				days[i].place = place;
	}
	free(line);
	if (f)
		fclose(f);
}

int64_t *
days_in(const char *folder, size_t *n)
{
	DIR *dir = opendir(folder);
	struct dated *days = NULL;
	int64_t *sorted;
	struct dirent *e;

	*n = 0;
	while (dir && (e = readdir(dir)) && take_name(&days, n, e->d_name))
		continue;
	if (dir)
		closedir(dir);
	take_places(days, *n, folder);
	if (*n)
		qsort(days, *n, sizeof(*days), by_place);
	sorted = *n ? malloc(*n * sizeof(*sorted)) : NULL;
	for (size_t i = 0; sorted && i < *n; i++)
		sorted[i] = days[i].day;
	*n = sorted ? *n : 0;
	free(days);
	return sorted;
}
