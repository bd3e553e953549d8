/*
 * list_stix: patterns of STIX 2.1 (section 9), as far as a session can be compared with one value:
 *
 *	[ipv4-addr:value = '192.0.2.7' OR ipv4-addr:value ISSUBSET '198.51.100.0/24'] OR [domain-name:value IN ('a.example')]
 *
 * What is narrower than one value (AND, NOT, FOLLOWEDBY, qualifiers) is skipped as a whole and counted: half of such
 * a pattern would match what was not meant.  Comparisons of other things beside an OR are skipped alone.
 */
#include "sensor/list_parts.h"

enum { DEPTH_MAX = 16, PATH_ROOM = 128, LITERAL_MAX = 320 };

struct stix {
	struct list *l;
	const struct list_where *where;
	const char *p, *end;
	uint32_t until;
	unsigned depth;
	bool emit;   /* second pass */
	bool narrow; /* cannot be told by single values */
	unsigned skipped, taken;
	const char *why;
};

/* What a comparison asks of. */
enum subject {
	SUBJECT_OTHER,
	SUBJECT_TYPE,
	SUBJECT_ADDRESS,
	SUBJECT_NAME,
	SUBJECT_EITHER,
	SUBJECT_JA3,
	SUBJECT_JA4,
	SUBJECT_CERT
};

static void
blanks(struct stix *x)
{
	while (x->p < x->end && strchr(" \t\r\n", *x->p))
		x->p++;
}

static bool
fail(struct stix *x, const char *why)
{
	if (!x->why)
		x->why = why;
	x->p = x->end;
	return false;
}

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* A keyword or a sign, if it comes next. */
static bool
next_is(struct stix *x, const char *word)
{
	size_t n = strlen(word);

	blanks(x);
	if ((size_t)(x->end - x->p) < n || memcmp(x->p, word, n) != 0)
		return false;
	if (is_letter(word[0]) && (size_t)(x->end - x->p) > n && is_letter(x->p[n]))
		return false;
	x->p += n;
	return true;
}

static bool
want(struct stix *x, const char *sign, const char *why)
{
	return next_is(x, sign) || fail(x, why);
}

/* A path without its quotes: x509-certificate:hashes.'SHA-256' */
static bool
path(struct stix *x, char to[PATH_ROOM])
{
	size_t n = 0;
	char quote = '\0';

	blanks(x);
	for (; x->p < x->end && n + 1 < PATH_ROOM; x->p++) {
		if (quote ? *x->p == quote : (*x->p == '\'' || *x->p == '"')) {
			quote = quote ? '\0' : *x->p;
			continue;
		}
		if (!quote && strchr(" \t\r\n=!<>()[]", *x->p) && !(*x->p == '[' && n))
			break;
		if (!quote && *x->p == '[')
			while (x->p + 1 < x->end && *x->p != ']')
				x->p++;
		else
			to[n++] = *x->p;
	}
	to[n] = '\0';
	return (n && strchr(to, ':') && !quote) || fail(x, "a path such as ipv4-addr:value is missing in the pattern");
}

static bool
ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), m = strlen(tail);

	return n >= m && strcmp(s + n - m, tail) == 0;
}

static enum subject
subject_of(const char *path)
{
	const char *dot = strrchr(path, '.');
	const char *last = dot ? dot + 1 : strchr(path, ':') + 1;

	if (strcmp(path, "ipv4-addr:value") == 0 || strcmp(path, "ipv6-addr:value") == 0)
		return SUBJECT_ADDRESS;
	if (strcmp(path, "domain-name:value") == 0 || strcmp(path, "hostname:value") == 0)
		return SUBJECT_NAME;
	if (ends_with(path, "_ref.value"))
		return SUBJECT_EITHER;
	if (ends_with(path, "_ref.type"))
		return SUBJECT_TYPE;
	if (strncmp(path, "x509-certificate:hashes.SHA", 27) == 0)
		return SUBJECT_CERT;
	if (strcmp(last, "ja3") == 0 || strcmp(last, "ja3_hash") == 0 || strcmp(last, "ja3_md5") == 0)
		return SUBJECT_JA3;
	return strcmp(last, "ja4") == 0 ? SUBJECT_JA4 : SUBJECT_OTHER;
}

/* 'text' with \' and \\; t'time', h'hex' and b'base64' have a letter before; numbers and booleans are bare. */
static bool
literal(struct stix *x, char to[LITERAL_MAX], size_t *n)
{
	*n = 0;
	blanks(x);
	if (x->p + 1 < x->end && strchr("thb", *x->p) && x->p[1] == '\'')
		x->p++;
	if (x->p == x->end)
		return fail(x, "a value is missing in the pattern");
	if (*x->p != '\'') {
		while (x->p < x->end && !strchr(" \t\r\n)],", *x->p))
			x->p++;
		return true;
	}
	for (x->p++; x->p < x->end && *x->p != '\''; x->p++) {
		if (*x->p == '\\' && x->p + 1 < x->end)
			x->p++;
		if (*n < LITERAL_MAX)
			to[(*n)++] = *x->p;
	}
	if (x->p >= x->end)
		return fail(x, "a quote is not closed in the pattern");
	x->p++;
	return true;
}

static void
take(struct stix *x, enum subject subject, struct text value)
{
	static const enum list_kind KINDS[] = {
		[SUBJECT_ADDRESS] = LIST_ADDRESS, [SUBJECT_NAME] = LIST_NAME, [SUBJECT_EITHER] = LIST_AUTO,
		[SUBJECT_JA3] = LIST_JA3,         [SUBJECT_JA4] = LIST_JA4,   [SUBJECT_CERT] = LIST_CERTIFICATE};

	if (subject == SUBJECT_OTHER || subject == SUBJECT_TYPE) {
		x->skipped += subject == SUBJECT_OTHER;
		return;
	}
	x->taken++;
	if (x->emit)
		list_add(x->l, value, KINDS[subject], x->until, x->where);
}

static bool
literal_take(struct stix *x, enum subject subject)
{
	char text[LITERAL_MAX];
	size_t n;

	if (!literal(x, text, &n))
		return false;
	take(x, subject, (struct text){text, (uint32_t)n});
	return true;
}

/* ('a', 'b') */
static bool
set_take(struct stix *x, enum subject subject)
{
	if (!want(x, "(", "a ( is missing behind IN in the pattern"))
		return false;
	do {
		if (!literal_take(x, subject))
			return false;
	} while (next_is(x, ","));
	return want(x, ")", "a ) is missing behind IN in the pattern");
}

/* *counts: whether it narrows what stands beside it in an AND; "_ref.type = 'ipv4-addr'" does not. */
static bool
comparison(struct stix *x, bool *counts)
{
	static const char *const NARROW[] = {"!=", "<=", ">=", "<", ">", "LIKE", "MATCHES", "ISSUPERSET"};
	char where[PATH_ROOM];
	enum subject subject;

	*counts = true;
	if (next_is(x, "EXISTS")) {
		x->narrow = true;
		return path(x, where);
	}
	if (!path(x, where))
		return false;
	subject = subject_of(where);
	*counts = subject != SUBJECT_TYPE;
	if (next_is(x, "NOT"))
		x->narrow = true;
	if (next_is(x, "=") || next_is(x, "ISSUBSET"))
		return literal_take(x, subject);
	if (next_is(x, "IN"))
		return set_take(x, subject);
	for (size_t i = 0; i < sizeof(NARROW) / sizeof(NARROW[0]); i++)
		if (next_is(x, NARROW[i]))
			return literal_take(x, SUBJECT_OTHER);
	return fail(x, "an operator such as = or ISSUBSET is missing in the pattern");
}

static bool either(struct stix *x, bool observation);

/* One of a chain: a comparison inside [ ], a [ ] outside, or ( ) around more. */
static bool
operand(struct stix *x, bool observation, bool *counts)
{
	bool fine;

	*counts = true;
	if (++x->depth > DEPTH_MAX)
		return fail(x, "the pattern is nested too deep");
	if (next_is(x, "("))
		fine = either(x, observation) && want(x, ")", "a ) is missing in the pattern");
	else if (observation)
		fine = want(x, "[", "a [ is missing in the pattern") && either(x, false) &&
		       want(x, "]", "a ] is missing in the pattern");
	else
		fine = comparison(x, counts);
	x->depth--;
	return fine;
}

/* WITHIN 5 SECONDS, REPEATS 3 TIMES, START t'...' STOP t'...' */
static bool
qualifiers(struct stix *x)
{
	char text[LITERAL_MAX];
	size_t n;

	while (next_is(x, "WITHIN") || next_is(x, "REPEATS") || next_is(x, "START") || next_is(x, "STOP")) {
		x->narrow = true;
		if (!literal(x, text, &n))
			return false;
		if (!next_is(x, "SECONDS"))
			next_is(x, "TIMES");
	}
	return true;
}

static bool
chain(struct stix *x, bool observation)
{
	unsigned narrowing = 0;
	bool counts;

	do {
		if (!operand(x, observation, &counts) || (observation && !qualifiers(x)))
			return false;
		narrowing += counts;
	} while (next_is(x, "AND") || (observation && next_is(x, "FOLLOWEDBY")));
	x->narrow |= narrowing > 1;
	return true;
}

static bool
either(struct stix *x, bool observation)
{
	do {
		if (!chain(x, observation))
			return false;
	} while (next_is(x, "OR"));
	return true;
}

static bool
whole(struct stix *x)
{
	if (!either(x, true))
		return false;
	blanks(x);
	return x->p == x->end || fail(x, "something follows the pattern's end");
}

const char *
list_stix(struct list *l, struct text pattern, uint32_t until, const struct list_where *where)
{
	struct stix x = {.l = l, .where = where, .p = pattern.p, .end = pattern.p + pattern.len, .until = until};

	if (!whole(&x))
		return x.why;
	if (x.narrow || !x.taken) {
		l->skipped++;
		return NULL;
	}
	l->skipped += x.skipped;
	x = (struct stix){
		.l = l, .where = where, .p = pattern.p, .end = pattern.p + pattern.len, .until = until, .emit = true};
	whole(&x);
	return NULL;
}
