/*
 * sink_outbox: every line once, in order, to each sink that wants it, whatever happens in between; bounded, and what is given
 * up is counted.  CHAOS=10 kills ten times as often (make sinks-chaos).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sink/outbox.h"

enum { A = 1, B = 2, C = 4, ALL_EVENTS = 15 };

static char folder[64], path[80];
static unsigned chaos = 1;

static int
set_up(void **state)
{
	const char *under = getenv("TMPDIR");

	(void)state;
	snprintf(folder, sizeof(folder), "%s/outbox-XXXXXX", under ? under : "/tmp");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/outbox.db", folder);
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static struct outbox_config
config(void)
{
	return (struct outbox_config){
		.path = path,
		.size = 64 << 20,
		.age_ns = 86400 * NS_PER_S,
		.sinks = 3,
		.sink = {{"a", ALL_EVENTS}, {"b", ALL_EVENTS}, {"c", EVENT_ALERT | EVENT_INCIDENT}},
		.now = {1000 * NS_PER_S}};
}

static struct outbox *
open_with(const struct outbox_config *cfg)
{
	char error[OUTBOX_ERROR_MAX] = "";
	struct outbox *o = outbox_open(cfg, error);

	if (!o)
		fail_msg("%s", error);
	return o;
}

static void
close_it(struct outbox *o)
{
	char error[OUTBOX_ERROR_MAX] = "";

	if (!outbox_close(o, error))
		fail_msg("%s", error);
}

static void
add(struct outbox *o, enum event_kind kind, unsigned number, unsigned bytes, uint32_t sinks)
{
	static char line[1 << 18];
	int n = snprintf(line, sizeof(line), "%u ", number);

	memset(line + n, 'x', bytes);
	outbox_add(o,
		   &(struct sender_event){.kind = kind,
					  .severity = 3,
					  .time = {(1000 + (int64_t)number) * NS_PER_S},
					  .gateway = "vpn",
					  .line = line,
					  .n = (size_t)n + bytes},
		   sinks);
}

/* Takes up to `max` lines of sink i, which must be those from `from` on that are `step` apart; how many there were. */
static size_t
expect(struct outbox *o, unsigned i, unsigned from, unsigned step, size_t max, bool acknowledge)
{
	struct sender_event e[100];
	uint64_t id = 0;
	size_t n = 0, got = 1;

	while (n < max && got) {
		got = outbox_take(o, i, e, max - n < 100 ? max - n : 100, 1 << 20);
		for (size_t k = 0; k < got; k++, n++) {
			if (strtoul(e[k].line, NULL, 10) != from + n * step)
				fail_msg("sink %u: %.10s, not %zu", i, e[k].line, from + n * step);
			assert_string_equal(e[k].gateway, "vpn");
			assert_true(e[k].id > id);
			id = e[k].id;
		}
		if (got && acknowledge)
			outbox_acknowledge(o, i, id, got);
	}
	return n;
}

/* Who wants what, through the window and from the disk, over a restart in the middle. */
static void
each_gets_its_own(void **state)
{
	const struct outbox_config cfg = config();
	struct outbox *o = open_with(&cfg);

	(void)state;
	for (unsigned i = 0; i < 30000; i++) {
		add(o, i % 10 ? EVENT_SESSION : EVENT_ALERT, i, 800, A | (i % 2 ? 0 : B) | (i % 10 ? 0 : C));
		if (i % 1000 == 0) {
			outbox_poll(o, (int64_t)i * NS_PER_S, cfg.now);
			assert_int_equal(expect(o, 0, i ? i - 999 : 0, 1, 5000, true), i ? 1000 : 1);
		}
	}
	assert_int_equal(outbox_status(o, 1).waiting, 15000);
	assert_int_equal(outbox_status(o, 1).oldest.ns, 1000 * NS_PER_S);
	assert_int_equal(expect(o, 1, 0, 2, 700, true), 700);
	assert_int_equal(expect(o, 1, 1400, 2, 300, false), 300);
	close_it(o);
	o = open_with(&cfg);
	assert_int_equal(outbox_status(o, 1).waiting, 14300);
	assert_int_equal(expect(o, 0, 29001, 1, 5000, true), 999);
	add(o, EVENT_ALERT, 30000, 10, A | B | C);
	assert_int_equal(expect(o, 2, 0, 10, 9999, true), 3001);
	assert_int_equal(expect(o, 1, 1400, 2, 99999, true), 14301);
	assert_int_equal(expect(o, 0, 30000, 1, 9, true), 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(outbox_status(o, i).waiting, 0);
		assert_int_equal(outbox_status(o, i).oldest.ns, 0);
		assert_int_equal(outbox_status(o, i).lost, 0);
	}
	close_it(o);
	o = open_with(&cfg);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(expect(o, i, 0, 1, 9, true), 0);
	close_it(o);
}

/* What was not acknowledged comes again, with the id it had; a part may have been. */
static void
again_with_the_same_id(void **state)
{
	const struct outbox_config cfg = config();
	struct outbox *o = open_with(&cfg);
	struct sender_event e[10], f[10];
	char words[OUTBOX_ERROR_MAX];
	bool told;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		add(o, EVENT_ALERT, i, 10, A);
	assert_int_equal(outbox_take(o, 0, e, 10, 1 << 20), 10);
	outbox_acknowledge(o, 0, e[3].id, 4);
	outbox_refuse(o, 0, e[4].id, e[4].time, "no such index");
	told = outbox_notice(o, words);
	outbox_again(o, 0);
	assert_int_equal(outbox_take(o, 0, f, 10, 1 << 20), 5);
	assert_int_equal(f[0].id, e[5].id);
	close_it(o);
	o = open_with(&cfg);
	assert_int_equal(outbox_take(o, 0, f, 10, 1 << 20), 5);
	assert_int_equal(f[0].id, e[5].id);
	assert_int_equal(f[4].id, e[9].id);
	outbox_acknowledge(o, 0, e[9].id, 5);
	outbox_acknowledge(o, 0, e[9].id + 1, 5); /* nobody has that one */
	assert_int_equal(outbox_status(o, 0).sent, 9);
	assert_int_equal(outbox_status(o, 0).lost, 1);
	assert_true(told);
	assert_string_equal(words, "sink a: events are given up: refused by the receiver: no such index");
	add(o, EVENT_ALERT, 10, 10, A);
	assert_int_equal(outbox_take(o, 0, f, 10, 1 << 20), 1);
	assert_true(f[0].id > e[9].id);
	close_it(o);
}

/* A child that is killed at any moment: what it said was committed is there. */
static void
killed(void **state)
{
	const struct outbox_config cfg = config();
	unsigned next = 0;

	(void)state;
	for (unsigned round = 0; round < 5 * chaos; round++) {
		int pipes[2], status;
		unsigned said = next, n;
		pid_t pid;

		assert_int_equal(pipe(pipes), 0);
		pid = fork();
		if (pid == 0) {
			struct outbox *o = open_with(&cfg);

			for (unsigned i = next;; i++) {
				add(o, EVENT_ALERT, i, 200, A);
				outbox_poll(o, i * (NS_PER_S / 10), cfg.now);
				if (write(pipes[1], &i, sizeof(i)) < 0)
					_exit(1);
			}
		}
		close(pipes[1]);
		for (unsigned i = 0; i < 3 + 7 * (round % 20) && read(pipes[0], &n, sizeof(n)) == sizeof(n); i++)
			said = n;
		kill(pid, SIGKILL);
		while (read(pipes[0], &n, sizeof(n)) == sizeof(n))
			said = n;
		close(pipes[0]);
		waitpid(pid, &status, 0);
		struct outbox *o = open_with(&cfg);
		size_t got = expect(o, 0, next, 1, 100000, true);

		if (next + got <= said)
			fail_msg("round %u: %zu from %u, %u were committed", round, got, next, said);
		next += (unsigned)got;
		close_it(o);
	}
}

enum { WAL_HEAD = 32, WAL_FRAME = 24 + 4096, COMMITTED = 20 };

/* Alerts that were committed one by one, as the file and its journal lie on the disk when the power goes: <path>.kept and
   <path>.kept-wal.  The journal's length before the last of them. */
static off_t
write_and_die(void)
{
	const struct outbox_config cfg = config();
	char command[400];
	struct stat st = {0};
	off_t before = 0;
	int pipes[2], status;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		struct outbox *o = open_with(&cfg);

		snprintf(command, sizeof(command), "%s-wal", path);
		for (unsigned i = 0; i < COMMITTED; i++) {
			if (stat(command, &st) < 0 || write(pipes[1], &st.st_size, sizeof(st.st_size)) < 0)
				_exit(1);
			add(o, EVENT_ALERT, i, 3000, A);
			outbox_poll(o, (i + 1) * NS_PER_S, cfg.now);
		}
		_exit(0);
	}
	close(pipes[1]);
	while (read(pipes[0], &before, sizeof(before)) == sizeof(before))
		continue;
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	snprintf(command, sizeof(command), "cp %1$s %1$s.kept && cp %1$s-wal %1$s.kept-wal", path);
	assert_int_equal(system(command), 0);
	return before;
}

/* What was kept of the file whose name ends so. */
struct kept {
	const char *end;
	char bytes[1 << 20];
	off_t n;
};

static void
read_kept(struct kept *k)
{
	char name[160];
	FILE *f;

	snprintf(name, sizeof(name), "%s.kept%s", path, k->end);
	f = fopen(name, "r");
	assert_non_null(f);
	k->n = (off_t)fread(k->bytes, 1, sizeof(k->bytes), f);
	fclose(f);
	assert_true(k->n < (off_t)sizeof(k->bytes));
}

static void
write_kept(const struct kept *k, off_t n)
{
	char name[160];
	FILE *f;

	snprintf(name, sizeof(name), "%s%s", path, k->end);
	f = fopen(name, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(k->bytes, 1, (size_t)n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* The file as it was, its journal as far as it got when the power went, at every byte of the last transaction: what was committed before is there, whole and in order; the last is there
   or not; nothing is called damaged, and it goes on. */
static void
power_cut(void **state)
{
	const struct outbox_config cfg = config();
	const off_t step = chaos > 1 ? 1 : 509;
	static struct kept file = {.end = ""}, wal = {.end = "-wal"};
	char shared[160], words[OUTBOX_ERROR_MAX];
	off_t before = write_and_die(), end;

	(void)state;
	snprintf(shared, sizeof(shared), "%s-shm", path);
	read_kept(&file);
	read_kept(&wal);
	end = wal.n;
	assert_true(before >= WAL_HEAD + WAL_FRAME && end > before + WAL_FRAME);
	for (off_t at = before; at <= end; at = at < end && at + step > end ? end : at + step) {
		struct outbox *o;
		size_t got;

		write_kept(&file, file.n);
		write_kept(&wal, at);
		unlink(shared);
		o = open_with(&cfg);
		if (outbox_notice(o, words))
			fail_msg("cut at %d: %s", (int)at, words);
		got = expect(o, 0, 0, 1, COMMITTED + 1, true);
		if (got < COMMITTED - 1 || (at == end && got != COMMITTED))
			fail_msg("cut at %d of %d: %zu alerts", (int)at, (int)end, got);
		add(o, EVENT_ALERT, COMMITTED, 10, A);
		assert_int_equal(expect(o, 0, COMMITTED, 1, 2, true), 1);
		close_it(o);
	}
}

/* The oldest sessions go first, then alerts; who has them already loses nothing. */
static void
bounded_by_size(void **state)
{
	struct outbox_config cfg = config();
	struct outbox_loss loss[OUTBOX_LOSSES];
	struct outbox *o;
	struct stat st;

	(void)state;
	cfg.size = 4 << 20;
	o = open_with(&cfg);
	for (unsigned i = 0; i < 40000; i++) {
		add(o, i % 100 ? EVENT_SESSION : EVENT_ALERT, i, 500, A | B | (i % 100 ? 0 : C));
		if (i % 1000 == 999) {
			outbox_poll(o, (int64_t)i * NS_PER_S, cfg.now);
			assert_int_equal(expect(o, 0, i - 999, 1, 5000, true), 1000);
		}
	}
	outbox_poll(o, 50000 * NS_PER_S, cfg.now);
	assert_int_equal(outbox_status(o, 0).lost, 0);
	assert_int_equal(outbox_status(o, 2).lost, 0);
	assert_true(outbox_status(o, 1).lost > 20000);
	assert_int_equal(outbox_losses(o, loss), 1);
	assert_int_equal(loss[0].count, outbox_status(o, 1).lost);
	assert_string_equal(loss[0].sink, "b");
	assert_int_equal(loss[0].cause, OUTBOX_SIZE);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size < 16 << 20);
	close_it(o);
	o = open_with(&cfg);
	assert_int_equal(expect(o, 2, 0, 100, 1000, true), 400);
	assert_int_equal(outbox_losses(o, loss), 1);
	assert_true(loss[0].count > 20000);
	close_it(o);
}

static void
bounded_by_age(void **state)
{
	const struct outbox_config cfg = config();
	struct outbox_loss loss[OUTBOX_LOSSES];
	struct outbox *o = open_with(&cfg);

	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		add(o, EVENT_ALERT, i, 10, A | C);
	assert_int_equal(expect(o, 0, 0, 1, 2000, true), 2000);
	outbox_poll(o, NS_PER_S, (struct when){(1000 + 86400 + 1500) * NS_PER_S});
	assert_int_equal(outbox_status(o, 0).lost, 0);
	assert_int_equal(outbox_status(o, 2).lost, 1500);
	assert_int_equal(outbox_status(o, 2).waiting, 500);
	assert_int_equal(outbox_losses(o, loss), 1);
	assert_int_equal(loss[0].last.ns, (1000 + 1499) * NS_PER_S);
	close_it(o);
	o = open_with(&cfg);
	assert_int_equal(expect(o, 2, 1500, 1, 2000, true), 500);
	close_it(o);
}

static void
may_grow_to(rlim_t bytes)
{
	struct rlimit r;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = bytes < r.rlim_max ? bytes : r.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

/* A full disk: memory holds what it can, sinks go on, the rest is counted; with room again all that is left is kept. */
static void
full_disk(void **state)
{
	const struct outbox_config cfg = config();
	char words[OUTBOX_ERROR_MAX];
	struct outbox *o = open_with(&cfg);
	uint64_t lost;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	for (unsigned i = 0; i < 100; i++)
		add(o, EVENT_ALERT, i, 1000, A | B);
	outbox_poll(o, NS_PER_S, cfg.now);
	assert_false(outbox_notice(o, words));
	may_grow_to(1 << 17);
	for (unsigned i = 100; i < 10100; i++) {
		add(o, EVENT_ALERT, i, 1000, A | B);
		if (i % 500 == 49)
			outbox_poll(o, (2 + i) * NS_PER_S, cfg.now);
		if (i % 50 == 49 && i < 5000)
			assert_true(expect(o, 0, i == 149 ? 0 : i - 49, 1, 9999, true) >= 50);
	}
	assert_true(outbox_notice(o, words));
	assert_non_null(strstr(words, path));
	assert_true(outbox_notice(o, words));
	assert_non_null(strstr(words, "events are given up: the disk failed and memory was full"));
	assert_false(outbox_notice(o, words));
	lost = outbox_status(o, 1).lost;
	assert_in_range(lost, 1000, 5000);
	assert_int_equal(lost, outbox_status(o, 0).lost);
	may_grow_to(RLIM_INFINITY);
	outbox_poll(o, 20000 * NS_PER_S, cfg.now);
	assert_true(outbox_notice(o, words));
	assert_non_null(strstr(words, "can be written again"));
	close_it(o);
	o = open_with(&cfg);
	assert_int_equal(outbox_status(o, 1).lost, lost);
	assert_int_equal(expect(o, 1, 0, 1, 20000, true), 10100 - lost);
	close_it(o);
}

static void
damage(long from, long to)
{
	FILE *f = fopen(path, "r+");

	assert_non_null(f);
	for (long at = from; at < to; at += 7) {
		fseek(f, at, SEEK_SET);
		fputc(0xa5, f);
	}
	fclose(f);
}

/* A file whose bytes were altered at the head or in the middle: the sensor starts, says so and goes on. */
static void
damaged(void **state)
{
	static const long AT[][2] = {{0, 100}, {9000, 60000}, {100, 4096}};
	const struct outbox_config cfg = config();

	(void)state;
	for (unsigned k = 0; k < sizeof(AT) / sizeof(AT[0]); k++) {
		struct outbox *o = open_with(&cfg);
		char words[OUTBOX_ERROR_MAX] = "";
		struct stat st;

		for (unsigned i = 0; i < 300; i++)
			add(o, EVENT_ALERT, i, 1000, A);
		close_it(o);
		damage(AT[k][0], AT[k][1]);
		o = open_with(&cfg);
		for (unsigned i = 0; i < 9; i++) {
			struct sender_event e[100];
			size_t n = outbox_take(o, 0, e, 100, 1 << 20);

			if (n)
				outbox_acknowledge(o, 0, e[n - 1].id, n);
		}
		outbox_poll(o, NS_PER_S, cfg.now);
		if (!outbox_notice(o, words) || !strstr(words, "is damaged"))
			fail_msg("%u: %s", k, words);
		snprintf(words, sizeof(words), "%s.damaged", path);
		assert_int_equal(stat(words, &st), 0);
		add(o, EVENT_ALERT, 7, 10, A);
		assert_int_equal(expect(o, 0, 7, 1, 2, true), 1);
		close_it(o);
		assert_int_equal(unlink(path), 0);
	}
}

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* A sink that went is forgotten, a new one begins at what is new and takes nothing that was meant for the other. */
static void
other_sinks(void **state)
{
	struct outbox_config cfg = config();
	struct outbox *o = open_with(&cfg);
	char words[OUTBOX_ERROR_MAX];

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		add(o, EVENT_ALERT, i, 10, A | B);
	close_it(o);
	cfg.sink[0].name = "new";
	o = open_with(&cfg);
	assert_true(outbox_notice(o, words));
	assert_non_null(strstr(words, "10 events that waited for sink a are dropped"));
	assert_int_equal(expect(o, 0, 0, 1, 10, true), 0);
	add(o, EVENT_ALERT, 10, 10, A | B);
	assert_int_equal(expect(o, 0, 10, 1, 10, true), 1);
	assert_int_equal(expect(o, 1, 0, 1, 20, true), 11);
	close_it(o);
}

/* Somebody else's database is left alone, and two sensors do not share one outbox. */
static void
not_ours(void **state)
{
	const struct outbox_config cfg = config();
	struct outbox *o = open_with(&cfg);
	char error[OUTBOX_ERROR_MAX], command[256];
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(outbox_open(&cfg, error) || !strstr(error, "locked"));
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	close_it(o);
	snprintf(command, sizeof(command),
		 "rm %s && python3 -c \"import sqlite3; sqlite3.connect('%s').execute("
		 "'create table t(a)')\"",
		 path, path);
	assert_int_equal(system(command), 0);
	assert_null(outbox_open(&cfg, error));
	assert_non_null(strstr(error, "no outbox"));
	write_file("what is this");
	o = open_with(&cfg);
	assert_true(outbox_notice(o, error));
	close_it(o);
}

/* Without a file: for who sends as it goes. */
static void
in_memory(void **state)
{
	struct outbox_config cfg = config();
	char error[OUTBOX_ERROR_MAX] = "";
	struct outbox *o;

	(void)state;
	cfg.path = NULL;
	o = open_with(&cfg);
	for (unsigned i = 0; i < 50000; i++) {
		add(o, EVENT_SESSION, i, 1000, A);
		if (i % 1000 == 999)
			assert_int_equal(expect(o, 0, i - 999, 1, 1000, true), 1000);
	}
	add(o, EVENT_ALERT, 50000, 1000, A | B);
	assert_int_equal(expect(o, 0, 50000, 1, 1000, true), 1);
	outbox_says(o, 1, "nobody answers");
	assert_false(outbox_close(o, error));
	assert_string_equal(error, "sink b: 1 of 1 events were not acknowledged: nobody answers");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_gets_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(again_with_the_same_id, set_up, tear_down),
		cmocka_unit_test_setup_teardown(killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(power_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bounded_by_size, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bounded_by_age, set_up, tear_down),
		cmocka_unit_test_setup_teardown(full_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(damaged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_sinks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(not_ours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(in_memory, set_up, tear_down),
	};

	const char *knob = getenv("CHAOS");

	if (knob)
		chaos = (unsigned)strtoul(knob, NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
