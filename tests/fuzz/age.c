/*
 * age: a sealed file from anybody, and keys as somebody typed them.  A file that opens does not with a bit turned; a text
 * that is a key is printed as it was.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "sensor/age.h"

enum { FLIPS = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* That of the specification's example. */
static const struct age_key *
identity(void)
{
	static struct age_key k;

	memset(k.b, 'B', sizeof(k.b));
	return &k;
}

static void
check_texts(const char *text, size_t n)
{
	char again[AGE_TEXT];
	struct age_key k;

	if (age_recipient(&k, text, n)) {
		age_recipient_text(again, &k);
		for (size_t i = 0; i < n; i++)
			if (tolower((unsigned char)text[i]) != again[i])
				abort();
	}
	if (age_identity(&k, text, n)) {
		age_identity_text(again, &k);
		for (size_t i = 0; i < n; i++)
			if (toupper((unsigned char)text[i]) != again[i])
				abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes clear = {.p = NULL};
	uint8_t *copy;

	if (!crypt_init())
		abort();
	check_texts((const char *)data, size);
	if (age_open(&clear, identity(), cur_of(data, size)) != AGE_OPENED) {
		if (clear.n)
			abort();
		bytes_free(&clear);
		return 0;
	}
	copy = malloc(size);
	memcpy(copy, data, size);
	for (size_t i = 0; i < FLIPS; i++) {
		size_t at = (size - 1) * i / (FLIPS - 1), before = clear.n;

		copy[at] ^= (uint8_t)(1u << i % 8);
		if (age_open(&clear, identity(), cur_of(copy, size)) == AGE_OPENED || clear.n != before)
			abort();
		copy[at] = data[at];
	}
	free(copy);
	bytes_free(&clear);
	return 0;
}
