/*
 * sensor_page: the page of the desk, and its key: whose words they are does not matter, and what was compared once stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensor/desk_key.h"
#include "sensor/desk_page.h"

static struct health health;
static char text[1 << 17];

static const char *
page(const struct health *h, const char *notice)
{
	static const struct health_rates NONE;
	struct out o = out_of(text, sizeof(text) - 1);

	desk_page(&o, h, &NONE, notice, strlen(notice));
	assert_false(o.full);
	*o.p = '\0';
	return text;
}

static void
words_stay_words(void **state)
{
	static const char EVIL[] = "<script>alert(1)</script>";

	(void)state;
	memset(&health, 0, sizeof(health));
	snprintf(health.sensor, sizeof(health.sensor), "%s", EVIL);
	snprintf(health.incident[0].text, sizeof(health.incident[0].text), "%s", EVIL);
	snprintf(health.sink[0].error, sizeof(health.sink[0].error), "%s", EVIL);
	health.incidents = health.sinks = 1;
	assert_null(strstr(page(&health, EVIL), "<script"));
	assert_non_null(strstr(text, "&lt;script&gt;"));
	assert_non_null(strstr(text, "This machine"));
}

static void
what_is_not_is_said(void **state)
{
	(void)state;
	assert_non_null(strstr(page(NULL, ""), "The sensor says nothing"));
	assert_null(strstr(text, "This machine"));
	memset(&health, 0, sizeof(health));
	assert_null(strstr(page(&health, ""), "The sensor says nothing"));
	assert_non_null(strstr(text, "none"));
}

/* A page that is as full as it can be has room: desk_http has 128 KiB, of which a notice of 4 KiB takes six times as much at most. */
static void
the_fullest_fits(void **state)
{
	(void)state;
	memset(&health, 0, sizeof(health));
	memset(&health.loss, 1, sizeof(health.loss));
	for (unsigned i = 0; i < HEALTH_INCIDENTS; i++)
		memset(health.incident[i].text, '"', HEALTH_WORDS - 1);
	for (unsigned i = 0; i < SINKS_MAX; i++) {
		memset(health.sink[i].name, '"', HEALTH_NAME - 1);
		memset(health.sink[i].error, '"', HEALTH_WORDS - 1);
	}
	health.incidents = HEALTH_INCIDENTS;
	health.sinks = SINKS_MAX;
	assert_true(strlen(page(&health, "")) < sizeof(text) - 6 * (4 << 10));
}

static void
key_is_made_once(void **state)
{
	char folder[] = "/tmp/gatewitness-test-XXXXXX", path[64], words[256] = "", *first, *again;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/desk.pem", folder);
	first = desk_key_take(path, "a board's \"name\", which is longer than sixty-four letters and has signs in it",
			      words, sizeof(words));
	assert_non_null(first);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	again = desk_key_take(path, "other", words, sizeof(words));
	assert_string_equal(first, again);
	free(first);
	free(again);
	assert_int_equal(chmod(path, 0644), 0);
	assert_null(desk_key_take(path, "other", words, sizeof(words)));
	assert_non_null(strstr(words, "chmod 600"));
	unlink(path);
	rmdir(folder);
	assert_null(desk_key_take(path, "other", words, sizeof(words)));
	assert_non_null(strstr(words, "No such file"));
}

static void
no_key_is_told(void **state)
{
	char path[] = "/tmp/gatewitness-test-XXXXXX", words[256] = "";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "-----BEGIN CERTIFICATE-----\n", 28), 28);
	close(fd);
	assert_null(desk_key_take(path, "board", words, sizeof(words)));
	assert_non_null(strstr(words, "no private key"));
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_stay_words), cmocka_unit_test(what_is_not_is_said),
		cmocka_unit_test(the_fullest_fits), cmocka_unit_test(key_is_made_once),
		cmocka_unit_test(no_key_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
