/*
 * outbox_file: the outbox's file: found, made, taken over, set aside.  Must not know what waits in it.
 *
 *	outbox	one row: the next id
 *	sinks	one row a sink: its slot (a bit of lines.wants), its position, its counts
 *	lines	what at least one sink waits for
 *	losses	runs of what was given up
 *
 * Alerts and incidents have an index of their own, and so has the rest: a sink that wants alerts only does not walk over a
 * week's sessions, and room is made of sessions first.
 */
#include "sink/outbox_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define APPLICATION "1735880546" /* "gwob" in PRAGMA application_id */

static const char SCHEMA[] =
	"PRAGMA application_id=" APPLICATION "; PRAGMA user_version=1;"
	"CREATE TABLE outbox(next INTEGER NOT NULL);"
	"INSERT INTO outbox VALUES(0);"
	"CREATE TABLE sinks(name TEXT PRIMARY KEY, slot INTEGER NOT NULL UNIQUE, position INTEGER NOT NULL,"
	" told INTEGER NOT NULL, sent INTEGER NOT NULL, lost INTEGER NOT NULL, events INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE lines(id INTEGER PRIMARY KEY, wants INTEGER NOT NULL, kind INTEGER NOT NULL,"
	" severity INTEGER NOT NULL, time INTEGER NOT NULL, gateway TEXT NOT NULL, line BLOB NOT NULL);"
	"CREATE INDEX greater ON lines(id) WHERE " OUTBOX_GREATER ";"
	"CREATE INDEX lesser ON lines(id) WHERE " OUTBOX_LESSER ";"
	"CREATE TABLE losses(sink TEXT NOT NULL, cause INTEGER NOT NULL, lines INTEGER NOT NULL, first_id INTEGER NOT "
	"NULL,"
	" last_id INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);";

int64_t
store_ask(struct database *d, const char *sql)
{
	struct statement *s = statement_of(d, sql);
	int64_t n = statement_next(s) ? column_i64(s, 0) : 0;

	statement_end(s);
	return n;
}

static struct outbox_sink *
sink_named(struct outbox *o, const char *name)
{
	for (unsigned i = 0; i < o->sinks; i++)
		if (strcmp(o->sink[i].name, name) == 0)
			return &o->sink[i];
	return NULL;
}

static bool
clear_slot(struct outbox *o, int64_t slot)
{
	struct statement *s = statement_of(o->db, "UPDATE lines SET wants = wants & ~?");

	statement_i64(s, slot);
	(void)statement_next(s);
	return statement_end(s);
}

/* Sinks that the configuration no longer has. */
static bool
forget(struct outbox *o, const char *name, int64_t slot, int64_t waited)
{
	struct statement *s;

	if (waited > 0)
		snprintf(o->notice[NOTICE_FILE], OUTBOX_ERROR_MAX,
			 "outbox: %lld events that waited for sink %.63s are dropped: the configuration has it no more",
			 (long long)waited, name);
	if (!clear_slot(o, slot) || !database_run(o->db, "DELETE FROM lines WHERE wants = 0"))
		return false;
	s = statement_of(o->db, "DELETE FROM sinks WHERE name = ?");
	statement_text(s, name);
	(void)statement_next(s);
	return statement_end(s);
}

/* The slots that nobody has, to those that are new. */
static void
give_slots(struct outbox *o, uint64_t used, uint64_t known)
{
	for (unsigned i = 0; i < o->sinks; i++) {
		uint64_t slot = 1;

		if (known >> i & 1)
			continue;
		while (used & slot)
			slot <<= 1;
		o->sink[i].slot = slot;
		used |= slot;
	}
}

struct forgotten {
	unsigned count;
	struct {
		char name[OUTBOX_NAME_MAX];
		int64_t slot, waited;
	} sink[OUTBOX_SINKS_MAX];
};

static void
load_sink(struct outbox *o, const struct statement *s, uint64_t *used, uint64_t *known, struct forgotten *gone)
{
	struct outbox_sink *k = sink_named(o, column_text(s, 0));
	int64_t slot = column_i64(s, 1), waited = column_i64(s, 3) - column_i64(s, 4) - column_i64(s, 5);

	if (!k && gone->count < OUTBOX_SINKS_MAX) {
		snprintf(gone->sink[gone->count].name, OUTBOX_NAME_MAX, "%s", column_text(s, 0));
		gone->sink[gone->count].slot = slot;
		gone->sink[gone->count++].waited = waited;
	}
	if (!k)
		return;
	*used |= (uint64_t)slot;
	*known |= UINT64_C(1) << (k - o->sink);
	k->slot = (uint64_t)slot;
	k->position = k->taken = k->scanned = k->swept = (uint64_t)column_i64(s, 2);
	k->told = (uint64_t)column_i64(s, 3);
	k->sent = (uint64_t)column_i64(s, 4);
	k->lost = (uint64_t)column_i64(s, 5);
	if (waited > 0) /* of kinds, too, that it no longer wants */
		k->events |= (uint8_t)column_i64(s, 6);
}

/* A sink that is new begins behind all that is there. */
static bool
load_sinks(struct outbox *o)
{
	struct statement *s = statement_of(o->db, "SELECT name, slot, position, told, sent, lost, events FROM sinks");
	struct forgotten gone = {0};
	uint64_t used = 0, known = 0;
	bool fine;

	while (statement_next(s))
		load_sink(o, s, &used, &known, &gone);
	fine = statement_end(s);
	give_slots(o, used, known);
	for (unsigned i = 0; i < o->sinks; i++)
		if (!(known >> i & 1))
			o->sink[i].position = o->sink[i].taken = o->sink[i].scanned = o->sink[i].swept = o->next_id - 1;
	for (unsigned i = 0; fine && i < gone.count; i++)
		fine = forget(o, gone.sink[i].name, gone.sink[i].slot, gone.sink[i].waited);
	return fine;
}

static bool
load_losses(struct outbox *o)
{
	struct statement *s =
		statement_of(o->db, "SELECT sink, cause, lines, first_id, last_id, first, last FROM losses "
				    "ORDER BY rowid");

	while (statement_next(s) && o->losses.count < OUTBOX_LOSSES) {
		struct outbox_loss *l = &o->losses.loss[o->losses.count];

		if (column_i64(s, 1) < 0 || column_i64(s, 1) >= OUTBOX_CAUSES)
			continue;
		*l = (struct outbox_loss){.cause = (enum outbox_cause)column_i64(s, 1),
					  .count = (uint64_t)column_i64(s, 2),
					  .first_id = (uint64_t)column_i64(s, 3),
					  .last_id = (uint64_t)column_i64(s, 4),
					  .first = {column_i64(s, 5)},
					  .last = {column_i64(s, 6)}};
		snprintf(l->sink, sizeof(l->sink), "%s", column_text(s, 0));
		o->losses.count++;
	}
	return statement_end(s);
}

/* Ids that were handed out and not committed before an accident are not used again, whatever the clock says. */
static bool
load(struct outbox *o)
{
	uint64_t next = (uint64_t)store_ask(o->db, "SELECT next FROM outbox") + (UINT64_C(1) << 20);

	if (next > o->next_id)
		o->next_id = next;
	return database_begin(o->db) && load_sinks(o) && load_losses(o) && database_commit(o->db);
}

/* Whole, empty, somebody else's, of a later version, or no database at all. */
enum found { FOUND_OURS, FOUND_EMPTY, FOUND_DAMAGED, FOUND_OTHER, FOUND_FAILED };

static enum found
look(struct outbox *o, char error[OUTBOX_ERROR_MAX])
{
	char words[DATABASE_ERROR_MAX];
	int64_t application;

	o->db = database_open(o->path, DATABASE_ALONE, words);
	if (!o->db) {
		snprintf(error, OUTBOX_ERROR_MAX, "outbox: %.380s", words);
		return errno ? FOUND_FAILED : FOUND_DAMAGED;
	}
	/* one owner: a second sensor would hand out the same lines */
	if (!database_run(o->db, "BEGIN IMMEDIATE; COMMIT")) {
		snprintf(error, OUTBOX_ERROR_MAX, "outbox: %.380s", database_error(o->db));
		return database_errno(o->db) ? FOUND_FAILED : FOUND_DAMAGED;
	}
	application = store_ask(o->db, "PRAGMA application_id");
	if (application == 0 && store_ask(o->db, "SELECT count(*) FROM sqlite_master") == 0)
		return FOUND_EMPTY;
	snprintf(error, OUTBOX_ERROR_MAX,
		 "outbox: %.300s: is a database, but no outbox of this version; name another "
		 "outbox.file",
		 o->path);
	return application == store_ask(o->db, "SELECT " APPLICATION) && store_ask(o->db, "PRAGMA user_version") == 1 ?
		       FOUND_OURS :
		       FOUND_OTHER;
}

/* The file and what SQLite keeps beside it, under another name: somebody may want to look. */
static void
set_aside(struct outbox *o)
{
	static const char *const ENDS[] = {"", "-wal", "-shm"};
	char from[DATABASE_ERROR_MAX], to[DATABASE_ERROR_MAX];

	database_close(o->db);
	o->db = NULL;
	for (unsigned i = 0; i < 3; i++) {
		snprintf(from, sizeof(from), "%s%s", o->path, ENDS[i]);
		snprintf(to, sizeof(to), "%s.damaged%s", o->path, ENDS[i]);
		rename(from, to); /* beside it there may be none */
	}
	snprintf(o->notice[NOTICE_FILE], OUTBOX_ERROR_MAX,
		 "outbox: %.190s is damaged; it was set aside as %.190s.damaged, and what waited there is not sent",
		 o->path, o->path);
}

static bool
make(struct outbox *o)
{
	return database_begin(o->db) && database_run(o->db, SCHEMA) && database_commit(o->db);
}

/* What is ours and does not read is damaged, too. */
static bool
take_over(struct outbox *o, enum found found, char error[OUTBOX_ERROR_MAX])
{
	if (found == FOUND_OTHER || found == FOUND_FAILED)
		return false;
	if ((found == FOUND_EMPTY ? make(o) : found == FOUND_OURS) && load(o))
		return true;
	if (o->db)
		snprintf(error, OUTBOX_ERROR_MAX, "outbox: %.380s", database_error(o->db));
	if (found == FOUND_EMPTY || (o->db && database_errno(o->db)))
		return false;
	set_aside(o);
	return take_over(o, look(o, error), error);
}

bool
store_open(struct outbox *o, char error[OUTBOX_ERROR_MAX])
{
	return take_over(o, look(o, error), error);
}

/* How many lines of the sink are in the window. */
static uint64_t
in_window(const struct outbox *o, const struct outbox_sink *s)
{
	uint64_t at = o->window.tail, n = 0;
	struct outbox_line l;

	while (window_next(&o->window, &at, &l))
		n += outbox_waits_for(s, l.wants, l.id);
	return n;
}

bool
store_replace(struct outbox *o)
{
	char error[OUTBOX_ERROR_MAX];

	if (o->db && (!*database_error(o->db) || database_errno(o->db)))
		return false;
	if (o->db)
		set_aside(o);
	for (unsigned i = 0; i < o->sinks; i++) {
		struct outbox_sink *s = &o->sink[i];
		uint64_t waits = s->told - s->sent - s->lost, here = in_window(o, s);

		if (waits > here)
			outbox_lose(
				o, s,
				&(struct outbox_lost){OUTBOX_DAMAGED, waits - here, o->window.first - 1, o->wall, ""});
		if (s->scanned < o->window.first - 1)
			s->position = s->taken = s->scanned = o->window.first - 1;
	}
	o->window.kept = o->window.tail;
	return look(o, error) == FOUND_EMPTY && make(o);
}
