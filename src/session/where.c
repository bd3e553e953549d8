/*
 * where: a question compiled: recursive descent, each test with two exits that are joined as the operators want it.
 *
 *	a and (b or not c)	0: a  yes 1  no NO
 *				1: b  yes YES  no 2
 *				2: c  yes NO  no YES
 *
 * An exit that leads nowhere yet holds the next one of its chain.  Must not know what any field means.
 */
#include "base/nearest.h"
#include "session/where_word.h"

enum { DEPTH_MAX = 32, OPEN_END = 255 };

struct compiler {
	struct where *w;
	const struct where_table *also;
	struct words words;
	unsigned depth;
	struct out error;
	bool failed;
};

/* The exits of a part that are still open. */
struct part {
	uint8_t yes, no;
};

static bool part_or(struct compiler *c, struct part *out);

/* Only the first mistake is told. */
static bool
fail_at(struct compiler *c, unsigned column)
{
	c->failed = true;
	OUT_LIT(&c->error, "column ");
	out_u64(&c->error, column);
	OUT_LIT(&c->error, ": ");
	return false;
}

static bool
fail(struct compiler *c, const char *words)
{
	if (c->failed)
		return false;
	fail_at(c, c->words.now.column);
	out_text(&c->error, words);
	return false;
}

/* Bounded, and nothing that a terminal would act on. */
static void
quote(struct out *o, struct text t)
{
	enum { LONGEST = 40 };

	out_char(o, '"');
	for (uint32_t i = 0; i < t.len && i < LONGEST; i++)
		out_char(o, t.p[i] >= 0x20 && t.p[i] < 0x7f ? t.p[i] : '?');
	out_text(o, t.len > LONGEST ? "...\"" : "\"");
}

static bool
fail_word(struct compiler *c, const char *words)
{
	if (c->failed)
		return false;
	fail_at(c, c->words.now.column);
	if (c->words.now.kind == TOKEN_END)
		OUT_LIT(&c->error, "the end");
	else
		quote(&c->error, c->words.now.text);
	out_text(&c->error, words);
	return false;
}

static bool
is_word(const struct compiler *c, const char *word)
{
	size_t n = strlen(word);

	return c->words.now.kind == TOKEN_WORD && c->words.now.text.len == n &&
	       memcmp(c->words.now.text.p, word, n) == 0;
}

static const struct where_field *
field_in(const struct where_table *t, struct text name, uint16_t *number)
{
	for (unsigned i = 0; t && i < t->count; i++)
		if (strlen(t->field[i].name) == name.len && memcmp(t->field[i].name, name.p, name.len) == 0) {
			*number = (uint16_t)i;
			return &t->field[i];
		}
	return NULL;
}

static void
nearest_in(const struct where_table *t, const char *word, const char **nearest, unsigned *best)
{
	for (unsigned i = 0; t && i < t->count; i++) {
		unsigned d = text_distance(word, t->field[i].name);

		if (d < *best) {
			*best = d;
			*nearest = t->field[i].name;
		}
	}
}

static bool
unknown_field(struct compiler *c)
{
	const char *nearest = "";
	unsigned best = ~0u;
	char word[64];
	size_t n = c->words.now.text.len < sizeof(word) ? c->words.now.text.len : sizeof(word) - 1;

	if (c->words.now.kind != TOKEN_WORD)
		return fail_word(c, " stands where a field belongs, as in  src in 10.0.0.0/8");
	memcpy(word, c->words.now.text.p, n);
	word[n] = '\0';
	nearest_in(c->also, word, &nearest, &best);
	nearest_in(&WHERE_SESSION, word, &nearest, &best);
	fail_word(c, " is no field; the nearest is \"");
	out_text(&c->error, nearest);
	OUT_LIT(&c->error, "\"");
	return false;
}

static const char *
ops_words(uint8_t type)
{
	unsigned ops = where_ops(type);

	return ops & 1 << WHERE_LT     ? " does not fit; this field takes = != < <= > >= and in" :
	       ops & 1 << WHERE_PREFIX ? " does not fit; this field takes = != ~ and in" :
					 " does not fit; this field takes = != and in";
}

static bool
take_value(struct compiler *c, const struct where_field *f, struct where_test *t)
{
	char words[WHERE_ERROR_MAX / 2];
	struct out wrong = out_of(words, sizeof(words));

	if (c->words.now.kind != TOKEN_WORD && c->words.now.kind != TOKEN_STRING)
		return fail_word(c, c->words.now.kind == TOKEN_BAD ? " has no closing quote, or is no value" :
								     " stands where a value belongs");
	if (c->w->values == WHERE_VALUES)
		return fail(c, "more values than a question has room for (256)");
	if (c->words.now.kind == TOKEN_STRING && c->words.now.text.len == sizeof(c->words.unquoted))
		return fail(c, "too long a text");
	if (!where_value(c->w, f, c->words.now.text, &c->w->value[c->w->values], &wrong)) {
		fail_word(c, " ");
		out_bytes(&c->error, words, out_len(&wrong));
		return false;
	}
	c->w->values++;
	t->values++;
	words_next(&c->words);
	return true;
}

/* "(" VALUE { "," VALUE } ")", or one without brackets */
static bool
take_values(struct compiler *c, const struct where_field *f, struct where_test *t)
{
	if (c->words.now.kind != TOKEN_OPEN)
		return take_value(c, f, t);
	do {
		words_next(&c->words);
		if (!take_value(c, f, t))
			return false;
	} while (c->words.now.kind == TOKEN_COMMA);
	if (c->words.now.kind != TOKEN_CLOSE)
		return fail_word(c, " stands where , or ) belongs");
	words_next(&c->words);
	return true;
}

/* What follows the field: an operator and its values. */
static bool
take_comparison(struct compiler *c, const struct where_field *f, struct where_test *t, bool *negated)
{
	enum where_op op = c->words.now.op;

	if (c->words.now.kind != TOKEN_OP && f->type == WHERE_BOOL && !is_word(c, "not") && !is_word(c, "in")) {
		if (c->w->values == WHERE_VALUES)
			return fail(c, "more values than a question has room for (256)");
		c->w->value[c->w->values++].number = true;
		t->values = 1;
		return true;
	}
	if (is_word(c, "not")) {
		*negated = true;
		words_next(&c->words);
		if (!is_word(c, "in"))
			return fail_word(c, " stands where \"in\" belongs, as in  src not in 10.0.0.0/8");
	}
	if (is_word(c, "in"))
		op = WHERE_IN;
	else if (c->words.now.kind != TOKEN_OP)
		return fail_word(c, " stands where = != < <= > >= ~ or in belongs");
	if (!(where_ops(f->type) >> op & 1))
		return fail_word(c, ops_words(f->type));
	words_next(&c->words);
	*negated ^= op == WHERE_NE;
	t->op = (uint8_t)(op == WHERE_NE || op == WHERE_IN ? WHERE_EQ : op);
	return op == WHERE_IN ? take_values(c, f, t) : take_value(c, f, t);
}

static bool
part_test(struct compiler *c, struct part *out)
{
	struct where_test t = {.value = c->w->values, .yes = OPEN_END, .no = OPEN_END};
	const struct where_field *f = NULL;
	bool negated = false;
	uint8_t at = (uint8_t)c->w->tests;

	if (c->words.now.kind == TOKEN_WORD && (f = field_in(c->also, c->words.now.text, &t.field)) != NULL)
		t.table = 1;
	else if (c->words.now.kind == TOKEN_WORD)
		f = field_in(&WHERE_SESSION, c->words.now.text, &t.field);
	if (!f)
		return unknown_field(c);
	if (at == WHERE_TESTS)
		return fail(c, "more tests than a question has room for (64)");
	words_next(&c->words);
	if (!take_comparison(c, f, &t, &negated))
		return false;
	c->w->test[c->w->tests++] = t;
	*out = (struct part){(uint8_t)(2 * at + negated), (uint8_t)(2 * at + !negated)};
	return true;
}

static bool
part_not(struct compiler *c, struct part *out)
{
	bool negated = false;

	for (; is_word(c, "not"); words_next(&c->words))
		negated = !negated;
	if (c->words.now.kind != TOKEN_OPEN) {
		if (!part_test(c, out))
			return false;
	} else {
		if (++c->depth > DEPTH_MAX)
			return fail(c, "brackets nested too deep");
		words_next(&c->words);
		if (!part_or(c, out))
			return false;
		if (c->words.now.kind != TOKEN_CLOSE)
			return fail_word(c, " stands where and, or or ) belongs");
		c->depth--;
		words_next(&c->words);
	}
	if (negated)
		*out = (struct part){out->no, out->yes};
	return true;
}

/* Exit 2 i is test i's yes, 2 i + 1 its no. */
static uint8_t *
exit_at(struct where *w, uint8_t chain)
{
	struct where_test *t = &w->test[chain / 2];

	return chain % 2 ? &t->no : &t->yes;
}

static void
lead(struct where *w, uint8_t chain, uint8_t to)
{
	while (chain != OPEN_END) {
		uint8_t *e = exit_at(w, chain);

		chain = *e;
		*e = to;
	}
}

static uint8_t
join(struct where *w, uint8_t a, uint8_t b)
{
	uint8_t *e;

	if (a == OPEN_END)
		return b;
	for (e = exit_at(w, a); *e != OPEN_END;)
		e = exit_at(w, *e);
	*e = b;
	return a;
}

static bool
part_and(struct compiler *c, struct part *out)
{
	struct part right;

	if (!part_not(c, out))
		return false;
	while (is_word(c, "and")) {
		words_next(&c->words);
		lead(c->w, out->yes, (uint8_t)c->w->tests);
		if (!part_not(c, &right))
			return false;
		*out = (struct part){right.yes, join(c->w, out->no, right.no)};
	}
	return true;
}

static bool
part_or(struct compiler *c, struct part *out)
{
	struct part right;

	if (!part_and(c, out))
		return false;
	while (is_word(c, "or")) {
		words_next(&c->words);
		lead(c->w, out->no, (uint8_t)c->w->tests);
		if (!part_and(c, &right))
			return false;
		*out = (struct part){join(c->w, out->yes, right.yes), right.no};
	}
	return true;
}

static bool
whole(struct compiler *c)
{
	struct part all;

	words_next(&c->words);
	if (c->words.now.kind == TOKEN_END)
		return true;
	if (!part_or(c, &all))
		return false;
	if (c->words.now.kind != TOKEN_END)
		return fail_word(c, " stands where and, or or the end belongs");
	lead(c->w, all.yes, WHERE_YES);
	lead(c->w, all.no, WHERE_NO);
	return true;
}

bool
where_compile(struct where *w, const char *text, const struct where_table *also, char error[WHERE_ERROR_MAX])
{
	struct compiler c = {
		.w = w, .also = also, .words = {.text = text, .p = text}, .error = out_of(error, WHERE_ERROR_MAX - 1)};
	bool fine;

	memset(w, 0, sizeof(*w));
	fine = whole(&c);
	if (!fine)
		w->tests = 0;
	*c.error.p = '\0';
	return fine;
}

static bool
may_be_hidden(const struct where_test *t, const struct where_table *also)
{
	const struct where_table *table = t->table ? also : &WHERE_SESSION;

	return table->field[t->field].hidden != 0;
}

bool
where_asks_addresses(const struct where *w, const struct where_table *also)
{
	for (unsigned i = 0; i < w->tests; i++)
		if (may_be_hidden(&w->test[i], also))
			return true;
	return false;
}

void
where_hide(struct where *w, const struct where_table *also, const struct pseudonym_key *k)
{
	for (unsigned i = 0; i < w->tests; i++) {
		const struct where_test *t = &w->test[i];

		for (unsigned v = t->value; v < t->value + t->values && may_be_hidden(t, also); v++)
			w->value[v].hidden = pseudonym_net(k, &w->value[v].net);
	}
	w->privacy_key = k->id;
}
