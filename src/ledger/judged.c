/*
 * judged: see judged.h.  Rows may come from a file that somebody altered: what they say is bounded, not believed.
 */
#include "ledger/judged.h"

#include <stdio.h>

#include "ledger/days.h"

static struct when
time_of(const struct statement *s, unsigned column)
{
	struct when t;

	if (__builtin_mul_overflow(column_i64(s, column), NS_PER_US, &t.ns))
		t.ns = 0;
	return t;
}

static uint64_t
id_of(const char *text)
{
	uint64_t id;

	return sign_unhex((uint8_t *)&id, sizeof(id), text) ? __builtin_bswap64(id) : 0;
}

static uint8_t
small(const struct statement *s, unsigned column, int64_t most)
{
	int64_t v = column_i64(s, column);

	return (uint8_t)(v < 0 ? 0 : v > most ? most : v);
}

static uint16_t
detector_of(const char *name)
{
	const struct detector_info *d = detector_by_name(name);

	return d ? d->id : 0;
}

static void
take_sessions(struct finding *f, const char *text)
{
	enum { ID = 16 };

	while (strlen(text) >= ID && f->session_count < FINDING_SESSIONS) {
		char id[ID + 1];

		snprintf(id, sizeof(id), "%s", text);
		f->session[f->session_count++] = id_of(id);
		text += ID;
		text += *text == ' ';
	}
}

static void
take_finding(const struct judged *j, const struct statement *s)
{
	struct finding f = {.time = time_of(s, 1),
			    .id = id_of(column_text(s, 2)),
			    .incident = id_of(column_text(s, 3)),
			    .detector = detector_of(column_text(s, 4)),
			    .severity = small(s, 5, SEVERITY_CRITICAL),
			    .confidence = small(s, 6, 100),
			    .gateway = small(s, 7, GATEWAYS_MAX),
			    .opens = column_i64(s, 8) != 0,
			    .worsens = column_i64(s, 9) != 0,
			    .learning = column_i64(s, 10) != 0,
			    .degraded = column_i64(s, 11) != 0,
			    .weak = column_i64(s, 12) != 0,
			    .coverage = (uint32_t)column_i64(s, 18)};
	char suppressed[64];

	snprintf(suppressed, sizeof(suppressed), "%s", column_text(s, 13));
	f.suppressed = *suppressed ? suppressed : NULL;
	addr_parse(&f.actor, column_text(s, 14));
	addr_parse(&f.target, column_text(s, 15));
	snprintf(f.text, sizeof(f.text), "%s", column_text(s, 16));
	take_sessions(&f, column_text(s, 17));
	j->finding(j->arg, &f);
}

static bool
read_findings(const struct judged *j, struct day *d)
{
	struct statement *s = statement_of(d->summary, "SELECT * FROM finding ORDER BY rowid");

	while (statement_next(s))
		take_finding(j, s);
	return statement_end(s);
}

static bool
read_incidents(const struct judged *j, struct day *d)
{
	struct statement *s = statement_of(d->summary, "SELECT * FROM incident ORDER BY rowid");

	while (statement_next(s)) {
		struct incident i = {.id = id_of(column_text(s, 1)),
				     .opened = time_of(s, 2),
				     .last = time_of(s, 3),
				     .gateway = small(s, 5, GATEWAYS_MAX),
				     .severity = small(s, 6, SEVERITY_CRITICAL),
				     .findings = (uint32_t)column_i64(s, 7)};

		addr_parse(&i.actor, column_text(s, 4));
		j->incident(j->arg, &i);
	}
	return statement_end(s);
}

static bool
read_settings(const struct judged *j, struct day *d)
{
	struct statement *s = statement_of(
		d->summary,
		"SELECT time_us, name, value FROM setting WHERE substr(name, 1, length(?1)) = ?1 ORDER BY rowid");
	char name[128];

	statement_text(s, j->prefix);
	while (statement_next(s)) {
		snprintf(name, sizeof(name), "%s", column_text(s, 1));
		j->setting(j->arg, time_of(s, 0), name, column_text(s, 2));
	}
	return statement_end(s);
}

bool
judged_read(const struct judged *j)
{
	struct days all;
	bool fine = true;

	days_begin(&all, j->folder);
	while (days_next(&all)) {
		fine = (!j->finding || read_findings(j, &all.day)) && fine;
		fine = (!j->incident || read_incidents(j, &all.day)) && fine;
		fine = (!j->prefix || read_settings(j, &all.day)) && fine;
	}
	return days_end(&all) && fine;
}
