/*
 * verify_attached: the files that settings name against their names.  Must not ask for what no session needs any more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/attached.h"
#include "ledger/verify_parts.h"

static void
check(struct verify *v, const char *date, const char *kind, const char *hex)
{
	char words[256];
	size_t n;
	void *bytes = attached_get(v->folder, kind, hex, &n);

	if (!bytes && errno == EBADMSG) {
		snprintf(words, sizeof(words), "%s: %s-%s: is not what was written", date, kind, hex);
		verify_say(v, VERIFY_ALTERED, words);
	} else if (!bytes) {
		snprintf(words, sizeof(words), "%s: %s-%s: %s", date, kind, hex, strerror(errno));
		verify_say(v, errno == ENOENT ? VERIFY_MISSING : VERIFY_UNREADABLE, words);
	}
	free(bytes);
}

/* Each once: the days after the first name the same. */
static bool
is_new(struct bytes *seen, const char *hex)
{
	for (size_t i = 0; i + ATTACHED_HEX <= seen->n; i += ATTACHED_HEX)
		if (memcmp(seen->p + i, hex, ATTACHED_HEX) == 0)
			return false;
	bytes_add(seen, hex, ATTACHED_HEX);
	return true;
}

void
verify_unnamed(struct verify *v, int64_t day, int number)
{
	char words[256], date[CHAIN_DATE];

	chain_date(date, day);
	snprintf(words, sizeof(words),
		 "%s: its settings cannot be read%s%s: lists, snapshots and evidence that only they name were not "
		 "looked for",
		 date, number ? ": " : "", number ? strerror(number) : "");
	verify_say(v, VERIFY_UNREADABLE, words);
}

static void
check_day(struct verify *v, struct day *d, struct bytes *seen)
{
	struct statement *s = statement_of(d->summary, "SELECT DISTINCT name, value FROM setting");
	char kind[16], hex[ATTACHED_HEX], date[CHAIN_DATE];

	chain_date(date, d->day);
	while (statement_next(s))
		if (attached_named(column_text(s, 0), column_text(s, 1), kind, hex) && is_new(seen, hex))
			check(v, date, kind, hex);
	if (!statement_end(s))
		verify_unnamed(v, d->day, database_errno(d->summary));
}

void
verify_attached(struct verify *v)
{
	char error[DATABASE_ERROR_MAX];
	struct bytes seen = {.p = NULL};
	size_t n;
	int64_t *days = days_in(v->folder, &n);
	struct day d;

	for (size_t i = 0; i < n; i++)
		if (day_read(&d, v->folder, days[i], error)) {
			if (d.sessions)
				check_day(v, &d, &seen);
			day_close(&d);
		} else if (!d.empty) {
			verify_unnamed(v, days[i], d.number);
		}
	free(days);
	bytes_free(&seen);
}
