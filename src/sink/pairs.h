/*
 * pairs: the formats that are a line of keys and values, and the line for people.  Internal to src/sink.
 */
#ifndef SINK_PAIRS_H
#define SINK_PAIRS_H

#include "sink/map.h"

/* CEF: header between |, then key=value between blanks; \ | = and line ends are escaped. */
void pairs_cef(struct out *o, const struct map_table *table, const struct event *e, unsigned *cut);

/* LEEF 2.0: header between |, then key=value between tabs; it knows no escapes: a tab or line end becomes a blank. */
void pairs_leef(struct out *o, const struct map_table *table, const struct event *e, unsigned *cut);

/* Each value behind the words of its row. */
void pairs_text(struct out *o, const struct map_table *table, const struct event *e, unsigned *cut);

#endif
