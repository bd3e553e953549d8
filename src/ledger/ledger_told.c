/*
 * ledger_told: rows of the summary's tables: findings, incidents, coverage, settings.  They wait in memory, as the
 * records do, until a commit takes them: what fails to reach the disk is still there to be tried again.
 *
 *	row	table | values	value: kind, then what it holds
 *
 * Must not touch the database but in ledger_put_told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_parts.h"

enum value { VALUE_END, VALUE_NONE, VALUE_NUMBER, VALUE_TEXT, VALUE_ROW };
enum { COLUMNS_MAX = 24 };

static void
put_i64(struct ledger *l, int64_t v)
{
	bytes_u8(&l->told, VALUE_NUMBER);
	bytes_u64le(&l->told, (uint64_t)v);
}

static void
put_text(struct ledger *l, const char *text)
{
	size_t n = text ? strlen(text) + 1 : 0;

	bytes_u8(&l->told, text ? VALUE_TEXT : VALUE_NONE);
	if (!text)
		return;
	bytes_varint(&l->told, n);
	bytes_add(&l->told, text, n);
}

static void
put_id(struct ledger *l, uint64_t id)
{
	char hex[17];

	*put_hex_u64(hex, id) = '\0';
	put_text(l, hex);
}

static void
put_addr(struct ledger *l, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	addr_print(a, text);
	put_text(l, text);
}

static void
put_sessions(struct ledger *l, const struct finding *f)
{
	char text[FINDING_SESSIONS * 17 + 1], *p = text;

	for (uint32_t i = 0; i < f->session_count && i < FINDING_SESSIONS; i++) {
		if (i)
			*p++ = ' ';
		p = put_hex_u64(p, f->session[i]);
	}
	*p = '\0';
	put_text(l, text);
}

/* False: there is no room while the disk does not take what waits; counted. */
static bool
begin(struct ledger *l, enum day_table table)
{
	if (ledger_failed(l))
		return false;
	if (*l->error && l->told.n > WAITING_BYTES) {
		l->failing.rows++;
		return false;
	}
	bytes_u8(&l->told, (uint8_t)table);
	return true;
}

static void
end(struct ledger *l)
{
	bytes_u8(&l->told, VALUE_END);
	l->told_rows++;
	ledger_due(l, l->cfg.commit_ns);
	if (l->told.failed)
		ledger_fail(l, "no memory for the ledger's findings");
}

void
ledger_finding(struct ledger *l, const struct finding *f)
{
	const struct detector_info *d = detector_by_id(f->detector);

	ledger_advance(l, f->time);
	if (!begin(l, TABLE_FINDING))
		return;
	put_i64(l, f->time.ns / NS_PER_US);
	put_id(l, f->id);
	put_id(l, f->incident);
	put_text(l, d ? d->name : "");
	put_i64(l, f->severity);
	put_i64(l, f->confidence);
	put_i64(l, f->gateway);
	put_i64(l, f->opens);
	put_i64(l, f->worsens);
	put_i64(l, f->learning);
	put_i64(l, f->degraded);
	put_i64(l, f->weak);
	put_text(l, f->suppressed);
	put_addr(l, &f->actor);
	put_addr(l, &f->target);
	put_text(l, f->text);
	put_sessions(l, f);
	put_i64(l, f->coverage);
	end(l);
	ledger_due(l, LEDGER_FINDING_S * NS_PER_S);
}

void
ledger_closed(struct ledger *l, const struct incident *i)
{
	if (!begin(l, TABLE_INCIDENT))
		return;
	put_id(l, i->id);
	put_i64(l, i->opened.ns / NS_PER_US);
	put_i64(l, i->last.ns / NS_PER_US);
	put_addr(l, &i->actor);
	put_i64(l, i->gateway);
	put_i64(l, i->severity);
	put_i64(l, i->findings);
	end(l);
}

static void
put_setting(struct ledger *l, const char *name, const char *value)
{
	if (!begin(l, TABLE_SETTING))
		return;
	put_i64(l, l->now.ns / NS_PER_US);
	bytes_u8(&l->told, VALUE_ROW);
	bytes_u64le(&l->told, (uint64_t)l->pending_rows);
	put_text(l, name);
	put_text(l, value);
	end(l);
}

void
ledger_setting(struct ledger *l, const char *name, const char *value)
{
	if (l->now.ns) /* else no day is known yet: it waits for the first */
		ledger_advance(l, l->now);
	put_setting(l, name, value);
}

/* NULL: no memory; the days to come lack it then. */
static struct in_force *
find_in_force(struct ledger *l, const char *name)
{
	struct in_force *more;

	for (size_t i = 0; i < l->in_force_count; i++)
		if (strcmp(l->in_force[i].name, name) == 0)
			return &l->in_force[i];
	more = realloc(l->in_force, (l->in_force_count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	l->in_force = more;
	more += l->in_force_count++;
	*more = (struct in_force){strdup(name), NULL};
	return more;
}

void
ledger_in_force(struct ledger *l, const char *name, const char *value)
{
	struct in_force *f = find_in_force(l, name);

	if (f) {
		free(f->value);
		f->value = strdup(value);
	}
	ledger_setting(l, name, value);
}

void
ledger_begin_day(struct ledger *l)
{
	for (size_t i = 0; i < l->in_force_count; i++)
		if (l->in_force[i].name && l->in_force[i].value)
			put_setting(l, l->in_force[i].name, l->in_force[i].value);
}

void
ledger_free_in_force(struct ledger *l)
{
	for (size_t i = 0; i < l->in_force_count; i++) {
		free(l->in_force[i].name);
		free(l->in_force[i].value);
	}
	free(l->in_force);
}

void
ledger_coverage(struct ledger *l, const struct ledger_event *e)
{
	const struct ledger_seen *a = &l->at_minute, *b = &l->seen;

	if (!begin(l, TABLE_COVERAGE))
		return;
	put_i64(l, e->begin.ns / NS_PER_US);
	put_i64(l, e->end.ns / NS_PER_US);
	put_text(l, e->cause);
	put_i64(l, (int64_t)(b->frames - a->frames));
	put_i64(l, (int64_t)(b->bytes - a->bytes));
	put_i64(l, (int64_t)(b->lost_ring - a->lost_ring));
	put_i64(l, (int64_t)(b->lost_interface - a->lost_interface));
	put_i64(l, (int64_t)(b->lost_upstream - a->lost_upstream));
	put_i64(l, (int64_t)(b->lost_memory - a->lost_memory));
	put_i64(l, e->rows);
	end(l);
}

void
ledger_gap(struct ledger *l, struct when begin, struct when end, const char *cause)
{
	ledger_coverage(l, &(struct ledger_event){.begin = begin, .end = end, .cause = cause});
	ledger_due(l, LEDGER_FINDING_S * NS_PER_S);
}

void
ledger_happened(struct ledger *l, const char *cause)
{
	ledger_note(l, cause, 0);
}

void
ledger_note(struct ledger *l, const char *cause, int64_t rows)
{
	ledger_coverage(l, &(struct ledger_event){.begin = l->now, .end = l->now, .cause = cause, .rows = rows});
}

static void
bind(struct statement *s, struct cur *c, int64_t rows_before)
{
	size_t n;

	switch (cur_u8(c)) {
	case VALUE_NUMBER:
		statement_i64(s, (int64_t)cur_u64le(c));
		break;
	case VALUE_ROW:
		statement_i64(s, rows_before + (int64_t)cur_u64le(c));
		break;
	case VALUE_TEXT:
		n = cur_varint(c);
		statement_text(s, (const char *)cur_take(c, n));
		break;
	default:
		statement_text(s, NULL);
	}
}

bool
ledger_put_told(struct ledger *l)
{
	struct cur c = bytes_cur(&l->told);
	bool fine = true;

	while (fine && cur_left(&c)) {
		struct statement *s = statement_of(l->day.summary, DAY_INSERTS[cur_u8(&c)]);

		statement_i64(s, l->day.commits + 1);
		while (*c.p != VALUE_END)
			bind(s, &c, l->day.rows);
		cur_u8(&c);
		statement_next(s);
		fine = statement_end(s);
	}
	return fine;
}
