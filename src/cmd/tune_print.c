/*
 * tune_print: the table for people, the lines for programs.
 *
 *	leak_loop: memory leak polled in a loop
 *	  requests, requests          2: 1.3       4: 0.3      [8: 0]       16: 0        32: 0
 *
 * Must not count.
 */
#include "cmd/tune.h"

#include <inttypes.h>

#include "detect/detect.h"

enum { NAME = 26, CELL = 14, WIDE = 2 + NAME + TUNE_STEPS * CELL, INDENT = 4 };

static const int64_t DAY_NS = 86400 * NS_PER_S;

/* Less than a day of traffic says nothing of a day: then it is counts. */
static bool
by_day(const struct tune_result *r)
{
	return r->facts.lasted_ns >= DAY_NS;
}

static double
rate(const struct tune_result *r, uint64_t n)
{
	return by_day(r) ? (double)n * (double)DAY_NS / (double)r->facts.lasted_ns : (double)n;
}

static struct words
words_rate(const struct tune_result *r, uint64_t n)
{
	struct words w = {"0"};
	double v = rate(r, n);

	if (by_day(r) && n)
		snprintf(w.text, sizeof(w.text), v < 0.995 ? "%.2f" : v < 9.95 ? "%.1f" : "%.0f", v);
	else
		w = words_number(n);
	return w;
}

static void
print_head(const struct term *t, const struct tune_result *r)
{
	const struct store_facts *f = &r->facts;
	char line[512];

	snprintf(line, sizeof(line),
		 "%s session records and %s pulses of gateways, %s to %s UTC, kept in %s (%s bytes each).",
		 words_number(f->sessions).text, words_number(f->pulses).text, words_time(f->first).text,
		 words_time(f->last).text, words_bytes(f->bytes).text,
		 words_number(f->bytes / (f->sessions + f->pulses)).text);
	term_wrap(t, 0, line);
	snprintf(line, sizeof(line), "%s of traffic, the first %s of it learning (detect.learn).%s",
		 words_span(f->lasted_ns).text,
		 words_span(r->learn_ns < f->lasted_ns ? r->learn_ns : f->lasted_ns).text,
		 by_day(r) ? "" : " Less than a day: these are counts, not rates.");
	term_wrap(t, 0, line);
	fprintf(t->to, "\nAlerts%s of severity medium and above, at each value; as configured in [ ]: %s\n",
		by_day(r) ? " a day" : "", words_rate(r, r->now.all).text);
}

static void
print_cell(const struct term *t, const struct tune_result *r, const struct tune_row *row, unsigned i)
{
	bool now = i == row->current;
	char cell[64];

	snprintf(cell, sizeof(cell), "%s%" PRId64 ": %s%s", now ? "[" : "", row->value[i],
		 words_rate(r, row->alerts[i]).text, now ? "]" : "");
	fprintf(t->to, " %s%*s%s", term_style(t, now ? STYLE_BOLD : STYLE_PLAIN), CELL - 1, cell,
		term_style(t, STYLE_PLAIN));
}

static void
print_row(const struct term *t, const struct tune_result *r, const struct tune_row *row)
{
	const struct detect_param *p = &DETECT_PARAMS[row->param];
	char name[64];

	snprintf(name, sizeof(name), "%s, %s", p->name, p->unit);
	if (t->width < WIDE)
		fprintf(t->to, "  %s\n%*s", name, INDENT, "");
	else
		fprintf(t->to, "  %-*s", NAME, name);
	for (unsigned i = 0; i < row->steps; i++)
		print_cell(t, r, row, i);
	fprintf(t->to, "\n");
}

static void
print_detector(const struct term *t, const struct tune_result *r, unsigned d)
{
	unsigned rows = 0;

	fprintf(t->to, "\n%s%s%s: %s: %s\n", term_style(t, STYLE_BOLD), DETECTORS[d].name, term_style(t, STYLE_PLAIN),
		DETECTORS[d].title, words_rate(r, r->now.of[d]).text);
	for (unsigned i = 0; i < r->rows; i++)
		if (r->row[i].detector == d) {
			print_row(t, r, &r->row[i]);
			rows++;
		}
	if (rows == 0)
		fprintf(t->to, "  nothing to set\n");
}

/* The value nearest to the current one that would have made a difference; false: none. */
static bool
difference(const struct tune_row *row, unsigned *at)
{
	for (unsigned away = 1; away < TUNE_STEPS; away++)
		for (unsigned side = 0; side < 2; side++) {
			unsigned i = side ? row->current + away : row->current - away;

			if (i < row->steps && row->alerts[i] != row->alerts[row->current]) {
				*at = i;
				return true;
			}
		}
	return false;
}

static void
print_reading(const struct term *t, const struct tune_result *r, const struct tune_row *row, unsigned at)
{
	const struct detect_param *p = &DETECT_PARAMS[row->param];
	char line[256];

	snprintf(line, sizeof(line),
		 "%s.%s: at %" PRId64 " instead of %" PRId64 " it would have given %s alert%s%s instead of %s",
		 p->detector, p->name, row->value[at], row->value[row->current], words_rate(r, row->alerts[at]).text,
		 !by_day(r) && row->alerts[at] == 1 ? "" : "s", by_day(r) ? " a day" : "",
		 words_rate(r, row->alerts[row->current]).text);
	term_wrap(t, 2, line);
}

void
tune_print(const struct term *t, const struct tune_result *r)
{
	unsigned same = 0, at;

	print_head(t, r);
	for (unsigned d = 0; d < DETECTOR_COUNT; d++)
		if (r->shown[d])
			print_detector(t, r, d);
	fprintf(t->to, "\n");
	for (unsigned i = 0; i < r->rows; i++)
		if (difference(&r->row[i], &at))
			print_reading(t, r, &r->row[i], at);
		else
			same++;
	fprintf(t->to, "  %u of %u parameters: no difference at any of these values\n", same, r->rows);
}

static void
json_alerts(struct out *o, const struct tune_result *r, const char *key, uint64_t n)
{
	json_comma(o);
	out_char(o, '"');
	out_text(o, key);
	OUT_LIT(o, "\":");
	out_u64(o, n);
	if (!by_day(r))
		return;
	OUT_LIT(o, ",\"");
	out_text(o, key);
	OUT_LIT(o, "_a_day\":");
	out_fixed(o, (int64_t)(rate(r, n) * 1000 + 0.5), 3);
}

static void
json_row(struct out *o, const struct tune_result *r, const struct tune_row *row)
{
	const struct detect_param *p = &DETECT_PARAMS[row->param];

	json_open(o, '{');
	JSON_KEY(o, "detector");
	json_text(o, p->detector);
	JSON_KEY(o, "parameter");
	json_text(o, p->name);
	JSON_KEY(o, "unit");
	json_text(o, p->unit);
	JSON_KEY(o, "configured");
	json_i64(o, row->value[row->current]);
	JSON_KEY(o, "values");
	json_open(o, '[');
	for (unsigned i = 0; i < row->steps; i++) {
		json_open(o, '{');
		JSON_KEY(o, "value");
		json_i64(o, row->value[i]);
		json_alerts(o, r, "alerts", row->alerts[i]);
		json_alerts(o, r, "all_alerts", row->all[i]);
		json_close(o, '}');
	}
	json_close(o, ']');
	json_close(o, '}');
}

static void
json_head(struct out *o, const struct tune_result *r)
{
	json_open(o, '{');
	JSON_KEY(o, "records");
	json_u64(o, r->facts.sessions);
	JSON_KEY(o, "pulses");
	json_u64(o, r->facts.pulses);
	JSON_KEY(o, "first");
	out_char(o, '"');
	out_time(o, r->facts.first);
	OUT_LIT(o, "\"");
	JSON_KEY(o, "last");
	out_char(o, '"');
	out_time(o, r->facts.last);
	OUT_LIT(o, "\"");
	JSON_KEY(o, "traffic_s");
	json_i64(o, r->facts.lasted_ns / NS_PER_S);
	JSON_KEY(o, "learn_s");
	json_i64(o, r->learn_ns / NS_PER_S);
	json_alerts(o, r, "all_alerts", r->now.all);
	JSON_KEY(o, "detectors");
	json_open(o, '[');
	for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
		if (!r->shown[d])
			continue;
		json_open(o, '{');
		JSON_KEY(o, "detector");
		json_text(o, DETECTORS[d].name);
		json_alerts(o, r, "alerts", r->now.of[d]);
		json_close(o, '}');
	}
	json_close(o, ']');
	json_close(o, '}');
}

static void
flush_line(const struct term *t, struct out *o, char *line)
{
	out_char(o, '\n');
	fwrite(line, 1, out_len(o), t->to);
}

void
tune_json(const struct term *t, const struct tune_result *r)
{
	static char line[1 << 14];
	struct out o = out_of(line, sizeof(line));

	json_head(&o, r);
	flush_line(t, &o, line);
	for (unsigned i = 0; i < r->rows; i++) {
		o = out_of(line, sizeof(line));
		json_row(&o, r, &r->row[i]);
		flush_line(t, &o, line);
	}
}
