/*
 * block_get: a block is opened, and its columns are unpacked one by one as they are asked for.  Hostile input: every
 * length is held against what is left, every number against the field it goes to, and what refers to another row must
 * refer to one before.
 */
#include <string.h>

#include "ledger/block_parts.h"

/* Are the bytes of a column there, wherever they come from? */
static bool
is_there(struct block_rows *b, uint64_t id, struct cur bytes)
{
	return !b->fetch || b->fetch(b->arg, id, bytes);
}

static bool
get_ids(struct block_rows *b)
{
	static const uint8_t MADE_OF[] = {AT_start, AT_src, AT_dest, AT_src_port, AT_dest_port, AT_vlan, AT_proto};
	struct block_column *c = &b->session[AT_id];
	uint64_t *v = block_keep(b, b->sessions * sizeof(*v)), *own = b->scratch;
	size_t n = 0;

	if (!v || !column_get(&c->packed, v, b->sessions) || !block_need_before(b))
		return false;
	for (size_t i = 0; i < sizeof(MADE_OF); i++)
		if (!block_need(b, MADE_OF[i]))
			return false;
	for (size_t i = 0; i < b->sessions; i++)
		n += v[i] != 0;
	if (n && !column_get(&c->packed, own, n))
		return false;
	for (size_t i = 0; i < b->sessions; i++)
		v[i] = v[i] ? *own++ : b->before[i] ? v[b->before[i] - 1] : block_id(b, i);
	c->v = v;
	return cur_done(&c->packed);
}

static bool
get_column(struct block_rows *b, unsigned column)
{
	const struct field *f = &SESSION_TABLE.field[column];

	if (!is_there(b, f->id, b->session[column].packed))
		return false;
	if (column == AT_id)
		return get_ids(b);
	if (f->kind == FIELD_ADDR || f->kind == FIELD_TEXT)
		return block_get_texts(b, column);
	return block_get_numbers(b, column);
}

bool
block_need(struct block_rows *b, enum block_session_column column)
{
	struct block_column *c = &b->session[column];

	if (c->state == BLOCK_PACKED) {
		c->state = BLOCK_DAMAGED; /* a column that would need itself is */
		if (get_column(b, column))
			c->state = BLOCK_READY;
	}
	return c->state == BLOCK_READY;
}

static bool
get_before(struct block_rows *b)
{
	uint64_t *v = b->scratch;
	bool bad = false;

	b->before = block_keep(b, (b->sessions + 1) * sizeof(*b->before));
	if (!b->before)
		return false;
	if (!b->before_packed.p) {
		memset(b->before, 0, b->sessions * sizeof(*b->before));
		return true;
	}
	if (!is_there(b, COLUMN_BEFORE, b->before_packed) || !column_get(&b->before_packed, v, b->sessions) ||
	    !cur_done(&b->before_packed))
		return false;
	for (size_t i = 0; i < b->sessions; i++) {
		bad |= v[i] == 1 || v[i] > i + 1;
		b->before[i] = v[i] ? (uint32_t)(i + 2 - v[i]) : 0;
		b->laters += v[i] != 0;
	}
	return !bad;
}

bool
block_need_before(struct block_rows *b)
{
	if (b->before_state == BLOCK_PACKED)
		b->before_state = get_before(b) ? BLOCK_READY : BLOCK_DAMAGED;
	return b->before_state == BLOCK_READY;
}

bool
block_need_exchanges(struct block_rows *b)
{
	if (b->exchanges.state == BLOCK_PACKED)
		b->exchanges.state = is_there(b, COLUMN_EXCHANGES, b->exchanges.packed) && block_get_exchanges(b) ?
					     BLOCK_READY :
					     BLOCK_DAMAGED;
	return b->exchanges.state == BLOCK_READY;
}

static bool
need_pairs(struct block_rows *b)
{
	if (b->pairs.state == BLOCK_PACKED)
		b->pairs.state =
			is_there(b, COLUMN_PAIRS, b->pairs.packed) && block_get_pairs(b) ? BLOCK_READY : BLOCK_DAMAGED;
	return b->pairs.state == BLOCK_READY;
}

static bool
get_pulses(struct block_rows *b, unsigned column)
{
	const struct field *f = &PULSE_TABLE.field[column];
	struct block_column *c = &b->pulse[column];
	uint64_t *v = block_keep(b, b->pulses * sizeof(*v)), last = 0;

	if (!v || !is_there(b, COLUMN_OF_PULSE + f->id, c->packed) || !column_get(&c->packed, v, b->pulses) ||
	    !cur_done(&c->packed))
		return false;
	for (size_t i = 0; i < b->pulses; i++)
		v[i] = last += unzigzag(v[i]);
	c->v = v;
	return block_sound(f, f->id == PULSE_TABLE.field[AT_PULSE_gateway].id ? AT_gateway : SESSION_COLUMNS, v,
			   b->pulses);
}

bool
block_need_pulse(struct block_rows *b, unsigned column)
{
	struct block_column *c = &b->pulse[column];

	if (c->state == BLOCK_PACKED)
		c->state = get_pulses(b, column) ? BLOCK_READY : BLOCK_DAMAGED;
	return c->state == BLOCK_READY;
}

bool
block_need_some(struct block_rows *b, const bool *wanted)
{
	bool fine = block_need_exchanges(b) && need_pairs(b);

	for (unsigned i = 0; fine && i < SESSION_COLUMNS; i++)
		fine = !wanted[i] || block_need(b, i);
	for (unsigned i = 0; fine && i < PULSE_COLUMNS; i++)
		fine = block_need_pulse(b, i);
	return fine;
}

bool
block_need_all(struct block_rows *b)
{
	bool all[SESSION_COLUMNS];

	memset(all, true, sizeof(all));
	return block_need_some(b, all);
}

static bool
get_kinds(struct block_rows *b, struct cur c)
{
	uint8_t *is_pulse = block_keep(b, b->rows + 1);
	uint64_t all = 0;

	if (!is_pulse || (b->rows && !column_get(&c, b->scratch, b->rows)) || (b->rows && !cur_done(&c)))
		return false;
	for (size_t i = 0; i < b->rows; i++) {
		all |= b->scratch[i];
		is_pulse[i] = b->scratch[i] & 1;
		b->pulses += is_pulse[i];
	}
	b->is_pulse = is_pulse;
	b->sessions = b->rows - b->pulses;
	return all <= 1;
}

static bool
place(struct block_column *to, unsigned mode, struct cur c, size_t rows)
{
	if (to->state != BLOCK_READY || rows == 0) /* told twice, or of nobody */
		return false;
	to->state = BLOCK_PACKED;
	to->mode = (uint16_t)mode;
	to->packed = c;
	return true;
}

static bool
place_many(struct block_many *to, struct cur c, size_t rows)
{
	if (to->state != BLOCK_READY || rows == 0)
		return false;
	to->state = BLOCK_PACKED;
	to->packed = c;
	return true;
}

static bool
place_column(struct block_rows *b, uint64_t id, unsigned mode, struct cur c)
{
	unsigned at = field_find(&SESSION_TABLE, id),
		 pulse = id > COLUMN_OF_PULSE ? field_find(&PULSE_TABLE, id - COLUMN_OF_PULSE) : PULSE_COLUMNS;
	bool again = b->before_packed.p;

	if (at < SESSION_COLUMNS)
		return place(&b->session[at], mode, c, b->sessions);
	if (pulse < PULSE_COLUMNS)
		return place(&b->pulse[pulse], mode, c, b->pulses);
	if (id == COLUMN_EXCHANGES)
		return place_many(&b->exchanges, c, b->sessions);
	if (id == COLUMN_PAIRS)
		return place_many(&b->pairs, c, b->sessions);
	if (id == COLUMN_BEFORE)
		b->before_packed = c;
	else
		b->unknown = true;
	return id == COLUMN_BEFORE ? !again && c.p : id != COLUMN_KINDS;
}

/* What has no column is absent from all rows. */
static void
all_absent(struct block_rows *b)
{
	for (unsigned i = 0; i < SESSION_COLUMNS; i++)
		b->session[i].state = BLOCK_READY;
	for (unsigned i = 0; i < PULSE_COLUMNS; i++)
		b->pulse[i].state = BLOCK_READY;
	b->exchanges.state = b->pairs.state = BLOCK_READY;
}

static bool
find_columns(struct block_rows *b, struct cur *c)
{
	unsigned columns = 0;
	bool fine = true;

	all_absent(b);
	while (fine && cur_left(c)) {
		uint64_t id = cur_varint(c), mode = cur_varint(c);
		struct cur column = cur_sub(c, cur_varint(c));

		if (c->bad || mode > UINT16_MAX || ++columns >= 1024)
			return false;
		fine = columns == 1 ? id == COLUMN_KINDS && get_kinds(b, column) :
				      place_column(b, id, (unsigned)mode, column);
	}
	return fine && b->is_pulse;
}

bool
block_is_newer(struct cur bytes)
{
	bool magic = cur_starts(&bytes, BLOCK_MAGIC, sizeof(BLOCK_MAGIC));

	cur_skip(&bytes, sizeof(BLOCK_MAGIC));
	return magic && cur_varint(&bytes) > BLOCK_VERSION;
}

size_t
block_head(struct cur c)
{
	size_t all = cur_left(&c);

	cur_skip(&c, sizeof(BLOCK_MAGIC));
	cur_varint(&c);
	cur_u64le(&c);
	cur_varint(&c);
	return c.bad ? 0 : all - cur_left(&c);
}

size_t
block_column_head(struct cur c, uint64_t *id, uint64_t *bytes)
{
	size_t all = cur_left(&c);

	*id = cur_varint(&c);
	cur_varint(&c);
	*bytes = cur_varint(&c);
	return c.bad ? 0 : all - cur_left(&c);
}

bool
block_weigh(struct cur c, uint64_t to[BLOCK_NUMBERS])
{
	size_t head = block_head(c);
	uint64_t id, bytes;

	to[0] += head;
	for (cur_skip(&c, head); head && cur_left(&c); cur_skip(&c, bytes)) {
		head = block_column_head(c, &id, &bytes);
		cur_skip(&c, head);
		if (!head || bytes > cur_left(&c))
			return false;
		to[id < BLOCK_NUMBERS ? id : 0] += head + bytes;
	}
	return head != 0;
}

bool
block_open(struct block_rows *b, struct cur bytes)
{
	const uint8_t *magic = cur_take(&bytes, sizeof(BLOCK_MAGIC));
	uint64_t version = cur_varint(&bytes), sensor = cur_u64le(&bytes), rows = cur_varint(&bytes);

	if (!bytes.bad && memcmp(magic, BLOCK_MAGIC, sizeof(BLOCK_MAGIC)) == 0 && version >= BLOCK_VERSION_FIRST &&
	    version <= BLOCK_VERSION && rows <= BLOCK_ROWS && block_room(b, rows)) {
		b->sensor = sensor;
		if (find_columns(b, &bytes))
			return true;
	}
	block_free(b);
	return false;
}

bool
block_get(struct cur bytes, struct block_rows *b)
{
	memset(b, 0, sizeof(*b));
	if (!block_open(b, bytes))
		return false;
	if (block_need_all(b))
		return true;
	block_free(b);
	return false;
}
