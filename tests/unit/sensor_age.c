/* age: keys as texts, files of every size around a chunk, and what is done to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "sensor/age.h"

/* https://c2sp.org/age, "The X25519 recipient type": the identity of 32 times 'B' and its recipient. */
static const char IDENTITY[] = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX",
		  RECIPIENT[] = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

static struct age_key secret, public;

static int
take_keys(void **state)
{
	(void)state;
	return crypt_init() && age_identity(&secret, IDENTITY, strlen(IDENTITY)) &&
			       age_recipient(&public, RECIPIENT, strlen(RECIPIENT)) ?
		       0 :
		       -1;
}

static void
keys_as_texts(void **state)
{
	char text[AGE_TEXT];
	struct age_key k;

	(void)state;
	age_identity_text(text, &secret);
	assert_string_equal(text, IDENTITY);
	age_recipient_text(text, &public);
	assert_string_equal(text, RECIPIENT);
	for (unsigned i = 0; i < AGE_KEY; i++)
		assert_int_equal(secret.b[i], 'B');
	assert_false(age_identity(&k, RECIPIENT, strlen(RECIPIENT)));
	assert_false(age_recipient(&k, RECIPIENT, strlen(RECIPIENT) - 1));
	for (size_t i = 0; i < strlen(RECIPIENT); i++) {
		memcpy(text, RECIPIENT, sizeof(RECIPIENT));
		text[i] = text[i] == 'q' ? 'p' : 'q';
		assert_false(age_recipient(&k, text, strlen(text)));
	}
	memcpy(text, RECIPIENT, sizeof(RECIPIENT));
	text[20] &= 0x5f; /* upper case among lower */
	assert_false(age_recipient(&k, text, strlen(text)));
}

static struct bytes
sealed_of(size_t n, uint8_t *plain)
{
	struct bytes file = {.p = NULL};

	for (size_t i = 0; i < n; i++)
		plain[i] = (uint8_t)(i * 7 + (i >> 8));
	assert_true(age_seal(&file, &public, 1, plain, n));
	return file;
}

static void
every_size(void **state)
{
	static const size_t SIZES[] = {0, 1, 15, 16, AGE_CHUNK - 1, AGE_CHUNK, AGE_CHUNK + 1, 2 * AGE_CHUNK, 200001};
	uint8_t *plain = malloc(200001);

	(void)state;
	for (unsigned i = 0; i < sizeof(SIZES) / sizeof(*SIZES); i++) {
		struct bytes file = sealed_of(SIZES[i], plain), clear = {.p = NULL};

		assert_true(file.n <= SIZES[i] + AGE_ADDED + 4 * AGE_ADDED_A_CHUNK);
		assert_int_equal(age_open(&clear, &secret, bytes_cur(&file)), AGE_OPENED);
		assert_int_equal(clear.n, SIZES[i]);
		assert_true(clear.n == 0 || memcmp(clear.p, plain, clear.n) == 0);
		bytes_free(&file);
		bytes_free(&clear);
	}
	free(plain);
}

/* By age 1.1.1: echo -n 'between them' | age -r RECIPIENT -r AGE1OTHER */
static const uint8_t THEIRS[] = {
#include "sensor_age_theirs.h"
};

static void
what_age_wrote(void **state)
{
	struct bytes clear = {.p = NULL};

	(void)state;
	assert_int_equal(age_open(&clear, &secret, cur_of(THEIRS, sizeof(THEIRS))), AGE_OPENED);
	assert_int_equal(clear.n, 12);
	assert_memory_equal(clear.p, "between them", 12);
	bytes_free(&clear);
}

/* Whatever is done to a file, nothing of it is given out. */
static void
altered(void **state)
{
	uint8_t plain[40];
	struct bytes file = sealed_of(sizeof(plain), plain), clear = {.p = NULL};

	(void)state;
	for (size_t i = 0; i < file.n; i++) {
		file.p[i] ^= 1;
		assert_int_not_equal(age_open(&clear, &secret, bytes_cur(&file)), AGE_OPENED);
		assert_int_equal(clear.n, 0);
		file.p[i] ^= 1;
		assert_int_not_equal(age_open(&clear, &secret, cur_of(file.p, i)), AGE_OPENED);
		assert_int_equal(clear.n, 0);
	}
	bytes_u8(&file, 0);
	assert_int_equal(age_open(&clear, &secret, bytes_cur(&file)), AGE_DAMAGED);
	bytes_free(&file);
	bytes_free(&clear);
}

/* Chunks that change places, or the last one taken away. */
static void
chunks_keep_their_order(void **state)
{
	enum { SEALED = AGE_CHUNK + AGE_ADDED_A_CHUNK };
	uint8_t *plain = malloc(3 * AGE_CHUNK), *kept = malloc(SEALED);
	struct bytes file = sealed_of(3 * AGE_CHUNK, plain), clear = {.p = NULL};
	uint8_t *first = file.p + file.n - 3 * SEALED;

	(void)state;
	assert_int_equal(age_open(&clear, &secret, cur_of(file.p, file.n - SEALED)), AGE_DAMAGED);
	memcpy(kept, first, SEALED);
	memcpy(first, first + SEALED, SEALED);
	memcpy(first + SEALED, kept, SEALED);
	assert_int_equal(age_open(&clear, &secret, bytes_cur(&file)), AGE_DAMAGED);
	assert_int_equal(clear.n, 0);
	bytes_free(&file);
	bytes_free(&clear);
	free(plain);
	free(kept);
}

static void
for_several(void **state)
{
	struct age_key other, others, to[AGE_RECIPIENTS];
	struct bytes file = {.p = NULL}, clear = {.p = NULL};

	(void)state;
	assert_true(age_make(&other, &others));
	for (unsigned i = 0; i < AGE_RECIPIENTS; i++)
		to[i] = others;
	assert_true(age_seal(&file, to, AGE_RECIPIENTS, "x", 1));
	assert_int_equal(age_open(&clear, &secret, bytes_cur(&file)), AGE_OTHERS);
	assert_int_equal(age_open(&clear, &other, bytes_cur(&file)), AGE_OPENED);
	file.n = 0;
	to[AGE_RECIPIENTS - 1] = public;
	assert_true(age_seal(&file, to, AGE_RECIPIENTS, "x", 1));
	assert_int_equal(age_open(&clear, &secret, bytes_cur(&file)), AGE_OPENED);
	assert_int_equal(age_open(&clear, &secret, cur_of("age-encryption.org/v2\n", 22)), AGE_NONE);
	bytes_free(&file);
	bytes_free(&clear);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_as_texts),           cmocka_unit_test(every_size),
		cmocka_unit_test(what_age_wrote),          cmocka_unit_test(altered),
		cmocka_unit_test(chunks_keep_their_order), cmocka_unit_test(for_several),
	};

	return cmocka_run_group_tests(tests, take_keys, NULL);
}
