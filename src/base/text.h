/*
 * text: a borrowed view of bytes that may be text; NULL means absent, which is not the same as empty.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
	const char *p;
	uint32_t len;
};

#define TEXT_INIT(literal)                                                                                             \
	{                                                                                                              \
		"" literal, sizeof(literal) - 1                                                                        \
	} /* in a table */
#define TEXT_LIT(literal) ((struct text)TEXT_INIT(literal))

#endif
