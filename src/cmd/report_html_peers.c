/*
 * report_html_peers: when the gateway was used, whom it called, and from which networks it was called.
 */
#include <inttypes.h>

#include "cmd/chart.h"
#include "cmd/report.h"

enum { CALLS_SHOWN = 50, CLIENTS_SHOWN = 20 };
static const int64_t DAY_NS = 86400 * INT64_C(1000000000);
static const char *const WEEKDAYS[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

struct heat {
	const struct report *report;
	unsigned way; /* 0: inbound, 1: outbound */
	uint64_t most;
};

static struct heat
heat_of(const struct report *r, unsigned way)
{
	struct heat heat = {.report = r, .way = way};

	for (unsigned row = 0; row < r->activity_rows; row++)
		for (unsigned hour = 0; hour < 24; hour++)
			if (r->activity[way][row][hour] > heat.most)
				heat.most = r->activity[way][row][hour];
	return heat;
}

static void
heat_label(const void *arg, unsigned row, char text[24])
{
	const struct report *r = ((const struct heat *)arg)->report;

	if (r->by_week)
		snprintf(text, 24, "%s", WEEKDAYS[row % 7]);
	else
		snprintf(text, 24, "%.10s", words_time((struct when){(r->hunt.begin.ns / DAY_NS + row) * DAY_NS}).text);
}

/* The side of a square whose area is as the number; whole numbers only, so that every machine draws the same. */
static unsigned
side_of(uint64_t n, uint64_t most)
{
	unsigned side = 0;

	while (side < 1000 && (long double)side * side * (long double)most < (long double)n * 1000000)
		side += 10;
	return n && side < 150 ? 150 : side;
}

static void
heat_cell(const void *arg, unsigned row, unsigned hour, struct chart_cell *cell)
{
	const struct heat *heat = arg;
	uint64_t n = heat->report->activity[heat->way][row][hour];
	char day[24];

	heat_label(arg, row, day);
	cell->state = CHART_SQUARE;
	cell->share = side_of(n, heat->most);
	snprintf(cell->title, sizeof(cell->title), "%s %02u:00: %s", day, hour, words_number(n).text);
}

static void
heat(struct html *h, const struct report *r, unsigned way)
{
	static const char *const IDS[] = {"inbound-chart", "outbound-chart"};
	static const char *const TITLES[] = {"Sessions that clients began with the gateway",
					     "Connections that the gateway itself began"};
	const struct heat heat = heat_of(r, way);
	const struct chart_field field = {.id = IDS[way],
					  .title = TITLES[way],
					  .description =
						  "A row for each day, a column for each hour (UTC). The area of a "
						  "square is as the number of sessions that began then.",
					  .rows = r->activity_rows,
					  .arg = &heat,
					  .label = heat_label,
					  .cell = heat_cell};

	html_line(h, "h3", NULL, "%s", TITLES[way]);
	if (!heat.most) {
		html_line(h, "p", NULL, "None in what was watched.");
		return;
	}
	html_open(h, "figure");
	chart_field(h, &field);
	html_begin(h, "figcaption", "legend");
	html_say(h, "By %s (UTC). ", r->by_week ? "hour of the week, all weeks together" : "day and hour");
	html_open(h, "span");
	chart_sign(h, CHART_SQUARE, 1000);
	html_say(h, "%s, the most", words_number(heat.most).text);
	html_close(h);
	html_open(h, "span");
	chart_sign(h, CHART_SQUARE, 500);
	html_text(h, "a quarter of that");
	html_close_to(h, h->depth - 3);
}

static void
head(struct html *h, const char *const *columns)
{
	html_open(h, "thead");
	html_open(h, "tr");
	for (; *columns; columns++)
		html_line(h, "th", NULL, "%s", *columns);
	html_close(h);
	html_close(h);
	html_open(h, "tbody");
}

static void
cell(struct html *h, const char *of, const char *text)
{
	html_open(h, "td");
	html_attr(h, "data-of", of);
	html_text(h, text);
	html_close(h);
}

static void
cell_bytes(struct html *h, const struct report_peer *p)
{
	html_open(h, "td");
	html_attr(h, "data-of", "From and to the gateway");
	html_say(h, "%s, %s", words_bytes(p->from_gateway).text, words_bytes(p->to_gateway).text);
	html_close(h);
}

static void
cell_place(struct html *h, const struct report_peer *p)
{
	char as[16] = "";

	if (p->as)
		snprintf(as, sizeof(as), " AS%" PRIu32, p->as);
	html_open(h, "td");
	html_attr(h, "data-of", "Where");
	html_say(h, "%s%s", *p->country || p->as ? p->country : "-", as);
	html_close(h);
}

static const char *
proto_name(uint8_t proto)
{
	return proto == 6 ? "TCP" : proto == 17 ? "UDP" : "";
}

static const char *
met(const struct report *r, const struct report_peer *p)
{
	return p->before ? "yes" : when_before(r->hunt.coverage.first, r->hunt.begin) ? "no, first here" : "not known";
}

static void
call(struct html *h, const struct report *r, const struct report_peer *p)
{
	char addr[ADDR_TEXT_MAX];

	addr_print(&p->addr, addr);
	html_open(h, "tr");
	html_open(h, "td");
	html_attr(h, "data-of", "Place");
	if (p->port || p->proto)
		html_say(h, "%s %s %u", addr, proto_name(p->proto), p->port);
	else
		html_say(h, "%s, days without records", addr);
	if (*p->name) {
		html_open(h, "br");
		html_close(h);
		html_line(h, "span", "mono", "%s", p->name);
	}
	html_close(h);
	cell(h, "Met before", met(r, p));
	cell(h, "Sessions", words_number(p->sessions).text);
	cell_bytes(h, p);
	html_open(h, "td");
	html_attr(h, "data-of", "First and last");
	html_say(h, "%.16s, %.16s", words_time(p->first).text, words_time(p->last).text);
	html_close(h);
	cell_place(h, p);
	html_close(h);
}

static void
calls(struct html *h, const struct report *r)
{
	static const char *const COLUMNS[] = {
		"Place, and the name asked for", "Met before", "Sessions", "Bytes from and to the gateway",
		"First and last (UTC)",          "Where",      NULL};
	uint64_t fresh = 0;

	for (size_t i = 0; i < r->calls.n; i++)
		fresh += !r->calls.peer[i].before;
	html_line(h, "h3", NULL, "Places that the gateway called");
	if (when_before(r->hunt.coverage.first, r->hunt.begin))
		html_line(h, "p", NULL,
			  "%s places (address, protocol and port), %s of which the ledger had not met before this "
			  "time. Those come first, then by bytes.",
			  words_number(r->calls.n).text, words_number(fresh).text);
	else
		html_line(h, "p", NULL,
			  "%s places (address, protocol and port), by bytes. The ledger begins with this time, and "
			  "cannot tell which of them were known before.",
			  words_number(r->calls.n).text);
	if (!r->calls.n)
		return;
	html_begin(h, "table", "wide");
	head(h, COLUMNS);
	for (size_t i = 0; i < r->calls.n && i < CALLS_SHOWN; i++)
		call(h, r, &r->calls.peer[i]);
	html_close(h);
	html_close(h);
	if (r->calls.n > CALLS_SHOWN)
		html_line(h, "p", "soft", "and %s more; --json has all", words_number(r->calls.n - CALLS_SHOWN).text);
}

static void
clients(struct html *h, const struct report *r)
{
	static const char *const COLUMNS[] = {"Network",    "Sessions", "Bytes from and to the gateway",
					      "Met before", "Where",    NULL};
	char addr[ADDR_TEXT_MAX];

	html_line(h, "h3", NULL, "Networks of clients");
	html_line(h, "p", NULL, "Sums by /24 (IPv6: /48), the most frequent of %s networks.",
		  words_number(r->clients.n).text);
	if (!r->clients.n)
		return;
	html_begin(h, "table", "wide");
	head(h, COLUMNS);
	for (size_t i = 0; i < r->clients.n && i < CLIENTS_SHOWN; i++) {
		const struct report_peer *p = &r->clients.peer[i];

		addr_print(&p->addr, addr);
		html_open(h, "tr");
		html_open(h, "td");
		html_attr(h, "data-of", "Network");
		html_say(h, "%s%s", addr, addr_is_v4(&p->addr) ? "/24" : "/48");
		html_close(h);
		cell(h, "Sessions", words_number(p->sessions).text);
		cell_bytes(h, p);
		cell(h, "Met before", met(r, p));
		cell_place(h, p);
		html_close(h);
	}
	html_close(h);
	html_close(h);
}

void
report_html_peers(struct html *h, const struct report *r)
{
	uint64_t out = r->calls.left_out + r->clients.left_out;

	html_open(h, "section");
	html_attr(h, "id", "peers");
	html_line(h, "h2", NULL, "Activity and peers");
	html_line(h, "p", NULL,
		  "Sessions that ended in the window: %s of clients with the gateway, %s that the gateway started, %s "
		  "of others.",
		  words_number(r->inbound).text, words_number(r->outbound).text, words_number(r->other).text);
	if (r->expired)
		html_line(h, "p", NULL,
			  "Of %s more, on days whose records have expired, the ledger has sums by peer only: they are "
			  "in the tables of peers, and in nothing else here.",
			  words_number(r->expired).text);
	heat(h, r, 0);
	heat(h, r, 1);
	calls(h, r);
	clients(h, r);
	if (out)
		html_line(h, "p", NULL,
			  "%s sessions are of peers beyond the %s that each table has room for; they are in the sums "
			  "above, and not in the tables.",
			  words_number(out).text, words_number(REPORT_PEERS).text);
	html_close(h);
}
