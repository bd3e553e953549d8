/*
 * report_html: the page: its head, the question, the answer, and the order of what follows.
 */
#include "cmd/chart.h"
#include "cmd/report.h"

static const char *
title_of(const struct report *r)
{
	return r->title ? r->title : "Was the gateway attacked?";
}

/* A policy, should a byte of the wire ever be taken for more than text. */
static void
head(struct html *h, const struct report *r)
{
	html_head(h, &(struct html_head){.title = title_of(r),
					 .css = REPORT_CSS,
					 .header = "Content-Security-Policy",
					 .value = "default-src 'none'; style-src 'unsafe-inline'"});
}

/* "vpn (192.0.2.10, 192.0.2.11)": names by the settings of then, addresses by the records. */
static void
gateways(struct html *h, const struct report *r)
{
	char addr[ADDR_TEXT_MAX];
	uint8_t last = 0;

	for (unsigned i = 0; i < r->addresses; i++) {
		const struct report_address *a = &r->address[i];
		unsigned g = a->gateway;

		if (a->gateway != last) {
			html_text(h, i ? "; " : "");
			html_say(h, "%s ",
				 r->then && g && g <= r->then->gateways ? r->then->gateway[g - 1].name : "gateway");
		}
		addr_print(&a->addr, addr);
		html_say(h, "%s%s", a->gateway == last ? ", " : "", addr);
		last = a->gateway;
	}
	if (!r->addresses)
		html_text(h, "none met in the records of this time");
}

static void
question(struct html *h, const struct report *r)
{
	const struct hunt *t = &r->hunt;

	if (r->organisation)
		html_line(h, "p", "for", "%s", r->organisation);
	html_line(h, "h1", NULL, "%s", title_of(r));
	html_begin(h, "table", "wide");
	html_open(h, "tbody");
	html_open(h, "tr");
	html_line(h, "th", NULL, "Time asked about");
	html_line(h, "td", NULL, "%s to %s UTC (%s)", words_time(t->begin).text, words_time(t->end).text,
		  words_span(when_since(t->end, t->begin)).text);
	html_close(h);
	html_open(h, "tr");
	html_line(h, "th", NULL, "Gateway");
	html_open(h, "td");
	gateways(h, r);
	html_close(h);
	html_close(h);
	html_open(h, "tr");
	html_line(h, "th", NULL, "Judged by");
	html_line(h, "td", NULL, "%u detectors, %s%s", DETECTOR_COUNT,
		  t->as_was ? "with the settings of then" : "with today's settings",
		  r->lists ? ", and lists of indicators:" : "; no list of indicators was given");
	html_close(h);
	for (unsigned i = 0; i < r->lists; i++) {
		html_open(h, "tr");
		html_line(h, "th", NULL, "List %s", r->list[i].name);
		html_line(h, "td", NULL, "%s%s%s", r->list[i].file ? r->list[i].file : "as it was, from the ledger",
			  r->list[i].file ? ", " : "", r->list[i].file ? words_bytes(r->list[i].size).text : "");
		html_close(h);
	}
	html_close(h);
	html_close(h);
}

static void
fact(struct html *h, const char *number, const char *what)
{
	html_open(h, "li");
	html_line(h, "b", NULL, "%s", number);
	html_line(h, "span", NULL, "%s", what);
	html_close(h);
}

static void
facts(struct html *h, const struct report *r)
{
	const struct hunt_coverage *c = &r->hunt.coverage;
	uint64_t grave = r->severity[SEVERITY_CRITICAL] + r->severity[SEVERITY_HIGH];
	char what[128];

	html_begin(h, "ul", "facts");
	snprintf(what, sizeof(what), "critical and high incidents; %s lesser", words_number(r->incidents - grave).text);
	fact(h, words_number(grave).text, what);
	fact(h, report_percent(c->watched, c->minutes).text, "of the minutes were watched");
	fact(h, report_percent(c->frames, c->frames + hunt_lost_frames(&c->lost)).text,
	     "of the frames in these were kept by capture");
	fact(h, words_number(r->inbound).text, "sessions of clients with the gateway");
	fact(h, words_number(r->outbound).text, "connections that the gateway started");
	fact(h, hunt_whole(&r->hunt) ? "Whole" : "NOT WHOLE", "is the ledger, by its chain and seals");
	html_close(h);
}

static void
answer(struct html *h, const struct report *r)
{
	static const char *const CLASSES[] = {"answer v0", "answer v1", "answer v2", "answer v3"};
	char words[REPORT_WORDS];

	html_open(h, "section");
	html_attr(h, "id", "answer");
	html_begin(h, "div", CLASSES[r->verdict]);
	report_headline(r, words);
	html_line(h, "p", "headline", "%s", words);
	report_answer(r, words);
	html_line(h, "p", NULL, "%s", words);
	html_close(h);
	html_begin(h, "ul", "caveats");
	for (unsigned i = 0; report_caveat(r, i, words); i++)
		html_line(h, "li", NULL, "%s", words);
	html_line(h, "li", NULL,
		  "The sensor decrypts nothing; what it cannot see, and each detector's blind spots, are "
		  "listed below and are part of this answer.");
	html_close(h);
	facts(h, r);
	html_close(h);
}

void
report_html(struct html *h, const struct report *r)
{
	static const struct {
		const char *id, *name;
	} PARTS[] = {{"#answer", "Answer"}, {"#found", "Incidents"},    {"#coverage", "What was watched"},
		     {"#peers", "Peers"},   {"#looked", "Detectors"},   {"#method", "Method"},
		     {"#limits", "Limits"}, {"#integrity", "Integrity"}};

	head(h, r);
	html_open(h, "body");
	chart_patterns(h);
	html_open(h, "header");
	question(h, r);
	html_close(h);
	html_open(h, "main");
	answer(h, r);
	html_open(h, "nav");
	html_attr(h, "aria-label", "Parts of this report");
	for (unsigned i = 0; i < sizeof(PARTS) / sizeof(PARTS[0]); i++) {
		html_open(h, "a");
		html_attr(h, "href", PARTS[i].id);
		html_text(h, PARTS[i].name);
		html_close(h);
		html_text(h, " ");
	}
	html_close(h);
	report_html_found(h, r);
	report_html_cover(h, r);
	report_html_peers(h, r);
	report_html_behind(h, r);
	html_close(h);
	html_open(h, "footer");
	html_line(h, "p", NULL,
		  "Made by gatewitness %s from a ledger whose last minute is %s UTC. This page is one file; it loads "
		  "nothing and runs nothing.",
		  PROGRAM_VERSION, words_time(r->hunt.coverage.last).text);
	html_close_to(h, 0);
}
