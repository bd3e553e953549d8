/*
 * chart: drawings of a report, in SVG, by the writer of pages.
 *
 * Legible without colour: how much is told by how far a cell is filled, what kind by its pattern, how grave by the
 * shape of a mark.  Each drawing has a title and a description for those who hear it; each cell its own title.  Colours
 * are classes of the page's style sheet.
 */
#ifndef CMD_CHART_H
#define CMD_CHART_H

#include "base/when.h"
#include "sink/html.h"

/* A field of hours: a row a day, a column an hour. */
enum chart_state {
	CHART_OUTSIDE, /* not asked for: nothing is drawn */
	CHART_BLIND,   /* crossed out */
	CHART_FILLED,  /* from the bottom, as far as `share` */
	CHART_LOSSY,   /* the same, hatched */
	CHART_SQUARE   /* a square in the middle, whose side is as `share` */
};
struct chart_cell {
	enum chart_state state;
	unsigned share; /* thousandths */
	char title[200];
};
struct chart_field {
	const char *id; /* on the page */
	const char *title;
	const char *description;
	unsigned rows;
	const void *arg;
	void (*label)(const void *arg, unsigned row, char text[24]);
	void (*cell)(const void *arg, unsigned row, unsigned hour, struct chart_cell *cell);
};
void chart_field(struct html *h, const struct chart_field *f);

/* A line of time: a lane for each severity, a mark for each event, and what was not watched below. */
enum { CHART_LANES = 5 };
struct chart_mark {
	struct when at;
	uint8_t lane;  /* 0: the lowest; its shape comes with it */
	char href[40]; /* "#..." on the page */
	char title[200];
};
struct chart_line {
	const char *id, *title, *description;
	struct when begin, end;
	const char *lane[CHART_LANES]; /* names, the lowest first */
	const void *arg;
	size_t marks;
	void (*mark)(const void *arg, size_t number, struct chart_mark *mark);
	size_t spans; /* that were not watched */
	void (*span)(const void *arg, size_t number, struct when *begin, struct when *end);
};
void chart_line(struct html *h, const struct chart_line *l);

/* The patterns that drawings use, and the signs of a legend; once a page, before the first. */
void chart_patterns(struct html *h);
void chart_sign(struct html *h, enum chart_state state, unsigned share);
void chart_shape(struct html *h, unsigned lane); /* of a mark, as a sign of its own */

#endif
