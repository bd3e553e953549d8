/*
 * sink_command: programs that take an event, refuse it, are slow, leave children behind, are not there.
 */
#include "sender_help.h"

#include <sys/stat.h>

extern const struct sender_calls SENDER_COMMAND;

static char program[128], output[128];

static void
write_program(const char *body)
{
	FILE *f;

	snprintf(program, sizeof(program), "%s/program", folder);
	snprintf(output, sizeof(output), "%s/output", folder);
	(void)remove(output);
	f = fopen(program, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\nO=%s\n%s\n", output, body);
	fclose(f);
	assert_int_equal(chmod(program, 0755), 0);
}

static struct sender_config
config(int64_t timeout_ms)
{
	return (struct sender_config){.name = "hook",
				      .sensor = "sensor",
				      .program = program,
				      .timeout_ns = timeout_ms * NS_PER_MS,
				      .batch = 10};
}

static char *
contents(const char *path, size_t *n)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 1 << 22);

	assert_non_null(text);
	*n = f ? fread(text, 1, (1 << 22) - 1, f) : 0;
	if (f)
		fclose(f);
	return text;
}

static struct sender_result
send_one(int64_t timeout_ms, struct sender_event *e)
{
	struct sender_config c = config(timeout_ms);
	char words[SENDER_WORDS] = "";
	void *state = SENDER_COMMAND.open(&c, words);
	struct sender_result r;

	assert_string_equal(words, "");
	assert_non_null(state);
	SENDER_COMMAND.send(state, e, 1, &r);
	SENDER_COMMAND.close(state);
	return r;
}

static void
takes_each_line(void **state)
{
	struct sender_config cfg = config(10000);
	char words[SENDER_WORDS];
	struct courier c = {.calls = &SENDER_COMMAND, .batch = 10};
	struct sender_event *e = events_new(100);
	struct seen seen = {0};
	size_t n;
	char *text, *p;

	(void)state;
	write_program("cat >>$O");
	c.state = SENDER_COMMAND.open(&cfg, words);
	assert_non_null(c.state);
	courier_send(&c, e, 100);
	SENDER_COMMAND.close(c.state);
	assert_int_equal(c.again + c.refused, 0);
	p = text = contents(output, &n);
	for (char *end; (end = strchr(p, '\n')); p = end + 1)
		see(&seen, e, 100, strtoull(p + 6, NULL, 10), p, (size_t)(end - p));
	assert_int_equal(seen.first, 100);
	assert_int_equal(seen.n, 100);
	free(text);
	events_free(e, 100);
}

/* Nothing is inherited but what is said in the header of sender_command.c. */
static void
knows_nothing(void **state)
{
	struct sender_event *e = events_new(1);
	int leak = dup(2);
	size_t n;
	char *text;

	(void)state;
	setenv("SECRET_OF_THE_SENSOR", "1", 1);
	write_program("{ env | sort; pwd; ls /proc/self/fd | wc -l; } >$O");
	assert_int_equal(send_one(10000, e).outcome, SENDER_DONE);
	text = contents(output, &n);
	assert_null(strstr(text, "SECRET"));
	assert_non_null(strstr(text, "GATEWITNESS_EVENT_ID=1\n"));
	assert_non_null(strstr(text, "GATEWITNESS_GATEWAY=gw/1\n"));
	assert_non_null(strstr(text, "\n/\n4\n")); /* 0, 1, 2 and the one that ls reads with */
	free(text);
	close(leak);
	events_free(e, 1);
}

static void
says_why(void **state)
{
	struct sender_event *e = events_new(50);
	struct sender_result r;

	(void)state;
	write_program("echo 'no \033[31mroom' >&2; exit 75");
	r = send_one(10000, e);
	assert_int_equal(r.outcome, SENDER_AGAIN);
	assert_non_null(strstr(r.words, "ended with 75: no  [31mroom"));
	write_program("kill -SEGV $$");
	assert_non_null(strstr(send_one(10000, e).words, "signal 11"));
	write_program("exec 0<&-; sleep 0.1; exit 0"); /* reads nothing of what is more than a pipe holds */
	assert_int_equal(send_one(10000, &e[49]).outcome, SENDER_DONE);
	write_program("");
	assert_int_equal(truncate(program, 0), 0);
	assert_non_null(strstr(send_one(10000, e).words, "cannot be run: Exec format error"));
	events_free(e, 50);
}

static bool
alive(const char *path)
{
	size_t n;
	char *text = contents(path, &n);
	pid_t pid = (pid_t)atoi(text);
	char stat[64], *line;
	bool is;

	assert_true(pid > 1);
	snprintf(stat, sizeof(stat), "/proc/%d/stat", (int)pid);
	free(text);
	line = contents(stat, &n);
	is = n > 0 && !strstr(line, ") Z");
	free(line);
	return is;
}

static void
ends_what_hangs(void **state)
{
	struct sender_event *e = events_new(1);
	const struct timespec until = deadline_after(5 * NS_PER_S);
	struct sender_result r;

	(void)state;
	write_program("sleep 60 & echo $! >$O; wait");
	r = send_one(300, e);
	assert_int_equal(r.outcome, SENDER_AGAIN);
	assert_non_null(strstr(r.words, "was killed: it had not ended after 300 ms"));
	assert_false(deadline_passed(&until));
	for (int i = 0; i < 100 && alive(output); i++)
		pause_ms(20);
	assert_false(alive(output)); /* its child, too */
	write_program("sleep 60 & echo $! >$O; exit 0");
	assert_int_equal(send_one(5000, e).outcome, SENDER_DONE);
	for (int i = 0; i < 100 && alive(output); i++)
		pause_ms(20);
	assert_false(alive(output));
	events_free(e, 1);
}

/* One event that the program cannot digest is given up after five runs; the others arrive. */
static void
gives_up_one(void **state)
{
	struct sender_config cfg = config(10000);
	char words[SENDER_WORDS];
	struct courier c = {.calls = &SENDER_COMMAND, .batch = 10};
	struct sender_event *e = events_new(6);
	size_t n;
	char *text;

	(void)state;
	write_program(
		"[ $GATEWITNESS_EVENT_ID = 3 ] && { echo x >>$O.runs; exit 1; }; echo $GATEWITNESS_EVENT_ID >>$O");
	c.state = SENDER_COMMAND.open(&cfg, words);
	courier_send(&c, e, 6);
	SENDER_COMMAND.close(c.state);
	assert_int_equal(c.again, 4);
	assert_int_equal(c.refused, 1);
	text = contents(output, &n);
	assert_string_equal(text, "1\n2\n4\n5\n6\n");
	free(text);
	events_free(e, 6);
}

static void
hands_back_in_parts(void **state)
{
	struct sender_config cfg = config(200);
	char words[SENDER_WORDS];
	struct courier c = {.calls = &SENDER_COMMAND, .batch = 10};
	struct sender_event *e = events_new(8);
	size_t n;
	char *text;

	(void)state;
	write_program("sleep 0.08; echo $GATEWITNESS_EVENT_ID >>$O");
	c.state = SENDER_COMMAND.open(&cfg, words);
	courier_send(&c, e, 8);
	SENDER_COMMAND.close(c.state);
	assert_true(c.again >= 1);
	text = contents(output, &n);
	assert_string_equal(text, "1\n2\n3\n4\n5\n6\n7\n8\n");
	free(text);
	events_free(e, 8);
}

static void
refuses_at_open(void **state)
{
	struct sender_config c = config(1000);
	char words[SENDER_WORDS];

	(void)state;
	write_program("exit 0");
	chmod(program, 0777);
	assert_null(SENDER_COMMAND.open(&c, words));
	assert_non_null(strstr(words, "chmod o-w"));
	chmod(program, 0644);
	if (geteuid() != 0) { /* root may execute it if anybody may; here nobody may */
		assert_null(SENDER_COMMAND.open(&c, words));
		assert_non_null(strstr(words, "chmod +x"));
	}
	remove(program);
	assert_null(SENDER_COMMAND.open(&c, words));
	assert_non_null(strstr(words, "No such file"));
	c.program = "program";
	assert_null(SENDER_COMMAND.open(&c, words));
	assert_non_null(strstr(words, "whole path"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_each_line), cmocka_unit_test(knows_nothing),
		cmocka_unit_test(says_why),        cmocka_unit_test(ends_what_hangs),
		cmocka_unit_test(gives_up_one),    cmocka_unit_test(hands_back_in_parts),
		cmocka_unit_test(refuses_at_open),
	};
	int failed;

	signal(SIGPIPE, SIG_IGN);
	folder_make();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	folder_remove();
	return failed;
}
