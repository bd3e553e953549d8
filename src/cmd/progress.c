/*
 * progress: percent, rate and time left, for somebody who waits.
 */
#include "cmd/common.h"

enum { EVERY_MS = 200 };

void
progress_begin(struct progress *p, struct term *to, bool on)
{
	*p = (struct progress){.to = to, .on = on && to->tty, .began = clock_now_ns()};
	p->next = p->began + EVERY_MS * NS_PER_MS;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* Is it time again?  How long it took so far. */
static bool
due(struct progress *p, int64_t *took)
{
	int64_t now;

	if (!p->on || (now = clock_now_ns()) < p->next)
		return false;
	p->next = now + EVERY_MS * NS_PER_MS;
	p->shown = true;
	*took = now - p->began;
	return true;
}

void
progress_share(struct progress *p, const char *what, uint64_t done, uint64_t of)
{
	int64_t took;

	if (!due(p, &took))
		return;
	fprintf(p->to->to, "\r\x1b[K%s%.40s%s", term_style(p->to, STYLE_BOLD), base_name(what),
		term_style(p->to, STYLE_PLAIN));
	if (done && done <= of)
		fprintf(p->to->to, "  %3u %%  %s left", (unsigned)(100.0 * (double)done / (double)of),
			words_span((int64_t)((double)took / (double)done * (double)(of - done))).text);
	fflush(p->to->to);
}

void
progress_show(struct progress *p, const struct progress_state *s)
{
	int64_t took;
	double rate;

	if (!due(p, &took))
		return;
	rate = (double)s->done / ((double)took / 1e9);
	fprintf(p->to->to, "\r\x1b[K%s%.40s%s  ", term_style(p->to, STYLE_BOLD), base_name(s->file),
		term_style(p->to, STYLE_PLAIN));
	if (s->size && s->done <= s->size)
		fprintf(p->to->to, "%3u %%  ", (unsigned)(100 * s->done / s->size));
	fprintf(p->to->to, "%s  %s frames  %s/s", words_bytes(s->done).text, words_number(s->frames).text,
		words_bytes((uint64_t)rate).text);
	if (s->size > s->done && rate > 0)
		fprintf(p->to->to, "  %s left", words_span((int64_t)((double)(s->size - s->done) / rate * 1e9)).text);
	fflush(p->to->to);
}

void
progress_clear(struct progress *p)
{
	if (p->shown)
		fprintf(p->to->to, "\r\x1b[K");
	p->shown = false;
}
