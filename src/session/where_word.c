/*
 * where_word: a question cut into words, quoted texts and signs.  Must not know which of them belong together.
 */
#include "session/where_word.h"

static bool
ends_word(char ch)
{
	return ch == '\0' || strchr(" \t\r\n()\",=!<>~", ch) != NULL;
}

static void
take_string(struct words *w)
{
	size_t n = 0;

	w->now.kind = TOKEN_STRING;
	for (w->p++; *w->p && *w->p != '"'; w->p++) {
		if (*w->p == '\\' && (w->p[1] == '"' || w->p[1] == '\\'))
			w->p++;
		if (n < sizeof(w->unquoted))
			w->unquoted[n++] = *w->p;
	}
	w->now.text = (struct text){w->unquoted, (uint32_t)n};
	if (*w->p != '"')
		w->now.kind = TOKEN_BAD;
	else
		w->p++;
}

static const struct {
	char text[3];
	enum token_kind kind;
	enum where_op op;
} SIGNS[] = {{"!=", TOKEN_OP, WHERE_NE},   {"<=", TOKEN_OP, WHERE_LE},    {">=", TOKEN_OP, WHERE_GE},
	     {"==", TOKEN_BAD, WHERE_EQ},  {"=", TOKEN_OP, WHERE_EQ},     {"<", TOKEN_OP, WHERE_LT},
	     {">", TOKEN_OP, WHERE_GT},    {"~", TOKEN_OP, WHERE_PREFIX}, {"(", TOKEN_OPEN, WHERE_EQ},
	     {")", TOKEN_CLOSE, WHERE_EQ}, {",", TOKEN_COMMA, WHERE_EQ}};

void
words_next(struct words *w)
{
	const char *begin;

	while (*w->p && strchr(" \t\r\n", *w->p))
		w->p++;
	begin = w->p;
	w->now = (struct token){.kind = TOKEN_BAD, .column = (unsigned)(begin - w->text) + 1, .text = {begin, 1}};
	if (*w->p == '\0') {
		w->now.kind = TOKEN_END;
		return;
	}
	if (*w->p == '"') {
		take_string(w);
		return;
	}
	for (size_t i = 0; i < sizeof(SIGNS) / sizeof(SIGNS[0]); i++) {
		size_t n = strlen(SIGNS[i].text);

		if (strncmp(w->p, SIGNS[i].text, n) != 0)
			continue;
		w->now.kind = SIGNS[i].kind;
		w->now.op = SIGNS[i].op;
		w->now.text.len = (uint32_t)n;
		w->p += n;
		return;
	}
	if (*w->p == '!') {
		w->p++;
		return;
	}
	while (!ends_word(*w->p))
		w->p++;
	w->now.kind = TOKEN_WORD;
	w->now.text.len = (uint32_t)(w->p - begin);
}
