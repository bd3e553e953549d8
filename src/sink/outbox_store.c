/*
 * outbox_store: the outbox's file.  Must not decide who is handed what.
 *
 *	outbox	one row: the next id
 *	sinks	one row a sink: its slot (a bit of lines.wants), its position, its counts
 *	lines	what at least one sink waits for
 *	losses	runs of what was given up
 *
 * What is committed survives kill -9 and a power cut (WAL, synchronous=FULL); what is acknowledged before it is committed
 * never touches the disk.  Alerts and incidents have an index of their own, and so has the rest: a sink that wants alerts
 * only does not walk over a week's sessions, and room is made of sessions first.
 */
#include "sink/outbox_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define APPLICATION "1735880546" /* "gwob" in PRAGMA application_id */
#define LESSER      "kind > 2"
#define GREATER     "kind <= 2"
_Static_assert((int)EVENT_ALERT == 1 && (int)EVENT_INCIDENT == 2, "what LESSER and GREATER say");

enum { BOUND_LINES = 512, TRIM_PAGES = 2048 };

static const char SCHEMA[] =
	"PRAGMA application_id=" APPLICATION "; PRAGMA user_version=1;"
	"CREATE TABLE outbox(next INTEGER NOT NULL);"
	"INSERT INTO outbox VALUES(0);"
	"CREATE TABLE sinks(name TEXT PRIMARY KEY, slot INTEGER NOT NULL UNIQUE, position INTEGER NOT NULL,"
	" told INTEGER NOT NULL, sent INTEGER NOT NULL, lost INTEGER NOT NULL, events INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE lines(id INTEGER PRIMARY KEY, wants INTEGER NOT NULL, kind INTEGER NOT NULL,"
	" severity INTEGER NOT NULL, time INTEGER NOT NULL, gateway TEXT NOT NULL, line BLOB NOT NULL);"
	"CREATE INDEX greater ON lines(id) WHERE " GREATER ";"
	"CREATE INDEX lesser ON lines(id) WHERE " LESSER ";"
	"CREATE TABLE losses(sink TEXT NOT NULL, cause INTEGER NOT NULL, lines INTEGER NOT NULL, first_id INTEGER NOT "
	"NULL,"
	" last_id INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);";

/* A question with one number as its answer. */
static int64_t
ask(struct database *d, const char *sql)
{
	struct statement *s = statement_of(d, sql);
	int64_t n = statement_next(s) ? column_i64(s, 0) : 0;

	statement_end(s);
	return n;
}

/* Values are numbers, in order. */
static bool
run_with(struct database *d, const char *sql, const int64_t *v, size_t n)
{
	struct statement *s = statement_of(d, sql);

	for (size_t i = 0; i < n; i++)
		statement_i64(s, v[i]);
	(void)statement_next(s);
	return statement_end(s);
}
#define RUN_WITH(d, sql, ...)                                                                                          \
	run_with(d, sql, (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static struct outbox_sink *
sink_named(struct outbox *o, const char *name)
{
	for (unsigned i = 0; i < o->sinks; i++)
		if (strcmp(o->sink[i].name, name) == 0)
			return &o->sink[i];
	return NULL;
}

/* Sinks that the configuration no longer has. */
static bool
forget(struct outbox *o, const char *name, int64_t slot, int64_t waited)
{
	struct statement *s;

	if (waited > 0)
		snprintf(o->notice, sizeof(o->notice),
			 "outbox: %lld events that waited for sink %.63s are dropped: the configuration has it no more",
			 (long long)waited, name);
	if (!RUN_WITH(o->db, "UPDATE lines SET wants = wants & ~?", slot) ||
	    !database_run(o->db, "DELETE FROM lines WHERE wants = 0"))
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
	uint64_t next = (uint64_t)ask(o->db, "SELECT next FROM outbox") + (UINT64_C(1) << 20);

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

	o->db = database_open(o->path, true, words);
	if (!o->db) {
		snprintf(error, OUTBOX_ERROR_MAX, "outbox: %.380s", words);
		return errno ? FOUND_FAILED : FOUND_DAMAGED;
	}
	/* one owner: a second sensor would hand out the same lines */
	if (!database_run(o->db, "PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE; COMMIT")) {
		snprintf(error, OUTBOX_ERROR_MAX, "outbox: %.380s", database_error(o->db));
		return database_errno(o->db) ? FOUND_FAILED : FOUND_DAMAGED;
	}
	application = ask(o->db, "PRAGMA application_id");
	if (application == 0 && ask(o->db, "SELECT count(*) FROM sqlite_master") == 0)
		return FOUND_EMPTY;
	snprintf(error, OUTBOX_ERROR_MAX,
		 "outbox: %.300s: is a database, but no outbox of this version; name another "
		 "outbox.file",
		 o->path);
	return application == ask(o->db, "SELECT " APPLICATION) && ask(o->db, "PRAGMA user_version") == 1 ? FOUND_OURS :
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
	snprintf(o->notice, sizeof(o->notice),
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
			outbox_lose(o, s, OUTBOX_DAMAGED, waits - here, o->window.first - 1, o->wall);
		if (s->scanned < o->window.first - 1)
			s->position = s->taken = s->scanned = o->window.first - 1;
	}
	o->window.kept = o->window.tail;
	return look(o, error) == FOUND_EMPTY && make(o);
}

static bool
insert(struct outbox *o)
{
	struct statement *s = statement_of(o->db, "INSERT INTO lines(id, wants, kind, severity, time, gateway, line) "
						  "VALUES(?, ?, ?, ?, ?, ?, ?)");
	uint64_t at = o->window.kept;
	struct outbox_line l;
	bool fine = true;

	while (fine && window_next(&o->window, &at, &l)) {
		if (!outbox_is_waited_for(o, &l))
			continue;
		statement_i64(s, (int64_t)l.id);
		statement_i64(s, (int64_t)l.wants);
		statement_i64(s, l.kind);
		statement_i64(s, l.severity);
		statement_i64(s, l.time.ns);
		statement_text(s, l.gateway);
		statement_bytes(s, l.line, l.n);
		(void)statement_next(s);
		fine = !*database_error(o->db);
		statement_again(s);
	}
	return statement_end(s) && fine;
}

/* Between two positions that follow each other the sinks that are done are the same: what none of the others wants goes. */
static bool
sweep_between(struct outbox *o, uint64_t from, uint64_t to)
{
	int64_t others = 0;

	for (unsigned i = 0; i < o->sinks; i++)
		if (o->sink[i].position < to)
			others |= (int64_t)o->sink[i].slot;
	return from >= to || RUN_WITH(o->db, "DELETE FROM lines WHERE id > ? AND id <= ? AND wants & ? = 0",
				      (int64_t)from, (int64_t)to, others);
}

/* The least position above `from`, at most `to`. */
static uint64_t
next_position(const struct outbox *o, uint64_t from, uint64_t to)
{
	for (unsigned i = 0; i < o->sinks; i++)
		if (o->sink[i].position > from && o->sink[i].position < to)
			to = o->sink[i].position;
	return to;
}

/* Only where somebody moved on since the last commit. */
static bool
sweep(struct outbox *o)
{
	for (unsigned i = 0; i < o->sinks; i++) {
		uint64_t from = o->sink[i].swept;

		while (from < o->sink[i].position) {
			uint64_t to = next_position(o, from, o->sink[i].position);

			if (!sweep_between(o, from, to))
				return false;
			from = to;
		}
	}
	return true;
}

static bool
put_sinks(struct outbox *o)
{
	struct statement *s =
		statement_of(o->db, "INSERT OR REPLACE INTO sinks(name, slot, position, told, sent, lost, "
				    "events) VALUES(?, ?, ?, ?, ?, ?, ?)");

	for (unsigned i = 0; i < o->sinks; i++) {
		const struct outbox_sink *k = &o->sink[i];

		statement_text(s, k->name);
		statement_i64(s, (int64_t)k->slot);
		statement_i64(s, (int64_t)k->position);
		statement_i64(s, (int64_t)k->told);
		statement_i64(s, (int64_t)k->sent);
		statement_i64(s, (int64_t)k->lost);
		statement_i64(s, k->events);
		(void)statement_next(s);
		statement_again(s);
	}
	return statement_end(s);
}

static bool
put_losses(struct outbox *o)
{
	struct statement *s;

	if (!database_run(o->db, "DELETE FROM losses"))
		return false;
	s = statement_of(o->db, "INSERT INTO losses(sink, cause, lines, first_id, last_id, first, last) "
				"VALUES(?, ?, ?, ?, ?, ?, ?)");
	for (unsigned i = 0; i < o->losses.count; i++) {
		const struct outbox_loss *l = &o->losses.loss[i];

		statement_text(s, l->sink);
		statement_i64(s, (int64_t)l->cause);
		statement_i64(s, (int64_t)l->count);
		statement_i64(s, (int64_t)l->first_id);
		statement_i64(s, (int64_t)l->last_id);
		statement_i64(s, l->first.ns);
		statement_i64(s, l->last.ns);
		(void)statement_next(s);
		statement_again(s);
	}
	return statement_end(s);
}

bool
store_commit(struct outbox *o)
{
	return database_begin(o->db) && insert(o) && sweep(o) && put_sinks(o) && put_losses(o) &&
	       RUN_WITH(o->db, "UPDATE outbox SET next = ?", (int64_t)o->next_id) && database_commit(o->db);
}

/* Lines of `s` (id, wants, time) whose event was before that are lost to whom waits for them; *last: the last one's id.
   How many. */
static unsigned
count_lost(struct outbox *o, struct statement *s, struct when before, enum outbox_cause cause, int64_t *last)
{
	unsigned n = 0;

	for (; statement_next(s) && column_i64(s, 2) < before.ns; n++) {
		*last = column_i64(s, 0);
		for (unsigned i = 0; i < o->sinks; i++)
			if (outbox_waits_for(&o->sink[i], (uint64_t)column_i64(s, 1), (uint64_t)*last))
				outbox_lose(o, &o->sink[i], cause, 1, (uint64_t)*last, (struct when){column_i64(s, 2)});
	}
	return n;
}

/* A piece of the oldest lines of these kinds, as far as they are older than that. */
static bool
give_up(struct outbox *o, bool lesser, struct when before, enum outbox_cause cause, unsigned *n)
{
	struct statement *s =
		statement_of(o->db, lesser ? "SELECT id, wants, time FROM lines WHERE " LESSER " ORDER BY id LIMIT ?" :
					     "SELECT id, wants, time FROM lines ORDER BY id LIMIT ?");
	int64_t last = 0;

	statement_i64(s, BOUND_LINES);
	*n = count_lost(o, s, before, cause, &last);
	return statement_end(s) && (*n == 0 || RUN_WITH(o->db,
							lesser ? "DELETE FROM lines WHERE " LESSER " AND id <= ?" :
								 "DELETE FROM lines WHERE id <= ?",
							last));
}

/* Ids are in the order of events, but for clocks that step: the first that is young ends it. */
static bool
drop_old(struct outbox *o)
{
	unsigned n;

	do {
		if (!give_up(o, false, when_add(o->wall, -o->age_ns), OUTBOX_AGE, &n))
			return false;
	} while (n == BOUND_LINES);
	return true;
}

/* The oldest sessions and counters first; alerts when there is nothing else. */
static bool
make_room(struct outbox *o, unsigned *n)
{
	static const struct when ANY = {INT64_MAX};

	return give_up(o, true, ANY, OUTBOX_SIZE, n) && (*n || give_up(o, false, ANY, OUTBOX_SIZE, n));
}

static uint64_t
used_bytes(struct outbox *o)
{
	int64_t pages = ask(o->db, "PRAGMA page_count") - ask(o->db, "PRAGMA freelist_count");

	return (uint64_t)pages * (uint64_t)ask(o->db, "PRAGMA page_size");
}

static bool
drop_most(struct outbox *o)
{
	unsigned n = 1;

	while (n && used_bytes(o) > o->size)
		if (!make_room(o, &n))
			return false;
	return true;
}

/* What an outage took is given back, a piece at a time. */
static bool
trim(struct outbox *o)
{
	int64_t free_pages = ask(o->db, "PRAGMA freelist_count");

	return free_pages < TRIM_PAGES || free_pages < ask(o->db, "PRAGMA page_count") / 2 ||
	       database_run(o->db, "PRAGMA incremental_vacuum(2048)");
}

/* Losses that were rolled back did not happen. */
bool
store_bound(struct outbox *o)
{
	const struct outbox_losses losses = o->losses;
	uint64_t lost[OUTBOX_SINKS_MAX];

	for (unsigned i = 0; i < o->sinks; i++)
		lost[i] = o->sink[i].lost;
	if (database_begin(o->db) && drop_old(o) && drop_most(o) && put_sinks(o) && put_losses(o) &&
	    database_commit(o->db))
		return trim(o);
	o->losses = losses;
	for (unsigned i = 0; i < o->sinks; i++)
		o->sink[i].lost = lost[i];
	return false;
}

/* Copies a row behind the others; texts become pointers when all are there. */
static bool
copy_row(struct outbox *o, const struct statement *s, struct sender_event *e)
{
	struct cur line = column_bytes(s, 5);
	const char *gateway = column_text(s, 4);

	*e = (struct sender_event){.id = (uint64_t)column_i64(s, 0),
				   .kind = (enum event_kind)column_i64(s, 1),
				   .severity = (uint8_t)column_i64(s, 2),
				   .time = {column_i64(s, 3)},
				   .n = cur_left(&line)};
	bytes_add(&o->lines, gateway, strlen(gateway) + 1);
	bytes_add(&o->lines, line.p, e->n);
	bytes_u8(&o->lines, 0);
	return !o->lines.failed;
}

static void
point_at(struct outbox *o, struct sender_event *to, size_t n)
{
	const char *p = (const char *)o->lines.p;

	for (size_t i = 0; i < n; i++) {
		to[i].gateway = p;
		p += strlen(p) + 1;
		to[i].line = p;
		p += to[i].n + 1;
	}
}

static bool
wants_lesser(const struct outbox_sink *s)
{
	return s->events & ~(EVENT_ALERT | EVENT_INCIDENT);
}

#define BEHIND(and)                                                                                                    \
	"SELECT id, kind, severity, time, gateway, line FROM lines WHERE " and                                         \
		" id > ? AND id < ? AND wants & ? != 0 ORDER BY id LIMIT ?"

size_t
store_take(struct outbox *o, struct outbox_sink *s, struct sender_event *to, size_t max, size_t bytes, bool *end)
{
	struct statement *q = statement_of(o->db, wants_lesser(s) ? BEHIND("") : BEHIND(GREATER " AND "));
	size_t n = 0;

	o->lines.n = 0;
	o->lines.failed = false;
	statement_i64(q, (int64_t)s->scanned);
	statement_i64(q, (int64_t)o->window.first);
	statement_i64(q, (int64_t)s->slot);
	statement_i64(q, (int64_t)max);
	while (n < max && (n == 0 || o->lines.n < bytes) && statement_next(q) && copy_row(o, q, &to[n]))
		n++;
	*end = n < max && (n == 0 || o->lines.n < bytes) && !*database_error(o->db) && !o->lines.failed;
	statement_end(q);
	point_at(o, to, n);
	if (n)
		s->scanned = to[n - 1].id;
	if (*end)
		s->scanned = o->window.first - 1;
	return n;
}

struct when
store_oldest(struct outbox *o, const struct outbox_sink *s)
{
	struct statement *q =
		statement_of(o->db, wants_lesser(s) ? "SELECT time FROM lines WHERE id > ? AND wants & ? != 0 LIMIT 1" :
						      "SELECT time FROM lines WHERE " GREATER
						      " AND id > ? AND wants & ? != 0 LIMIT 1");
	struct when t = {0};

	statement_i64(q, (int64_t)s->position);
	statement_i64(q, (int64_t)s->slot);
	if (statement_next(q))
		t.ns = column_i64(q, 0);
	statement_end(q);
	return t;
}
