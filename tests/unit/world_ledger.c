/*
 * world_ledger: what realistic days weigh: blocks of the records of worlds, byte for byte the same when they come back,
 * and within the sizes that the ledger promises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../world/records.h"
#include "../world/attacks.h"
#include "ledger/block_parts.h"
#include "ledger/column.h"

enum { USERS = 60, COLUMNS = 3072 };

struct weighed {
	struct bytes rows;
	size_t in_block, blocks, bytes, records, sessions, pulses, identities, exchanges, column[COLUMNS];
	uint64_t sensor;
};

/* How much each column of a block takes. */
static void
weigh_columns(struct weighed *w, struct cur c)
{
	cur_skip(&c, sizeof(BLOCK_MAGIC));
	cur_varint(&c);
	cur_u64le(&c);
	cur_varint(&c);
	while (cur_left(&c)) {
		size_t before = cur_left(&c);
		uint64_t id = cur_varint(&c);

		cur_varint(&c);
		cur_skip(&c, cur_varint(&c));
		assert_true(id < COLUMNS);
		w->column[id] += before - cur_left(&c);
	}
}

static void
weigh(struct weighed *w)
{
	struct bytes block = {.p = NULL}, again = {.p = NULL};
	struct block_layout layout;
	struct block_rows b;

	assert_true(block_put(&block, bytes_cur(&w->rows), w->sensor));
	assert_true(block_get(bytes_cur(&block), &b));
	block_rows(&again, &b);
	assert_int_equal(again.n, w->rows.n);
	assert_memory_equal(again.p, w->rows.p, again.n);
	block_layout(&b, &layout);
	for (size_t i = 0; i < b.sessions; i++) {
		const struct session *s = block_session(&b, &layout, i);

		w->sessions += s->kind == SESSION_CLOSE;
		if (!b.before[i]) {
			w->identities += (size_t)(s->id_offered != 0) + (s->id_issued != 0) + (s->client_random != 0);
			w->exchanges += s->exchange_count;
		} else if (s->exchange_count > block_count(&b.exchanges, b.before[i] - 1)) {
			w->exchanges += s->exchange_count - block_count(&b.exchanges, b.before[i] - 1);
		}
	}
	w->records += b.sessions;
	w->pulses += b.pulses;
	w->bytes += block.n;
	w->blocks++;
	weigh_columns(w, bytes_cur(&block));
	block_free(&b);
	bytes_free(&block);
	bytes_free(&again);
	w->rows.n = 0;
	w->in_block = 0;
}

static void
got_session(void *arg, const struct session *s)
{
	struct weighed *w = arg;

	row_put_session(&w->rows, s);
	if (++w->in_block == BLOCK_ROWS)
		weigh(w);
}

static void
got_pulse(void *arg, const struct pulse *p)
{
	struct weighed *w = arg;

	row_put_pulse(&w->rows, p);
	if (++w->in_block == BLOCK_ROWS)
		weigh(w);
}

static void
got_end(void *arg)
{
	struct weighed *w = arg;

	if (w->in_block)
		weigh(w);
}

static size_t
column_bytes(const struct weighed *w, unsigned id)
{
	return w->column[id];
}

static void
print_columns(const struct weighed *w)
{
	for (unsigned id = 0; id < COLUMNS; id++) {
		unsigned f = field_find(&SESSION_TABLE, id);

		if (w->column[id] * 1000 > w->sessions * 150)
			printf("  %5.2f %s\n", (double)w->column[id] / (double)w->sessions,
			       f < SESSION_TABLE.count ? SESSION_TABLE.field[f].name :
			       id == COLUMN_EXCHANGES  ? "(exchanges)" :
			       id == COLUMN_PAIRS      ? "(pairs)" :
			       id == COLUMN_BEFORE     ? "(before)" :
							 "(other)");
	}
}

static void
size(void **state)
{
	static struct world w;
	static struct weighed all;

	(void)state;
	for (uint8_t kind = 0; kind < KINDS; kind++) {
		const struct world_config cfg = {.seed = 11u + kind, .kind = kind, .users = USERS, .lookalikes = true};
		struct weighed one = {.sensor = 1};
		struct world_sink to = {.arg = &one, .session = got_session, .pulse = got_pulse, .over = got_end};
		size_t ids, exchanges, pairs, pulses;
		double rest;

		world_begin(&w, &cfg, &RENDER_RECORDS, &to);
		world_run(&w, WORLD_BEGIN + HOUR(24));
		world_end(&w);
		got_end(&one);
		ids = column_bytes(&one, SESSION_TABLE.field[AT_id_offered].id) +
		      column_bytes(&one, SESSION_TABLE.field[AT_id_issued].id) +
		      column_bytes(&one, SESSION_TABLE.field[AT_client_random].id);
		exchanges = column_bytes(&one, COLUMN_EXCHANGES);
		pairs = column_bytes(&one, COLUMN_PAIRS);
		pulses = 0;
		for (unsigned id = COLUMN_OF_PULSE; id < COLUMNS; id++)
			pulses += column_bytes(&one, id);
		rest = (double)(one.bytes - ids - exchanges - pairs - pulses) / (double)one.sessions;
		printf("%s: %zu sessions, %zu records: %.1f bytes a session; %.1f an identity (%zu), %.1f an exchange "
		       "(%zu), "
		       "%.1f a session for the commonest pairs, %.1f a pulse (%zu)\n",
		       KIND_NAMES[kind], one.sessions, one.records, rest, (double)ids / (double)one.identities,
		       one.identities, (double)exchanges / (double)one.exchanges, one.exchanges,
		       (double)pairs / (double)one.sessions, (double)pulses / (double)one.pulses, one.pulses);
		if (getenv("COLUMNS_TABLE"))
			print_columns(&one);
		assert_true(rest <= 64);
		assert_true((double)ids / (double)one.identities < 8.25);
		assert_true((double)exchanges / (double)one.exchanges <= 5);
		all.bytes += one.bytes;
		all.sessions += one.sessions;
		bytes_free(&one.rows);
	}
	printf("all: %.1f bytes a session with everything\n", (double)all.bytes / (double)all.sessions);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(size)};

	if (!programs_load("tests/golden"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
