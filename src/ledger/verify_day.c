/*
 * verify_day: the inside of a day: each entry of the chain against what the files hold now.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/block.h"
#include "ledger/squeeze.h"
#include "ledger/verify_parts.h"

enum { TAIL_BYTES_MAX = 1 << 28 };

/* The day's entries in memory: a block's rows belong to many of them. */
struct walk {
	struct verify *v;
	struct day *d;
	char date[CHAIN_DATE];
	struct chain_entry *entry;
	bool *seen;  /* its records were found */
	bool unread; /* some could not be looked for */
	size_t n;
};

static void
say(struct walk *w, enum verify_kind kind, int64_t commit, const char *what)
{
	char words[256], at[40] = "";
	struct when time;

	for (size_t i = 0; i < w->n; i++)
		if (w->entry[i].commit == commit && !__builtin_mul_overflow(w->entry[i].time_us, NS_PER_US, &time.ns)) {
			struct out o = out_of(at, sizeof(at) - 1);

			out_time_s(&o, time);
			*o.p = '\0';
		}
	snprintf(words, sizeof(words), "%s: commit %" PRId64 "%s%s%s: %s", w->date, commit, *at ? " (" : "", at,
		 *at ? ")" : "", what);
	verify_say(w->v, kind, words);
}

/* The system fails, not the bytes: nothing is known of them, and what rests on them is not judged. */
static bool
is_unread(struct walk *w, struct database *db, int64_t commit, const char *what)
{
	char words[160];
	int number = database_errno(db);

	database_rollback(db);
	if (!number)
		return false;
	snprintf(words, sizeof(words), "%s cannot be read: %s", what, strerror(number));
	say(w, VERIFY_UNREADABLE, commit, words);
	return w->unread = true;
}

static bool
load_entries(struct walk *w)
{
	struct chain_entry e = {.commit = 0}, *more;
	size_t room = 0;
	int64_t at = 0;

	while (day_entry(w->d, at, &e)) {
		if (w->n == room) {
			room = room ? room * 2 : 64;
			more = realloc(w->entry, room * sizeof(*more));
			if (!more)
				return false;
			w->entry = more;
		}
		w->entry[w->n++] = e;
		at = e.commit;
	}
	w->seen = calloc(w->n + 1, sizeof(*w->seen));
	return w->seen != NULL;
}

static void
check_chain(struct walk *w, const struct digest *link, const struct digest *head)
{
	struct digest last = *link;

	if (!digest_same(&w->d->link, link))
		say(w, VERIFY_ALTERED, 0, "the day does not begin where the day before ended");
	for (size_t i = 0; i < w->n; i++) {
		const struct chain_entry *e = &w->entry[i];
		struct digest now = chain_next(&last, e);

		if (e->commit != (int64_t)i + 1)
			say(w, VERIFY_MISSING, (int64_t)i + 1, "its entry in the chain is missing");
		if (!digest_same(&now, &e->hash))
			say(w, VERIFY_ALTERED, e->commit,
			    "its entry in the chain is not what follows from the one before");
		last = e->hash;
	}
	if (head && !digest_same(&last, head))
		say(w, VERIFY_ALTERED, (int64_t)w->n, "the chain does not end with the head that was sealed");
}

static void
check_tables(struct walk *w)
{
	char words[80];

	for (size_t i = 0; i < w->n; i++)
		for (unsigned t = 0; t < CHAIN_TABLES; t++) {
			struct digest now;
			bool fine = day_digest_table(w->d, t, w->entry[i].commit, &now) &&
				    digest_same(&now, &w->entry[i].table[t]);

			snprintf(words, sizeof(words), "table %s", DAY_TABLES[t]);
			if (is_unread(w, w->d->summary, w->entry[i].commit, words) || fine)
				continue;
			snprintf(words, sizeof(words), "table %s holds other rows", DAY_TABLES[t]);
			say(w, VERIFY_ALTERED, w->entry[i].commit, words);
		}
}

/* Rows that no entry knows of: of the summary, somebody added them; of the sessions, power went between two commits. */
static void
check_stray(struct walk *w, struct database *db, const char *table, const char *column, enum verify_kind kind)
{
	char sql[160], words[80];
	struct statement *s;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s WHERE %s < 1 OR %s > %zu", table, column, column, w->n);
	s = statement_of(db, sql);
	if (statement_next(s) && column_i64(s, 0)) {
		snprintf(words, sizeof(words), "%s: %s rows that the chain does not know", w->date, table);
		verify_say(w->v, kind, words);
	}
	statement_end(s);
	snprintf(words, sizeof(words), "table %s", table);
	is_unread(w, db, 0, words);
}

static void
check_blocks(struct walk *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct digest now;
		bool fine = day_digest_blocks(w->d, w->entry[i].commit, &now) && digest_same(&now, &w->entry[i].blocks);

		if (!is_unread(w, w->d->sessions, w->entry[i].commit, "a block of it") && !fine)
			say(w, VERIFY_ALTERED, w->entry[i].commit, "a block of it is not what was written");
	}
}

/* So many rows from here on are that commit's. */
static void
check_rows(struct walk *w, struct cur *rows, int64_t commit)
{
	struct cur c = *rows;
	struct digest now;

	if (commit < 1 || (size_t)commit > w->n)
		return;
	for (int64_t i = 0; i < w->entry[commit - 1].rows && !c.bad; i++) {
		cur_u8(&c);
		cur_skip(&c, cur_varint(&c));
	}
	now = digest_of(rows->p, (size_t)(c.p - rows->p));
	if (c.bad || !digest_same(&now, &w->entry[commit - 1].records))
		say(w, VERIFY_ALTERED, commit, "its records are not what was written");
	w->seen[commit - 1] = true;
	*rows = c;
}

static void
check_block_rows(struct walk *w)
{
	struct statement *s = statement_of(w->d->sessions, "SELECT first, last, bytes FROM block ORDER BY first");
	bool fine;

	while (statement_next(s)) {
		int64_t first = column_i64(s, 0), last = column_i64(s, 1);
		struct bytes rows = {.p = NULL};
		struct block_rows b;
		struct cur c;

		if (first < 1 || last < first || (size_t)last > w->n)
			continue; /* told as a stray */
		if (!block_get(column_bytes(s, 2), &b)) {
			if (block_is_newer(column_bytes(s, 2)))
				say(w, VERIFY_UNREADABLE, first, "its block was written by a newer gatewitness");
			else
				say(w, VERIFY_ALTERED, first, "its block cannot be read");
			for (int64_t k = first; k <= last; k++)
				w->seen[k - 1] = true;
			continue;
		}
		block_rows(&rows, &b);
		c = bytes_cur(&rows);
		for (int64_t k = first; k <= last && !b.unknown; k++)
			check_rows(w, &c, k);
		if (!b.unknown && cur_left(&c))
			say(w, VERIFY_ALTERED, last, "its block holds more records than were written");
		bytes_free(&rows);
		block_free(&b);
	}
	fine = statement_end(s);
	if (!is_unread(w, w->d->sessions, 0, "the table of blocks") && !fine)
		say(w, VERIFY_ALTERED, 0, "the table of blocks cannot be read");
}

static void
check_tail_rows(struct walk *w)
{
	struct statement *s =
		statement_of(w->d->sessions, "SELECT commit_no, bytes, rows FROM tail ORDER BY commit_no");
	bool fine;

	while (statement_next(s)) {
		int64_t commit = column_i64(s, 0);
		struct bytes rows = {.p = NULL};
		struct cur packed = column_bytes(s, 1), c;

		if (commit < 1 || (size_t)commit > w->n)
			continue; /* told as a stray */
		if (!unsqueeze(&rows, &packed, TAIL_BYTES_MAX))
			rows.n = 0;
		c = bytes_cur(&rows);
		check_rows(w, &c, commit);
		if (column_i64(s, 2) != w->entry[commit - 1].rows)
			say(w, VERIFY_ALTERED, commit, "its tail tells another number of records");
		if (cur_left(&c))
			say(w, VERIFY_ALTERED, commit, "its tail holds more records than were written");
		bytes_free(&rows);
	}
	fine = statement_end(s);
	if (!is_unread(w, w->d->sessions, 0, "the tail") && !fine)
		say(w, VERIFY_ALTERED, 0, "the tail cannot be read");
}

void
verify_day(struct verify *v, struct day *d, const struct digest *link, const struct digest *head)
{
	struct walk w = {.v = v, .d = d};

	chain_date(w.date, d->day);
	/* without the chain there is nothing to hold the day against */
	if (load_entries(&w) && !is_unread(&w, d->summary, 0, "its chain")) {
		check_chain(&w, link, head);
		check_tables(&w);
		for (unsigned t = 0; t < CHAIN_TABLES; t++)
			check_stray(&w, d->summary, DAY_TABLES[t], "commit_no", VERIFY_ALTERED);
		if (d->sessions) {
			check_blocks(&w);
			check_block_rows(&w);
			check_tail_rows(&w);
			check_stray(&w, d->sessions, "tail", "commit_no", VERIFY_TORN);
			check_stray(&w, d->sessions, "block", "last", VERIFY_TORN);
			for (size_t i = 0; i < w.n && !w.unread; i++)
				if (w.entry[i].rows && !w.seen[i])
					say(&w, VERIFY_MISSING, w.entry[i].commit, "its records are not there");
		}
	}
	free(w.entry);
	free(w.seen);
}
