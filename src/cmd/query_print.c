/*
 * query_print: rows as a table that fits the terminal, as CSV (RFC 4180) or as JSON, one object a line.  A table whose
 * columns do not fit side by side stands upright: a line for each value that there is.  Texts come from hostile
 * traffic: what a terminal would act on is not printed.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "cmd/query.h"

enum { WAIT = 256, NARROWEST = 8, GAP = 2, WORDS = 40 };

/* How many places it takes, and no more than `most` of them are in the first *bytes. */
static unsigned
places(const char *p, unsigned most, size_t *bytes)
{
	unsigned n = 0;
	size_t i = 0;

	for (; p[i]; i++) {
		if (((unsigned char)p[i] & 0xc0) == 0x80)
			continue;
		if (n == most)
			break;
		n++;
	}
	*bytes = i;
	return n;
}

/* A copy that a terminal only shows: control characters of ASCII and of Latin-1 (in UTF-8: c2 80 to c2 9f) replaced. */
static char *
shown(const char *p, size_t n)
{
	char *copy = malloc(n + 1), *to = copy;

	for (size_t i = 0; copy && i < n; i++) {
		unsigned char c = (unsigned char)p[i], next = i + 1 < n ? (unsigned char)p[i + 1] : 0;

		if (c == 0xc2 && next >= 0x80 && next < 0xa0) {
			*to++ = '?';
			i++;
		} else {
			*to++ = c < ' ' || c == 0x7f ? '?' : (char)c;
		}
	}
	if (copy)
		*to = '\0';
	return copy;
}

static char *
words_of(const struct sql_value *v)
{
	char text[WORDS];

	switch ((enum sql_kind)v->kind) {
	case SQL_NONE:
		return shown("", 0);
	case SQL_NUMBER:
		return shown(text, (size_t)snprintf(text, sizeof(text), "%" PRId64, v->number));
	case SQL_REAL:
		return shown(text, (size_t)snprintf(text, sizeof(text), "%.10g", v->real));
	case SQL_WORDS:
		break;
	}
	return shown(v->text.p, v->text.len);
}

/* --- table --- */

static char **
row_of(struct printing *p, uint32_t row)
{
	return p->cell + (size_t)row * p->columns;
}

/* Columns get what their widest cell takes; where that does not fit, the widest give. */
static void
fit(struct printing *p)
{
	unsigned total = 0, widest;

	for (unsigned i = 0; i < p->columns; i++)
		total += p->width[i] + GAP;
	while (p->to.tty && total > p->to.width + GAP) {
		widest = 0;
		for (unsigned i = 1; i < p->columns; i++)
			if (p->width[i] > p->width[widest])
				widest = i;
		if (p->width[widest] <= NARROWEST)
			break;
		p->width[widest]--;
		total--;
	}
	p->upright = total > p->to.width + GAP && (p->to.tty || p->columns > 24);
}

static void
cell(const struct printing *p, unsigned column, const char *text, enum term_style style)
{
	size_t bytes;
	unsigned wide = places(text, ~0u, &bytes), room = p->width[column];
	bool cut = wide > room && p->to.tty, last = column + 1 == p->columns;

	if (cut)
		wide = places(text, room - 1, &bytes) + 1;
	if (p->number[column])
		fprintf(p->to.to, "%*s", room > wide ? (int)(room - wide) : 0, "");
	fprintf(p->to.to, "%s%.*s%s%s", term_style(&p->to, style), (int)bytes, text, cut ? "~" : "",
		term_style(&p->to, STYLE_PLAIN));
	if (!p->number[column] && !last)
		fprintf(p->to.to, "%*s", room > wide ? (int)(room - wide) : 0, "");
	fputs(last ? "\n" : "  ", p->to.to);
}

static void
table_row(struct printing *p, char **row)
{
	if (p->upright && p->rows > 1)
		fputc('\n', p->to.to);
	for (unsigned i = 0; i < p->columns; i++) {
		if (!p->upright)
			cell(p, i, row[i], STYLE_PLAIN);
		else if (*row[i])
			fprintf(p->to.to, "%s%-26s%s %s\n", term_style(&p->to, STYLE_BOLD), p->name[i],
				term_style(&p->to, STYLE_PLAIN), row[i]);
	}
	for (unsigned i = 0; i < p->columns; i++) {
		free(row[i]);
		row[i] = NULL;
	}
}

static void
begin_table(struct printing *p)
{
	uint64_t rows = p->rows;
	size_t bytes;

	p->begun = true;
	for (uint32_t r = 0; r < p->waiting; r++)
		for (unsigned i = 0; i < p->columns; i++) {
			unsigned wide = places(row_of(p, r)[i], ~0u, &bytes);

			p->width[i] = wide > p->width[i] ? wide : p->width[i];
		}
	fit(p);
	for (unsigned i = 0; i < p->columns && !p->upright; i++)
		cell(p, i, p->name[i], STYLE_BOLD);
	p->rows = 0;
	for (uint32_t r = 0; r < p->waiting; r++) {
		p->rows++;
		table_row(p, row_of(p, r));
	}
	p->rows = rows;
}

static void
add_to_table(struct printing *p, const struct sql_value *value)
{
	char **row = row_of(p, p->begun ? 0 : p->waiting);

	for (unsigned i = 0; i < p->columns; i++) {
		row[i] = words_of(&value[i]);
		if (!row[i]) {
			p->no_memory = true;
			return;
		}
		if (p->rows == 1 || value[i].kind == SQL_WORDS)
			p->number[i] = value[i].kind == SQL_NUMBER || value[i].kind == SQL_REAL;
	}
	if (p->begun)
		table_row(p, row);
	else if (++p->waiting == WAIT)
		begin_table(p);
}

/* --- CSV and JSON --- */

static void
csv_text(FILE *to, const char *p, size_t n)
{
	bool quoted = false;

	for (size_t i = 0; i < n; i++)
		quoted |= p[i] == ',' || p[i] == '"' || p[i] == '\n' || p[i] == '\r';
	if (!quoted) {
		fwrite(p, 1, n, to);
		return;
	}
	fputc('"', to);
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"')
			fputc('"', to);
		fputc(p[i], to);
	}
	fputc('"', to);
}

static void
number(FILE *to, const struct sql_value *v)
{
	if (v->kind == SQL_NUMBER)
		fprintf(to, "%" PRId64, v->number);
	else
		fprintf(to, "%.17g", v->real);
}

static void
csv_row(struct printing *p, const struct sql_value *value)
{
	for (unsigned i = 0; i < p->columns; i++) {
		if (value[i].kind == SQL_WORDS)
			csv_text(p->to.to, value[i].text.p, value[i].text.len);
		else if (value[i].kind != SQL_NONE)
			number(p->to.to, &value[i]);
		fputc(i + 1 == p->columns ? '\n' : ',', p->to.to);
	}
}

/* A text of any length, escaped piece by piece; a piece ends where a character does. */
static void
json_words(FILE *to, const char *p, size_t n)
{
	enum { PIECE = 1000 };
	char room[PIECE * 6 + 2];

	fputc('"', to);
	while (n) {
		struct out o = out_of(room, sizeof(room));
		size_t some = n < PIECE ? n : PIECE;

		while (some < n && some > PIECE - 4 && ((unsigned char)p[some] & 0xc0) == 0x80)
			some--;
		json_string(&o, p, some);
		fwrite(room + 1, 1, out_len(&o) - 2, to);
		p += some;
		n -= some;
	}
	fputc('"', to);
}

static void
json_row(struct printing *p, const struct sql_value *value)
{
	for (unsigned i = 0; i < p->columns; i++) {
		fputc(i ? ',' : '{', p->to.to);
		json_words(p->to.to, p->name[i], strlen(p->name[i]));
		fputc(':', p->to.to);
		if (value[i].kind == SQL_WORDS)
			json_words(p->to.to, value[i].text.p, value[i].text.len);
		else if (value[i].kind == SQL_NONE || (value[i].kind == SQL_REAL && value[i].real - value[i].real != 0))
			fputs("null", p->to.to); /* JSON has no infinity */
		else
			number(p->to.to, &value[i]);
	}
	fputs("}\n", p->to.to);
}

void
print_begin(struct printing *p)
{
	size_t bytes;

	if (p->as == PRINT_CSV)
		for (unsigned i = 0; i < p->columns; i++) {
			csv_text(p->to.to, p->name[i], strlen(p->name[i]));
			fputc(i + 1 == p->columns ? '\n' : ',', p->to.to);
		}
	if (p->as != PRINT_TABLE)
		return;
	p->cell = calloc((size_t)WAIT * p->columns, sizeof(*p->cell));
	p->no_memory = !p->cell;
	for (unsigned i = 0; i < p->columns; i++)
		p->width[i] = places(p->name[i], ~0u, &bytes);
}

void
print_row(struct printing *p, const struct sql_value *value)
{
	p->rows++;
	if (p->as == PRINT_CSV)
		csv_row(p, value);
	else if (p->as == PRINT_JSON)
		json_row(p, value);
	else if (!p->no_memory)
		add_to_table(p, value);
}

void
print_end(struct printing *p)
{
	if (p->as == PRINT_TABLE && !p->begun && p->cell && p->waiting)
		begin_table(p);
	free(p->cell);
	p->cell = NULL;
}
