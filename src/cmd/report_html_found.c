/*
 * report_html_found: incidents with their timelines, and what was met on the lists.  Names and subjects are whatever a
 * peer sent: they are written as text, and only as text.
 */
#include <inttypes.h>

#include "cmd/chart.h"
#include "cmd/report.h"

enum { WHOLE_MAX = 40, ROWS_MAX = 200, FINDINGS_FIRST = 10, FINDINGS_LAST = 4, SESSIONS_SHOWN = 10, ONCE_MAX = 8 };

static const char *const BADGES[] = {"badge c0", "badge c1", "badge c2", "badge c3", "badge c4"};
static const char *const ARTICLES[] = {"c0", "c1", "c2", "c3", "c4"};

static void
badge(struct html *h, uint8_t severity)
{
	html_line(h, "span", BADGES[severity % 5], "%s", severity_name(severity));
}

static const char *
name_of(const struct finding *f)
{
	const struct detector_info *d = detector_by_id(f->detector);

	return d ? d->name : "";
}

static const char *
title_of(const struct finding *f)
{
	const struct detector_info *d = detector_by_id(f->detector);

	return d ? d->title : "";
}

static void
line_mark(const void *arg, size_t number, struct chart_mark *mark)
{
	const struct report *r = arg;
	const struct report_incident *i = &r->incident[number];

	mark->at = i->first;
	mark->lane = i->severity % CHART_LANES;
	snprintf(mark->href, sizeof(mark->href), number < WHOLE_MAX ? "#i%016" PRIx64 : "#others", i->id);
	snprintf(mark->title, sizeof(mark->title), "%s %s: %s", words_time(i->first).text, severity_name(i->severity),
		 title_of(report_gravest(i)));
}

static void
line_span(const void *arg, size_t number, struct when *begin, struct when *end)
{
	const struct report *r = arg;

	*begin = r->hunt.coverage.gap[number].begin;
	*end = r->hunt.coverage.gap[number].end;
}

static void
overview(struct html *h, const struct report *r)
{
	struct chart_line line = {.id = "incident-chart",
				  .title = "Incidents by their beginning, and when nothing was watched",
				  .description =
					  "A lane for each severity, a mark where an incident began. The bar below "
					  "is solid while the sensor watched, and empty while it did not.",
				  .begin = r->hunt.begin,
				  .end = r->hunt.end,
				  .arg = r,
				  .marks = r->incidents,
				  .mark = line_mark,
				  .spans = r->hunt.coverage.gaps,
				  .span = line_span};

	for (unsigned lane = 0; lane < CHART_LANES; lane++)
		line.lane[lane] = severity_name(lane);
	html_open(h, "figure");
	chart_line(h, &line);
	html_begin(h, "figcaption", "legend");
	html_say(h, "%s (UTC). ", line.title);
	for (unsigned lane = CHART_LANES; lane-- > 0;) {
		html_open(h, "span");
		chart_shape(h, lane);
		html_text(h, line.lane[lane]);
		html_close(h);
	}
	html_close(h);
	html_close(h);
}

static void
numbers(struct html *h, const struct finding *f)
{
	char number[64], name[64];

	if (!f->number_count)
		return;
	html_begin(h, "p", "soft");
	for (uint32_t n = 0; n < f->number_count && n < FINDING_NUMBERS; n++) {
		report_number(&f->number[n], number);
		snprintf(name, sizeof(name), "%s", f->number[n].name);
		for (char *p = name; (p = strchr(p, '_')) != NULL;)
			*p = ' ';
		html_say(h, "%s%s: %s", n ? "; " : "", name, number);
	}
	html_close(h);
}

static void
finding(struct html *h, const struct finding *f)
{
	html_open(h, "tr");
	html_line(h, "td", "t", "%s", words_time(f->time).text);
	html_open(h, "td");
	badge(h, f->severity);
	html_line(h, "span", "mono", "%s", name_of(f));
	html_line(h, "p", NULL, "%s", f->text);
	html_line(h, "p", "soft", "confidence %u %%%s%s%s%s%s", f->confidence, f->weak ? ", evidence only" : "",
		  f->learning ? ", while learning" : "", f->degraded ? ", parts of the traffic were not seen" : "",
		  f->expected ? ", announced: " : "", f->expected ? f->expected : "");
	numbers(h, f);
	html_close(h);
	html_close(h);
}

static void
findings(struct html *h, const struct report_incident *i)
{
	size_t last = i->findings > FINDINGS_FIRST + FINDINGS_LAST ? i->findings - FINDINGS_LAST : FINDINGS_FIRST;

	html_begin(h, "table", "wide");
	html_open(h, "thead");
	html_open(h, "tr");
	html_line(h, "th", "t", "Time (UTC)");
	html_line(h, "th", NULL, "What was seen");
	html_close(h);
	html_close(h);
	html_open(h, "tbody");
	for (size_t k = 0; k < i->findings; k++) {
		if (k >= FINDINGS_FIRST && k < last) {
			html_open(h, "tr");
			html_line(h, "td", NULL, "...");
			html_line(h, "td", "soft", "%s more findings; --json has all",
				  words_number(last - FINDINGS_FIRST).text);
			html_close(h);
			k = last;
		}
		finding(h, i->finding[k]);
	}
	html_close(h);
	html_close(h);
}

static void
cell(struct html *h, const char *of, const char *class)
{
	html_begin(h, "td", class);
	html_attr(h, "data-of", of);
}

static void
session(struct html *h, const struct report *r, uint64_t id)
{
	const struct report_evidence *e = report_find(r, id);
	char src[ADDR_TEXT_MAX], dest[ADDR_TEXT_MAX];

	html_open(h, "tr");
	cell(h, "Session", "t mono");
	html_say(h, "%016" PRIx64, id);
	html_close(h);
	if (!e || !e->found) {
		cell(h, "From, to", NULL);
		html_text(h, e ? "its record is not in the ledger any more" : "see --json");
		html_close_to(h, h->depth - 2);
		return;
	}
	addr_print(&e->src, src);
	addr_print(&e->dest, dest);
	cell(h, "From, to", NULL);
	html_say(h, "%s %s to %s port %u", words_time(e->start).text, src, dest, e->dest_port);
	html_close(h);
	cell(h, "Bytes", NULL);
	html_say(h, "%s out, %s in", words_bytes(e->bytes_out).text, words_bytes(e->bytes_in).text);
	html_close(h);
	cell(h, "Name, program", "mono");
	html_say(h, "%s%s%s%s%s", *e->sni ? e->sni : "no name", *e->ja4 ? " " : "", e->ja4,
		 *e->subject ? " certificate " : "", e->subject);
	html_close(h);
	html_close(h);
}

static bool
named_before(const struct report_incident *i, size_t finding, uint32_t number)
{
	uint64_t id = i->finding[finding]->session[number];

	for (size_t k = 0; k <= finding; k++)
		for (uint32_t s = 0; s < i->finding[k]->session_count; s++) {
			if (k == finding && s == number)
				return false;
			if (i->finding[k]->session[s] == id)
				return true;
		}
	return false;
}

static void
sessions(struct html *h, const struct report *r, const struct report_incident *i)
{
	unsigned shown = 0, more = 0;
	bool any = false;

	for (size_t k = 0; k < i->findings; k++)
		any |= i->finding[k]->session_count > 0;
	if (!any)
		return;
	html_begin(h, "table", "wide");
	html_line(h, "caption", NULL, "Sessions to look at");
	html_open(h, "thead");
	html_open(h, "tr");
	html_line(h, "th", NULL, "Session");
	html_line(h, "th", NULL, "From, to (UTC)");
	html_line(h, "th", NULL, "Bytes");
	html_line(h, "th", NULL, "Server name, client program (JA4)");
	html_close(h);
	html_close(h);
	html_open(h, "tbody");
	for (size_t k = 0; k < i->findings; k++)
		for (uint32_t s = 0; s < i->finding[k]->session_count && more < 1000; s++) {
			if (named_before(i, k, s))
				continue;
			if (shown++ < SESSIONS_SHOWN)
				session(h, r, i->finding[k]->session[s]);
			else
				more++;
		}
	html_close(h);
	html_close(h);
	if (more)
		html_line(h, "p", "soft", "and %u%s more; --json has all", more, more == 1000 ? " or" : "");
}

/* Each explanation and each technique once. */
static void
explanations(struct html *h, const struct report_incident *i)
{
	const char *said[ONCE_MAX];
	unsigned n = 0;

	for (size_t k = 0; k < i->findings && n < ONCE_MAX; k++) {
		const char *benign = i->finding[k]->benign;
		unsigned s = 0;

		while (benign && s < n && strcmp(said[s], benign) != 0)
			s++;
		if (benign && s == n)
			said[n++] = benign;
	}
	if (!n)
		return;
	html_line(h, "h4", NULL, "What else it could be (not excluded)");
	html_open(h, "ul");
	for (unsigned s = 0; s < n; s++)
		html_line(h, "li", NULL, "%s", said[s]);
	html_close(h);
}

static void
techniques(struct html *h, const struct report_incident *i)
{
	const char *said[ONCE_MAX];
	unsigned n = 0;

	html_begin(h, "p", "soft");
	html_text(h, "ATT&CK: ");
	for (size_t k = 0; k < i->findings && n < ONCE_MAX; k++) {
		const struct detector_info *d = detector_by_id(i->finding[k]->detector);
		unsigned s = 0;

		while (d && s < n && strcmp(said[s], d->attack) != 0)
			s++;
		if (!d || s < n)
			continue;
		said[n++] = d->attack;
		html_say(h, "%s%s %s", s ? "; " : "", d->attack, report_technique(d->attack));
	}
	html_close(h);
}

static void
incident(struct html *h, const struct report *r, size_t number)
{
	const struct report_incident *i = &r->incident[number];
	const struct finding *f = i->finding[0];
	char actor[ADDR_TEXT_MAX], target[ADDR_TEXT_MAX], title[128];

	addr_print(&f->actor, actor);
	addr_print(&f->target, target);
	html_begin(h, "article", ARTICLES[i->severity % 5]);
	html_attrf(h, "id", "i%016" PRIx64, i->id);
	html_open(h, "h3");
	badge(h, i->severity);
	report_title(detector_by_id(report_gravest(i)->detector), title);
	html_say(h, "%zu. %s", number + 1, title);
	html_close(h);
	html_line(h, "p", "soft", "%s%s%s; %s to %s UTC; %s finding%s; incident %016" PRIx64, actor,
		  addr_same(&f->actor, &f->target) ? "" : " with ", addr_same(&f->actor, &f->target) ? "" : target,
		  words_time(i->first).text, words_time(i->last).text, words_number(i->findings).text,
		  i->findings == 1 ? "" : "s", i->id);
	findings(h, i);
	explanations(h, i);
	sessions(h, r, i);
	techniques(h, i);
	html_close(h);
}

static void
others(struct html *h, const struct report *r)
{
	if (r->incidents <= WHOLE_MAX)
		return;
	html_begin(h, "table", "wide");
	html_attr(h, "id", "others");
	html_line(h, "caption", NULL, "Further incidents");
	html_open(h, "tbody");
	for (size_t k = WHOLE_MAX; k < r->incidents && k < WHOLE_MAX + ROWS_MAX; k++) {
		const struct report_incident *i = &r->incident[k];

		html_open(h, "tr");
		html_line(h, "td", "t", "%s", words_time(i->first).text);
		html_open(h, "td");
		badge(h, i->severity);
		html_say(h, "%s: %s", name_of(report_gravest(i)), report_gravest(i)->text);
		html_close(h);
		html_close(h);
	}
	html_close(h);
	html_close(h);
	if (r->incidents > WHOLE_MAX + ROWS_MAX)
		html_line(h, "p", NULL, "and %s more; --json has all",
			  words_number(r->incidents - WHOLE_MAX - ROWS_MAX).text);
}

/* Findings of the detector `indicator`, whatever became of them. */
static void
hits(struct html *h, const struct report *r)
{
	const struct hunt *t = &r->hunt;
	size_t n = 0;

	if (!r->lists)
		return;
	html_open(h, "section");
	html_attr(h, "id", "hits");
	html_line(h, "h2", NULL, "Met on the lists of indicators");
	html_begin(h, "table", "wide");
	html_open(h, "tbody");
	for (size_t i = 0; i < t->findings; i++) {
		const struct finding *f = &t->finding[i];

		if (strcmp(name_of(f), "indicator") != 0 || ++n > ROWS_MAX)
			continue;
		html_open(h, "tr");
		html_line(h, "td", "t", "%s", words_time(f->time).text);
		html_open(h, "td");
		badge(h, f->severity);
		html_text(h, f->text);
		html_close(h);
		html_close(h);
	}
	html_close(h);
	html_close(h);
	if (!n)
		html_line(h, "p", NULL, "Nobody on the lists was met, in the %s of the time that was watched.",
			  report_percent(t->coverage.watched, t->coverage.minutes).text);
	if (n > ROWS_MAX)
		html_line(h, "p", NULL, "and %s more; --json has all", words_number(n - ROWS_MAX).text);
	html_close(h);
}

void
report_html_found(struct html *h, const struct report *r)
{
	html_open(h, "section");
	html_attr(h, "id", "found");
	html_line(h, "h2", NULL, "Incidents");
	html_line(h, "p", NULL,
		  "Findings about one address, network or program, or about the gateway itself, are one "
		  "incident. The gravest come first.");
	overview(h, r);
	if (!r->incidents)
		html_line(h, "p", NULL, "There is no incident, in the %s of the time that was watched.",
			  report_percent(r->hunt.coverage.watched, r->hunt.coverage.minutes).text);
	for (size_t i = 0; i < r->incidents && i < WHOLE_MAX; i++)
		incident(h, r, i);
	others(h, r);
	html_close(h);
	hits(h, r);
}
