/*
 * row: straight down the tables of field.h.  Must not judge, and must not lose a field.
 */
#include "ledger/row.h"

enum form { FORM_NUMBER, FORM_EIGHT, FORM_BYTES, FORM_SIXTEEN };

static const uint8_t FORM_OF[] = {[FIELD_NUMBER] = FORM_NUMBER,
				  [FIELD_TIME] = FORM_NUMBER,
				  [FIELD_HASH] = FORM_EIGHT,
				  [FIELD_ADDR] = FORM_SIXTEEN,
				  [FIELD_TEXT] = FORM_BYTES};

static void
put_head(struct bytes *b, unsigned id, enum form form)
{
	bytes_varint(b, (uint64_t)id << 2 | form);
}

static void
put_number(struct bytes *b, const struct field *f, const void *record)
{
	uint64_t v = field_load(f, record);

	if (!v)
		return;
	put_head(b, f->id, FORM_OF[f->kind]);
	if (f->kind == FIELD_HASH)
		bytes_u64le(b, v);
	else
		bytes_varint(b, f->kind == FIELD_TIME ? zigzag(v) : v);
}

static void
put_addr(struct bytes *b, const struct field *f, const void *record)
{
	static const struct addr none;
	const struct addr *a = field_addr(f, record);

	if (addr_same(a, &none))
		return;
	put_head(b, f->id, FORM_SIXTEEN);
	bytes_add(b, a->b, sizeof(a->b));
}

static void
put_text(struct bytes *b, const struct field *f, const void *record)
{
	const struct text *t = field_text(f, record);

	if (!t->p)
		return;
	put_head(b, f->id, FORM_BYTES);
	bytes_varint(b, t->len);
	bytes_add(b, t->p, t->len);
}

static void
put_fields(struct bytes *b, const struct field_table *t, const void *record)
{
	for (unsigned i = 0; i < t->count; i++) {
		const struct field *f = &t->field[i];

		if (f->kind == FIELD_ADDR)
			put_addr(b, f, record);
		else if (f->kind == FIELD_TEXT)
			put_text(b, f, record);
		else
			put_number(b, f, record);
	}
}

static void
row_numbers(struct bytes *b, unsigned id, const uint32_t *v, size_t n)
{
	struct bytes own = {.p = NULL};

	for (size_t i = 0; i < n; i++)
		bytes_varint(&own, v[i]);
	put_head(b, id, FORM_BYTES);
	bytes_varint(b, own.n);
	bytes_add(b, own.p, own.n);
	b->failed |= own.failed;
	bytes_free(&own);
}

static void
put_talk(struct bytes *b, const struct session *s)
{
	uint32_t v[EXCHANGES_KEPT * 5], n = 0;

	for (uint32_t i = 0; i < s->exchange_count && i < EXCHANGES_KEPT; i++) {
		const struct exchange *e = &s->exchange[i];

		v[n++] = e->request;
		v[n++] = e->response;
		v[n++] = e->think_us;
		v[n++] = e->server_us;
		v[n++] = e->reply_us;
	}
	if (n)
		row_numbers(b, ROW_EXCHANGES, v, n);
	n = 0;
	for (uint32_t i = 0; i < s->pair_count && i < PAIRS_KEPT; i++) {
		v[n++] = s->pair[i].request;
		v[n++] = s->pair[i].response;
		v[n++] = s->pair[i].count;
	}
	if (n)
		row_numbers(b, ROW_PAIRS, v, n);
}

static void
put_row(struct bytes *to, enum row_kind kind, const struct bytes *members)
{
	bytes_u8(to, (uint8_t)kind);
	bytes_varint(to, members->n);
	bytes_add(to, members->p, members->n);
	to->failed |= members->failed;
}

void
row_put_session(struct bytes *to, const struct session *s)
{
	struct bytes members = {.p = NULL};

	put_fields(&members, &SESSION_TABLE, s);
	put_talk(&members, s);
	put_row(to, ROW_SESSION, &members);
	bytes_free(&members);
}

void
row_put_pulse(struct bytes *to, const struct pulse *p)
{
	struct bytes members = {.p = NULL};

	put_fields(&members, &PULSE_TABLE, p);
	put_row(to, ROW_PULSE, &members);
	bytes_free(&members);
}

/* One member's value as it lies in the file. */
struct value {
	uint64_t number;
	struct cur bytes;
};

static struct value
get_value(struct cur *c, unsigned form)
{
	struct value v = {.number = 0, .bytes = {.p = NULL}};

	switch (form) {
	case FORM_NUMBER:
		v.number = cur_varint(c);
		break;
	case FORM_EIGHT:
		v.number = cur_u64le(c);
		break;
	case FORM_BYTES:
		v.bytes = cur_sub(c, cur_varint(c));
		break;
	default:
		v.bytes = cur_sub(c, sizeof(struct addr));
	}
	return v;
}

static bool
take_field(const struct field *f, void *record, unsigned form, struct value v)
{
	struct addr a;

	if (form != FORM_OF[f->kind])
		return false;
	switch (f->kind) {
	case FIELD_ADDR:
		cur_copy(&v.bytes, &a, sizeof(a));
		field_set_addr(f, record, &a);
		return true;
	case FIELD_TEXT:
		field_set_text(f, record,
			       (struct text){v.bytes.p ? (const char *)v.bytes.p : "", (uint32_t)cur_left(&v.bytes)});
		return cur_left(&v.bytes) <= UINT32_MAX;
	default:
		return v.number && field_store(f, record, f->kind == FIELD_TIME ? unzigzag(v.number) : v.number);
	}
}

/* Numbers until the end; how many, or 0 when they are too many, too large, or cut. */
static uint32_t
get_numbers(struct cur c, uint32_t *v, uint32_t most)
{
	uint32_t n = 0;

	while (cur_left(&c)) {
		uint64_t number = cur_varint(&c);

		if (n == most || number > UINT32_MAX)
			return 0;
		v[n++] = (uint32_t)number;
	}
	return c.bad ? 0 : n;
}

static bool
take_exchanges(struct row *r, struct cur bytes)
{
	uint32_t v[EXCHANGES_KEPT * 5], n = get_numbers(bytes, v, EXCHANGES_KEPT * 5);

	for (uint32_t i = 0; i < n / 5; i++)
		r->exchange[i] = (struct exchange){v[i * 5], v[i * 5 + 1], v[i * 5 + 2], v[i * 5 + 3], v[i * 5 + 4]};
	r->session.exchange_count = n / 5;
	return n && n % 5 == 0;
}

static bool
take_pairs(struct row *r, struct cur bytes)
{
	uint32_t v[PAIRS_KEPT * 3], n = get_numbers(bytes, v, PAIRS_KEPT * 3);

	for (uint32_t i = 0; i < n / 3; i++)
		r->pair[i] = (struct exchange_pair){v[i * 3], v[i * 3 + 1], v[i * 3 + 2]};
	r->session.pair_count = n / 3;
	return n && n % 3 == 0;
}

static bool
take_member(struct row *r, uint64_t id, unsigned form, struct value v)
{
	const struct field_table *t = r->kind == ROW_SESSION ? &SESSION_TABLE : &PULSE_TABLE;
	unsigned i = field_find(t, id);

	if (i < t->count)
		return take_field(&t->field[i], r->kind == ROW_SESSION ? (void *)&r->session : &r->pulse, form, v);
	if (r->kind == ROW_SESSION && form == FORM_BYTES && id == ROW_EXCHANGES)
		return take_exchanges(r, v.bytes);
	if (r->kind == ROW_SESSION && form == FORM_BYTES && id == ROW_PAIRS)
		return take_pairs(r, v.bytes);
	r->unknown = true;
	return true;
}

/* In the order of their numbers: each at most once. */
static bool
take_members(struct row *r, struct cur c)
{
	uint64_t last = 0;

	while (cur_left(&c)) {
		uint64_t head = cur_varint(&c);
		struct value v = get_value(&c, head & 3);

		if (c.bad || head >> 2 <= last || !take_member(r, head >> 2, head & 3, v))
			return false;
		last = head >> 2;
	}
	return true;
}

bool
row_get(struct cur *from, struct row *r)
{
	struct cur members;

	r->kind = cur_u8(from);
	r->unknown = false;
	members = cur_sub(from, cur_varint(from));
	if (from->bad || (r->kind != ROW_SESSION && r->kind != ROW_PULSE))
		return false;
	if (r->kind == ROW_SESSION) {
		memset(&r->session, 0, sizeof(r->session)); /* the padding, too: whoever keeps records compares bytes */
		r->session.exchange = r->exchange;
		r->session.pair = r->pair;
	} else {
		memset(&r->pulse, 0, sizeof(r->pulse));
	}
	if (!take_members(r, members))
		return false;
	return r->kind != ROW_SESSION || (r->session.gateway <= GATEWAYS_MAX && r->session.kind <= SESSION_CLOSE);
}
