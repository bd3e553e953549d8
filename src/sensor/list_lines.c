/*
 * list_lines: plain lists and CSV (RFC 4180: "quoted", doubled quotes inside; , ; or tab between).
 *
 * A CSV file has a header; feeds also hide it in the last comment before the data.  Quoted fields end with their
 * line: no indicator has a line end in it, and a lost quote shall not swallow the rest of the file.
 */
#include "sensor/list_parts.h"

enum { FIELDS_MAX = 64 };

enum column { COLUMN_OTHER, COLUMN_VALUE, COLUMN_TYPE, COLUMN_UNTIL, COLUMN_KIND };

struct csv {
	char separator;
	unsigned fields;
	uint8_t column[FIELDS_MAX]; /* COLUMN_KIND + enum list_kind */
};

struct split {
	unsigned n;
	bool open; /* a quote is not closed */
	struct text field[FIELDS_MAX];
};

static struct text
trimmed(struct text t)
{
	while (t.len && strchr(" \t\r", t.p[0]))
		t = (struct text){t.p + 1, t.len - 1};
	while (t.len && strchr(" \t\r", t.p[t.len - 1]))
		t.len--;
	return t;
}

/* The next line without its end; false: none left. */
static bool
line_next(struct text *rest, struct text *line)
{
	const char *end;

	if (!rest->len)
		return false;
	end = memchr(rest->p, '\n', rest->len);
	line->p = rest->p;
	line->len = end ? (uint32_t)(end - rest->p) : rest->len;
	rest->p += line->len + (end != NULL);
	rest->len -= line->len + (end != NULL);
	return true;
}

/* A quoted field, from behind its first quote; a doubled quote inside stays doubled, no indicator has one. */
static const char *
split_quoted(struct split *s, const char *p, const char *end, struct text *field)
{
	const char *start = p;

	while (p < end && (*p != '"' || (p + 1 < end && p[1] == '"')))
		p += *p == '"' ? 2 : 1;
	*field = (struct text){start, (uint32_t)(p - start)};
	s->open = p == end;
	return p < end ? p + 1 : end;
}

static void
split(struct split *s, struct text line, char separator)
{
	const char *p = line.p, *end = line.p + line.len;

	s->n = 0;
	s->open = false;
	for (;;) {
		struct text field = {NULL, 0};
		const char *stop;

		while (p < end && *p == ' ')
			p++;
		if (p < end && *p == '"')
			p = split_quoted(s, p + 1, end, &field);
		stop = memchr(p, separator, (size_t)(end - p));
		stop = stop ? stop : end;
		if (s->n < FIELDS_MAX)
			s->field[s->n++] = field.p ? field : trimmed((struct text){p, (uint32_t)(stop - p)});
		if (stop == end)
			return;
		p = stop + 1;
	}
}

static bool
is_word(struct text t, const char *word)
{
	size_t n = strlen(word);

	if (t.len != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = t.p[i];

		c = c == '-' || c == ' ' ? '_' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		if (c != word[i])
			return false;
	}
	return true;
}

struct column_name {
	const char *word;
	uint8_t column;
};

static const struct column_name COLUMNS[] = {
	{"indicator", COLUMN_VALUE},
	{"indicator_value", COLUMN_VALUE},
	{"value", COLUMN_VALUE},
	{"ioc", COLUMN_VALUE},
	{"ioc_value", COLUMN_VALUE},
	{"observable", COLUMN_VALUE},
	{"type", COLUMN_TYPE},
	{"indicator_type", COLUMN_TYPE},
	{"ioc_type", COLUMN_TYPE},
	{"expires", COLUMN_UNTIL},
	{"expiration", COLUMN_UNTIL},
	{"valid_until", COLUMN_UNTIL},
	{"ip", COLUMN_KIND + LIST_ADDRESS},
	{"ip_address", COLUMN_KIND + LIST_ADDRESS},
	{"address", COLUMN_KIND + LIST_ADDRESS},
	{"src_ip", COLUMN_KIND + LIST_ADDRESS},
	{"dst_ip", COLUMN_KIND + LIST_ADDRESS},
	{"dest_ip", COLUMN_KIND + LIST_ADDRESS},
	{"dstip", COLUMN_KIND + LIST_ADDRESS},
	{"ipv4", COLUMN_KIND + LIST_ADDRESS},
	{"ipv6", COLUMN_KIND + LIST_ADDRESS},
	{"cidr", COLUMN_KIND + LIST_ADDRESS},
	{"network", COLUMN_KIND + LIST_ADDRESS},
	{"domain", COLUMN_KIND + LIST_NAME},
	{"domain_name", COLUMN_KIND + LIST_NAME},
	{"hostname", COLUMN_KIND + LIST_NAME},
	{"fqdn", COLUMN_KIND + LIST_NAME},
	{"sni", COLUMN_KIND + LIST_NAME},
	{"server_name", COLUMN_KIND + LIST_NAME},
	{"ja3", COLUMN_KIND + LIST_JA3},
	{"ja3_md5", COLUMN_KIND + LIST_JA3},
	{"ja3_hash", COLUMN_KIND + LIST_JA3},
	{"ja4", COLUMN_KIND + LIST_JA4},
	{"certificate", COLUMN_KIND + LIST_CERTIFICATE},
	{"sha1", COLUMN_KIND + LIST_CERTIFICATE},
	{"sha256", COLUMN_KIND + LIST_CERTIFICATE},
	{"cert_sha1", COLUMN_KIND + LIST_CERTIFICATE},
	{"cert_sha256", COLUMN_KIND + LIST_CERTIFICATE},
};

static uint8_t
column_of(struct text word)
{
	for (size_t i = 0; i < sizeof(COLUMNS) / sizeof(COLUMNS[0]); i++)
		if (is_word(word, COLUMNS[i].word))
			return COLUMNS[i].column;
	return COLUMN_OTHER;
}

static char
separator_of(struct text line)
{
	return memchr(line.p, ',', line.len)  ? ',' :
	       memchr(line.p, ';', line.len)  ? ';' :
	       memchr(line.p, '\t', line.len) ? '\t' :
						',';
}

/* How many columns the line names; 0 when none of them has values. */
static unsigned
header(struct csv *csv, struct text line, struct split *s)
{
	bool values = false;
	unsigned known = 0;

	csv->separator = separator_of(line);
	split(s, line, csv->separator);
	csv->fields = s->n;
	for (unsigned i = 0; i < s->n; i++) {
		csv->column[i] = column_of(s->field[i]);
		known += csv->column[i] != COLUMN_OTHER;
		values |= csv->column[i] == COLUMN_VALUE || csv->column[i] >= COLUMN_KIND;
	}
	return values ? known : 0;
}

static void
add_cell(struct list *l, struct text value, struct text type, uint32_t until, const struct list_where *where)
{
	struct list_type t = type.p ? list_type(type) : (struct list_type){(int)l->kind, false, false};

	if (t.kind == LIST_TYPE_UNKNOWN)
		list_bad(l, where, type, "is not a type; ip, cidr, domain, ja3, ja4, cert-sha1, cert-sha256 are");
	else if (t.kind == LIST_TYPE_OTHER)
		l->skipped++;
	else
		list_add_typed(l, value, &t, until, where);
}

static void
add_row(struct list *l, const struct csv *csv, const struct split *s, const struct list_where *where)
{
	struct text type = {NULL, 0};
	uint32_t until = 0, added = 0;

	for (unsigned i = 0; i < csv->fields; i++) {
		struct when t;

		if (csv->column[i] == COLUMN_TYPE)
			type = s->field[i];
		if (csv->column[i] != COLUMN_UNTIL || !s->field[i].len)
			continue;
		if (!when_parse(&t, s->field[i].p, s->field[i].len)) {
			list_bad(l, where, s->field[i], "is not a time; write 2026-12-31 or 2026-12-31T12:00:00Z");
			return;
		}
		until = list_until(t);
	}
	for (unsigned i = 0; i < csv->fields; i++) {
		if (!s->field[i].len || (csv->column[i] != COLUMN_VALUE && csv->column[i] < COLUMN_KIND))
			continue;
		if (csv->column[i] == COLUMN_VALUE)
			add_cell(l, s->field[i], type, until, where);
		else
			list_add(l, s->field[i], (enum list_kind)(csv->column[i] - COLUMN_KIND), until, where);
		added++;
	}
	if (!added)
		list_bad(l, where, (struct text){NULL, 0}, "the row has no value; fill it in or take it out");
}

static void
csv_line(struct list *l, const struct csv *csv, struct split *s, const struct list_where *where)
{
	if (s->open)
		list_bad(l, where, (struct text){NULL, 0}, "a quote is not closed; close it on the same line");
	else if (s->n != csv->fields)
		list_bad(l, where, (struct text){NULL, 0},
			 s->n < csv->fields ? "fewer fields than the header; fill the row up, even if with nothing" :
					      "more fields than the header; quote the one that has a separator in it");
	else
		add_row(l, csv, s, where);
}

/* Without the comment that may follow a plain value. */
static struct text
uncommented(struct text line)
{
	for (uint32_t i = 1; i < line.len; i++)
		if (line.p[i] == '#' && (line.p[i - 1] == ' ' || line.p[i - 1] == '\t'))
			return trimmed((struct text){line.p, i});
	return line;
}

static bool
is_comment(struct text line)
{
	return line.len &&
	       (line.p[0] == '#' || line.p[0] == ';' || (line.len > 1 && line.p[0] == '/' && line.p[1] == '/'));
}

static void
plain_line(struct list *l, struct text line, const struct list_where *where)
{
	line = uncommented(line);
	if (memchr(line.p, ',', line.len))
		list_bad(l, where, line, "has a comma; a CSV file needs a header such as value,type in its first line");
	else
		list_add(l, line, l->kind, 0, where);
}

/* A header in a comment: "# ja3_md5,Firstseen,Lastseen,Listingreason"; Zeek's "#fields<tab>indicator<tab>...". */
static unsigned
hidden_header(struct csv *csv, struct text comment, struct split *s)
{
	static const char FIELDS[] = "fields\t";
	unsigned known;

	while (comment.len && strchr("#;/ ", comment.p[0]))
		comment = (struct text){comment.p + 1, comment.len - 1};
	if (comment.len > strlen(FIELDS) && memcmp(comment.p, FIELDS, strlen(FIELDS)) == 0)
		comment = (struct text){comment.p + strlen(FIELDS), comment.len - (uint32_t)strlen(FIELDS)};
	known = header(csv, comment, s);
	return csv->fields > 1 ? known : 0;
}

enum first_line { FIRST_PLAIN, FIRST_DATA, FIRST_HEADER };

/* What the first line is that is no comment; a row may have the word "domain" in it, but a header names more. */
static enum first_line
first_line(struct csv *csv, struct text line, struct text comment)
{
	struct csv hidden = {.fields = 0};
	struct split s;
	unsigned here = header(csv, line, &s), before = comment.p ? hidden_header(&hidden, comment, &s) : 0;

	if (here >= before)
		return here ? FIRST_HEADER : FIRST_PLAIN;
	*csv = hidden;
	return FIRST_DATA;
}

void
list_lines(struct list *l, struct text text)
{
	struct text line, comment = {NULL, 0};
	struct csv csv = {.fields = 0};
	struct split s;
	enum first_line first = FIRST_PLAIN;
	bool began = false;

	for (struct list_where where = {1, NULL}; line_next(&text, &line); where.line++) {
		line = trimmed(line);
		if (is_comment(line) && !began)
			comment = line;
		if (!line.len || is_comment(line))
			continue;
		if (!began) {
			began = true;
			first = first_line(&csv, line, comment);
			if (first == FIRST_HEADER)
				continue;
		}
		if (first == FIRST_PLAIN) {
			plain_line(l, line, &where);
			continue;
		}
		split(&s, line, csv.separator);
		csv_line(l, &csv, &s, &where);
	}
	l->format = first == FIRST_PLAIN ? "plain" : "CSV";
}
