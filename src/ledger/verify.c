/*
 * verify: seals, files, anchors; the inside of a day is verify_day.c's.  Must not write, and must not stop at the first
 * thing that is wrong.
 */
#include "ledger/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/verify_parts.h"

const char *
verify_word(enum verify_kind kind)
{
	static const char *const WORDS[] = {
		[VERIFY_WHOLE] = "whole",     [VERIFY_OPEN] = "open",       [VERIFY_EXPIRED] = "expired",
		[VERIFY_TORN] = "torn",       [VERIFY_MISSING] = "missing", [VERIFY_UNREADABLE] = "unread",
		[VERIFY_ALTERED] = "altered",
	};

	return WORDS[kind];
}

void
verify_say(struct verify *v, enum verify_kind kind, const char *words)
{
	v->count[kind]++;
	if (v->say)
		v->say(v->arg, kind, words);
}

static void
about_seal(struct verify *v, enum verify_kind kind, const struct seal *s, const char *what)
{
	char words[256], date[CHAIN_DATE];

	chain_date(date, s->day);
	snprintf(words, sizeof(words), "%s: its seal %s", date, what);
	verify_say(v, kind, words);
}

static void
check_seal(struct verify *v, const struct seals *all, size_t i)
{
	static const struct digest none;
	const struct seal *s = &all->seal[i], *last = i ? s - 1 : NULL;
	const uint8_t *public = v->public ? v->public : all->seal[0].public;

	if (!s->holds)
		about_seal(v, VERIFY_ALTERED, s, "is not signed by the key that it names");
	else if (memcmp(s->public, public, SIGN_KEY) != 0)
		about_seal(v, VERIFY_ALTERED, s, "is signed by another key");
	if (!digest_same(&s->before, last ? &last->line : &none))
		about_seal(v, VERIFY_MISSING, s, "does not follow the line before it: one was taken away or altered");
	if (!digest_same(&s->link, last ? &last->head : &none))
		about_seal(v, VERIFY_MISSING, s, "does not begin where the day before ended");
}

/* A file of a sealed day: 1 as sealed, 0 not there, -1 something else, -2 it cannot be read. */
static int
check_file(struct verify *v, const struct seal_file *sealed, const char *path, bool expires)
{
	struct seal_file now;
	char words[PATH_MAX + 128];

	if (access(path, F_OK) != 0) {
		snprintf(words, sizeof(words), "%s: %s", path,
			 expires ? "expired by retention, the seal is left" : "is not there, but was sealed");
		verify_say(v, expires ? VERIFY_EXPIRED : VERIFY_MISSING, words);
		return 0;
	}
	if (!seal_measure(&now, path)) {
		if (errno) {
			snprintf(words, sizeof(words), "%s: cannot be read: %s", path, strerror(errno));
			verify_say(v, VERIFY_UNREADABLE, words);
			return -2;
		}
		now.size = 0;
	} else if (now.size == sealed->size && digest_same(&now.digest, &sealed->digest)) {
		return 1;
	}
	snprintf(words, sizeof(words), "%s: is not what was sealed (%" PRIu64 " bytes were, %" PRIu64 " are there)",
		 path, sealed->size, now.size);
	verify_say(v, VERIFY_ALTERED, words);
	return -1;
}

/* Retention takes the oldest first: what is missing behind what is there was taken by somebody else. */
struct expiry {
	bool sessions, summary;
};

static void
check_sealed(struct verify *v, const struct seal *s, struct expiry *e)
{
	struct day d;
	char error[DATABASE_ERROR_MAX], words[128], date[CHAIN_DATE];
	int sessions, summary;

	chain_date(date, s->day);
	day_names(&d, v->folder, s->day);
	sessions = check_file(v, &s->sessions, d.sessions_path, e->sessions);
	summary = check_file(v, &s->summary, d.summary_path, e->summary);
	e->sessions = e->sessions && sessions == 0;
	e->summary = e->summary && summary == 0;
	v->days++;
	v->rows += (uint64_t)s->rows;
	if (sessions == 1 && summary == 1) {
		snprintf(words, sizeof(words), "%s: sealed, %" PRId64 " records in %" PRId64 " commits", date, s->rows,
			 s->commits);
		verify_say(v, VERIFY_WHOLE, words);
	}
	if ((sessions == -1 || summary == -1) && summary != 0) {
		if (!day_read(&d, v->folder, s->day, error)) {
			verify_say(v, d.number ? VERIFY_UNREADABLE : VERIFY_ALTERED, error);
			return;
		}
		verify_day(v, &d, &s->link, &s->head);
		day_close(&d);
	}
}

/* What was found wrong so far. */
static uint64_t
wrongs(const struct verify *v)
{
	return v->count[VERIFY_TORN] + v->count[VERIFY_MISSING] + v->count[VERIFY_UNREADABLE] +
	       v->count[VERIFY_ALTERED];
}

/* link: of the day before; then this one's head, from which one that is late (ledger_seal.c) goes on.  One that is damaged
   is left behind. */
static void
check_open(struct verify *v, int64_t day, struct digest *link)
{
	char error[DATABASE_ERROR_MAX], words[160], date[CHAIN_DATE];
	uint64_t before = wrongs(v);
	struct day d;

	chain_date(date, day);
	v->days++;
	if (!day_read(&d, v->folder, day, error)) {
		verify_say(v, d.empty ? VERIFY_TORN : d.number ? VERIFY_UNREADABLE : VERIFY_ALTERED, error);
		return;
	}
	v->rows += (uint64_t)d.rows;
	verify_day(v, &d, link, NULL);
	if (before == wrongs(v)) {
		snprintf(words, sizeof(words), "%s: open, %" PRId64 " records in %" PRId64 " commits", date, d.rows,
			 d.commits);
		verify_say(v, VERIFY_OPEN, words);
		*link = d.head;
	}
	day_close(&d);
}

static void
check_days(struct verify *v, const struct seals *seals)
{
	size_t n;
	int64_t *days = days_in(v->folder, &n);
	struct digest link = {{0}};

	if (seals->n)
		link = seals->seal[seals->n - 1].head;
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < seals->n && seals->seal[k].day != days[i])
			k++;
		if (k == seals->n)
			check_open(v, days[i], &link);
	}
	free(days);
}

bool
anchor_read(struct anchor *a, const char *line, size_t n)
{
	static const char KEY[] = "\"ledger\":{";
	const char *at = memmem(line, n, KEY, sizeof(KEY) - 1);
	char text[160] = "", hex[65]; /* longer than any that is one */
	size_t left = at ? (size_t)(line + n - at) : 0;
	int64_t day;
	int whole = 0;

	*a = (struct anchor){.met = false};
	if (!at)
		return false;
	memcpy(text, at, left < sizeof(text) ? left : sizeof(text) - 1);
	sscanf(text, "\"ledger\":{\"date\":\"%10[0-9-]\",\"commit\":%18" SCNd64 ",\"head\":\"%64[0-9a-f]\"%n", a->date,
	       &a->commit, hex, &whole);
	return whole && a->commit > 0 && chain_parse_date(&day, a->date) &&
	       sign_unhex(a->head.b, sizeof(a->head.b), hex);
}

/* A head that was sent out must be in the chain; of a day that is gone only the last can be. */
static void
check_anchor(struct verify *v, const struct seals *seals, struct anchor *a)
{
	char error[DATABASE_ERROR_MAX], words[256], hex[65];
	struct chain_entry e;
	struct day d;
	int64_t day;
	int number = 0;

	if (!chain_parse_date(&day, a->date))
		return;
	for (size_t i = 0; i < seals->n; i++)
		if (seals->seal[i].day == day && seals->seal[i].commits == a->commit)
			a->met = digest_same(&seals->seal[i].head, &a->head);
	if (!a->met && day_read(&d, v->folder, day, error)) {
		a->met = day_entry(&d, a->commit - 1, &e) && e.commit == a->commit && digest_same(&e.hash, &a->head);
		number = database_errno(d.summary);
		day_close(&d);
	} else if (!a->met) {
		number = d.number == ENOENT ? 0 : d.number;
	}
	sign_hex(hex, a->head.b, sizeof(a->head.b));
	snprintf(words, sizeof(words), "%s: commit %" PRId64 " %s the anchor's head %.16s...", a->date, a->commit,
		 a->met ? "has" :
		 number ? "cannot be read, and may have or not" :
			  "has not",
		 hex);
	verify_say(v, a->met ? VERIFY_WHOLE : number ? VERIFY_UNREADABLE : VERIFY_ALTERED, words);
}

bool
verify_folder(struct verify *v)
{
	struct seals seals;
	struct expiry expiry = {true, true};
	char words[128];

	if (!seals_read(&seals, v->folder)) {
		snprintf(words, sizeof(words), "seals: cannot be read: %s", strerror(errno));
		verify_say(v, VERIFY_MISSING, words);
		seals_free(&seals);
		return false;
	}
	if (seals.cut)
		verify_say(v, VERIFY_TORN, "seals: its last line was cut");
	if (seals.torn) {
		snprintf(words, sizeof(words), "seals: line %zu is no seal", seals.torn);
		verify_say(v, VERIFY_ALTERED, words);
	}
	for (size_t i = 0; i < seals.n; i++) {
		check_seal(v, &seals, i);
		check_sealed(v, &seals.seal[i], &expiry);
	}
	check_days(v, &seals);
	for (size_t i = 0; i < v->anchors; i++)
		check_anchor(v, &seals, &v->anchor[i]);
	verify_attached(v);
	verify_evidence(v);
	seals_free(&seals);
	if (!v->days)
		verify_say(v, VERIFY_MISSING, "seals: there is no day, and no seal of one");
	return v->days > 0;
}
