/*
 * seal: the lines that verify reads beside the days: seals, and EVE lines with heads of chains.  What is taken for a
 * seal holds for no other line, and what is taken for a head reads the same when it is written again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "ledger/verify.h"

enum { LINES = 256, FLIPS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One bit elsewhere, and it is no seal, or one whose signature does not hold. */
static void
flip(const char *line, size_t n)
{
	char *copy = malloc(n);

	for (size_t i = 0; i < FLIPS; i++) {
		struct seals s = {.n = 0};
		size_t at = (n - 2) * i / (FLIPS - 1);

		memcpy(copy, line, n);
		copy[at] = (char)(copy[at] ^ 1 << i);
		if (!seals_line(&s, copy, n) || (s.n && s.seal[0].holds))
			abort();
		seals_free(&s);
	}
	free(copy);
}

static void
anchor_again(const struct anchor *a)
{
	char hex[65], line[256];
	struct anchor again;
	int n;

	sign_hex(hex, a->head.b, sizeof(a->head.b));
	n = snprintf(line, sizeof(line), "{\"ledger\":{\"date\":\"%s\",\"commit\":%" PRId64 ",\"head\":\"%s\"}}",
		     a->date, a->commit, hex);
	if (!anchor_read(&again, line, (size_t)n) || strcmp(again.date, a->date) != 0 || again.commit != a->commit ||
	    !digest_same(&again.head, &a->head))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	struct seals s = {.n = 0};
	struct anchor a;

	if (!crypt_init())
		abort();
	while (p < end && s.lines < LINES) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((stop ? stop + 1 : end) - p), before = s.n;

		if (!seals_line(&s, p, n) || s.torn > s.lines || s.whole > size || s.cut != !stop)
			abort();
		if (s.n > before && s.seal[before].holds)
			flip(p, n);
		if (anchor_read(&a, p, n))
			anchor_again(&a);
		p += n;
	}
	if (s.n + (s.torn != 0) + s.cut > s.lines)
		abort();
	seals_free(&s);
	return 0;
}
