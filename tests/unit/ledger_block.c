/*
 * ledger_block: every record of every capture of the tree through a row and a block, and back: equal, byte for byte;
 * and what is judged of the records that came back is what was judged of them live.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/captures.h"
#include "cmd/replay.h"
#include "ledger/block_parts.h"
#include "ledger/chain.h"
#include "every_capture.h"

enum { FINDINGS = 512 };

struct findings {
	struct finding f[FINDINGS];
	unsigned n;
};

struct heard {
	struct bytes rows;
	size_t count;
	struct findings read, again;
	struct store *store;
};

static bool
same_text(struct text a, struct text b)
{
	return a.len == b.len && (a.p == NULL) == (b.p == NULL) && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static void
assert_same_record(const struct session *a, const struct session *b)
{
	for (unsigned i = 0; i < SESSION_TABLE.count; i++) {
		const struct field *f = &SESSION_TABLE.field[i];
		bool same = f->kind == FIELD_TEXT ? same_text(*field_text(f, a), *field_text(f, b)) :
			    f->kind == FIELD_ADDR ? addr_same(field_addr(f, a), field_addr(f, b)) :
						    field_load(f, a) == field_load(f, b);

		if (!same)
			fail_msg("%s differs", f->name);
	}
	assert_int_equal(a->exchange_count, b->exchange_count);
	assert_int_equal(a->pair_count, b->pair_count);
	assert_memory_equal(a->exchange, b->exchange, a->exchange_count * sizeof(a->exchange[0]));
	assert_memory_equal(a->pair, b->pair, a->pair_count * sizeof(a->pair[0]));
}

static void
keep_finding(void *arg, const struct finding *f)
{
	struct findings *all = arg;

	assert_true(all->n < FINDINGS);
	all->f[all->n++] = *f;
}

static void
hear_finding(void *arg, const struct finding *f)
{
	keep_finding(&((struct heard *)arg)->read, f);
}

static void
hear_session(void *arg, const struct session *s)
{
	static struct row back;
	struct heard *h = arg;
	size_t at = h->rows.n;
	struct cur c;

	row_put_session(&h->rows, s);
	h->count++;
	c = cur_of(h->rows.p + at, h->rows.n - at);
	assert_true(row_get(&c, &back));
	assert_true(cur_done(&c));
	assert_int_equal(back.kind, ROW_SESSION);
	assert_same_record(s, &back.session);
}

static void
hear_pulse(void *arg, const struct pulse *p)
{
	struct heard *h = arg;

	row_put_pulse(&h->rows, p);
	h->count++;
}

static struct common *
open_common(struct heard *h, const char *config)
{
	struct common *c = common_new(&CMD_TUNE);

	assert_non_null(c);
	assert_int_equal(common_option(c, OPT_QUIET, NULL), EXIT_DONE);
	assert_int_equal(common_option(c, OPT_SET, "sensor.name=test"), EXIT_DONE);
	assert_int_equal(common_option(c, OPT_SET, "detect.learn=75s"), EXIT_DONE);
	if (config)
		assert_int_equal(common_option(c, 'c', config), EXIT_DONE);
	c->hears = (struct watch_tell){.arg = h, .session = hear_session, .finding = hear_finding, .pulse = hear_pulse};
	assert_int_equal(common_open(c, NULL), EXIT_DONE);
	return c;
}

/* The next rows of a cursor, at most so many. */
static struct cur
some_rows(struct cur *c, size_t most)
{
	struct cur rows = {c->p, c->p, false};

	for (size_t n = 0; n < most && cur_left(c); n++) {
		cur_u8(c);
		cur_skip(c, cur_varint(c));
	}
	rows.end = c->p;
	return rows;
}

static void
to_store(struct store *store, const struct block_rows *b)
{
	struct block_layout layout;
	struct pulse pulse;
	size_t s = 0, p = 0;

	block_layout(b, &layout);
	for (size_t i = 0; i < b->rows; i++)
		if (b->is_pulse[i]) {
			block_pulse(b, p++, &pulse);
			assert_true(store_pulse(store, &pulse));
		} else {
			assert_true(store_session(store, block_session(b, &layout, s++)));
		}
}

/* Through blocks of so many rows. */
static size_t
through_blocks(struct heard *h, size_t rows, uint64_t sensor)
{
	struct cur c = bytes_cur(&h->rows);
	size_t bytes = 0;

	while (cur_left(&c)) {
		struct cur some = some_rows(&c, rows);
		struct bytes block = {.p = NULL}, again = {.p = NULL};
		struct block_rows b;

		assert_true(block_put(&block, some, sensor));
		assert_true(block_get(bytes_cur(&block), &b));
		assert_false(b.unknown);
		block_rows(&again, &b);
		assert_int_equal(again.n, cur_left(&some));
		assert_memory_equal(again.p, some.p, again.n);
		if (h->store)
			to_store(h->store, &b);
		bytes += block.n;
		block_free(&b);
		bytes_free(&block);
		bytes_free(&again);
	}
	return bytes;
}

static unsigned
read_and_replay(const char *path, const char *config)
{
	struct heard *h = calloc(1, sizeof(*h));
	struct common *c = open_common(h, config);
	struct captures captures = {.common = c, .file = &path, .files = 1};
	struct replay r = {.rules = &c->rules[c->now], .enrich = c->enrich, .arg = &h->again, .finding = keep_finding};
	unsigned n;

	assert_int_equal(captures_read(&captures), EXIT_DONE);
	assert_true(h->count > 0);
	assert_true(watch_pipeline(&c->watch, &r.pipeline));
	through_blocks(h, 1, r.pipeline.sensor);
	through_blocks(h, 7, 0);
	h->store = store_new();
	through_blocks(h, BLOCK_ROWS, r.pipeline.sensor);
	r.store = h->store;
	assert_true(replay_run(&r, c->config.number + OPTIONS_OWN));
	n = h->read.n;
	assert_int_equal(n, h->again.n);
	for (unsigned i = 0; i < n; i++) {
		assert_string_equal(h->read.f[i].text, h->again.f[i].text);
		assert_int_equal(h->read.f[i].id, h->again.f[i].id);
		assert_int_equal(h->read.f[i].severity, h->again.f[i].severity);
		assert_int_equal(h->read.f[i].time.ns, h->again.f[i].time.ns);
	}
	common_free(c);
	store_free(h->store);
	bytes_free(&h->rows);
	free(h);
	return n;
}

static void
goldens(void **state)
{
	(void)state;
	check_goldens(read_and_replay);
}

static void
demo(void **state)
{
	(void)state;
	check_demo(read_and_replay);
}

/* Every field with its largest value, and texts that are empty or hold anything. */
static void
extremes(void **state)
{
	static const struct exchange e[EXCHANGES_KEPT] = {{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}};
	static const struct exchange_pair p[PAIRS_KEPT] = {{UINT32_MAX, 0, UINT32_MAX}};
	static const char TEXTS[] = "\0\377,771,5-4-3-2-1-0,,\n";
	struct session s = {.exchange = e, .exchange_count = EXCHANGES_KEPT, .pair = p, .pair_count = PAIRS_KEPT};
	struct heard h = {.count = 0};

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		for (unsigned i = 0; i < SESSION_TABLE.count; i++) {
			const struct field *f = &SESSION_TABLE.field[i];
			struct addr a = {{(uint8_t)(round * i)}};

			if (f->kind == FIELD_TEXT)
				field_set_text(f, &s,
					       (struct text){round % 3 ? TEXTS : NULL,
							     round % 3 ? (round + i) % sizeof(TEXTS) : 0});
			else if (f->kind == FIELD_ADDR)
				field_set_addr(f, &s, &a);
			else
				field_store(f, &s,
					    f->kind == FIELD_TIME ? (uint64_t)(INT64_MAX / 1000) - round :
					    f->size == 8          ? UINT64_MAX - round :
								    f->most);
		}
		s.gateway = GATEWAYS_MAX;
		s.kind = (uint8_t)(round % 3);
		row_put_session(&h.rows, &s);
	}
	through_blocks(&h, BLOCK_ROWS, 1);
	bytes_free(&h.rows);
}

/* A field of a later version is skipped and said; a number that is too large is none. */
static void
unknown_fields(void **state)
{
	static const uint8_t LATER[] = {ROW_SESSION, 12, 9 << 2, 5, 0xa2, 0xfa, 0x01, 2, 'h', 'i', 0xb0, 0xff, 0x01, 9};
	static const uint8_t LARGE[] = {ROW_SESSION, 4, 9 << 2, 0x80, 0x80, 0x04};
	static const uint8_t TWICE[] = {ROW_SESSION, 4, 9 << 2, 5, 9 << 2, 5};
	static struct row r;
	struct cur c = cur_of(LATER, sizeof(LATER));

	(void)state;
	assert_true(row_get(&c, &r));
	assert_true(r.unknown);
	assert_int_equal(r.session.src_port, 5);
	c = cur_of(LARGE, sizeof(LARGE));
	assert_false(row_get(&c, &r));
	c = cur_of(TWICE, sizeof(TWICE));
	assert_false(row_get(&c, &r));
}

/* What a version wrote reads for ever, and as the same rows: a field that comes later is absent in them. */
static void
reads_as_ever(const char *path)
{
	static uint8_t bytes[1 << 16];
	static const char DIGEST[] = "9a4166dd264e240cee62297457049d08f5df32fb71b5a9ef235f4b5f3cc64ca5";
	FILE *f = fopen(path, "rb");
	struct bytes rows = {.p = NULL};
	struct block_rows b;
	struct digest digest;
	char hex[65];
	size_t n;

	assert_non_null(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	assert_true(block_get(cur_of(bytes, n), &b));
	assert_int_equal(b.rows, 304);
	block_rows(&rows, &b);
	digest = digest_of(rows.p, rows.n);
	sign_hex(hex, digest.b, sizeof(digest.b));
	assert_string_equal(hex, DIGEST);
	block_free(&b);
	bytes_free(&rows);
}

static void
versions(void **state)
{
	(void)state;
	reads_as_ever("tests/ledger/version-2.block");
	reads_as_ever("tests/ledger/version-3.block");
}

/* All orders of a JA3 string come back, and what is no such list is left alone. */
static void
orders(void **state)
{
	static const char *const NONE[] = {"",
					   "771",
					   "771,1,2,3",
					   "771,1,2-2,3",
					   "771,1,02-1,3",
					   "771,1,a-1,3",
					   "771,1,1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16-17-18-19-20-21,3"};
	char sorted[64], back[64], text[64];
	uint64_t number;

	(void)state;
	for (unsigned n = 0; n < 120; n++) {
		assert_true(order_give(TEXT_LIT("771,4865,1-2-3-10-65281,29,0"), n, text));
		assert_true(order_take((struct text){text, 28}, sorted, &number));
		assert_int_equal(number, n);
		assert_memory_equal(sorted, "771,4865,1-2-3-10-65281,29,0", 28);
		assert_true(order_give((struct text){sorted, 28}, number, back));
		assert_memory_equal(back, text, 28);
	}
	assert_false(order_give(TEXT_LIT("771,4865,1-2-3-10-65281,29,0"), 120, text));
	for (size_t i = 0; i < sizeof(NONE) / sizeof(NONE[0]); i++)
		assert_false(order_take((struct text){NONE[i], (uint32_t)strlen(NONE[i])}, sorted, &number));
}

/* Numbers of every length, few and many values. */
static void
columns(void **state)
{
	enum { MANY = 5000 };
	static uint64_t v[MANY], back[MANY];
	struct column_work *work = column_work();

	(void)state;
	for (unsigned kind = 0; kind < 5; kind++) {
		struct bytes b = {.p = NULL};
		struct cur c;

		for (unsigned i = 0; i < MANY; i++)
			v[i] = kind == 0 ? 0 :
			       kind == 1 ? i % 3 * 1000000 :
			       kind == 2 ? UINT64_MAX >> i % 64 :
			       kind == 3 ? i * UINT64_C(0x9e3779b97f4a7c15) :
					   i;
		column_put(&b, v, MANY, work);
		c = bytes_cur(&b);
		assert_true(column_get(&c, back, MANY));
		assert_true(cur_done(&c));
		assert_memory_equal(v, back, sizeof(v));
		for (size_t cut = 0; cut < b.n; cut += 7) {
			c = cur_of(b.p, cut);
			assert_false(column_get(&c, back, MANY) && cur_done(&c));
		}
		bytes_free(&b);
	}
	column_work_free(work);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns),        cmocka_unit_test(orders),   cmocka_unit_test(extremes),
		cmocka_unit_test(unknown_fields), cmocka_unit_test(versions), cmocka_unit_test(goldens),
		cmocka_unit_test(demo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
