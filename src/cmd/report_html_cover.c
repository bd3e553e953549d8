/*
 * report_html_cover: what was watched, what was lost and why, and what was not watched.  Must not round up.
 */
#include <inttypes.h>

#include "cmd/chart.h"
#include "cmd/report.h"

enum { ROWS_MAX = 62, GAPS_SHOWN = 60 };
static const int64_t HOUR_NS = 3600 * INT64_C(1000000000), MINUTE_NS = 60 * INT64_C(1000000000);

/* The rows of the coverage: days, or as many of them as fit on a sheet. */
struct days {
	const struct hunt *hunt;
	int64_t first;
	unsigned each, rows;
};

static struct days
days_of(const struct hunt *t)
{
	int64_t first = t->begin.ns / HOUR_NS / 24, last = (t->end.ns - 1) / HOUR_NS / 24, n = last - first + 1;
	struct days d = {.hunt = t, .first = first, .each = (unsigned)((n + ROWS_MAX - 1) / ROWS_MAX)};

	d.each = d.each ? d.each : 1;
	d.rows = (unsigned)((n + d.each - 1) / d.each);
	d.rows = n < 1 ? 1 : d.rows;
	return d;
}

static void
day_label(const void *arg, unsigned row, char text[24])
{
	const struct days *d = arg;

	snprintf(text, 24, "%.10s", words_time((struct when){(d->first + row * d->each) * 24 * HOUR_NS}).text);
}

/* Minutes of an hour that are in the window. */
static uint32_t
asked(const struct hunt *t, int64_t hour)
{
	int64_t begin = t->begin.ns / MINUTE_NS * MINUTE_NS, from, to, end;

	if (hour < INT64_MIN / HOUR_NS || hour >= INT64_MAX / HOUR_NS)
		return 0;
	end = when_add(t->end, MINUTE_NS - 1).ns / MINUTE_NS * MINUTE_NS;
	from = hour * HOUR_NS;
	to = from + HOUR_NS;
	from = from < begin ? begin : from;
	to = to > end ? end : to;
	return to > from ? (uint32_t)((to - from) / MINUTE_NS) : 0;
}

static const struct hunt_hour *
hour_at(const struct hunt_coverage *c, int64_t hour)
{
	size_t low = 0, high = c->hours;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (c->hour[middle].hour < hour)
			low = middle + 1;
		else
			high = middle;
	}
	return low < c->hours && c->hour[low].hour == hour ? &c->hour[low] : NULL;
}

/* One part in a thousand lost, or anything for want of memory: worth a look. */
static bool
is_lossy(const struct hunt_hour *h)
{
	uint64_t lost = hunt_lost_frames(&h->lost);

	return lost * 1000 > h->frames + lost || h->lost.upstream * 1000 > h->bytes || h->lost.memory;
}

static void
day_cell(const void *arg, unsigned row, unsigned hour, struct chart_cell *cell)
{
	const struct days *d = arg;
	uint64_t wanted = 0, watched = 0;
	bool lossy = false;

	for (unsigned i = 0; i < d->each; i++) {
		int64_t at = (d->first + row * d->each + i) * 24 + hour;
		const struct hunt_hour *found = hour_at(&d->hunt->coverage, at);

		wanted += asked(d->hunt, at);
		watched += found ? found->watched : 0;
		lossy |= found && is_lossy(found);
	}
	if (!wanted)
		return;
	cell->state = !watched ? CHART_BLIND : lossy ? CHART_LOSSY : CHART_FILLED;
	cell->share = (unsigned)(watched * 1000 / wanted);
	snprintf(cell->title, sizeof(cell->title), "%.10s %02u:00%s: %" PRIu64 " of %" PRIu64 " minutes watched%s",
		 words_time((struct when){(d->first + row * d->each) * 24 * HOUR_NS}).text, hour,
		 d->each > 1 ? " and the days after" : "", watched, wanted, lossy ? ", with losses" : "");
}

static void
loss_row(struct html *h, const struct report *r, const char *cause, struct words amount, size_t offset)
{
	const struct hunt_coverage *c = &r->hunt.coverage;
	const struct hunt_hour *worst = NULL;
	uint64_t most = 0, hours = 0;

	for (size_t i = 0; i < c->hours; i++) {
		uint64_t n;

		memcpy(&n, (const char *)&c->hour[i].lost + offset, sizeof(n));
		hours += n > 0;
		if (n > most) {
			most = n;
			worst = &c->hour[i];
		}
	}
	html_open(h, "tr");
	html_line(h, "td", NULL, "%s", cause);
	html_line(h, "td", "n", "%s", amount.text);
	html_line(h, "td", "n", "%s", words_number(hours).text);
	html_line(h, "td", "t", "%.16s", worst ? words_time((struct when){worst->hour * HOUR_NS}).text : "-");
	html_close(h);
}

static void
losses(struct html *h, const struct report *r)
{
	const struct hunt_coverage *c = &r->hunt.coverage;

	html_open(h, "table");
	html_line(h, "caption", NULL, "Lost in the minutes that were watched: of %s frames, %s",
		  words_number(c->frames + hunt_lost_frames(&c->lost)).text, words_bytes(c->bytes).text);
	html_open(h, "thead");
	html_open(h, "tr");
	html_line(h, "th", NULL, "Cause");
	html_line(h, "th", "n", "Amount");
	html_line(h, "th", "n", "Hours");
	html_line(h, "th", NULL, "Most in the hour of");
	html_close_to(h, h->depth - 2);
	html_open(h, "tbody");
	loss_row(h, r, "frames: the sensor's ring was full", words_number(c->lost.ring),
		 offsetof(struct hunt_loss, ring));
	loss_row(h, r, "frames: dropped by its interface", words_number(c->lost.interface),
		 offsetof(struct hunt_loss, interface));
	loss_row(h, r, "streams: acknowledged, but never mirrored", words_bytes(c->lost.upstream),
		 offsetof(struct hunt_loss, upstream));
	loss_row(h, r, "given up for want of memory", words_number(c->lost.memory), offsetof(struct hunt_loss, memory));
	html_close(h);
	html_close(h);
}

static void
gaps(struct html *h, const struct report *r)
{
	const struct hunt_coverage *c = &r->hunt.coverage;

	if (!c->gaps) {
		html_line(h, "p", NULL, "Every minute of the window was watched.");
		return;
	}
	html_line(h, "h3", NULL, "Not watched");
	html_line(h, "p", "soft", "No packet came, or the sensor was off. Times are UTC.");
	html_open(h, "ul");
	for (size_t i = 0; i < c->gaps && i < GAPS_SHOWN; i++)
		html_line(h, "li", NULL, "%.16s to %.16s (%s)", words_time(c->gap[i].begin).text,
			  words_time(c->gap[i].end).text, words_span(when_since(c->gap[i].end, c->gap[i].begin)).text);
	if (c->gaps > GAPS_SHOWN)
		html_line(h, "li", NULL, "and %zu more", c->gaps - GAPS_SHOWN);
	html_close(h);
}

static void
events(struct html *h, const struct report *r)
{
	const struct hunt_coverage *c = &r->hunt.coverage;

	if (!c->events)
		return;
	html_line(h, "h3", NULL, "What the sensor noted about itself");
	html_open(h, "ul");
	for (unsigned i = 0; i < c->events && i < HUNT_BAD; i++)
		html_line(h, "li", NULL, "%s", c->event[i]);
	if (c->events > HUNT_BAD)
		html_line(h, "li", NULL, "and %u more", c->events - HUNT_BAD);
	html_close(h);
}

void
report_html_cover(struct html *h, const struct report *r)
{
	const struct days days = days_of(&r->hunt);
	const struct chart_field field = {.id = "coverage-chart",
					  .title = "Minutes watched, by day and hour (UTC)",
					  .description =
						  "A row for each day, a cell for each hour. How far a cell is "
						  "filled is how much of the hour was watched; hatched cells had "
						  "losses; crossed ones were not watched at all.",
					  .rows = days.rows,
					  .arg = &days,
					  .label = day_label,
					  .cell = day_cell};

	html_open(h, "section");
	html_attr(h, "id", "coverage");
	html_line(h, "h2", NULL, "What was watched");
	html_open(h, "figure");
	chart_field(h, &field);
	html_begin(h, "figcaption", "legend");
	html_say(h, "%s%s. ", field.title, days.each > 1 ? "; a row is several days" : "");
	html_open(h, "span");
	chart_sign(h, CHART_FILLED, 1000);
	html_text(h, "watched");
	html_close(h);
	html_open(h, "span");
	chart_sign(h, CHART_FILLED, 400);
	html_text(h, "in part");
	html_close(h);
	html_open(h, "span");
	chart_sign(h, CHART_LOSSY, 1000);
	html_text(h, "a thousandth or more lost");
	html_close(h);
	html_open(h, "span");
	chart_sign(h, CHART_BLIND, 0);
	html_text(h, "not watched");
	html_close_to(h, h->depth - 3);
	gaps(h, r);
	losses(h, r);
	events(h, r);
	html_close(h);
}
