/*
 * html: see html.h.  Must not let a byte of text through that is not text to a browser.
 */
#include "sink/html.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Elements that have no content, and those after which a line ends in the source. */
static const struct element {
	const char *name;
	bool empty, line;
} ELEMENTS[] = {
	{"meta", true, true},        {"rect", true, false},   {"path", true, false},  {"line", true, false},
	{"polygon", true, false},    {"circle", true, true},  {"br", true, false},    {"p", false, true},
	{"div", false, true},        {"h1", false, true},     {"h2", false, true},    {"h3", false, true},
	{"h4", false, true},         {"tr", false, true},     {"table", false, true}, {"li", false, true},
	{"section", false, true},    {"ul", false, true},     {"svg", false, true},   {"g", false, true},
	{"article", false, true},    {"figure", false, true}, {"head", false, true},  {"title", false, true},
	{"figcaption", false, true},
};

struct html
html_of(void *memory, size_t size)
{
	struct html h = {.out = out_of(memory, size)};

	OUT_LIT(&h.out, "<!DOCTYPE html>\n");
	return h;
}

static const struct element *
element_of(const char *name)
{
	static const struct element PLAIN = {"", false, false};

	for (size_t i = 0; i < sizeof(ELEMENTS) / sizeof(ELEMENTS[0]); i++)
		if (strcmp(ELEMENTS[i].name, name) == 0)
			return &ELEMENTS[i];
	return &PLAIN;
}

static void
end_tag(struct html *h)
{
	if (h->in_tag)
		out_char(&h->out, '>');
	h->in_tag = false;
}

void
html_open(struct html *h, const char *element)
{
	if (h->depth == HTML_DEPTH)
		abort();
	end_tag(h);
	out_char(&h->out, '<');
	out_text(&h->out, element);
	h->open[h->depth++] = element;
	h->in_tag = true;
}

void
html_close(struct html *h)
{
	const struct element *e;

	if (!h->depth)
		abort();
	e = element_of(h->open[--h->depth]);
	if (e->empty && h->in_tag) {
		OUT_LIT(&h->out, "/>");
		h->in_tag = false;
	} else {
		end_tag(h);
		OUT_LIT(&h->out, "</");
		out_text(&h->out, h->open[h->depth]);
		out_char(&h->out, '>');
	}
	if (e->line)
		out_char(&h->out, '\n');
}

void
html_close_to(struct html *h, unsigned depth)
{
	while (h->depth > depth)
		html_close(h);
}

static uint32_t
code_point(const uint8_t *p, size_t n)
{
	static const uint8_t LEAD[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = p[0] & LEAD[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

/* C1 controls, what turns or hides the writing, noncharacters: spoofing aids, and no XML in part. */
static bool
is_shown(uint32_t c)
{
	return c >= 0xa0 && !(c >= 0x200b && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) &&
	       !(c >= 0x2060 && c <= 0x206f) && c != 0xfeff && !(c >= 0xfff0 && c <= 0xfffc) &&
	       (c & 0xfffe) != 0xfffe && c != 0xad && c != 0x61c;
}

/* One sign; how many bytes it had. */
static size_t
put_sign(struct out *o, const uint8_t *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : out_utf8_len(p, left);

	switch (p[0]) {
	case '<':
		OUT_LIT(o, "&lt;");
		return 1;
	case '>':
		OUT_LIT(o, "&gt;");
		return 1;
	case '&':
		OUT_LIT(o, "&amp;");
		return 1;
	case '"':
		OUT_LIT(o, "&quot;");
		return 1;
	case '\'':
		OUT_LIT(o, "&#39;");
		return 1;
	default:
		break;
	}
	if (n == 1 ? (p[0] >= ' ' && p[0] != 0x7f) || p[0] == '\n' || p[0] == '\t' : n && is_shown(code_point(p, n)))
		out_bytes(o, p, n);
	else
		OUT_LIT(o, "\xef\xbf\xbd"); /* U+FFFD */
	return n ? n : 1;
}

static void
put_text(struct out *o, const char *text, size_t n)
{
	const uint8_t *p = (const uint8_t *)text;

	for (size_t i = 0; i < n;)
		i += put_sign(o, p + i, n - i);
}

void
html_attr(struct html *h, const char *name, const char *value)
{
	if (!h->in_tag)
		abort();
	out_char(&h->out, ' ');
	out_text(&h->out, name);
	OUT_LIT(&h->out, "=\"");
	put_text(&h->out, value, strlen(value));
	out_char(&h->out, '"');
}

/* Dots in place of what found no room. */
static void
form_words(char words[HTML_SAY_MAX], const char *form, va_list args)
{
	int n = vsnprintf(words, HTML_SAY_MAX, form, args);

	if (n >= HTML_SAY_MAX)
		memcpy(words + HTML_SAY_MAX - 4, "...", 4);
}

void
html_attrf(struct html *h, const char *name, const char *form, ...)
{
	char words[HTML_SAY_MAX];
	va_list args;

	va_start(args, form);
	form_words(words, form, args);
	va_end(args);
	html_attr(h, name, words);
}

void
html_text(struct html *h, const char *text)
{
	end_tag(h);
	put_text(&h->out, text, strlen(text));
}

void
html_bytes(struct html *h, struct text t)
{
	end_tag(h);
	put_text(&h->out, t.p, t.p ? t.len : 0);
}

void
html_say(struct html *h, const char *form, ...)
{
	char words[HTML_SAY_MAX];
	va_list args;

	va_start(args, form);
	form_words(words, form, args);
	va_end(args);
	html_text(h, words);
}

void
html_begin(struct html *h, const char *element, const char *class)
{
	html_open(h, element);
	if (class)
		html_attr(h, "class", class);
}

void
html_line(struct html *h, const char *element, const char *class, const char *form, ...)
{
	char words[HTML_SAY_MAX];
	va_list args;

	va_start(args, form);
	form_words(words, form, args);
	va_end(args);
	html_begin(h, element, class);
	html_text(h, words);
	html_close(h);
}

void
html_style(struct html *h, const char *css)
{
	html_open(h, "style");
	end_tag(h);
	out_text(&h->out, css);
	html_close(h);
}

static void
meta(struct html *h, const char *by, const char *name, const char *content)
{
	html_open(h, "meta");
	html_attr(h, by, name);
	if (content)
		html_attr(h, "content", content);
	html_close(h);
}

void
html_head(struct html *h, const struct html_head *about)
{
	html_open(h, "html");
	html_attr(h, "lang", "en");
	html_open(h, "head");
	meta(h, "charset", "utf-8", NULL);
	meta(h, "name", "viewport", "width=device-width, initial-scale=1");
	meta(h, "http-equiv", about->header, about->value);
	html_line(h, "title", NULL, "%s", about->title);
	html_style(h, about->css);
	html_close(h);
}
