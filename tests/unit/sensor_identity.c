/*
 * sensor_identity: the key of a site, kept over restarts: made once, read ever after, and never written over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/common.h"

static char folder[] = "/tmp/gatewitness-identity-XXXXXX";
static char key_path[64], memory_path[64], beside_path[64];
static struct config config;
static char words[512];

static int
begin(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(key_path, sizeof(key_path), "%s/own", folder);
	snprintf(memory_path, sizeof(memory_path), "%s/learnt", folder);
	snprintf(beside_path, sizeof(beside_path), "%s/learnt.key", folder);
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
	unlink(key_path);
	unlink(beside_path);
	config_init(&config);
	return 0;
}

static void
set(const char *option, const char *value)
{
	char text[128];

	snprintf(text, sizeof(text), "%s=%s", option, value);
	assert_int_equal(config_set(&config, text), CONFIG_FINE);
}

static struct identity
taken(bool live)
{
	struct identity i;

	if (!identity_take(&i, &config, live, words, sizeof(words)))
		fail_msg("%s", words);
	return i;
}

static void
refused(bool live, const char *why)
{
	struct identity i;

	assert_false(identity_take(&i, &config, live, words, sizeof(words)));
	if (!strstr(words, why))
		fail_msg("\"%s\" has no \"%s\"", words, why);
	assert_null(strchr(words, '\n'));
}

static void
put(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static bool
same(const struct identity *a, const struct identity *b)
{
	return a->id == b->id && a->key.k0 == b->key.k0 && a->key.k1 == b->key.k1;
}

static void
made_once(void **state)
{
	struct identity first, second, other, reading;
	struct stat st;

	(void)state;
	set("detect.memory", memory_path);
	first = taken(true);
	assert_false(first.run_only);
	assert_int_equal(stat(beside_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	second = taken(true);
	assert_true(same(&first, &second));
	/* read has the public one, unless it is told to use the sensor's */
	reading = taken(false);
	assert_int_equal(reading.key.k0, IDENTITY_PUBLIC.k0);
	assert_int_not_equal(reading.id, first.id);
	set("identity.key", "kept");
	reading = taken(false);
	assert_true(same(&first, &reading));
	/* another place, another key */
	set("identity.file", key_path);
	other = taken(true);
	assert_int_not_equal(other.id, first.id);
	assert_int_equal(access(beside_path, F_OK), 0);
}

/* The command itself: the next run has the same key, and what its pipeline writes says so. */
static struct identity
of_command(const struct command *command, const char *iface)
{
	struct common *c = common_new(command);
	char memory[80];
	struct identity i;

	snprintf(memory, sizeof(memory), "detect.memory=%s", memory_path);
	assert_int_equal(common_option(c, OPT_QUIET, NULL), EXIT_DONE);
	assert_int_equal(common_option(c, OPT_SET, "memory.limit=32MiB"), EXIT_DONE);
	assert_int_equal(common_option(c, OPT_SET, memory), EXIT_DONE);
	assert_int_equal(common_open(c, iface), EXIT_DONE);
	i = c->watch.identity;
	assert_true(c->watch.eve_context.identity_key == i.id);
	common_free(c);
	return i;
}

static void
kept_by_run(void **state)
{
	struct identity first = of_command(&CMD_RUN, "none0"), second = of_command(&CMD_RUN, "none0"),
			read = of_command(&CMD_READ, NULL);

	(void)state;
	assert_true(same(&first, &second));
	assert_false(first.run_only);
	assert_int_equal(read.key.k0, IDENTITY_PUBLIC.k0);
}

static void
of_the_site(void **state)
{
	struct identity i, upper;

	(void)state;
	set("identity.key", "00112233445566778899aabbccddeeff");
	i = taken(true);
	assert_true(i.key.k0 == UINT64_C(0x0011223344556677) && i.key.k1 == UINT64_C(0x8899aabbccddeeff));
	/* as the site wrote it into the file */
	put(key_path, "00112233445566778899AABBCCDDEEFF\r\n", 0400);
	set("identity.key", "kept");
	set("identity.file", key_path);
	upper = taken(true);
	assert_true(same(&i, &upper));
}

static void
of_this_run(void **state)
{
	struct identity first, second;

	(void)state;
	first = taken(true); /* auto, without a place */
	second = taken(true);
	assert_true(first.run_only && second.run_only);
	assert_int_not_equal(first.id, second.id);
	set("identity.key", "random");
	set("identity.file", key_path);
	assert_true(taken(true).run_only);
	assert_int_equal(access(key_path, F_OK), -1);
}

static void
file_bad(void **state)
{
	static const char *const TEXTS[] = {
		"",
		"00112233445566778899aabbccddeef\n",
		"00112233445566778899aabbccddeeff0\n",
		"00112233445566778899aabbccddeefg\n",
		"00112233445566778899aabbccddeeff\n\n\n",
		" 00112233445566778899aabbccddeeff",
	};

	(void)state;
	set("identity.file", key_path);
	for (unsigned i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		put(key_path, TEXTS[i], 0600);
		refused(true, "/own: is no identity key, which is one line of 32 hex digits; put the right one back");
	}
	put(key_path, "00112233445566778899aabbccddeeff\n", 0640);
	refused(true, "/own: others than its owner may use the key (mode 0640); chmod 600 it");
	set("identity.file", folder);
	refused(true, "is no identity key");
}

static void
place_bad(void **state)
{
	(void)state;
	set("identity.key", "kept");
	refused(true, "name a file in identity.file");
	set("identity.file", key_path);
	refused(false, "/own: no such key; run makes it, read does not");
	set("identity.file", "/nonexistent/key");
	refused(true, "/nonexistent/key: the identity key cannot be made: No such file");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(made_once, fresh, fresh),
		cmocka_unit_test_setup_teardown(kept_by_run, fresh, fresh),
		cmocka_unit_test_setup_teardown(of_the_site, fresh, fresh),
		cmocka_unit_test_setup_teardown(of_this_run, fresh, fresh),
		cmocka_unit_test_setup_teardown(file_bad, fresh, fresh),
		cmocka_unit_test_setup_teardown(place_bad, fresh, fresh),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
