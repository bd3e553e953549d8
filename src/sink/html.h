/*
 * html: a writer of pages: elements that close, text that is escaped.
 *
 * Whatever is handed to it as text or as an attribute comes out as text, from whomever it is: `<`, quotes, control
 * characters, bytes that are no UTF-8, and signs that turn the direction of writing (Unicode TR 36) cannot reach the
 * page.  What it writes is HTML (WHATWG) and well-formed XML at once, so that any XML parser can check it; SVG is
 * written by the same calls.  Names of elements, attributes and classes are the program's own.
 *
 *	html_open(h, "p"); html_attr(h, "class", "note"); html_text(h, name); html_close(h);
 *	html_line(h, "td", "number", "%s", words_number(n).text);
 *
 * Mistakes of the caller (an attribute behind the text, too deep, closing what is not open) abort.  What does not fit
 * sets h->out.full, as base/out.h has it.
 */
#ifndef SINK_HTML_H
#define SINK_HTML_H

#include "base/out.h"
#include "base/text.h"

enum { HTML_DEPTH = 24, HTML_SAY_MAX = 4096 };

struct html {
	struct out out;
	const char *open[HTML_DEPTH];
	unsigned depth;
	bool in_tag; /* the last one's `>` is not written yet */
};

/* Into memory of the caller's; begins with the document type. */
struct html html_of(void *memory, size_t size);

void html_open(struct html *h, const char *element);
void html_close(struct html *h);
void html_close_to(struct html *h, unsigned depth); /* until so many are open */

/* Of the element that was opened last. */
void html_attr(struct html *h, const char *name, const char *value);
__attribute__((format(printf, 3, 4))) void html_attrf(struct html *h, const char *name, const char *form, ...);

void html_text(struct html *h, const char *text);
void html_bytes(struct html *h, struct text t); /* from the wire */
/* At most HTML_SAY_MAX - 1 bytes: what is longer ends in dots. */
__attribute__((format(printf, 2, 3))) void html_say(struct html *h, const char *form, ...);

/* An element with this class (NULL: none), and begun; or whole, with text. */
void html_begin(struct html *h, const char *element, const char *class);
__attribute__((format(printf, 4, 5))) void
html_line(struct html *h, const char *element, const char *class, const char *form, ...);

/* Style sheets of our own: no `<` and no `&` in them. */
void html_style(struct html *h, const char *css);

/* A page's first element, which stays open, and its head: for people who read English, on screens of any width. */
struct html_head {
	const char *title, *css;
	const char *header, *value; /* of HTTP, that the page brings itself (http-equiv) */
};
void html_head(struct html *h, const struct html_head *about);

#endif
