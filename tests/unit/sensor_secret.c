/*
 * sensor_secret: one line from a file or the environment; what is wrong is said, and never the secret.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/secret.h"

static char path[64], secret[SECRET_MAX], words[SENDER_WORDS];

static bool
read_file_of(const char *bytes, size_t n, mode_t mode)
{
	const struct sink_config s = {.secret_file = path, .secret_env = ""};
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fwrite(bytes, 1, n, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
	words[0] = '\0';
	return secret_read(secret, &s, words);
}

static void
files(void **state)
{
	char large[SECRET_MAX + 10];

	(void)state;
	assert_true(read_file_of("s3cret\n", 7, 0600));
	assert_string_equal(secret, "s3cret");
	assert_true(read_file_of("with blanks \r\n", 14, 0640));
	assert_string_equal(secret, "with blanks ");
	assert_false(read_file_of("", 0, 0600));
	assert_non_null(strstr(words, "is empty"));
	assert_false(read_file_of("\n", 1, 0600));
	assert_false(read_file_of("s3cret\nanother", 14, 0600));
	assert_non_null(strstr(words, "more than a line"));
	assert_null(strstr(words, "s3cret"));
	assert_int_equal(secret[0], 0);
	assert_false(read_file_of("a\0b", 3, 0600));
	assert_false(read_file_of("s3cret", 6, 0604));
	assert_non_null(strstr(words, "chmod 600"));
	memset(large, 'x', sizeof(large));
	assert_false(read_file_of(large, sizeof(large), 0600));
	assert_non_null(strstr(words, "too long"));
	assert_true(read_file_of(large, SECRET_MAX - 1, 0600));
	unlink(path);
	assert_false(secret_read(secret, &(struct sink_config){.secret_file = path, .secret_env = ""}, words));
	assert_non_null(strstr(words, path));
}

static void
environment(void **state)
{
	const struct sink_config s = {.secret_file = "", .secret_env = "GATEWITNESS_TEST_SECRET"};

	(void)state;
	assert_false(secret_read(secret, &s, words));
	assert_non_null(strstr(words, "has no GATEWITNESS_TEST_SECRET"));
	setenv("GATEWITNESS_TEST_SECRET", "s3cret", 1);
	assert_true(secret_read(secret, &s, words));
	assert_string_equal(secret, "s3cret");
	assert_true(secret_read(secret, &(struct sink_config){.secret_file = "", .secret_env = ""}, words));
	assert_string_equal(secret, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(files), cmocka_unit_test(environment)};

	snprintf(path, sizeof(path), "/tmp/secret-%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
