/*
 * term: what a person reads.  Must not write to anything but the stream it was given.
 */
#include "cmd/term.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/out.h"

struct term
term_of(FILE *to)
{
	struct term t = {.to = to, .width = 100};
	const char *no = getenv("NO_COLOR"), *type = getenv("TERM");
	struct winsize size;

	t.tty = isatty(fileno(to)) == 1;
	t.colour = t.tty && !(no && *no) && !(type && strcmp(type, "dumb") == 0);
	if (t.tty && ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		t.width = size.ws_col > 160 ? 160 : size.ws_col;
	return t;
}

const char *
term_style(const struct term *t, enum term_style style)
{
	static const char *const CODES[] = {"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[1;31m", "\x1b[33m", "\x1b[36m"};

	return t->colour ? CODES[style] : "";
}

struct words
words_number(uint64_t n)
{
	struct words w = {""};
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n), at = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			w.text[at++] = ',';
		w.text[at++] = digits[i];
	}
	w.text[at] = '\0';
	return w;
}

struct words
words_bytes(uint64_t n)
{
	static const char *const UNITS[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	struct words w = {""};
	double v = (double)n;
	unsigned u = 0;

	for (; v >= 1024 && u < 6; u++)
		v /= 1024;
	snprintf(w.text, sizeof(w.text), u && v < 100 ? "%.1f %s" : "%.0f %s", v, UNITS[u]);
	return w;
}

struct words
words_span(int64_t ns)
{
	struct words w = {""};
	int64_t s = ns / NS_PER_S;

	if (ns < NS_PER_S)
		snprintf(w.text, sizeof(w.text), "%" PRId64 " ms", ns / NS_PER_MS);
	else if (s < 10)
		snprintf(w.text, sizeof(w.text), "%.1f s", (double)ns / 1e9);
	else if (s < 600)
		snprintf(w.text, sizeof(w.text), "%" PRId64 " s", s);
	else if (s < 48 * 3600)
		snprintf(w.text, sizeof(w.text), "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
	else
		snprintf(w.text, sizeof(w.text), "%" PRId64 " d %" PRId64 " h", s / 86400, s / 3600 % 24);
	return w;
}

struct words
words_time(struct when t)
{
	struct words w = {""};
	struct out o = out_of(w.text, sizeof(w.text) - 1);

	out_time_s(&o, t);
	*o.p = '\0';
	if (out_len(&o) > 10)
		w.text[10] = ' ';
	return w;
}

void
term_wrap(const struct term *t, unsigned indent, const char *text)
{
	size_t room = t->width > indent + 20 ? t->width - indent : 20;

	while (*text) {
		size_t n = strlen(text), cut = n;

		if (n > room) {
			for (cut = room; cut > 0 && text[cut] != ' '; cut--)
				continue;
			if (cut == 0)
				cut = room;
		}
		fprintf(t->to, "%*s%.*s\n", (int)indent, "", (int)cut, text);
		text += cut;
		text += strspn(text, " ");
	}
}
