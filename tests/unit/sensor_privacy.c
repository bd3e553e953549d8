/*
 * sensor_privacy: the key of the pseudonyms: where it comes from, what is refused, and that boot leaves no file behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "sensor/privacy.h"

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"

static char folder[] = "/tmp/gatewitness-privacy-XXXXXX";
static char path[64];
static struct config config;
static char words[PRIVACY_ERROR_MAX];

static int
begin(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || !crypt_init())
		return -1;
	snprintf(path, sizeof(path), "%s/key", folder);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int
fresh(void **state)
{
	(void)state;
	unlink(path);
	config_init(&config);
	*words = '\0';
	return 0;
}

static void
set(const char *option, const char *value)
{
	char text[128];

	snprintf(text, sizeof(text), "%s=%s", option, value);
	assert_int_equal(config_set(&config, text), CONFIG_FINE);
}

static void
write_key(const char *text, unsigned mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static void
refused(const char *given, const char *why)
{
	struct privacy p;

	assert_false(privacy_open(&p, &config, given, words));
	assert_non_null(strstr(words, why));
	assert_null(p.key);
}

static void
from_a_file(void **state)
{
	struct pseudonym_key want;
	uint8_t bytes[PSEUDONYM_KEY];
	struct rlimit core;
	struct privacy p;

	(void)state;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	pseudonym_init(&want, bytes);
	set("privacy.pseudonymize", "yes");
	set("privacy.key", path);
	for (unsigned line = 0; line < 2; line++) {
		write_key(line ? KEY "\n" : KEY, 0600);
		assert_true(privacy_open(&p, &config, NULL, words));
		assert_memory_equal(p.key, &want, sizeof(want));
		privacy_close(&p);
		assert_null(p.key);
	}
	assert_int_equal(access(path, F_OK), 0);
	assert_true(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0);
	unlink(path);
}

static void
bad_files(void **state)
{
	static const char *const TEXTS[] = {"", "\n", KEY "0", KEY "\n\n", "g" KEY, "0001", KEY " ", "key = " KEY};

	(void)state;
	set("privacy.pseudonymize", "yes");
	refused(NULL, "needs a key");
	set("privacy.key", path);
	refused(NULL, "cannot be read");
	for (unsigned i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		write_key(TEXTS[i], 0600);
		refused(NULL, "is no privacy key");
		assert_null(strstr(words, "000102")); /* an error tells nothing of it */
	}
	write_key(KEY, 0640);
	refused(NULL, "chmod 600");
	unlink(path);
}

static void
at_boot(void **state)
{
	struct privacy p;

	(void)state;
	set("privacy.pseudonymize", "yes");
	set("privacy.key", "boot");
	refused(NULL, "--privacy-key FILE");
	write_key(KEY, 0600);
	assert_true(privacy_open(&p, &config, path, words));
	assert_non_null(p.key);
	privacy_close(&p);
	assert_int_equal(access(path, F_OK), -1); /* read once */
	refused(path, "cannot be read");
}

/* The monitor takes it once, and each role that is started reads it from there. */
static void
held(void **state)
{
	char from[32];
	struct privacy p;
	int fd;

	(void)state;
	set("privacy.pseudonymize", "yes");
	set("privacy.key", "boot");
	write_key("0001", 0600);
	assert_int_equal(privacy_hold(&config, path, words), PRIVACY_FAILED);
	assert_non_null(strstr(words, "is no privacy key"));
	assert_int_equal(access(path, F_OK), 0);
	write_key(KEY, 0600);
	fd = privacy_hold(&config, path, words);
	assert_true(fd >= 0);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(from, sizeof(from), "/dev/fd/%d", fd);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(privacy_open(&p, &config, from, words));
		assert_non_null(p.key);
		privacy_close(&p);
	}
	close(fd);
	set("privacy.key", path);
	assert_int_equal(privacy_hold(&config, NULL, words), PRIVACY_NONE);
}

static void
off(void **state)
{
	struct privacy p;

	(void)state;
	assert_true(privacy_open(&p, &config, NULL, words));
	assert_null(p.key);
	refused(path, "pseudonymize is no");
	set("privacy.pseudonymize", "yes");
	set("privacy.key", path);
	refused(path, "is for privacy.key = boot");
	set("evidence.ring", "64MiB");
	refused(NULL, "evidence.ring keeps frames");
}

/* Who asks may have no key, but not a wrong one. */
static void
asking(void **state)
{
	struct privacy p;

	(void)state;
	assert_true(privacy_ask(&p, &config, NULL, words));
	assert_null(p.key);
	set("privacy.key", path);
	assert_true(privacy_ask(&p, &config, NULL, words));
	assert_null(p.key);
	assert_false(privacy_ask(&p, &config, path, words));
	write_key(KEY, 0600);
	assert_true(privacy_ask(&p, &config, NULL, words));
	assert_non_null(p.key);
	privacy_close(&p);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
}

/* The configuration is printed, kept with the records, and told in errors: a key in it would be, too. */
static void
no_key_in_the_configuration(void **state)
{
	(void)state;
	assert_int_equal(config_set(&config, "privacy.key=" KEY), CONFIG_ERROR);
	assert_null(strstr(config.error, "000102"));
	assert_non_null(strstr(config.error, "names a file"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(from_a_file, fresh),
		cmocka_unit_test_setup(bad_files, fresh),
		cmocka_unit_test_setup(at_boot, fresh),
		cmocka_unit_test_setup(off, fresh),
		cmocka_unit_test_setup(held, fresh),
		cmocka_unit_test_setup(asking, fresh),
		cmocka_unit_test_setup(no_key_in_the_configuration, fresh),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
