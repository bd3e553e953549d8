/*
 * ledger_snapshot: when what was learnt is due to be kept again, so that a hunt need not begin at the first record.
 * Must not know what it is.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ledger/attached.h"
#include "ledger/ledger_parts.h"

/* The last one of a day; 0: none. */
static struct when
last_of(struct day *d)
{
	struct statement *s = statement_of(d->summary, "SELECT max(time_us) FROM setting WHERE name = 'snapshot'");
	struct when t = {0};

	if (!statement_next(s) || __builtin_mul_overflow(column_i64(s, 0), NS_PER_US, &t.ns))
		t.ns = 0;
	statement_end(s);
	return t;
}

/* As far back as it matters. */
void
ledger_find_snapshot(struct ledger *l)
{
	char error[DATABASE_ERROR_MAX];
	size_t n;
	int64_t *days = days_in(l->folder, &n), oldest = chain_day(l->now) - l->cfg.snapshot_days;
	struct day d;

	while (n-- > 0 && !l->snapshot_at.ns && days[n] > oldest)
		if (day_read(&d, l->folder, days[n], error)) {
			l->snapshot_at = last_of(&d);
			day_close(&d);
		}
	free(days);
}

/* A day begins. */
void
ledger_due_snapshot(struct ledger *l)
{
	l->snapshot_due = l->cfg.snapshot_days &&
			  (!l->snapshot_at.ns || chain_day(l->now) - chain_day(l->snapshot_at) >= l->cfg.snapshot_days);
}

bool
ledger_wants_snapshot(const struct ledger *l)
{
	return l->snapshot_due && !*l->error;
}

bool
ledger_snapshot(struct ledger *l, const void *bytes, size_t n, const char *made_by)
{
	char hex[ATTACHED_HEX], value[ATTACHED_HEX + 160];

	l->snapshot_due = false;
	if (!n || !attached_put(l->folder, "snapshot", bytes, n, hex))
		return false;
	l->snapshot_at = l->now;
	snprintf(value, sizeof(value), "%s kept %.128s", hex, made_by);
	ledger_setting(l, "snapshot", value);
	return true;
}
