/*
 * ledger_retain: what is too old, or too much, goes: sessions first, then summaries, the oldest first, never the day
 * that goes on; the coverage tells of each file, and the seals stay.
 *
 * Must not believe a clock that jumped: age counts only while the day that was sealed last is itself within it.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/attached.h"
#include "ledger/ledger_parts.h"

static uint64_t
size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static bool
path_of(char path[PATH_MAX], const struct ledger *l, int64_t day, const char *end)
{
	char date[CHAIN_DATE];

	chain_date(date, day);
	return snprintf(path, PATH_MAX, "%s/%s.%s", l->folder, date, end) < PATH_MAX;
}

static uint64_t
weigh(const struct ledger *l)
{
	uint64_t sum = attached_weight(l->folder);
	char path[PATH_MAX];

	for (size_t i = 0; i < l->seals.n; i++) {
		if (path_of(path, l, l->seals.seal[i].day, "sessions"))
			sum += size_of(path);
		if (path_of(path, l, l->seals.seal[i].day, "summary"))
			sum += size_of(path);
	}
	return sum;
}

/* 2020-01-01: a board whose clock was not set yet has days before.  They are as old as the day that followed. */
static const int64_t DAY_FIRST = 18262;

static int64_t
age_of(const struct ledger *l, size_t i)
{
	while (i < l->seals.n && l->seals.seal[i].day < DAY_FIRST)
		i++;
	return i < l->seals.n ? chain_day(l->now) - l->seals.seal[i].day : 0;
}

/* How many of the sealed days, in the order in which they were sealed, are older than that. */
static size_t
count_old(const struct ledger *l, int64_t days)
{
	size_t n = l->seals.n;

	if (!days || !n || age_of(l, n - 1) > days)
		return 0;
	while (n && age_of(l, n - 1) <= days)
		n--;
	return n;
}

static bool
expire(struct ledger *l, const char *end, int64_t days)
{
	char note[CHAIN_DATE + 64], date[CHAIN_DATE], path[PATH_MAX];
	size_t old = count_old(l, days);
	bool some = false;

	for (size_t i = 0; i < l->seals.n; i++) {
		if (i >= old && (!l->cfg.quota || weigh(l) <= l->cfg.quota))
			break;
		if (!path_of(path, l, l->seals.seal[i].day, end))
			continue;
		if (unlink(path) < 0) {
			if (errno == ENOENT)
				continue;
			break; /* what is older stays: nothing younger goes before it */
		}
		chain_date(date, l->seals.seal[i].day);
		snprintf(note, sizeof(note), "expired: %s.%s: %s", date, end, i < old ? "too old" : "ledger.quota");
		ledger_note(l, note, 0);
		some = true;
	}
	return some;
}

void
ledger_retain(struct ledger *l)
{
	if (!ledger_commit(l)) /* names of attached files among what waits */
		return;
	if (expire(l, "sessions", l->cfg.session_days))
		attached_sweep(l->folder);
	expire(l, "summary", l->cfg.summary_days);
}
