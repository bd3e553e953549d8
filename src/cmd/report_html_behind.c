/*
 * report_html_behind: what the answer stands on: each detector with what it cannot see, the method, the limits, and how
 * to check that nobody altered the ledger.
 */
#include <inttypes.h>

#include "cmd/report.h"

enum { DAYS_MAX = 400, HEX = 65 };

static void
result(struct html *h, const struct report *r, unsigned d)
{
	const struct report_count *c = &r->count[d];
	const char *silent = report_silent(r, &DETECTORS[d]);

	if (!c->findings && silent) {
		html_line(h, "p", NULL, "Nothing could be said: %s.", silent);
		return;
	}
	if (!c->findings) {
		html_line(h, "p", NULL, "Looked for in the %s of the time that was watched: not found.",
			  report_percent(r->hunt.coverage.watched, r->hunt.coverage.minutes).text);
		return;
	}
	html_open(h, "p");
	html_line(h, "b", NULL, "%s finding%s", words_number(c->findings).text, c->findings == 1 ? "" : "s");
	if (c->incidents)
		html_say(h, " in %s incident%s%s%s%s", words_number(c->incidents).text, c->incidents == 1 ? "" : "s",
			 c->grave ? ", " : "", c->grave ? words_number(c->grave).text : "",
			 c->grave ? " of them high or critical" : "");
	if (c->evidence)
		html_say(h, "%s%s too weak alone", c->incidents ? "; " : ": ", words_number(c->evidence).text);
	if (c->suppressed)
		html_say(h, "; %s suppressed", words_number(c->suppressed).text);
	html_say(h, ".%s%s", silent ? " But: " : "", silent ? silent : "");
	html_close(h);
}

/* A doc text of detect.def: `names` are parameters. */
static void
doc(struct html *h, const char *label, const char *text)
{
	bool code = false;

	html_open(h, "p");
	html_line(h, "b", NULL, "%s", label);
	html_text(h, " ");
	for (;; code = !code) {
		const char *end = strchr(text, '`');

		if (code)
			html_open(h, "code");
		html_bytes(h, (struct text){text, (uint32_t)(end ? (size_t)(end - text) : strlen(text))});
		if (code)
			html_close(h);
		if (!end)
			break;
		text = end + 1;
	}
	html_close(h);
}

static void
detector(struct html *h, const struct report *r, unsigned d)
{
	const struct detector_info *info = &DETECTORS[d];
	char title[128];

	report_title(info, title);
	html_begin(h, "div", "detector");
	html_line(h, "h3", NULL, "%s", title);
	html_line(h, "p", "soft", "%s; ATT&CK %s %s; usually %s%s", info->name, info->attack,
		  report_technique(info->attack), severity_name(info->severity), info->weak ? ", evidence only" : "");
	result(h, r, d);
	doc(h, "Looks for:", info->doc);
	doc(h, "Cannot see:", info->blind);
	html_close(h);
}

/* Those that found something first. */
static void
detectors(struct html *h, const struct report *r)
{
	html_begin(h, "section", "page");
	html_attr(h, "id", "looked");
	html_line(h, "h2", NULL, "What was looked for, by detector");
	for (int found = 1; found >= 0; found--)
		for (unsigned d = 0; d < DETECTOR_COUNT; d++)
			if ((r->count[d].findings > 0) == found)
				detector(h, r, d);
	html_close(h);
}

static void
method(struct html *h, const struct report *r)
{
	const struct hunt *t = &r->hunt;

	html_open(h, "section");
	html_attr(h, "id", "method");
	html_line(h, "h2", NULL, "Method");
	html_line(
		h, "p", NULL,
		"A sensor beside the gateway received a copy of its traffic and wrote one record for each connection "
		"into a ledger. For this report, gatewitness %s read the ledger from its first record on (%s UTC), let "
		"the detectors judge and learn in that order as they do live, and kept the findings of the window.",
		PROGRAM_VERSION, words_time(t->coverage.first).text);
	html_line(h, "p", NULL,
		  t->as_was ?
			  "Detectors had the settings of then, as the ledger has them: this repeats what was "
			  "alerted at the time, by today's program." :
			  "Detectors had today's settings and knowledge, which may find what was not alerted at the "
			  "time; --as-was repeats the settings of then.");
	html_line(h, "p", NULL,
		  "In the window: %s records of sessions (long sessions have several) and %s pulses (ten seconds of a "
		  "gateway).",
		  words_number(t->sessions).text, words_number(t->pulses).text);
	html_line(h, "p", NULL, "All times are UTC, and those of the packets.");
	html_close(h);
}

static void
limits(struct html *h)
{
	html_open(h, "section");
	html_attr(h, "id", "limits");
	html_line(h, "h2", NULL, "Limits");
	html_open(h, "ul");
	for (unsigned i = 0; REPORT_LIMITS[i]; i++)
		html_line(h, "li", NULL, "%s", REPORT_LIMITS[i]);
	html_close(h);
	html_close(h);
}

static void
digest_line(struct html *h, const char *what, const char *hex)
{
	html_open(h, "tr");
	html_line(h, "th", NULL, "%s", what);
	html_line(h, "td", "mono", "%s", hex);
	html_close(h);
}

static void
digest(struct html *h, const char *what, const uint8_t *bytes)
{
	char hex[HEX];

	sign_hex(hex, bytes, 32);
	digest_line(h, what, hex);
}

static void
lists(struct html *h, const struct report *r)
{
	char what[128];

	for (unsigned i = 0; i < r->lists; i++) {
		snprintf(what, sizeof(what), "%s of list %.64s",
			 r->list[i].file ? "SHA-256" : "In the ledger, list-HEX", r->list[i].name);
		digest_line(h, what, r->list[i].hex);
	}
}

static bool
in_window(const struct report *r, int64_t day)
{
	return day >= chain_day(r->hunt.begin) && day <= chain_day(r->hunt.end);
}

static void
day_files(struct html *h, const struct seal *s)
{
	char date[CHAIN_DATE], sessions[HEX], summary[HEX];

	chain_date(date, s->day);
	sign_hex(sessions, s->sessions.digest.b, 32);
	sign_hex(summary, s->summary.digest.b, 32);
	html_open(h, "tr");
	html_line(h, "td", "t", "%s", date);
	html_line(h, "td", NULL, "%s records, %s commits", words_number((uint64_t)s->rows).text,
		  words_number((uint64_t)s->commits).text);
	html_open(h, "td");
	html_line(h, "span", "mono", "%s", sessions);
	html_text(h, " .sessions");
	html_open(h, "br");
	html_close(h);
	html_line(h, "span", "mono", "%s", summary);
	html_text(h, " .summary");
	html_close(h);
	html_close(h);
}

static void
days(struct html *h, const struct report *r)
{
	char date[CHAIN_DATE];

	html_begin(h, "table", "wide");
	html_line(h, "caption", NULL, "Days of the window: what was sealed");
	html_open(h, "thead");
	html_open(h, "tr");
	html_line(h, "th", NULL, "Day");
	html_line(h, "th", NULL, "Holds");
	html_line(h, "th", NULL, "SHA-256 of its two files");
	html_close(h);
	html_close(h);
	html_open(h, "tbody");
	for (size_t i = 0, n = 0; i < r->seals.n && n < DAYS_MAX; i++)
		if (in_window(r, r->seals.seal[i].day)) {
			day_files(h, &r->seals.seal[i]);
			n++;
		}
	for (size_t i = 0; i < r->open_days; i++) {
		if (!in_window(r, r->open_day[i]))
			continue;
		chain_date(date, r->open_day[i]);
		html_open(h, "tr");
		html_line(h, "td", "t", "%s", date);
		html_line(h, "td", NULL, "not sealed yet");
		html_line(h, "td", NULL, "its chain ends with the head above; its files still change");
		html_close(h);
	}
	html_close(h);
	html_close(h);
}

static void
verification(struct html *h, const struct report *r)
{
	const struct hunt *t = &r->hunt;
	const struct verify *v = &t->verify;

	html_line(h, "p", NULL,
		  "The ledger is %s: %s records in %s days were held against their seals and chain; %s altered, %s "
		  "missing, "
		  "%s torn, %s unreadable, %s expired by retention.",
		  hunt_whole(t) ? "whole, as the sensor wrote it" : "NOT WHOLE", words_number(v->rows).text,
		  words_number(v->days).text, words_number(v->count[VERIFY_ALTERED]).text,
		  words_number(v->count[VERIFY_MISSING]).text, words_number(v->count[VERIFY_TORN]).text,
		  words_number(v->count[VERIFY_UNREADABLE]).text, words_number(v->count[VERIFY_EXPIRED]).text);
	if (t->bads || *t->damaged)
		html_open(h, "ul");
	for (unsigned i = 0; i < t->bads; i++)
		html_line(h, "li", NULL, "%s", t->bad[i]);
	if (*t->damaged)
		html_line(h, "li", NULL, "%s", t->damaged);
	if (t->bads || *t->damaged)
		html_close(h);
	html_line(h, "p", NULL, "%s",
		  t->key ? "The seals were held against a public key that was named for this report." :
			   "No key was named for this report (--key): the seals agree among themselves, but that they "
			   "are this sensor's is not shown. Compare the key below with the one kept elsewhere.");
	html_line(h, "p", NULL,
		  "Who owns the sensor owns its key too, and could make the whole ledger anew. What they "
		  "cannot change is what left the sensor before: chain heads in its statistics.");
}

static void
integrity(struct html *h, const struct report *r)
{
	html_begin(h, "section", "page");
	html_attr(h, "id", "integrity");
	html_line(h, "h2", NULL, "Integrity, and how to check it");
	verification(h, r);
	html_begin(h, "table", "wide");
	html_open(h, "tbody");
	if (r->seals.n)
		digest(h, "Public key of the seals (seal.pub)", r->seals.seal[0].public);
	digest(h, "Head of the chain", r->head.b);
	lists(h, r);
	html_close(h);
	html_close(h);
	days(h, r);
	html_line(h, "h3", NULL, "Check it yourself");
	for (unsigned i = 0; REPORT_CHECKS[i]; i++)
		if (*REPORT_CHECKS[i] == '$')
			html_line(h, "pre", NULL, "%s", REPORT_CHECKS[i] + 1);
		else
			html_line(h, "p", NULL, "%s", REPORT_CHECKS[i]);
	html_close(h);
}

void
report_html_behind(struct html *h, const struct report *r)
{
	detectors(h, r);
	method(h, r);
	limits(h);
	integrity(h, r);
}
