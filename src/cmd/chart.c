/*
 * chart: see chart.h.  Must not use a colour of its own, or say something by colour alone.
 */
#include "cmd/chart.h"

#include <inttypes.h>
#include <stdio.h>

enum { HOURS = 24, CELL = 17, LEFT = 82, TOP = 18, LANE = 24, LINE_WIDTH = 640, LINE_LEFT = 76, SIGN = 14 };

static void
rect(struct html *h, const char *class, unsigned x, unsigned y)
{
	html_begin(h, "rect", class);
	html_attrf(h, "x", "%u", x);
	html_attrf(h, "y", "%u", y);
}

static void
size(struct html *h, unsigned width, unsigned height)
{
	html_attrf(h, "width", "%u", width);
	html_attrf(h, "height", "%u", height);
}

static void
label(struct html *h, unsigned x, unsigned y, const char *anchor, const char *text)
{
	html_begin(h, "text", anchor);
	html_attrf(h, "x", "%u", x);
	html_attrf(h, "y", "%u", y);
	html_text(h, text);
	html_close(h);
}

static void
begin(struct html *h, const char *id, unsigned width, unsigned height)
{
	html_begin(h, "svg", "chart");
	html_attr(h, "xmlns", "http://www.w3.org/2000/svg");
	html_attrf(h, "viewBox", "0 0 %u %u", width, height);
	html_attr(h, "role", "img");
	html_attrf(h, "aria-labelledby", "%s-title %s-desc", id, id);
}

static void
describe(struct html *h, const char *id, const char *title, const char *description)
{
	html_open(h, "title");
	html_attrf(h, "id", "%s-title", id);
	html_text(h, title);
	html_close(h);
	html_open(h, "desc");
	html_attrf(h, "id", "%s-desc", id);
	html_text(h, description);
	html_close(h);
}

static void
titled(struct html *h, const char *title)
{
	if (*title)
		html_line(h, "title", NULL, "%s", title);
	html_close(h);
}

static void
cross(struct html *h, unsigned x, unsigned y, unsigned side)
{
	html_begin(h, "path", "blind");
	html_attrf(h, "d", "M%u %ul%u %uM%u %ul%u -%u", x + 3, y + 3, side - 6, side - 6, x + 3, y + side - 3, side - 6,
		   side - 6);
	html_close(h);
}

static void
cell(struct html *h, const struct chart_cell *c, unsigned x, unsigned y, unsigned side)
{
	unsigned fill = (c->share * side + 999) / 1000;

	if (c->state == CHART_OUTSIDE)
		return;
	if (c->state == CHART_SQUARE && fill) {
		rect(h, "amount", x + (side - fill) / 2, y + (side - fill) / 2);
		size(h, fill, fill);
		html_close(h);
	}
	if ((c->state == CHART_FILLED || c->state == CHART_LOSSY) && fill) {
		rect(h, "seen", x, y + side - fill);
		size(h, side, fill);
		html_close(h);
	}
	if (c->state == CHART_LOSSY) {
		rect(h, "hatch", x, y);
		html_attr(h, "fill", "url(#hatch)");
		size(h, side, side);
		html_close(h);
	}
	if (c->state == CHART_BLIND)
		cross(h, x, y, side);
	rect(h, "box", x, y);
	size(h, side, side);
	titled(h, c->title);
}

void
chart_field(struct html *h, const struct chart_field *f)
{
	char text[24];

	begin(h, f->id, LEFT + HOURS * CELL + 2, TOP + f->rows * CELL + 2);
	describe(h, f->id, f->title, f->description);
	for (unsigned hour = 0; hour < HOURS; hour += 3) {
		snprintf(text, sizeof(text), "%02u:00", hour);
		label(h, LEFT + hour * CELL, TOP - 5, "hour", text);
	}
	for (unsigned row = 0; row < f->rows; row++) {
		f->label(f->arg, row, text);
		label(h, LEFT - 6, TOP + row * CELL + CELL - 4, "day", text);
		for (unsigned hour = 0; hour < HOURS; hour++) {
			struct chart_cell c = {.state = CHART_OUTSIDE};

			f->cell(f->arg, row, hour, &c);
			cell(h, &c, LEFT + hour * CELL, TOP + row * CELL, CELL - 2);
		}
	}
	html_close(h);
}

/* Shapes by severity: dot, square, triangle, diamond, star. */
static void
shape(struct html *h, unsigned lane, unsigned x, unsigned y)
{
	static const char *const PATHS[CHART_LANES] = {"m0-3l3 3-3 3-3-3z", "m-4-4h8v8h-8z", "m0-6l6 10h-12z",
						       "m0-7l7 7-7 7-7-7z",
						       "m0-8l2 5 6 1-4 4 1 6-5-3-5 3 1-6-4-4 6-1z"};
	static const char *const CLASSES[CHART_LANES] = {"mark s0", "mark s1", "mark s2", "mark s3", "mark s4"};

	html_begin(h, "path", CLASSES[lane]);
	html_attrf(h, "d", "M%u %u%s", x, y, PATHS[lane]);
}

static unsigned
place(const struct chart_line *l, struct when t)
{
	int64_t whole = when_since(l->end, l->begin), part = when_since(t, l->begin);
	const unsigned width = LINE_WIDTH - LINE_LEFT - 10;

	if (whole <= 0 || part <= 0)
		return LINE_LEFT;
	return LINE_LEFT + (unsigned)(part >= whole ? width : (long double)part / (long double)whole * width);
}

static void
spans(struct html *h, const struct chart_line *l, unsigned y)
{
	struct when from, to;

	rect(h, "watched", LINE_LEFT, y);
	size(h, place(l, l->end) - LINE_LEFT, 10);
	html_close(h);
	for (size_t i = 0; i < l->spans; i++) {
		unsigned x, width;

		l->span(l->arg, i, &from, &to);
		x = place(l, from);
		width = place(l, to) - x;
		rect(h, "unwatched", x, y);
		size(h, width ? width : 1, 10);
		html_close(h);
	}
}

static void
ticks(struct html *h, const struct chart_line *l, unsigned bottom)
{
	int64_t whole = when_since(l->end, l->begin);
	char text[32];

	for (unsigned i = 0; i <= 4; i++) {
		struct when t = when_add(l->begin, whole / 4 * i);
		struct out o = out_of(text, sizeof(text) - 1);

		out_time_s(&o, t);
		*o.p = '\0';
		html_begin(h, "line", "tick");
		html_attrf(h, "x1", "%u", place(l, t));
		html_attrf(h, "x2", "%u", place(l, t));
		html_attr(h, "y1", "4");
		html_attrf(h, "y2", "%u", bottom);
		html_close(h);
		if (i % 2)
			continue; /* labels of all of them would touch on a phone */
		if (whole < 2 * 86400 * NS_PER_S)
			snprintf(text, 6, "%.5s", (char[6]){text[11], text[12], text[13], text[14], text[15]});
		else
			text[10] = '\0';
		label(h, place(l, t), bottom + 13, i == 4 ? "day" : i == 0 ? "hour" : "middle", text);
	}
}

static void
mark(struct html *h, const struct chart_line *l, size_t number)
{
	struct chart_mark m = {.lane = 0};

	l->mark(l->arg, number, &m);
	html_open(h, "a");
	html_attr(h, "href", m.href);
	shape(h, m.lane, place(l, m.at), 14 + (CHART_LANES - 1u - m.lane) * LANE);
	titled(h, m.title);
	html_close(h);
}

void
chart_line(struct html *h, const struct chart_line *l)
{
	const unsigned bottom = CHART_LANES * LANE + 6;

	begin(h, l->id, LINE_WIDTH, bottom + 36);
	describe(h, l->id, l->title, l->description);
	ticks(h, l, bottom + 14);
	for (unsigned lane = 0; lane < CHART_LANES; lane++)
		label(h, LINE_LEFT - 10, 18 + (CHART_LANES - 1 - lane) * LANE, "day", l->lane[lane]);
	label(h, LINE_LEFT - 10, bottom + 9, "day", "watched");
	spans(h, l, bottom);
	for (size_t i = l->marks; i-- > 0;) /* the gravest come first: last on top */
		mark(h, l, i);
	html_close(h);
}

void
chart_patterns(struct html *h)
{
	html_begin(h, "svg", "patterns");
	html_attr(h, "xmlns", "http://www.w3.org/2000/svg");
	html_attr(h, "width", "0");
	html_attr(h, "height", "0");
	html_attr(h, "aria-hidden", "true");
	html_open(h, "defs");
	html_open(h, "pattern");
	html_attr(h, "id", "hatch");
	html_attr(h, "patternUnits", "userSpaceOnUse");
	html_attr(h, "width", "6");
	html_attr(h, "height", "6");
	html_begin(h, "path", "hatching");
	html_attr(h, "d", "M-1 1l2-2M0 6l6-6M5 7l2-2");
	html_close_to(h, h->depth - 4);
}

static void
sign(struct html *h)
{
	html_begin(h, "svg", "sign");
	html_attr(h, "xmlns", "http://www.w3.org/2000/svg");
	html_attr(h, "viewBox", "0 0 18 18");
	html_attr(h, "aria-hidden", "true");
}

void
chart_sign(struct html *h, enum chart_state state, unsigned share)
{
	const struct chart_cell c = {.state = state, .share = share};

	sign(h);
	cell(h, &c, 2, 2, SIGN);
	html_close(h);
}

void
chart_shape(struct html *h, unsigned lane)
{
	sign(h);
	shape(h, lane, 9, 9);
	html_close(h);
	html_close(h);
}
