/*
 * pairs: CEF, LEEF and plain text from the rows of their tables.  Must not touch a descriptor or a clock.
 *
 * A byte that is not UTF-8 becomes U+FFFD, a control character a blank or what the format writes for it: no text from
 * the wire can begin a line, a field or an escape sequence of its own.
 */
#include "sink/pairs.h"

/* What a format makes of a character that would end a field; NULL: it stays as it is. */
typedef const char *escape_fn(char c);

static const char *
escape_header(char c)
{
	return c == '\\' ? "\\\\" : c == '|' ? "\\|" : NULL;
}

static const char *
escape_extension(char c)
{
	return c == '\\' ? "\\\\" : c == '=' ? "\\=" : c == '\n' ? "\\n" : c == '\r' ? "\\r" : NULL;
}

static const char *
escape_leef_header(char c)
{
	return c == '|' ? " " : NULL;
}

static const char *
escape_none(char c)
{
	(void)c;
	return NULL;
}

static void
put_escaped(struct out *o, struct text t, escape_fn *escape)
{
	const uint8_t *p = (const uint8_t *)t.p, *end = p + t.len;

	while (p < end) {
		const char *as = escape((char)*p);
		size_t n = *p < 0x80 ? 1 : out_utf8_len(p, (size_t)(end - p));

		if (as)
			out_text(o, as);
		else if (n == 0)
			OUT_LIT(o, "\xef\xbf\xbd");                                          /* U+FFFD */
		else if (*p < 0x20 || *p == 0x7f || (n == 2 && p[0] == 0xc2 && p[1] < 0xa0)) /* C0, DEL, C1 */
			out_char(o, ' ');
		else
			out_bytes(o, p, n);
		p += n ? n : 1;
	}
}

/* How a format writes a time. */
typedef void time_fn(struct out *o, struct when t);

static void
time_ms(struct out *o, struct when t)
{
	out_i64(o, t.ns / NS_PER_MS);
}

/* Out of 2025-05-01T12:00:00.123456+0000 with or without the last three digits and the offset. */
static void
time_part(struct out *o, struct when t, size_t digits, const char *zone)
{
	char buffer[48];
	struct out b = out_of(buffer, sizeof(buffer));

	out_time(&b, t);
	out_bytes(o, buffer, digits);
	out_text(o, zone);
}

static void
time_leef(struct out *o, struct when t)
{
	time_part(o, t, 23, "+0000");
}

static void
time_people(struct out *o, struct when t)
{
	time_part(o, t, 19, "Z");
}

struct style {
	escape_fn *escape;
	time_fn *time;
	const char *list; /* between members */
};

static void
put_list(struct out *o, struct text list, const struct style *how, unsigned *cut)
{
	struct cur c = cur_of(list.p, list.len);

	for (unsigned i = 0; cur_left(&c); i++) {
		struct cur item = cur_sub(&c, cur_u8(&c));

		if (i == MAP_LIST_MAX) {
			(*cut)++;
			return;
		}
		if (i)
			out_text(o, how->list);
		put_escaped(o, (struct text){(const char *)item.p, (uint32_t)cur_left(&item)}, how->escape);
	}
}

static void
put_value(struct out *o, const struct value *v, const struct style *how, unsigned *cut)
{
	char room[MAP_TEXT_MAX + 4];

	switch ((enum value_type)v->type) {
	case VALUE_TEXT:
		put_escaped(o, map_bounded(v->text, room, cut), how->escape);
		break;
	case VALUE_LIST:
		put_list(o, v->text, how, cut);
		break;
	case VALUE_NUMBER:
		out_u64(o, v->number);
		break;
	case VALUE_BOOL:
		out_text(o, v->number ? "true" : "false");
		break;
	case VALUE_TIME:
		how->time(o, v->time);
		break;
	case VALUE_DURATION:
		out_u64(o, v->number / NS_PER_MS);
		break;
	case VALUE_NONE:
		break;
	}
}

/* Header fields must all be there, and a pair whose value is empty is none: some parsers stop at it. */
static bool
is_there(const struct value *v)
{
	return v->type != VALUE_NONE && !((v->type == VALUE_TEXT || v->type == VALUE_LIST) && v->text.len == 0);
}

struct line_style {
	struct style header, pair;
	const char *between; /* pairs */
};

static void
put_pairs(struct out *o, const struct map_table *table, const struct event *e, const struct line_style *how,
	  unsigned *cut)
{
	const char *before = "";
	const struct subject of = subject_of(e);
	char *begun = o->p;
	struct value v;

	for (unsigned i = 0; i < table->count; i++) {
		const struct map_row *m = &table->row[i];
		bool header = m->name[0] == '|';

		if (!(m->events & e->kind))
			continue;
		map_get(&v, m, &of);
		if (header) {
			put_value(o, &v, &how->header, cut);
			out_char(o, '|');
		} else if (is_there(&v)) {
			out_text(o, before);
			out_bytes(o, m->name, m->len);
			out_char(o, '=');
			put_value(o, &v, &how->pair, cut);
			before = how->between;
		}
	}
	out_char(o, '\n');
	if (o->full)
		o->p = begun;
}

void
pairs_cef(struct out *o, const struct map_table *table, const struct event *e, unsigned *cut)
{
	static const struct line_style CEF = {{escape_header, time_ms, ","}, {escape_extension, time_ms, ","}, " "};

	put_pairs(o, table, e, &CEF, cut);
}

void
pairs_leef(struct out *o, const struct map_table *table, const struct event *e, unsigned *cut)
{
	static const struct line_style LEEF = {
		{escape_leef_header, time_leef, ","}, {escape_none, time_leef, ","}, "\t"};

	put_pairs(o, table, e, &LEEF, cut);
}

void
pairs_text(struct out *o, const struct map_table *table, const struct event *e, unsigned *cut)
{
	static const struct style PEOPLE = {escape_none, time_people, " "};
	const struct subject of = subject_of(e);
	char *begun = o->p;
	struct value v;

	for (unsigned i = 0; i < table->count; i++) {
		if (!(table->row[i].events & e->kind))
			continue;
		map_get(&v, &table->row[i], &of);
		if (!is_there(&v))
			continue;
		out_bytes(o, table->row[i].name, table->row[i].len);
		put_value(o, &v, &PEOPLE, cut);
	}
	out_char(o, '\n');
	if (o->full)
		o->p = begun;
}
