/*
 * block_put: rows become columns.  Must not lose anything, and gives the same bytes for the same rows.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "ledger/block_parts.h"

static bool
take_rows(struct block_rows *b, struct cur rows)
{
	static struct row r; /* one thread writes a ledger */

	for (size_t i = 0; cur_left(&rows); i++) {
		size_t s = b->sessions;

		if (!row_get(&rows, &r))
			return false;
		b->is_pulse[i] = r.kind == ROW_PULSE;
		if (b->is_pulse[i]) {
			b->pulse[b->pulses++] = r.pulse;
			continue;
		}
		memcpy(b->exchange[s], r.exchange, sizeof(r.exchange));
		memcpy(b->pair[s], r.pair, sizeof(r.pair));
		b->session[s] = r.session;
		b->session[s].exchange = b->exchange[s];
		b->session[s].pair = b->pair[s];
		b->sessions++;
	}
	return true;
}

static size_t
count_rows(struct cur c)
{
	size_t n = 0;

	while (cur_left(&c) && !c.bad) {
		cur_u8(&c);
		cur_skip(&c, cur_varint(&c));
		n++;
	}
	return c.bad ? SIZE_MAX : n;
}

/* Which record before is of the same connection: same id, and what the id is made of. */
static bool
same_connection(const struct session *a, const struct session *b)
{
	return a->id == b->id && a->start.ns == b->start.ns && addr_same(&a->src, &b->src) &&
	       addr_same(&a->dest, &b->dest) && a->src_port == b->src_port && a->dest_port == b->dest_port;
}

static bool
find_before(struct block_rows *b)
{
	size_t slots = 16;
	uint32_t *slot;

	while (slots < 2 * b->sessions)
		slots *= 2;
	slot = calloc(slots, sizeof(*slot));
	for (size_t i = 0; slot && i < b->sessions; i++) {
		const struct session *s = &b->session[i];
		size_t at = s->id & (slots - 1);

		while (slot[at] && b->session[slot[at] - 1].id != s->id)
			at = (at + 1) & (slots - 1);
		b->before[i] = slot[at] && same_connection(s, &b->session[slot[at] - 1]) ? slot[at] : 0;
		slot[at] = (uint32_t)i + 1;
	}
	free(slot);
	return slot != NULL;
}

static void
put_column(struct bytes *to, unsigned id, unsigned mode, struct bytes *bytes)
{
	bytes_varint(to, id);
	bytes_varint(to, mode);
	bytes_varint(to, bytes->n);
	bytes_add(to, bytes->p, bytes->n);
	to->failed |= bytes->failed;
	bytes_free(bytes);
}

/* The column's numbers in one of the modes, and about how many bits they take. */
static uint64_t
told(const struct block_rows *b, const struct field *f, unsigned mode, uint64_t *v)
{
	uint64_t base, bits = 0;

	for (size_t i = 0; i < b->sessions; i++) {
		uint64_t own = field_load(f, &b->session[i]);

		v[i] = block_base(b, f, mode, i, &base) ? zigzag(own - base) : own;
		bits += v[i] ? column_bits(v[i]) + 3 : 0;
	}
	return bits;
}

/* Tries each base, with the record before where that is cheaper, and keeps the smallest. */
static void
column_numbers(struct bytes *to, const struct block_rows *b, const struct field *f, uint64_t *v)
{
	struct bytes column = {.p = NULL};
	unsigned best = 0;
	size_t least = SIZE_MAX;

	for (unsigned base = 0; base < BASES; base++) {
		uint64_t with, bits;
		size_t size;

		if (base == BASE_NEAR && !block_has_near(f->id))
			continue;
		with = told(b, f, base | MODE_BEFORE, v);
		bits = told(b, f, base, v);
		if (with <= bits)
			bits = told(b, f, base | MODE_BEFORE, v);
		size = column_weigh(v, b->sessions);
		if (size < least) {
			least = size;
			best = base | (with <= bits ? MODE_BEFORE : 0);
		}
		if (bits == 0)
			break;
	}
	told(b, f, best, v);
	column_put(&column, v, b->sessions);
	put_column(to, f->id, best, &column);
}

/* An id that follows from the rest is told by a 0, else it stands behind a 1; that of a record before is known. */
static void
put_ids(struct bytes *to, const struct block_rows *b, const struct field *f, uint64_t *v)
{
	struct bytes bytes = {.p = NULL};
	size_t n = 0;

	for (size_t i = 0; i < b->sessions; i++)
		v[i] = !b->before[i] && session_id(&b->session[i], b->sensor) != b->session[i].id;
	column_put(&bytes, v, b->sessions);
	for (size_t i = 0; i < b->sessions; i++)
		if (!b->before[i] && session_id(&b->session[i], b->sensor) != b->session[i].id)
			v[n++] = b->session[i].id;
	column_put(&bytes, v, n);
	put_column(to, f->id, 0, &bytes);
}

/* How many of its exchanges, from the first on, are those of the record that it is told by. */
static uint32_t
same_exchanges(const struct block_rows *b, size_t i)
{
	const struct session *s = &b->session[i], *of = b->before[i] ? &b->session[b->before[i] - 1] : NULL;
	uint32_t n = 0;

	while (of && n < s->exchange_count && n < of->exchange_count &&
	       memcmp(&s->exchange[n], &of->exchange[n], sizeof(s->exchange[n])) == 0)
		n++;
	return n;
}

static void
put_exchanges(struct bytes *to, const struct block_rows *b, uint64_t *v)
{
	struct bytes bytes = {.p = NULL};
	size_t n = 0;

	for (size_t i = 0; i < b->sessions; i++)
		v[i] = b->session[i].exchange_count;
	column_put(&bytes, v, b->sessions);
	for (size_t i = 0; i < b->sessions; i++)
		v[i] = b->before[i] ? b->session[b->before[i] - 1].exchange_count - same_exchanges(b, i) : 0;
	column_put(&bytes, v, b->sessions);
	for (unsigned part = 0; part < 5; part++) {
		n = 0;
		for (size_t i = 0; i < b->sessions; i++)
			for (uint32_t k = same_exchanges(b, i); k < b->session[i].exchange_count; k++) {
				const struct exchange *e = &b->session[i].exchange[k];

				v[n++] = ((uint32_t[]){e->request, e->response, e->think_us, e->server_us,
						       e->reply_us})[part];
			}
		column_put(&bytes, v, n);
	}
	put_column(to, COLUMN_EXCHANGES, 0, &bytes);
}

static uint32_t
pair_part(const struct exchange_pair *p, unsigned part)
{
	return part == 0 ? p->request : part == 1 ? p->response : p->count;
}

/* 0: those that its exchanges have, else 1 + how many, and these. */
static void
put_pairs(struct bytes *to, const struct block_rows *b, uint64_t *v)
{
	struct bytes bytes = {.p = NULL};
	struct exchange_pair of[PAIRS_KEPT];
	size_t n;

	for (size_t i = 0; i < b->sessions; i++) {
		const struct session *s = &b->session[i];
		bool same =
			block_pairs(s, of) == s->pair_count && memcmp(of, s->pair, s->pair_count * sizeof(of[0])) == 0;

		v[i] = same ? 0 : 1 + s->pair_count;
	}
	column_put(&bytes, v, b->sessions);
	for (unsigned part = 0; part < 3; part++) {
		n = 0;
		for (size_t i = 0; i < b->sessions; i++) {
			const struct session *s = &b->session[i];
			bool same = block_pairs(s, of) == s->pair_count &&
				    memcmp(of, s->pair, s->pair_count * sizeof(of[0])) == 0;

			for (uint32_t k = 0; !same && k < s->pair_count; k++)
				v[n++] =
					zigzag((uint64_t)pair_part(&s->pair[k], part) - block_pair_base(b, i, k, part));
		}
		column_put(&bytes, v, n);
	}
	put_column(to, COLUMN_PAIRS, 0, &bytes);
}

static void
put_sessions(struct bytes *to, struct block_rows *b, uint64_t *v)
{
	struct bytes bytes = {.p = NULL};

	for (size_t i = 0; i < b->sessions; i++)
		v[i] = b->before[i] ? i + 2 - b->before[i] : 0;
	column_put(&bytes, v, b->sessions);
	put_column(to, COLUMN_BEFORE, 0, &bytes);
	for (unsigned at = 0; at < SESSION_TABLE.count; at++) {
		const struct field *f = &SESSION_TABLE.field[block_order(at)];

		if (at == BLOCK_FIRST) {
			to->failed |= !block_peers(b);
			put_exchanges(to, b, v);
			put_pairs(to, b, v);
		}
		if (f->id == ID_id) {
			put_ids(to, b, f, v);
		} else if (f->kind == FIELD_ADDR || f->kind == FIELD_TEXT) {
			block_put_texts(&bytes, b, f);
			put_column(to, f->id, 0, &bytes);
		} else {
			column_numbers(to, b, f, v);
		}
	}
}

/* Pulses come every ten seconds: each number by that of the pulse before. */
static void
put_pulses(struct bytes *to, const struct block_rows *b, uint64_t *v)
{
	for (unsigned c = 0; c < PULSE_TABLE.count; c++) {
		const struct field *f = &PULSE_TABLE.field[c];
		struct bytes bytes = {.p = NULL};

		for (size_t i = 0; i < b->pulses; i++) {
			uint64_t own = field_load(f, &b->pulse[i]);

			v[i] = i ? zigzag(own - field_load(f, &b->pulse[i - 1])) : zigzag(own);
		}
		column_put(&bytes, v, b->pulses);
		put_column(to, COLUMN_OF_PULSE + f->id, 0, &bytes);
	}
}

static void
put_all(struct bytes *to, struct block_rows *b)
{
	uint64_t *v = calloc(BLOCK_ROWS * EXCHANGES_KEPT, sizeof(*v));
	struct bytes bytes = {.p = NULL};

	if (!v) {
		to->failed = true;
		return;
	}
	for (size_t i = 0; i < b->rows; i++)
		v[i] = b->is_pulse[i];
	column_put(&bytes, v, b->rows);
	put_column(to, COLUMN_KINDS, 0, &bytes);
	put_sessions(to, b, v);
	put_pulses(to, b, v);
	free(v);
}

bool
block_put(struct bytes *to, struct cur rows, uint64_t sensor)
{
	size_t n = count_rows(rows);
	struct block_rows b;
	bool fine;

	if (n > BLOCK_ROWS || !block_room(&b, n))
		return false;
	b.sensor = sensor;
	fine = take_rows(&b, rows) && find_before(&b);
	if (fine) {
		bytes_add(to, BLOCK_MAGIC, sizeof(BLOCK_MAGIC));
		bytes_varint(to, BLOCK_VERSION);
		bytes_u64le(to, sensor);
		bytes_varint(to, n);
		put_all(to, &b);
	}
	block_free(&b);
	return fine && !to->failed;
}
