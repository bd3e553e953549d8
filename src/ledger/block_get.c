/*
 * block_get: columns become rows.  Hostile input: every length is held against what is left, every number against the
 * struct it goes to, and what refers to another row must refer to one before.
 */
#include <stdlib.h>

#include "ledger/block_parts.h"

static bool
get_kinds(struct cur c, struct block_rows *b, uint64_t *v)
{
	if (!column_get(&c, v, b->rows) || !cur_done(&c))
		return false;
	b->sessions = b->pulses = 0;
	for (size_t i = 0; i < b->rows; i++) {
		if (v[i] > 1)
			return false;
		b->is_pulse[i] = v[i] == 1;
		b->pulses += v[i];
		b->sessions += !v[i];
	}
	for (size_t i = 0; i < b->sessions; i++) {
		b->session[i].exchange = b->exchange[i];
		b->session[i].pair = b->pair[i];
	}
	return true;
}

static bool
get_before(struct cur c, struct block_rows *b, uint64_t *v)
{
	if (!column_get(&c, v, b->sessions) || !cur_done(&c))
		return false;
	for (size_t i = 0; i < b->sessions; i++) {
		if (v[i] == 1 || v[i] > i + 1)
			return false;
		b->before[i] = v[i] ? (uint32_t)(i + 2 - v[i]) : 0;
	}
	return true;
}

static bool
get_numbers(struct cur c, struct block_rows *b, const struct field *f, unsigned mode, uint64_t *v)
{
	uint64_t base;

	if (mode >= 2 * MODE_BEFORE || (mode & (MODE_BEFORE - 1)) >= BASES)
		return false;
	if (!column_get(&c, v, b->sessions) || !cur_done(&c))
		return false;
	for (size_t i = 0; i < b->sessions; i++) {
		bool differs = block_base(b, f, mode, i, &base);

		if (!field_store(f, &b->session[i], differs ? base + unzigzag(v[i]) : v[i]))
			return false;
	}
	return true;
}

static bool
get_ids(struct cur c, struct block_rows *b, uint64_t *v)
{
	uint64_t *own = v + b->sessions;
	size_t n = 0;

	if (!column_get(&c, v, b->sessions))
		return false;
	for (size_t i = 0; i < b->sessions; i++)
		n += v[i] != 0;
	if (!column_get(&c, own, n) || !cur_done(&c))
		return false;
	for (size_t i = 0; i < b->sessions; i++)
		b->session[i].id = v[i]         ? *own++ :
				   b->before[i] ? b->session[b->before[i] - 1].id :
						  session_id(&b->session[i], b->sensor);
	return true;
}

/* Counts, and how many of each are those of the record before; how many are left to read, SIZE_MAX: impossible. */
static size_t
get_exchange_counts(struct cur *c, struct block_rows *b, uint64_t *v, uint8_t *same)
{
	size_t left = 0;

	if (!column_get(c, v, b->sessions))
		return SIZE_MAX;
	for (size_t i = 0; i < b->sessions; i++) {
		if (v[i] > EXCHANGES_KEPT)
			return SIZE_MAX;
		b->session[i].exchange_count = (uint32_t)v[i];
	}
	if (!column_get(c, v, b->sessions))
		return SIZE_MAX;
	for (size_t i = 0; i < b->sessions; i++) {
		const struct session *of = b->before[i] ? &b->session[b->before[i] - 1] : NULL;
		uint64_t most = of ? of->exchange_count : 0;

		if (v[i] > most || most - v[i] > b->session[i].exchange_count)
			return SIZE_MAX;
		same[i] = (uint8_t)(most - v[i]);
		left += b->session[i].exchange_count - same[i];
	}
	return left;
}

static uint32_t *
part_of(struct exchange *e, unsigned part)
{
	return ((uint32_t *[]){&e->request, &e->response, &e->think_us, &e->server_us, &e->reply_us})[part];
}

static bool
get_exchange_part(struct cur *c, struct block_rows *b, const uint8_t *same, unsigned part, uint64_t *v)
{
	for (size_t i = 0; i < b->sessions; i++)
		for (uint32_t k = same[i]; k < b->session[i].exchange_count; k++, v++) {
			if (*v > UINT32_MAX)
				return false;
			*part_of(&b->exchange[i][k], part) = (uint32_t)*v;
		}
	return !c->bad;
}

static bool
get_exchanges(struct cur c, struct block_rows *b, uint64_t *v)
{
	uint8_t *same = calloc(b->sessions + 1, 1);
	size_t n = same ? get_exchange_counts(&c, b, v, same) : SIZE_MAX;
	bool fine = n != SIZE_MAX;

	for (unsigned part = 0; fine && part < 5; part++)
		fine = column_get(&c, v, n) && get_exchange_part(&c, b, same, part, v);
	for (size_t i = 0; fine && i < b->sessions; i++)
		if (same[i])
			memcpy(b->exchange[i], b->exchange[b->before[i] - 1], same[i] * sizeof(b->exchange[i][0]));
	free(same);
	return fine && cur_done(&c);
}

static bool
get_pairs(struct cur c, struct block_rows *b, uint64_t *v)
{
	struct exchange_pair of[PAIRS_KEPT];
	uint64_t *part = v + b->sessions;
	size_t n = 0, at;

	if (!column_get(&c, v, b->sessions))
		return false;
	for (size_t i = 0; i < b->sessions; i++) {
		uint32_t own = v[i] ? (uint32_t)v[i] - 1 : block_pairs(&b->session[i], of);

		if (v[i] > PAIRS_KEPT + 1 || own > PAIRS_KEPT)
			return false;
		if (!v[i])
			memcpy(b->pair[i], of, own * sizeof(of[0]));
		b->session[i].pair_count = own;
		n += v[i] ? own : 0;
	}
	for (unsigned p = 0; p < 3; p++) {
		if (!column_get(&c, part, n))
			return false;
		at = 0;
		for (size_t i = 0; i < b->sessions; i++)
			for (uint32_t k = 0; v[i] && k < b->session[i].pair_count; k++, at++) {
				struct exchange_pair *to = &b->pair[i][k];
				uint64_t value = block_pair_base(b, i, k, p) + unzigzag(part[at]);

				if (value > UINT32_MAX)
					return false;
				*(p == 0 ? &to->request : p == 1 ? &to->response : &to->count) = (uint32_t)value;
			}
	}
	return cur_done(&c);
}

static bool
get_pulses(struct cur c, struct block_rows *b, const struct field *f, uint64_t *v)
{
	uint64_t last = 0;

	if (!column_get(&c, v, b->pulses) || !cur_done(&c))
		return false;
	for (size_t i = 0; i < b->pulses; i++) {
		last += unzigzag(v[i]);
		if (!field_store(f, &b->pulse[i], last))
			return false;
	}
	return true;
}

/* Where reading is: each column at most once, in the order that block_order says. */
struct reading {
	struct block_rows *b;
	uint64_t *v;
	bool kinds, before, peers;
};

static bool
get_session_column(struct reading *r, const struct field *f, unsigned mode, struct cur c)
{
	struct block_rows *b = r->b;

	if (f->id == ID_id)
		return get_ids(c, b, r->v);
	if (f->kind == FIELD_ADDR || f->kind == FIELD_TEXT)
		return block_get_texts(c, b, f);
	return get_numbers(c, b, f, mode, r->v);
}

static bool
get_column(struct reading *r, uint64_t id, unsigned mode, struct cur c)
{
	unsigned i = field_find(&SESSION_TABLE, id),
		 p = id > COLUMN_OF_PULSE ? field_find(&PULSE_TABLE, id - COLUMN_OF_PULSE) : PULSE_TABLE.count;

	if (!r->kinds) {
		r->kinds = true;
		return id == COLUMN_KINDS && get_kinds(c, r->b, r->v);
	}
	if (!r->before) {
		r->before = true;
		return id == COLUMN_BEFORE && get_before(c, r->b, r->v);
	}
	if (id == COLUMN_EXCHANGES) { /* what peers are made of is known */
		if (r->peers || !block_peers(r->b))
			return false;
		r->peers = true;
		return get_exchanges(c, r->b, r->v);
	}
	if (id == COLUMN_PAIRS)
		return get_pairs(c, r->b, r->v);
	if (i < SESSION_TABLE.count)
		return get_session_column(r, &SESSION_TABLE.field[i], mode, c);
	if (p < PULSE_TABLE.count)
		return get_pulses(c, r->b, &PULSE_TABLE.field[p], r->v);
	r->b->unknown = true;
	return id != COLUMN_KINDS && id != COLUMN_BEFORE;
}

/* What every record has: an enumeration that names something, a gateway that can be. */
static bool
sound(const struct block_rows *b)
{
	for (size_t i = 0; i < b->sessions; i++)
		if (b->session[i].gateway > GATEWAYS_MAX || b->session[i].kind > SESSION_CLOSE)
			return false;
	for (size_t i = 0; i < b->pulses; i++)
		if (b->pulse[i].gateway > GATEWAYS_MAX)
			return false;
	return true;
}

static bool
get_columns(struct cur *c, struct block_rows *b)
{
	struct reading r = {.b = b, .v = calloc(BLOCK_ROWS * EXCHANGES_KEPT + BLOCK_ROWS, sizeof(*r.v))};
	bool fine = r.v != NULL;
	unsigned columns = 0;

	while (fine && cur_left(c)) {
		uint64_t id = cur_varint(c), mode = cur_varint(c);
		struct cur column = cur_sub(c, cur_varint(c));

		fine = !c->bad && mode <= UINT8_MAX && ++columns < 1024 && get_column(&r, id, (unsigned)mode, column);
	}
	free(r.v);
	return fine && r.before && sound(b);
}

bool
block_get(struct cur bytes, struct block_rows *b)
{
	const uint8_t *magic = cur_take(&bytes, sizeof(BLOCK_MAGIC));
	uint64_t version = cur_varint(&bytes), sensor = cur_u64le(&bytes), rows = cur_varint(&bytes);

	*b = (struct block_rows){.rows = 0};
	if (bytes.bad || memcmp(magic, BLOCK_MAGIC, sizeof(BLOCK_MAGIC)) != 0 || version != BLOCK_VERSION ||
	    rows > BLOCK_ROWS || !block_room(b, rows))
		return false;
	b->sensor = sensor;
	if (get_columns(&bytes, b))
		return true;
	block_free(b);
	return false;
}
