/*
 * sensor_role: notes between the monitor and a role, of which only those that are whole count; the hidden word; what is
 * left of a tap that died, and what a gap is told to be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/when.h"
#include "sensor/batch.h"
#include "sensor/clock.h"
#include "sensor/role_note.h"
#include "sensor/ward.h"

static int pair[2];

static int
open_pair(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int
close_pair(void **state)
{
	(void)state;
	close(pair[0]);
	return close(pair[1]);
}

static void
a_note_arrives(void **state)
{
	const struct role_note sent = {.kind = ROLE_DIED,
				       .who = {.role = ROLE_tap, .name = "3"},
				       .from = 5,
				       .until = 9,
				       .words = "of old age"};
	struct role_note got;
	int fd;

	(void)state;
	assert_int_equal(role_hear(pair[1], &got, &fd), ROLE_SILENT);
	assert_true(role_tell(pair[0], &sent, -1));
	assert_int_equal(role_hear(pair[1], &got, &fd), ROLE_HEARD);
	assert_int_equal(fd, -1);
	assert_memory_equal(&got, &sent, sizeof(got));
	close(pair[0]);
	assert_int_equal(role_hear(pair[1], &got, &fd), ROLE_GONE);
	pair[0] = dup(pair[1]);
}

static void
a_descriptor_comes_with_it(void **state)
{
	const struct role_note sent = {.kind = ROLE_LINK, .who = {.role = ROLE_keeper}};
	struct role_note got;
	struct stat a, b;
	int fd, file = memfd_create("sent", MFD_CLOEXEC);

	(void)state;
	assert_true(role_tell(pair[0], &sent, file));
	assert_int_equal(role_hear(pair[1], &got, &fd), ROLE_HEARD);
	assert_true(fd >= 0 && fd != file);
	assert_true(fstat(fd, &a) == 0 && fstat(file, &b) == 0 && a.st_ino == b.st_ino);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	close(file);
}

/* From somebody who took a role over: none of these is a note, and the next good one is heard. */
static void
bad_notes(void **state)
{
	struct role_note note = {.kind = ROLE_NOTES}, got;
	char bytes[2 * sizeof(note)] = {0};
	int fd;

	(void)state;
	assert_int_equal(write(pair[0], bytes, sizeof(note) - 1), sizeof(note) - 1);
	assert_int_equal(write(pair[0], bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(write(pair[0], "x", 1), 1);
	assert_true(role_tell(pair[0], &note, -1));
	note = (struct role_note){.kind = ROLE_ALIVE, .who = {.role = ROLES}};
	assert_true(role_tell(pair[0], &note, -1));
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(role_hear(pair[1], &got, &fd), ROLE_SILENT);
	note = (struct role_note){.kind = ROLE_DIED};
	memset(note.words, 'w', sizeof(note.words));
	memset(note.who.name, 'n', sizeof(note.who.name));
	assert_true(role_tell(pair[0], &note, -1));
	assert_int_equal(role_hear(pair[1], &got, &fd), ROLE_HEARD);
	assert_int_equal(strlen(got.words), sizeof(got.words) - 1);
	assert_int_equal(strlen(got.who.name), sizeof(got.who.name) - 1);
}

static void
send_two(const struct role_note *note)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} room = {.head = {CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct role_note copy = *note;
	struct iovec v = {&copy, sizeof(copy)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof(room)};

	memcpy(CMSG_DATA(&room.head), pair, sizeof(pair));
	assert_int_equal(sendmsg(pair[0], &m, 0), sizeof(copy));
}

/* A descriptor of a bad note does not stay open, nor does the second of two. */
static void
no_descriptor_is_left(void **state)
{
	struct role_note note = {.kind = ROLE_ALIVE}, got;
	int fd, next = dup(0);

	(void)state;
	close(next);
	send_two(&note);
	assert_int_equal(role_hear(pair[1], &got, &fd), ROLE_HEARD);
	assert_int_equal(fd, next);
	close(fd);
	note.kind = ROLE_NOTES;
	assert_true(role_tell(pair[0], &note, pair[0]));
	assert_int_equal(role_hear(pair[1], &got, &fd), ROLE_SILENT);
	assert_int_equal(fd, -1);
	fd = dup(0);
	assert_int_equal(fd, next);
	close(fd);
}

static void
the_word(void **state)
{
	char run[] = "run", word[] = "role:tap:1", none[] = "role:nobody", other[] = "-i",
	     *argv[] = {run, word, other, NULL};
	struct role_self self;
	int argc = 3;

	(void)state;
	assert_false(role_take(&self, &argc, argv)); /* typed: no monitor at the other end */
	assert_true(dup2(pair[1], ROLE_FD_MONITOR) == ROLE_FD_MONITOR);
	argv[1] = none;
	assert_false(role_take(&self, &argc, argv));
	argv[1] = word;
	assert_true(role_take(&self, &argc, argv));
	assert_int_equal(self.role, ROLE_tap);
	assert_string_equal(self.name, "1");
	assert_false(self.again);
	assert_int_equal(argc, 2);
	assert_string_equal(argv[1], "-i");
	assert_null(argv[2]);
	assert_true(role_take(&self, &argc, argv));
	assert_int_equal(self.role, ROLE_monitor);
	close(ROLE_FD_MONITOR);
}

/* What batch_save wrote, but for the file's head. */
static size_t
saved(int fd, int *frames, uint8_t *to, size_t room)
{
	char path[] = "/tmp/batch.XXXXXX";
	int file = mkstemp(path);
	ssize_t n;

	close(file);
	unlink(path);
	*frames = batch_save(fd, path);
	assert_int_equal(batch_save(fd, path), -1); /* it never writes over one */
	file = open(path, O_RDONLY);
	n = file < 0 ? 0 : read(file, to, room);
	close(file);
	unlink(path);
	return n > 24 ? (size_t)n - 24 : 0;
}

static void
the_last_batch(void **state)
{
	int fd = batch_new(), n;
	struct batch *b = batch_map(fd);
	uint8_t *copies, file[256];
	struct frame frames[2] = {{.wire_len = 60, .link = 1, .time = {NS_PER_S}},
				  {.wire_len = 1500, .link = 1, .time = {2 * NS_PER_S}}};

	(void)state;
	assert_non_null(b);
	copies = batch_copies(b);
	memcpy(copies, "abcdefgh", 8);
	frames[0].bytes = cur_of(copies, 3);
	frames[1].bytes = cur_of(copies + 3, 5);
	batch_note(b, frames, 2);
	assert_int_equal(saved(fd, &n, file, sizeof(file)), 16 + 3 + 16 + 5);
	assert_int_equal(n, 2);
	assert_memory_equal(file + 24 + 16, "abc", 3);
	assert_memory_equal(file + 24 + 16 + 3 + 16, "defgh", 5);
	assert_int_equal(ftruncate(fd, 1), -1); /* whoever reads is not cut off */
	batch_note(b, NULL, 0);
	assert_int_equal(saved(fd, &n, file, sizeof(file)), 0);
	assert_int_equal(n, 0);
	munmap(b, 4096);
	close(fd);
}

/* The tap was not itself any more. */
static void
a_batch_that_is_none(void **state)
{
	int fd = batch_new(), n;
	uint8_t *index = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), file[65536];

	(void)state;
	memset(index, 0xFF, 4096);
	assert_int_equal(saved(fd, &n, file, sizeof(file)), 0);
	assert_int_equal(n, 0);
	memset(index, 0x01, 4096);
	assert_int_equal(saved(fd, &n, file, sizeof(file)), 0);
	assert_int_equal(n, 0);
	munmap(index, 4096);
	close(fd);
}

/* A ward at work that is ended with a status: stuck or not. */
static void
ends(struct ward *w, int status, bool stuck)
{
	enum ward_state was = w->state;

	w->stuck = stuck;
	ward_ended(w, status);
	if (was == WARD_AT_WORK)
		ward_idle(w);
}

static void
told(struct ward *w, const char *words)
{
	struct ward keeper = {.process = {.monitor = pair[0]}};
	struct role_note got;
	int fd;

	ward_report(w, &keeper);
	assert_int_equal(role_hear(pair[1], &got, &fd), ROLE_HEARD);
	assert_string_equal(got.words, words);
	assert_true(got.from > 0 && got.until >= got.from);
}

/* One that hung, came back, and lost its port before it worked again: the hang is where the gap began. */
static void
what_began_a_gap_is_told(void **state)
{
	const int EXIT_1 = 1 << 8, BY_KILL = SIGKILL; /* wait(2) */
	struct ward w;

	(void)state;
	ward_init(&w, &(struct role_spec){.is = {.role = ROLE_tap, .name = "0"}, .keeper = -1, .batch = -1});
	w.alive = clock_now_ns() - 10 * NS_PER_S;
	w.state = WARD_AT_WORK;
	ends(&w, BY_KILL, true);
	w.state = WARD_OPENING;
	ends(&w, EXIT_1, false);
	told(&w, "gave no sign of life for 10 s, then ended by itself, exit code 1");

	w.state = WARD_AT_WORK;
	ends(&w, BY_KILL, false);
	told(&w, "died of SIGKILL (Killed)");
	ward_wait(&w);
	told(&w, "waited for its port");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_note_arrives, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(a_descriptor_comes_with_it, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(bad_notes, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(no_descriptor_is_left, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(the_word, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(what_began_a_gap_is_told, open_pair, close_pair),
		cmocka_unit_test(the_last_batch),
		cmocka_unit_test(a_batch_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
