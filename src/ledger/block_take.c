/*
 * block_take: rows become columns in memory.  Must not lose anything.
 */
#include <stdlib.h>

#include "ledger/block_parts.h"

/* While rows are taken: texts as they lie in the rows, before they are numbered. */
struct taking {
	struct block_rows *b;
	size_t sessions, pulses, exchanges, pairs; /* so far */
	struct text *text[SESSION_COLUMNS];
};

static bool
count_rows(struct cur c, size_t *rows, size_t *pulses)
{
	struct cur members;
	uint8_t kind;

	for (*rows = *pulses = 0; cur_left(&c); (*rows)++) {
		if (!row_open(&c, &kind, &members) || *rows == BLOCK_ROWS)
			return false;
		*pulses += kind == ROW_PULSE;
	}
	return true;
}

/* Room for a column: nobody has a value yet. */
static void *
room_of(struct block_rows *b, size_t n, size_t size)
{
	void *p = block_keep(b, (n + 1) * size);

	if (p)
		memset(p, 0, (n + 1) * size);
	return p;
}

static bool
set_number(struct block_rows *b, struct block_column *c, const struct field *f, size_t rows, size_t i, uint64_t v)
{
	int64_t ns;

	if (f->kind == FIELD_TIME) {
		v = unzigzag(v);
		if (__builtin_mul_overflow((int64_t)v, NS_PER_US, &ns))
			return false;
	} else if (v > f->most) {
		return false;
	}
	if (!c->v && !(c->v = room_of(b, rows, sizeof(*c->v))))
		return false;
	c->v[i] = v;
	return true;
}

static bool
take_text(struct taking *t, unsigned column, const struct cur *bytes)
{
	static const struct addr none;
	bool is_addr = SESSION_TABLE.field[column].kind == FIELD_ADDR;

	if (bytes->bad || cur_left(bytes) > UINT32_MAX)
		return false;
	if (!t->text[column] && !(t->text[column] = room_of(t->b, t->b->sessions, sizeof(struct text))))
		return false;
	if (!is_addr || memcmp(bytes->p, &none, sizeof(none)) != 0)
		t->text[column][t->sessions] = (struct text){(const char *)bytes->p, (uint32_t)cur_left(bytes)};
	return true;
}

/* The value of a field, read as what it is: a record has seventy, and this is what each costs. */
static inline bool
take_field(struct taking *t, unsigned column, unsigned form, struct cur *c)
{
	const struct field *f = &SESSION_TABLE.field[column];
	struct block_column *to = &t->b->session[column];
	struct cur bytes;
	uint64_t v;

	if (form != row_form(f->kind))
		return false;
	if (form == ROW_BYTES || form == ROW_SIXTEEN) {
		bytes = cur_sub(c, form == ROW_BYTES ? cur_varint(c) : sizeof(struct addr));
		bytes.bad |= c->bad;
		return take_text(t, column, &bytes);
	}
	v = form == ROW_EIGHT ? cur_u64le(c) : cur_varint(c);
	if (v && f->kind == FIELD_NUMBER && v <= f->most && to->v) {
		to->v[t->sessions] = v;
		return true;
	}
	return v && set_number(t->b, to, f, t->b->sessions, t->sessions, v);
}

/* at[i + 1] is where the next session's begin. */
static bool
take_many(struct taking *t, struct block_many *m, const struct row_member *from, size_t size, uint32_t kept,
	  size_t *used)
{
	uint32_t v[EXCHANGES_KEPT * 5], parts = (uint32_t)(size / sizeof(*v)), n = row_numbers(from, v, kept * parts);

	if (!n || n % parts)
		return false;
	if (!m->at) {
		m->at = room_of(t->b, t->b->sessions, sizeof(*m->at));
		m->exchange = block_keep(t->b, t->b->sessions * kept * size);
		if (!m->at || !m->exchange)
			return false;
	}
	memcpy((uint8_t *)m->exchange + *used * size, v, n * sizeof(*v));
	*used += n / parts;
	return true;
}

/* What session.def does not have. */
static bool
take_other(struct taking *t, const struct row_member *m)
{
	if (m->id == ROW_EXCHANGES)
		return take_many(t, &t->b->exchanges, m, sizeof(struct exchange), EXCHANGES_KEPT, &t->exchanges);
	if (m->id == ROW_PAIRS)
		return take_many(t, &t->b->pairs, m, sizeof(struct exchange_pair), PAIRS_KEPT, &t->pairs);
	t->b->unknown = true;
	return true;
}

/* In the order of their numbers: each at most once. */
static bool
take_session_members(struct taking *t, struct cur *c)
{
	struct row_member m = {.id = 0};

	while (cur_left(c)) {
		uint64_t head = cur_varint(c), last = m.id;
		uint8_t place = head < 256 << 2 ? SESSION_TABLE.place[head >> 2] : 0;

		m.id = head >> 2;
		m.form = head & 3;
		if (m.id <= last)
			return false;
		if (place) {
			if (!take_field(t, place - 1u, m.form, c))
				return false;
			continue;
		}
		row_value(c, &m);
		if (c->bad || !take_other(t, &m))
			return false;
	}
	return !c->bad;
}

static bool
take_pulse_member(struct taking *t, const struct row_member *m)
{
	unsigned column = field_find(&PULSE_TABLE, m->id);

	if (column < PULSE_COLUMNS)
		return row_fits(m, &PULSE_TABLE.field[column]) &&
		       set_number(t->b, &t->b->pulse[column], &PULSE_TABLE.field[column], t->b->pulses, t->pulses,
				  m->number);
	t->b->unknown = true;
	return true;
}

static bool
take_pulse_members(struct taking *t, struct cur *c)
{
	struct row_member m = {.id = 0};

	while (cur_left(c))
		if (!row_member(c, &m) || !take_pulse_member(t, &m))
			return false;
	return true;
}

static bool
take_members(struct taking *t, uint8_t kind, struct cur members)
{
	if (!(kind == ROW_PULSE ? take_pulse_members(t, &members) : take_session_members(t, &members)))
		return false;
	if (kind == ROW_PULSE) {
		const uint64_t *gateway = t->b->pulse[AT_PULSE_gateway].v;

		return t->pulses++ < t->b->pulses && (!gateway || gateway[t->pulses - 1] <= GATEWAYS_MAX);
	}
	t->sessions++;
	if (t->b->exchanges.at)
		t->b->exchanges.at[t->sessions] = (uint32_t)t->exchanges;
	if (t->b->pairs.at)
		t->b->pairs.at[t->sessions] = (uint32_t)t->pairs;
	return block_number(t->b, AT_kind, t->sessions - 1) <= SESSION_CLOSE &&
	       block_number(t->b, AT_gateway, t->sessions - 1) <= GATEWAYS_MAX;
}

static bool
take_rows(struct taking *t, struct cur rows)
{
	uint8_t *is_pulse = block_keep(t->b, t->b->rows + 1), kind;
	struct cur members;

	if (!is_pulse)
		return false;
	for (size_t i = 0; cur_left(&rows); i++) {
		if (!row_open(&rows, &kind, &members) || !take_members(t, kind, members))
			return false;
		is_pulse[i] = kind == ROW_PULSE;
	}
	t->b->is_pulse = is_pulse;
	return true;
}

/* Which record before is of the same connection: same id, and what the id is made of. */
static bool
same_connection(const struct taking *t, size_t i, size_t k)
{
	static const uint8_t NUMBERS[] = {AT_id, AT_start, AT_src_port, AT_dest_port};
	static const uint8_t TEXTS[] = {AT_src, AT_dest};

	for (unsigned n = 0; n < sizeof(NUMBERS); n++)
		if (block_number(t->b, NUMBERS[n], i) != block_number(t->b, NUMBERS[n], k))
			return false;
	for (unsigned n = 0; n < sizeof(TEXTS); n++)
		if (t->text[TEXTS[n]] && !block_same_text(t->text[TEXTS[n]][i], t->text[TEXTS[n]][k]))
			return false;
	return true;
}

static bool
find_before(struct taking *t)
{
	struct block_rows *b = t->b;
	size_t slots = 16;
	uint32_t *slot;

	while (slots < 2 * b->sessions)
		slots *= 2;
	slot = calloc(slots, sizeof(*slot));
	b->before = block_keep(b, (b->sessions + 1) * sizeof(*b->before));
	for (size_t i = 0; slot && b->before && i < b->sessions; i++) {
		uint64_t id = block_number(b, AT_id, i);
		size_t at = id & (slots - 1);

		while (slot[at] && block_number(b, AT_id, slot[at] - 1) != id)
			at = (at + 1) & (slots - 1);
		b->before[i] = slot[at] && same_connection(t, i, slot[at] - 1) ? slot[at] : 0;
		slot[at] = (uint32_t)i + 1;
		b->laters += b->before[i] != 0;
	}
	free(slot);
	b->before_state = BLOCK_READY;
	return slot && b->before;
}

/* Texts get their numbers; most are as that of the record before, or of the same client. */
static bool
number_texts(struct taking *t, unsigned column)
{
	struct block_rows *b = t->b;
	struct block_column *c = &b->session[column];
	const struct text *text = t->text[column];
	struct block_known known;
	bool fine, first = block_is_first(column);

	if (!text)
		return true;
	c->which = block_keep(b, b->sessions * sizeof(*c->which));
	fine = block_known_room(&known, b->sessions + 1) && c->which;
	for (size_t i = 0; fine && i < b->sessions; i++) {
		uint32_t of = b->before[i] ? b->before[i] : first ? 0 : b->peer[i];

		c->which[i] =
			of && block_same_text(text[i], text[of - 1]) ? c->which[of - 1] : block_know(&known, text[i]);
	}
	c->text = fine ? block_keep(b, known.n * sizeof(*c->text)) : NULL;
	if (c->text)
		memcpy(c->text, known.text, known.n * sizeof(*c->text));
	c->texts = known.n;
	block_known_free(&known);
	return c->text != NULL;
}

static bool
number_all(struct taking *t)
{
	bool fine = number_texts(t, AT_src) && number_texts(t, AT_dest) && block_need_peers(t->b);

	for (unsigned i = 0; fine && i < SESSION_COLUMNS; i++)
		if (i != AT_src && i != AT_dest)
			fine = number_texts(t, i);
	return fine;
}

static void
all_ready(struct block_rows *b)
{
	for (unsigned i = 0; i < SESSION_COLUMNS; i++)
		b->session[i].state = BLOCK_READY;
	for (unsigned i = 0; i < PULSE_COLUMNS; i++)
		b->pulse[i].state = BLOCK_READY;
	b->exchanges.state = b->pairs.state = BLOCK_READY;
}

bool
block_take(struct block_rows *b, struct cur rows, uint64_t sensor)
{
	struct taking t = {.b = b};
	size_t n, pulses;

	if (count_rows(rows, &n, &pulses) && block_room(b, n)) {
		b->sensor = sensor;
		b->pulses = pulses;
		b->sessions = n - pulses;
		all_ready(b);
		if (take_rows(&t, rows) && find_before(&t) && number_all(&t))
			return true;
	}
	block_free(b);
	return false;
}
