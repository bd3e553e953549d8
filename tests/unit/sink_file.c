/*
 * sink_file: what becomes of a file sink's lines when somebody else rotates, when a line was torn off, when it fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/file.h"
#include "sink/format.h"
#include "sink/sink.h"

static char folder[64], path[128], aside[128], text[1 << 16];
static struct eve_context context;
static struct eve_config config = {.sensor = "sensor", .version = "1"};

static struct sink_config
text_sink(void)
{
	struct sink_config c = {
		.name = "s", .path = path, .format = FORMATS - 1, .events = EVENT_ALERT, .rotate_keep = 3};

	assert_string_equal(FORMAT_LIST[c.format].name, "text");
	return c;
}

static struct sinks *
opened(const struct sink_config *c)
{
	char error[SINK_ERROR_MAX] = "";
	struct sinks *s = sinks_new(c, 1, error);

	assert_non_null(s);
	return s;
}

static void
tell(struct sinks *s, uint8_t severity, int64_t second)
{
	struct finding f = {.id = 1, .severity = severity, .opens = true, .time = {second * NS_PER_S}};
	struct event e = {.kind = EVENT_ALERT, .time = f.time, .finding = &f, .eve = &context};

	snprintf(f.text, sizeof(f.text), "alert %d", (int)second);
	sinks_tell(s, &e);
}

static void
closed(struct sinks *s)
{
	char error[SINK_ERROR_MAX] = "";

	assert_true(sinks_close(s, error));
}

static unsigned
lines_of(const char *name)
{
	FILE *f = fopen(name, "r");
	unsigned n = 0;
	size_t got;

	assert_non_null(f);
	got = fread(text, 1, sizeof(text) - 1, f);
	text[got] = '\0';
	fclose(f);
	for (const char *p = text; *p; p++)
		n += *p == '\n';
	assert_true(got == 0 || text[got - 1] == '\n');
	return n;
}

static void
somebody_else_rotates(void **state)
{
	struct sink_config c = text_sink();
	struct sinks *s = opened(&c);

	(void)state;
	tell(s, SEVERITY_HIGH, 1);
	assert_int_equal(rename(path, aside), 0);
	tell(s, SEVERITY_HIGH, 2); /* behind the first, wherever it is now */
	sinks_reopen(s);
	tell(s, SEVERITY_HIGH, 3);
	sinks_reopen(s); /* nobody renamed: nothing is lost */
	tell(s, SEVERITY_HIGH, 4);
	closed(s);
	assert_int_equal(lines_of(aside), 2);
	assert_int_equal(lines_of(path), 2);
	assert_non_null(strstr(text, "alert 3"));
}

static void
run_goes_on_and_read_begins_anew(void **state)
{
	struct sink_config c = text_sink();
	FILE *f = fopen(path, "w");
	struct sinks *s;

	(void)state;
	fputs("whole\ntorn", f);
	fclose(f);
	s = opened(&c);
	tell(s, SEVERITY_HIGH, 1);
	closed(s);
	assert_int_equal(lines_of(path), 3);
	assert_ptr_equal(strstr(text, "whole\ntorn\n1970"), text);
	c.anew = true;
	s = opened(&c);
	tell(s, SEVERITY_HIGH, 1);
	closed(s);
	assert_int_equal(lines_of(path), 1);
}

/* A line a file: the latest three are kept beside the one that is written to. */
static void
old_ones_go(void **state)
{
	struct sink_config c = text_sink();
	struct sinks *s;
	char name[160];

	(void)state;
	c.rotate_ns = 10 * NS_PER_S;
	s = opened(&c);
	for (int i = 1; i <= 6; i++)
		tell(s, SEVERITY_HIGH, 10 * i);
	closed(s);
	for (int i = 0; i <= 4; i++) {
		char want[32];

		snprintf(name, sizeof(name), i ? "%s.%d" : "%s", path, i);
		assert_int_equal(access(name, F_OK), i <= 3 ? 0 : -1);
		if (i > 3)
			continue;
		assert_int_equal(lines_of(name), 1);
		snprintf(want, sizeof(want), "alert %d,", 10 * (6 - i));
		assert_non_null(strstr(text, want));
		unlink(name);
	}
}

/* Somebody removed the file that is written to: the older ones are moved once, not for each line. */
static void
a_removed_one_takes_none_along(void **state)
{
	struct sink_config c = text_sink();
	char name[160], want[32];
	struct sinks *s;

	(void)state;
	c.rotate_ns = 10 * NS_PER_S;
	s = opened(&c);
	for (int i = 1; i <= 3; i++)
		tell(s, SEVERITY_HIGH, 10 * i);
	assert_int_equal(unlink(path), 0);
	for (int i = 40; i <= 44; i++)
		tell(s, SEVERITY_HIGH, i);
	closed(s);
	assert_int_equal(lines_of(path), 5);
	for (int i = 2; i <= 3; i++) {
		snprintf(name, sizeof(name), "%s.%d", path, i);
		assert_int_equal(lines_of(name), 1);
		snprintf(want, sizeof(want), "alert %d,", 10 * (4 - i));
		assert_non_null(strstr(text, want));
		unlink(name);
	}
}

static void
only_what_is_wanted(void **state)
{
	struct sink_config c = text_sink();
	char error[WHERE_ERROR_MAX];
	struct sinks *s;

	(void)state;
	c.severity = SEVERITY_MEDIUM;
	assert_true(where_compile(&c.where, "confidence = 0 and not severity = critical", &WHERE_FINDING, error));
	s = opened(&c);
	for (uint8_t severity = SEVERITY_INFO; severity <= SEVERITY_CRITICAL; severity++)
		tell(s, severity, severity + 1);
	assert_int_equal(sinks_counts(s, 0).told, 2);
	assert_int_equal(sinks_counts(s, 0).lost, 0);
	closed(s);
	assert_int_equal(lines_of(path), 2);
}

/* One that cannot write is told once; what it loses is counted, and the one beside it loses nothing. */
static void
one_fails_alone(void **state)
{
	struct sink_config c[2] = {text_sink(), text_sink()};
	char words[SINK_ERROR_MAX] = "", error[SINK_ERROR_MAX] = "";
	struct sinks *s;

	(void)state;
	if (access("/dev/full", W_OK) != 0)
		skip();
	memcpy(c[0].name, "full", 5);
	c[0].path = "/dev/full";
	s = sinks_new(c, 2, error);
	assert_non_null(s);
	tell(s, SEVERITY_HIGH, 1);
	assert_false(sinks_notice(s, words));
	sinks_flush(s);
	assert_true(sinks_notice(s, words));
	assert_string_equal(words, "sink full: /dev/full: cannot be written: No space left on device");
	assert_false(sinks_notice(s, words));
	assert_true(sinks_failing(s));
	tell(s, SEVERITY_HIGH, 2);
	assert_int_equal(sinks_counts(s, 0).lost, 0); /* it waits */
	assert_int_equal(sinks_counts(s, 1).told, 2);
	assert_false(sinks_close(s, error));
	assert_string_equal(error, words);
	assert_int_equal(lines_of(path), 2);
}

/* "alert NEXT" and so on, a whole line each: the number behind the last.  Torn: the file ends within one more. */
static unsigned
whole_lines(const char *name, unsigned next, bool *torn)
{
	FILE *f = fopen(name, "r");
	char line[512], *at;

	assert_non_null(f);
	*torn = false;
	while (fgets(line, sizeof(line), f)) {
		assert_false(*torn);
		*torn = line[strlen(line) - 1] != '\n';
		if (*torn)
			continue;
		at = strstr(line, ": alert ");
		assert_non_null(at);
		assert_int_equal(atoi(at + 8), next++);
	}
	fclose(f);
	return next;
}

/* "alert 1" to "alert n", a line each, and nothing else. */
static void
has_all(unsigned n)
{
	bool torn;

	assert_int_equal(whole_lines(path, 1, &torn), n + 1);
	assert_false(torn);
}

static struct rlimit
limit_files(rlim_t size)
{
	struct rlimit before, small;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = size;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	return before;
}

/* A limit of a file's size is a full disk; of an odd one, a disk that is full within a line. */
static struct rlimit
fill_disk(void)
{
	return limit_files(1001);
}

static void
make_room(struct rlimit before)
{
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

/* The disk is full when a sensor comes back after its death, which tore a line off: it begins, and the line is ended with
   the first that there is room for. */
static void
begins_on_a_full_disk(void **state)
{
	struct sink_config c = text_sink();
	FILE *f = fopen(path, "w");
	struct rlimit before;
	struct sinks *s;

	(void)state;
	fputs("whole\ntorn", f);
	fclose(f);
	before = limit_files(10);
	s = opened(&c);
	tell(s, SEVERITY_HIGH, 1);
	make_room(before);
	tell(s, SEVERITY_HIGH, 2);
	closed(s);
	assert_int_equal(lines_of(path), 4);
	assert_ptr_equal(strstr(text, "whole\ntorn\n1970"), text);
}

/* What waits is told to be lost only when memory is full, and goes on at the very byte when there is room again. */
static void
a_full_disk_is_waited_for(void **state)
{
	struct sink_config c = text_sink();
	struct sinks *s = opened(&c);
	struct rlimit before = fill_disk();
	char words[SINK_ERROR_MAX] = "";
	unsigned n = 0, lost;

	(void)state;
	while (n < 500) {
		tell(s, SEVERITY_HIGH, ++n);
		if (n % 10 == 0)
			sinks_flush(s);
	}
	assert_true(sinks_notice(s, words));
	assert_int_equal(sinks_counts(s, 0).lost, 0);
	make_room(before);
	sinks_flush(s);
	assert_false(sinks_failing(s));
	has_all(n);

	(void)fill_disk();
	while (sinks_counts(s, 0).lost < 3)
		tell(s, SEVERITY_HIGH, ++n);
	lost = (unsigned)sinks_counts(s, 0).lost;
	assert_true(n > 50000); /* 8 MiB of them */
	make_room(before);
	closed(s);
	has_all(n - lost);
}

/* The line that was torn off in the old file is whole in the new one. */
static void
rotated_on_a_full_disk(void **state)
{
	struct sink_config c = text_sink();
	struct sinks *s = opened(&c);
	struct rlimit before = fill_disk();
	unsigned n = 0, next;
	bool torn;

	(void)state;
	while (n < 30)
		tell(s, SEVERITY_HIGH, ++n);
	sinks_flush(s);
	assert_true(sinks_failing(s));
	assert_int_equal(rename(path, aside), 0);
	sinks_reopen(s);
	make_room(before);
	assert_int_equal(sinks_counts(s, 0).lost, 0);
	closed(s);
	next = whole_lines(aside, 1, &torn);
	assert_true(torn && next > 1);
	assert_int_equal(whole_lines(path, next, &torn), n + 1);
	assert_false(torn);
}

/* The older files and the newest have "alert 1" to "alert n", each whole and once. */
static void
rotated_have_all(unsigned n)
{
	unsigned files = 0, next = 1;
	char name[160];
	bool torn;

	for (int i = 3; i >= 0; i--) {
		snprintf(name, sizeof(name), i ? "%s.%d" : "%s", path, i);
		if (access(name, F_OK) != 0)
			continue;
		next = whole_lines(name, next, &torn);
		assert_false(torn);
		files++;
	}
	assert_true(files > 1);
	assert_int_equal(next, n + 1);
}

/* "alert FROM" to "alert TO", each as if a second had passed. */
static void
tell_slowly(struct sinks *s, unsigned from, unsigned to)
{
	for (unsigned n = from; n <= to; n++) {
		tell(s, SEVERITY_HIGH, n);
		sinks_flush(s);
	}
}

/* Its own limits hold on a full disk: another file takes what waits, and what was torn is whole there only. */
static void
rotates_on_a_full_disk(void **state)
{
	struct sink_config c = text_sink();
	struct rlimit before;
	struct sinks *s;

	(void)state;
	c.rotate_size = 1400;
	s = opened(&c);
	before = fill_disk();
	tell_slowly(s, 1, 40);
	make_room(before);
	closed(s);
	rotated_have_all(40);
}

/* It frees what it would have, and no more: a file in which nothing is must not push out the others. */
static void
rotates_once_on_a_full_disk(void **state)
{
	struct sink_config c = text_sink();
	struct rlimit before;
	struct sinks *s;

	(void)state;
	c.rotate_size = 1400;
	s = opened(&c);
	tell_slowly(s, 1, 40);
	before = limit_files(0);
	tell_slowly(s, 41, 400);
	assert_int_equal(lines_of(path), 0);
	make_room(before);
	assert_int_equal(sinks_counts(s, 0).lost, 0);
	closed(s);
	rotated_have_all(400);
}

/* Nobody renamed, and the end of the torn line has no room: it waits until it can be opened again. */
static void
reopened_on_a_full_disk(void **state)
{
	struct sink_config c = text_sink();
	struct sinks *s = opened(&c);
	struct rlimit before = fill_disk();
	char want[32];
	unsigned n = 0;

	(void)state;
	while (n < 30)
		tell(s, SEVERITY_HIGH, ++n);
	sinks_flush(s);
	sinks_reopen(s);
	sinks_flush(s);
	assert_true(sinks_failing(s));
	tell(s, SEVERITY_HIGH, ++n);
	make_room(before);
	sinks_flush(s);
	assert_false(sinks_failing(s));
	assert_int_equal(sinks_counts(s, 0).lost, 0);
	closed(s);
	assert_int_equal(lines_of(path), n + 1); /* the torn one, ended, and then whole */
	for (unsigned i = 1; i <= n; i++) {
		snprintf(want, sizeof(want), ": alert %u,", i);
		assert_non_null(strstr(text, want));
	}
}

/* What is no full disk is not waited for: lines are lost and counted until it is opened anew. */
static void
another_error_is_recovered_from(void **state)
{
	struct file f;
	int only_read;

	(void)state;
	assert_true(file_open(&f, path));
	assert_true(file_be_patient(&f));
	only_read = open(path, O_RDONLY);
	assert_true(only_read >= 0 && dup2(only_read, f.fd) == f.fd);
	close(only_read);
	file_bytes(&f, "one\ntwo\n", 8);
	file_flush(&f);
	assert_int_equal(f.error, EBADF);
	assert_false(file_takes(&f, 1));
	assert_int_equal(f.lost, 2);
	assert_true(file_recover(&f));
	file_bytes(&f, "three\n", 6);
	assert_true(file_close(&f));
	assert_int_equal(f.lost, 2);
	assert_int_equal(lines_of(path), 1);
	assert_string_equal(text, "three\n");
}

/* What still waits at the end is lost. */
static void
closed_on_a_full_disk(void **state)
{
	struct file f;

	(void)state;
	if (!file_open(&f, "/dev/full"))
		skip();
	assert_true(file_be_patient(&f));
	file_bytes(&f, "one\ntwo\n", 8);
	file_flush(&f);
	assert_true(file_takes(&f, 8));
	assert_int_equal(f.lost, 0);
	assert_false(file_close(&f));
	assert_int_equal(f.error, ENOSPC);
	assert_int_equal(f.lost, 2);
}

/* A text longer than a line of any format has room for. */
static void
cut_values_are_counted(void **state)
{
	static char wide[4096];
	struct sink_config c = text_sink();
	struct session s = {.id = 1, .kind = SESSION_CLOSE, .carrier = CARRIER_TCP, .sni = {wide, sizeof(wide)}};
	struct event e = {.kind = EVENT_SESSION, .time = {NS_PER_S}, .session = &s, .eve = &context};
	char words[SINK_ERROR_MAX] = "";
	struct sinks *all;

	(void)state;
	memset(wide, 'x', sizeof(wide));
	c.events = EVENT_SESSION;
	all = opened(&c);
	assert_false(sinks_shortened(all, words));
	sinks_tell(all, &e);
	assert_int_equal(sinks_counts(all, 0).cut, 1);
	assert_int_equal(sinks_counts(all, 0).told, 1);
	assert_true(sinks_shortened(all, words));
	assert_non_null(strstr(words, "sink s: 1 values were cut"));
	closed(all);
	assert_int_equal(lines_of(path), 1);
	assert_non_null(strstr(text, "xxx..., session"));
}

static int
setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/sink_file.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/log", folder);
	snprintf(aside, sizeof(aside), "%s/log.old", folder);
	eve_context_init(&context, &config, NULL, 0);
	return 0;
}

static int
clean(void **state)
{
	char name[160];

	(void)state;
	unlink(path);
	unlink(aside);
	for (int i = 1; i <= 3; i++) {
		snprintf(name, sizeof(name), "%s.%d", path, i);
		unlink(name);
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(somebody_else_rotates, clean),
		cmocka_unit_test_teardown(run_goes_on_and_read_begins_anew, clean),
		cmocka_unit_test_teardown(begins_on_a_full_disk, clean),
		cmocka_unit_test_teardown(old_ones_go, clean),
		cmocka_unit_test_teardown(a_removed_one_takes_none_along, clean),
		cmocka_unit_test_teardown(only_what_is_wanted, clean),
		cmocka_unit_test_teardown(one_fails_alone, clean),
		cmocka_unit_test_teardown(a_full_disk_is_waited_for, clean),
		cmocka_unit_test_teardown(rotated_on_a_full_disk, clean),
		cmocka_unit_test_teardown(rotates_on_a_full_disk, clean),
		cmocka_unit_test_teardown(rotates_once_on_a_full_disk, clean),
		cmocka_unit_test_teardown(reopened_on_a_full_disk, clean),
		cmocka_unit_test_teardown(another_error_is_recovered_from, clean),
		cmocka_unit_test_teardown(closed_on_a_full_disk, clean),
		cmocka_unit_test_teardown(cut_values_are_counted, clean),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
