/*
 * sensor_record: a recording that goes on where its writer died, in the middle of a frame or not.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensor/record.h"

enum { HEAD = 24, FRAME_HEAD = 16, ETHERNET = 1, SNAPLEN = 4096, FRAME = 100, WHOLE = FRAME_HEAD + FRAME };

static char path[] = "/tmp/record-XXXXXX";

static void
add(struct file *f, uint8_t fill)
{
	uint8_t bytes[FRAME];
	struct frame frame = {.bytes = cur_of(bytes, FRAME), .wire_len = FRAME, .link = ETHERNET, .time = {fill}};

	memset(bytes, fill, FRAME);
	record_frame(f, &frame);
}

static size_t
contents(uint8_t *to, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, to, size);

	close(fd);
	assert_true(n >= 0);
	return (size_t)n;
}

static void
begin_with_two(void)
{
	struct file f;

	assert_true(record_open(&f, path, ETHERNET, SNAPLEN));
	add(&f, 1);
	add(&f, 2);
	assert_true(file_close(&f));
}

/* Cut at every byte: whole frames stay, and the new one follows at once. */
static void
goes_on_behind_whole_frames(void **state)
{
	uint8_t got[1024];

	(void)state;
	for (off_t cut = 0; cut <= HEAD + 2 * WHOLE; cut++) {
		size_t kept = cut < HEAD ? 0 : (size_t)(cut - HEAD) / WHOLE;
		struct file f;

		begin_with_two();
		assert_int_equal(truncate(path, cut), 0);
		assert_true(record_append(&f, path, ETHERNET, SNAPLEN));
		add(&f, 3);
		assert_true(file_close(&f));
		assert_int_equal(contents(got, sizeof(got)), HEAD + (kept + 1) * WHOLE);
		for (size_t i = 0; i <= kept; i++)
			assert_int_equal(got[HEAD + i * WHOLE + FRAME_HEAD], i == kept ? 3 : i + 1);
		assert_int_equal(got[0], 0x4d);
	}
}

static void
begins_where_there_is_none(void **state)
{
	uint8_t got[1024];
	struct file f;

	(void)state;
	unlink(path);
	assert_true(record_append(&f, path, ETHERNET, SNAPLEN));
	add(&f, 7);
	assert_true(file_close(&f));
	assert_int_equal(contents(got, sizeof(got)), HEAD + WHOLE);
}

/* Another link type, and what is no capture: not a byte is changed. */
static void
a_foreign_file_stays(void **state)
{
	static const char words[] = "these are notes of somebody, longer than a head";
	uint8_t got[1024];
	struct file f;
	int fd;

	(void)state;
	begin_with_two();
	assert_false(record_append(&f, path, 113, SNAPLEN));
	assert_int_equal(f.error, EEXIST);
	assert_int_equal(contents(got, sizeof(got)), HEAD + 2 * WHOLE);
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, words, sizeof(words)), sizeof(words));
	close(fd);
	assert_false(record_append(&f, path, ETHERNET, SNAPLEN));
	assert_int_equal(contents(got, sizeof(got)), sizeof(words));
}

/* A hole of two GiB behind two frames: nobody walks over that while the port is not watched. */
static void
a_huge_one_is_left(void **state)
{
	struct file f;
	struct stat st;

	(void)state;
	begin_with_two();
	assert_int_equal(truncate(path, INT64_C(2) << 30), 0);
	assert_false(record_append(&f, path, ETHERNET, SNAPLEN));
	assert_int_equal(f.error, EFBIG);
	assert_true(stat(path, &st) == 0 && st.st_size == INT64_C(2) << 30);
}

static void
a_full_disk_is_told_at_once(void **state)
{
	struct file f;

	(void)state;
	assert_false(record_open(&f, "/dev/full", ETHERNET, SNAPLEN));
	assert_int_equal(f.error, ENOSPC);
	assert_true(record_append(&f, "/dev/null", ETHERNET, SNAPLEN));
	assert_true(file_close(&f));
}

static int
make(void **state)
{
	(void)state;
	close(mkstemp(path));
	return 0;
}

static int
clean(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_behind_whole_frames), cmocka_unit_test(begins_where_there_is_none),
		cmocka_unit_test(a_foreign_file_stays),        cmocka_unit_test(a_huge_one_is_left),
		cmocka_unit_test(a_full_disk_is_told_at_once),
	};

	return cmocka_run_group_tests(tests, make, clean);
}
