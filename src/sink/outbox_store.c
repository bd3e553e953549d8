/*
 * outbox_store: what is kept, given up and read back of the outbox's file.  Must not decide who is handed what.
 *
 * What is committed survives kill -9 and a power cut (WAL, synchronous=FULL); what is acknowledged before it is committed
 * never touches the disk.
 */
#include "sink/outbox_parts.h"

#include <string.h>

enum { BOUND_LINES = 512, TRIM_PAGES = 2048 };

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
				outbox_lose(o, &o->sink[i],
					    &(struct outbox_lost){cause, 1, (uint64_t)*last, {column_i64(s, 2)}, ""});
	}
	return n;
}

/* A piece of the oldest lines of these kinds, as far as they are older than that. */
static bool
give_up(struct outbox *o, bool lesser, struct when before, enum outbox_cause cause, unsigned *n)
{
	struct statement *s = statement_of(o->db, lesser ? "SELECT id, wants, time FROM lines WHERE " OUTBOX_LESSER
							   " ORDER BY id LIMIT ?" :
							   "SELECT id, wants, time FROM lines ORDER BY id LIMIT ?");
	int64_t last = 0;

	statement_i64(s, BOUND_LINES);
	*n = count_lost(o, s, before, cause, &last);
	return statement_end(s) &&
	       (*n == 0 || RUN_WITH(o->db,
				    lesser ? "DELETE FROM lines WHERE " OUTBOX_LESSER " AND id <= ?" :
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
	int64_t pages = store_ask(o->db, "PRAGMA page_count") - store_ask(o->db, "PRAGMA freelist_count");

	return (uint64_t)pages * (uint64_t)store_ask(o->db, "PRAGMA page_size");
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
	int64_t free_pages = store_ask(o->db, "PRAGMA freelist_count");

	return free_pages < TRIM_PAGES || free_pages < store_ask(o->db, "PRAGMA page_count") / 2 ||
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
	struct statement *q = statement_of(o->db, wants_lesser(s) ? BEHIND("") : BEHIND(OUTBOX_GREATER " AND "));
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
						      "SELECT time FROM lines WHERE " OUTBOX_GREATER
						      " AND id > ? AND wants & ? != 0 LIMIT 1");
	struct when t = {0};

	statement_i64(q, (int64_t)s->position);
	statement_i64(q, (int64_t)s->slot);
	if (statement_next(q))
		t.ns = column_i64(q, 0);
	statement_end(q);
	return t;
}
