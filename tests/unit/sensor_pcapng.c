/* pcapng: what is written is read back by our own reader; a file that was cut is whole up to a block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "packet/savefile.h"
#include "sensor/pcapng.h"

static struct out
write_all(char *memory, size_t size)
{
	static const char bytes[] = "abcdefghijk";
	struct out o = out_of(memory, size);
	struct frame f = {.wire_len = 1500, .time = {INT64_C(1763929154123456789)}};

	pcapng_section(&o, "gatewitness", "incident");
	pcapng_interface(&o, 1);
	pcapng_interface(&o, 113);
	for (unsigned n = 1; n < sizeof(bytes); n++) {
		f.bytes = cur_of(bytes, n);
		pcapng_frame(&o, n % 2, &f, n % 3 ? NULL : "why");
		f.time.ns++;
	}
	return o;
}

static void
is_read_back(void **state)
{
	static char memory[4096];
	struct out o = write_all(memory, sizeof(memory));
	struct cur c = cur_of(memory, out_len(&o));
	struct savefile s = {0};
	const char *why;
	struct frame f;
	unsigned n = 0;

	(void)state;
	while (cur_left(&c)) {
		enum savefile_verdict v = savefile_next(&s, &c, &f, &why);

		assert_true(v == SAVEFILE_FRAME || v == SAVEFILE_OTHER);
		if (v != SAVEFILE_FRAME)
			continue;
		n++;
		assert_int_equal(cur_left(&f.bytes), n);
		assert_memory_equal(f.bytes.p, "abcdefghijk", n);
		assert_int_equal(f.wire_len, 1500);
		assert_int_equal(f.link, n % 2 ? 113 : 1);
		assert_true(f.time.ns == INT64_C(1763929154123456788) + n);
	}
	assert_int_equal(n, 11);
	assert_int_equal(s.interface[0].snaplen, 0);
}

static void
cut_anywhere(void **state)
{
	static char memory[4096];
	struct out o = write_all(memory, sizeof(memory));
	size_t n = out_len(&o), before = 0;

	(void)state;
	assert_int_equal(pcapng_whole(memory, n), n);
	for (size_t cut = 0; cut < n; cut++) {
		size_t whole = pcapng_whole(memory, cut);

		assert_true(whole <= cut && whole >= before && whole % 4 == 0);
		assert_int_equal(pcapng_whole(memory, whole), whole);
		before = whole;
	}
	assert_true(before > 0 && before < n);
}

/* Bytes that are no blocks: nothing of them is kept, and nothing behind them is read. */
static void
other_bytes(void **state)
{
	static char memory[4096];
	struct out o = write_all(memory, sizeof(memory));
	static const uint8_t lies[] = {6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};

	(void)state;
	assert_int_equal(pcapng_whole(lies, sizeof(lies)), 0);
	memory[out_len(&o) - 1] ^= 1; /* the last length no longer agrees */
	assert_true(pcapng_whole(memory, out_len(&o)) < out_len(&o));
}

static void
does_not_fit(void **state)
{
	static char memory[4096];
	struct out all = write_all(memory, sizeof(memory));
	size_t whole = out_len(&all);

	(void)state;
	for (size_t size = 0; size < whole + 8; size++) {
		struct out o = write_all(memory, size);

		assert_true(out_len(&o) <= size);
		assert_true(o.full == (size < whole));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_read_back),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(other_bytes),
		cmocka_unit_test(does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
