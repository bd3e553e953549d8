/*
 * packet_savefile: capture files built in both byte orders, given whole and byte by byte, and damaged ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "packet/savefile.h"

enum { FILE_MAX = 8192, FRAMES_MAX = 16 };

struct file {
	bool big;
	size_t n, block; /* block: where the open one begins */
	uint8_t bytes[FILE_MAX];
};

struct result {
	enum savefile_verdict end;
	const char *why;
	size_t left, frames;
	bool owed;
	struct frame frame[FRAMES_MAX];
};

static void
put(struct file *f, uint64_t v, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		f->bytes[f->n++] = (uint8_t)(v >> 8 * (f->big ? width - 1 - i : i));
}

static void
put_pcap(struct file *f, uint32_t magic, uint32_t network)
{
	put(f, magic, 4);
	put(f, 2, 2);
	put(f, 4, 2);
	put(f, 0, 8);
	put(f, 65535, 4);
	put(f, network, 4);
}

static void
put_frame(struct file *f, uint32_t s, uint32_t ticks, uint32_t captured, uint32_t wire)
{
	put(f, s, 4);
	put(f, ticks, 4);
	put(f, captured, 4);
	put(f, wire, 4);
}

static void
block_open(struct file *f, uint32_t type)
{
	f->block = f->n;
	put(f, type, 4);
	put(f, 0, 4);
}

static void
block_close(struct file *f)
{
	size_t end;

	put(f, 0, -(f->n - f->block) & 3);
	end = f->n + 4;
	f->n = f->block + 4;
	put(f, end - f->block, 4);
	f->n = end - 4;
	put(f, end - f->block, 4);
}

static void
put_section(struct file *f)
{
	block_open(f, 0x0a0d0d0a);
	put(f, 0x1a2b3c4d, 4);
	put(f, 1, 2);
	put(f, 0, 2);
	put(f, UINT64_MAX, 8);
	block_close(f);
}

/* tsresol 0: none; offset 0: none */
static void
put_interface(struct file *f, uint16_t link, uint32_t snap, uint8_t tsresol, int64_t offset)
{
	block_open(f, 1);
	put(f, link, 2);
	put(f, 0, 2);
	put(f, snap, 4);
	if (tsresol) {
		put(f, 9, 2);
		put(f, 1, 2);
		f->bytes[f->n++] = tsresol;
		put(f, 0, 3);
	}
	if (offset) {
		put(f, 14, 2);
		put(f, 8, 2);
		put(f, (uint64_t)offset, 8);
	}
	put(f, 0, 4);
	block_close(f);
}

static void
put_packet(struct file *f, uint32_t interface, uint64_t ticks, uint32_t captured, uint32_t wire)
{
	block_open(f, 6);
	put(f, interface, 4);
	put(f, ticks >> 32, 4);
	put(f, ticks & UINT32_MAX, 4);
	put(f, captured, 4);
	put(f, wire, 4);
	for (uint32_t i = 0; i < captured; i++)
		put(f, i, 1);
	block_close(f);
}

static struct result
read_with(const struct file *f, size_t step)
{
	static struct savefile s;
	struct result r = {.why = ""};
	size_t have = step < f->n ? step : f->n, at = 0;
	uint8_t *copy = malloc(f->n + 1);

	memcpy(copy, f->bytes, f->n);
	memset(&s, 0, sizeof(s));
	for (;;) {
		struct cur c = cur_of(copy + at, have - at);
		struct frame frame;

		r.end = savefile_next(&s, &c, &frame, &r.why);
		if (r.end == SAVEFILE_FRAME && r.frames < FRAMES_MAX)
			r.frame[r.frames++] = frame;
		if (r.end == SAVEFILE_BAD || r.end == SAVEFILE_MORE)
			assert_ptr_equal(c.p, copy + at);
		if (r.end == SAVEFILE_BAD || (r.end == SAVEFILE_MORE && have == f->n))
			break;
		if (r.end == SAVEFILE_MORE)
			have = have + step < f->n ? have + step : f->n;
		at = (size_t)(c.p - copy);
	}
	r.left = f->n - at;
	r.owed = savefile_owed(&s);
	free(copy);
	return r;
}

/* Whole, and in pieces of each small size: the same. */
static struct result
read_file(const struct file *f)
{
	struct result whole = read_with(f, FILE_MAX);

	for (size_t step = 1; step < 40; step += 3) {
		struct result r = read_with(f, step);

		assert_int_equal(r.end, whole.end);
		assert_int_equal(r.frames, whole.frames);
		assert_string_equal(r.why, whole.why);
		assert_int_equal(r.left, whole.left);
	}
	return whole;
}

static void
is_frame(const struct frame *f, int64_t ns, uint32_t link, size_t captured, uint32_t wire)
{
	assert_true(f->time.ns == ns);
	assert_int_equal(f->link, link);
	assert_int_equal(cur_left(&f->bytes), captured);
	assert_int_equal(f->wire_len, wire);
}

static void
pcap_all_kinds(void **state)
{
	static const struct {
		uint32_t magic;
		int64_t tick;
		unsigned more;
	} kinds[] = {{0xa1b2c3d4, 1000, 0}, {0xa1b23c4d, 1, 0}, {0xa1b2cd34, 1000, 8}};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct file f = {.big = i > 2};
		struct result r;

		put_pcap(&f, kinds[i % 3].magic, 0x14000071);
		put_frame(&f, 4000000000U, 999999, 3, 60);
		put(&f, 0, kinds[i % 3].more);
		put(&f, 0x010203, 3);
		put_frame(&f, 1, 2, 0, 0);
		put(&f, 0, kinds[i % 3].more);
		r = read_file(&f);
		assert_int_equal(r.end, SAVEFILE_MORE);
		assert_int_equal(r.left, 0);
		assert_int_equal(r.frames, 2);
		is_frame(&r.frame[0], 4000000000 * NS_PER_S + 999999 * kinds[i % 3].tick, 113, 3, 60);
		is_frame(&r.frame[1], NS_PER_S + 2 * kinds[i % 3].tick, 113, 0, 0);
	}
}

static void
is_bad(const struct file *f, const char *why)
{
	struct result r = read_file(f);

	assert_int_equal(r.end, SAVEFILE_BAD);
	assert_string_equal(r.why, why);
}

static void
pcap_bad(void **state)
{
	static const uint8_t gzip[] = {0x1f, 0x8b, 8, 0}, text[] = "GET / HTTP/1.1\r\n\r\n";
	struct file f = {.big = false};

	(void)state;
	put_pcap(&f, 0xa1b2c3d4, 1);
	put_frame(&f, 1, 1, SAVEFILE_FRAME_MAX + 1, 60);
	is_bad(&f, "a frame is longer than 262144 bytes");
	f.n = 24;
	f.bytes[4] = 3;
	is_bad(&f, "a pcap version that is not 2");
	memcpy(f.bytes, gzip, f.n = sizeof(gzip));
	is_bad(&f, "compressed with gzip; decompress it first");
	memcpy(f.bytes, text, f.n = sizeof(text));
	is_bad(&f, "not a pcap or pcapng capture");
}

static void
pcap_cut(void **state)
{
	struct file f = {.big = true};
	struct result r;

	(void)state;
	put_pcap(&f, 0xa1b2c3d4, 1);
	put_frame(&f, 1, 1, 4, 4);
	put(&f, 0, 4);
	for (size_t whole = f.n--; f.n > 0; f.n--) {
		r = read_file(&f);
		assert_int_equal(r.end, SAVEFILE_MORE);
		assert_int_equal(r.frames, 0);
		assert_int_equal(r.left, f.n < 24 ? f.n : f.n - 24);
		assert_true(f.n < whole);
	}
}

static void
ng_two_sections(void **state)
{
	struct file f = {.big = false};
	struct result r;

	(void)state;
	put_section(&f);
	put_interface(&f, 1, 0, 0, 0);
	put_interface(&f, 276, 0, 9, -3600);
	put_packet(&f, 0, 5000001, 5, 60);
	block_open(&f, 0x0bad);
	for (unsigned i = 0; i < 3; i++)
		put(&f, 0, 8);
	block_close(&f);
	put_packet(&f, 1, 7200000000001, 3, 3);
	f.big = true;
	put_section(&f);
	put_interface(&f, 101, 4, 0x8a, 10);
	put_packet(&f, 0, 1024 + 512, 4, 4);
	block_open(&f, 3);
	put(&f, 60, 4);
	put(&f, 0x01020304, 4);
	block_close(&f);
	block_open(&f, 2);
	put(&f, 0, 2);
	put(&f, 77, 2);
	put(&f, 1024, 8);
	put(&f, 2, 4);
	put(&f, 2, 4);
	put(&f, 0x0102, 2);
	block_close(&f);
	r = read_file(&f);
	assert_int_equal(r.end, SAVEFILE_MORE);
	assert_int_equal(r.left, 0);
	assert_int_equal(r.frames, 5);
	is_frame(&r.frame[0], 5000001000, 1, 5, 60);
	is_frame(&r.frame[1], 3600 * NS_PER_S + 1, 276, 3, 3);
	is_frame(&r.frame[2], 11 * NS_PER_S + NS_PER_S / 2, 101, 4, 4);
	is_frame(&r.frame[3], 0, 101, 4, 60);
	is_frame(&r.frame[4], 11 * NS_PER_S, 101, 2, 2);
}

/* Clocks finer than a nanosecond, and times beyond what 64 bits of them hold. */
static void
ng_clocks(void **state)
{
	struct file f = {.big = false};
	struct result r;

	(void)state;
	put_section(&f);
	put_interface(&f, 1, 0, 12, 0);
	put_interface(&f, 1, 0, 0x80 | 40, 0);
	put_interface(&f, 1, 0, 3, INT64_MAX);
	put_interface(&f, 1, 0, 1, INT64_MIN);
	put_packet(&f, 0, 1500000000123, 0, 0);
	put_packet(&f, 1, (UINT64_C(3) << 40) + (UINT64_C(1) << 39), 0, 0);
	put_packet(&f, 2, UINT64_MAX, 0, 0);
	put_packet(&f, 3, 1, 0, 0);
	r = read_file(&f);
	assert_int_equal(r.frames, 4);
	is_frame(&r.frame[0], 1500000000, 1, 0, 0);
	is_frame(&r.frame[1], 3 * NS_PER_S + NS_PER_S / 2, 1, 0, 0);
	assert_true(r.frame[2].time.ns > INT64_MAX - 3 * NS_PER_S);
	assert_true(r.frame[3].time.ns < INT64_MIN + 3 * NS_PER_S);
}

/* A good section and interface, then 32 bytes of a packet block with one field changed. */
static void
ng_changed(size_t at, uint32_t v, const char *why)
{
	struct file f = {.big = false};
	size_t packet;

	put_section(&f);
	put_interface(&f, 1, 0, 0, 0);
	packet = f.n;
	put_packet(&f, 0, 0, 0, 0);
	f.n = packet + at;
	put(&f, v, 4);
	f.n = packet + 32;
	is_bad(&f, why);
}

static void
ng_bad(void **state)
{
	(void)state;
	ng_changed(4, 0, "a block is shorter than its own header");
	ng_changed(4, 11, "a block is shorter than its own header");
	ng_changed(4, 33, "the length of a block is not a multiple of 4");
	ng_changed(4, UINT32_MAX - 3, "a packet or interface block is longer than 512 KiB");
	ng_changed(8, 1, "a packet names an interface that is not described");
	ng_changed(20, 1, "a packet is longer than its block");
	ng_changed(28, 36, "the two lengths of a block differ");
}

static void
ng_sections_bad(void **state)
{
	struct file f = {.big = true};
	size_t at;

	(void)state;
	put_section(&f);
	at = f.n;
	put_section(&f);
	f.bytes[at + 8] = 0;
	is_bad(&f, "a section has no byte order");
	f.n = at;
	f.bytes[13] = 2;
	is_bad(&f, "a pcapng version that is not 1");
	f.bytes[13] = 1;
	block_open(&f, 5);
	f.n = at + 4;
	put(&f, (1 << 24) + 4, 4);
	put(&f, 0, 4);
	is_bad(&f, "a block is longer than 16 MiB");
	f.n = at;
	put_interface(&f, 1, 0, 20, 0);
	is_bad(&f, "an interface has a clock that ticks too fast");
	f.n = at;
	for (unsigned i = 0; i < SAVEFILE_INTERFACES; i++)
		put_interface(&f, 1, 0, 0, 0);
	assert_int_equal(read_file(&f).end, SAVEFILE_MORE);
	put_interface(&f, 1, 0, 0, 0);
	is_bad(&f, "more than 256 interfaces in a section");
}

/* A block that nobody needs is skipped without being whole; where the file ends in it, that is told. */
static void
ng_skips(void **state)
{
	struct file f = {.big = false};
	struct result r;

	(void)state;
	put_section(&f);
	block_open(&f, 0x0bad);
	put(&f, 0, 8);
	block_close(&f);
	f.n -= 5;
	r = read_file(&f);
	assert_int_equal(r.end, SAVEFILE_MORE);
	assert_int_equal(r.left, 0);
	assert_true(r.owed);
	f.n += 5;
	assert_false(read_file(&f).owed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcap_all_kinds),  cmocka_unit_test(pcap_bad),  cmocka_unit_test(pcap_cut),
		cmocka_unit_test(ng_two_sections), cmocka_unit_test(ng_clocks), cmocka_unit_test(ng_bad),
		cmocka_unit_test(ng_sections_bad), cmocka_unit_test(ng_skips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
