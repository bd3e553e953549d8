/*
 * bundle: an archive from anybody.  Of one that is whole and signed each bit that is turned is found.
 */
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "cmd/bundle.h"

enum { FLIPS = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every word is for a terminal. */
static void
on_said(void *arg, bool wrong, const char *words)
{
	(void)arg;
	(void)wrong;
	for (; *words; words++)
		if (*words < ' ' || *words > '~')
			abort();
}

static struct bundle_check
check(const uint8_t *data, size_t size)
{
	struct bundle_check b = {.say = on_said};

	bundle_check(&b, cur_of(data, size));
	return b;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bundle_check b;
	uint8_t *copy;

	if (!crypt_init())
		abort();
	b = check(data, size);
	if (b.wrong || !b.is_signed)
		return 0;
	copy = malloc(size);
	memcpy(copy, data, size);
	for (size_t i = 0; i < FLIPS; i++) {
		size_t at = (size - 1) * i / (FLIPS - 1);

		copy[at] ^= (uint8_t)(1u << i % 8);
		b = check(copy, size);
		if (!b.wrong)
			abort();
		copy[at] = data[at];
	}
	free(copy);
	return 0;
}
