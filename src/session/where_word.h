/*
 * where_word: the words and signs of a question, one after the other.  Internal to src/session.
 */
#ifndef SESSION_WHERE_WORD_H
#define SESSION_WHERE_WORD_H

#include "session/where_value.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_STRING, TOKEN_OP, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA, TOKEN_BAD };

struct token {
	enum token_kind kind;
	enum where_op op;
	struct text text;
	unsigned column;
};

struct words {
	const char *text, *p; /* the whole, and what is not read yet */
	struct token now;
	char unquoted[512]; /* of a quoted text: longer ones fill it */
};

/* The next one into w->now; at the end TOKEN_END, again and again. */
void words_next(struct words *w);

#endif
