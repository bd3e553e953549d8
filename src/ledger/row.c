/*
 * row: straight down session.def and pulse.def.  Must not judge, and must not lose a field.
 */
#include "ledger/row.h"

/* What a member takes at most, its text not counted; exchanges and pairs; a row's head. */
enum { MEMBER_MAX = 20, TALK_MAX = (EXCHANGES_KEPT * 5 + PAIRS_KEPT * 3) * 5 + 2 * MEMBER_MAX, LENGTH_MAX = 10 };

static uint8_t *
put_varint(uint8_t *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	return p;
}

static uint8_t *
put_head(uint8_t *p, unsigned id, enum row_form form)
{
	return put_varint(p, (uint64_t)id << 2 | form);
}

static uint8_t *
put_number(uint8_t *p, unsigned id, uint64_t v)
{
	return v ? put_varint(put_head(p, id, ROW_NUMBER), v) : p;
}

static uint8_t *
put_hash(uint8_t *p, unsigned id, uint64_t v)
{
	if (!v)
		return p;
	p = put_head(p, id, ROW_EIGHT);
	for (unsigned i = 0; i < 8; i++)
		*p++ = (uint8_t)(v >> 8 * i);
	return p;
}

static uint8_t *
put_time(uint8_t *p, unsigned id, struct when t)
{
	return put_number(p, id, zigzag((uint64_t)(t.ns / NS_PER_US)));
}

static uint8_t *
put_addr(uint8_t *p, unsigned id, const struct addr *a)
{
	static const struct addr none;

	if (addr_same(a, &none))
		return p;
	p = put_head(p, id, ROW_SIXTEEN);
	memcpy(p, a->b, sizeof(a->b));
	return p + sizeof(a->b);
}

static uint8_t *
put_text(uint8_t *p, unsigned id, struct text t)
{
	if (!t.p)
		return p;
	p = put_varint(put_head(p, id, ROW_BYTES), t.len);
	if (t.len)
		memcpy(p, t.p, t.len);
	return p + t.len;
}

#define LEN_NONE(v)       0
#define LEN_TEXT(v)       (v).len
#define PUT_NUMBER(id, v) p = put_number(p, (id), (v))
#define PUT_HASH(id, v)   p = put_hash(p, (id), (v))
#define PUT_WHEN(id, v)   p = put_time(p, (id), (v))
#define PUT_IP(id, v)     p = put_addr(p, (id), &(v))
#define PUT_STRING(id, v) p = put_text(p, (id), (v))

/* For each type: how it is written, and how much text it has. */
#define ROW_BOOL(id, v)         PUT_NUMBER(id, v)
#define LEN_OF_BOOL(v)          LEN_NONE(v)
#define ROW_U8(id, v)           PUT_NUMBER(id, v)
#define LEN_OF_U8(v)            LEN_NONE(v)
#define ROW_U16(id, v)          PUT_NUMBER(id, v)
#define LEN_OF_U16(v)           LEN_NONE(v)
#define ROW_U32(id, v)          PUT_NUMBER(id, v)
#define LEN_OF_U32(v)           LEN_NONE(v)
#define ROW_U64(id, v)          PUT_NUMBER(id, v)
#define LEN_OF_U64(v)           LEN_NONE(v)
#define ROW_US(id, v)           PUT_NUMBER(id, v)
#define LEN_OF_US(v)            LEN_NONE(v)
#define ROW_VERSION(id, v)      PUT_NUMBER(id, v)
#define LEN_OF_VERSION(v)       LEN_NONE(v)
#define ROW_CIPHER(id, v)       PUT_NUMBER(id, v)
#define LEN_OF_CIPHER(v)        LEN_NONE(v)
#define ROW_GROUP(id, v)        PUT_NUMBER(id, v)
#define LEN_OF_GROUP(v)         LEN_NONE(v)
#define ROW_ENUM_kind(id, v)    PUT_NUMBER(id, v)
#define LEN_OF_ENUM_kind(v)     LEN_NONE(v)
#define ROW_ENUM_role(id, v)    PUT_NUMBER(id, v)
#define LEN_OF_ENUM_role(v)     LEN_NONE(v)
#define ROW_ENUM_tunnel(id, v)  PUT_NUMBER(id, v)
#define LEN_OF_ENUM_tunnel(v)   LEN_NONE(v)
#define ROW_ENUM_end(id, v)     PUT_NUMBER(id, v)
#define LEN_OF_ENUM_end(v)      LEN_NONE(v)
#define ROW_ENUM_carrier(id, v) PUT_NUMBER(id, v)
#define LEN_OF_ENUM_carrier(v)  LEN_NONE(v)
#define ROW_ENUM_resumed(id, v) PUT_NUMBER(id, v)
#define LEN_OF_ENUM_resumed(v)  LEN_NONE(v)
#define ROW_HEX64(id, v)        PUT_HASH(id, v)
#define LEN_OF_HEX64(v)         LEN_NONE(v)
#define ROW_TIME(id, v)         PUT_WHEN(id, v)
#define LEN_OF_TIME(v)          LEN_NONE(v)
#define ROW_ADDR(id, v)         PUT_IP(id, v)
#define LEN_OF_ADDR(v)          LEN_NONE(v)
#define ROW_TEXT(id, v)         PUT_STRING(id, v)
#define LEN_OF_TEXT(v)          LEN_TEXT(v)
#define ROW_PLAIN(id, v)        PUT_STRING(id, v)
#define LEN_OF_PLAIN(v)         LEN_TEXT(v)
#define ROW_LIST(id, v)         PUT_STRING(id, v)
#define LEN_OF_LIST(v)          LEN_TEXT(v)
#define ROW_LIST16(id, v)       PUT_STRING(id, v)
#define LEN_OF_LIST16(v)        LEN_TEXT(v)
#define ROW_DIGESTS(id, v)      PUT_STRING(id, v)
#define LEN_OF_DIGESTS(v)       LEN_TEXT(v)
#define ROW_VERSIONS(id, v)     PUT_STRING(id, v)
#define LEN_OF_VERSIONS(v)      LEN_TEXT(v)

/* What the fields take at most. */
static size_t
session_room(const struct session *s)
{
	size_t n = SESSION_TABLE.count * MEMBER_MAX + TALK_MAX;

#define FIELD(id, name, type, group, unit, doc) n += LEN_OF_##type(s->name);
#include "session/session.def"
#undef FIELD
	return n;
}

static uint8_t *
put_session(uint8_t *p, const struct session *s)
{
#define FIELD(id, name, type, group, unit, doc) ROW_##type(id, s->name);
#include "session/session.def"
#undef FIELD
	return p;
}

static uint8_t *
put_pulse(uint8_t *p, const struct pulse *s)
{
#define FIELD(id, name, type, doc) ROW_##type(id, s->name);
#include "session/pulse.def"
#undef FIELD
	return p;
}

static uint8_t *
put_counts(uint8_t *p, unsigned id, const uint32_t *v, size_t n)
{
	uint8_t own[(EXCHANGES_KEPT * 5 + PAIRS_KEPT * 3) * 5], *end = own;

	if (!n)
		return p;
	for (size_t i = 0; i < n; i++)
		end = put_varint(end, v[i]);
	return put_text(p, id, (struct text){(const char *)own, (uint32_t)(end - own)});
}

static uint8_t *
put_talk(uint8_t *p, const struct session *s)
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
	p = put_counts(p, ROW_EXCHANGES, v, n);
	n = 0;
	for (uint32_t i = 0; i < s->pair_count && i < PAIRS_KEPT; i++) {
		v[n++] = s->pair[i].request;
		v[n++] = s->pair[i].response;
		v[n++] = s->pair[i].count;
	}
	return put_counts(p, ROW_PAIRS, v, n);
}

/* The head goes in front of the members once it is known how long they are. */
static void
put_row(struct bytes *to, uint8_t *row, uint8_t *members, uint8_t *end, enum row_kind kind)
{
	uint8_t *p = row;
	size_t n = (size_t)(end - members);

	*p++ = (uint8_t)kind;
	p = put_varint(p, n);
	memmove(p, members, n);
	to->n += (size_t)(p - row) + n;
}

void
row_put_session(struct bytes *to, const struct session *s)
{
	uint8_t *row = bytes_room(to, session_room(s) + LENGTH_MAX), *members;

	if (!row)
		return;
	members = row + LENGTH_MAX;
	put_row(to, row, members, put_talk(put_session(members, s), s), ROW_SESSION);
}

void
row_put_pulse(struct bytes *to, const struct pulse *p)
{
	uint8_t *row = bytes_room(to, PULSE_TABLE.count * MEMBER_MAX + LENGTH_MAX), *members;

	if (!row)
		return;
	members = row + LENGTH_MAX;
	put_row(to, row, members, put_pulse(members, p), ROW_PULSE);
}

void
row_value(struct cur *c, struct row_member *m)
{
	switch ((enum row_form)m->form) {
	case ROW_NUMBER:
		m->number = cur_varint(c);
		break;
	case ROW_EIGHT:
		m->number = cur_u64le(c);
		break;
	case ROW_BYTES:
		m->bytes = cur_sub(c, cur_varint(c));
		break;
	case ROW_SIXTEEN:
		m->bytes = cur_sub(c, sizeof(struct addr));
	}
}

bool
row_member(struct cur *c, struct row_member *m)
{
	uint64_t head = cur_varint(c), last = m->id;

	m->id = head >> 2;
	m->form = head & 3;
	row_value(c, m);
	return !c->bad && m->id > last;
}

bool
row_fits(const struct row_member *m, const struct field *f)
{
	if (m->form != row_form(f->kind))
		return false;
	return f->kind == FIELD_TEXT ? cur_left(&m->bytes) <= UINT32_MAX : f->kind == FIELD_ADDR || m->number != 0;
}

uint32_t
row_numbers(const struct row_member *m, uint32_t *v, uint32_t most)
{
	struct cur c = m->bytes;
	uint32_t n = 0;

	while (m->form == ROW_BYTES && cur_left(&c)) {
		uint64_t number = cur_varint(&c);

		if (n == most || number > UINT32_MAX)
			return 0;
		v[n++] = (uint32_t)number;
	}
	return c.bad ? 0 : n;
}

/* The value of a field, read as what it is: a record has seventy, and this is what each costs. */
static inline bool
take_field(struct cur *c, const struct field *f, void *record)
{
	uint64_t v;
	struct cur text;
	struct addr a = {{0}};

	switch (f->kind) {
	case FIELD_ADDR:
		text = cur_sub(c, sizeof(a));
		cur_copy(&text, &a, sizeof(a));
		field_set_addr(f, record, &a);
		return !text.bad;
	case FIELD_TEXT:
		v = cur_varint(c);
		text = cur_sub(c, v);
		field_set_text(f, record, (struct text){(const char *)text.p, (uint32_t)v});
		return v <= UINT32_MAX && !text.bad;
	case FIELD_HASH:
		v = cur_u64le(c);
		return v && field_store(f, record, v);
	case FIELD_TIME:
		v = cur_varint(c);
		return v && field_store(f, record, unzigzag(v));
	default:
		v = cur_varint(c);
		return v && field_store(f, record, v);
	}
}

static bool
take_exchanges(struct row *r, const struct row_member *m)
{
	uint32_t v[EXCHANGES_KEPT * 5], n = row_numbers(m, v, EXCHANGES_KEPT * 5);

	for (uint32_t i = 0; i < n / 5; i++)
		r->exchange[i] = (struct exchange){v[i * 5], v[i * 5 + 1], v[i * 5 + 2], v[i * 5 + 3], v[i * 5 + 4]};
	r->session.exchange_count = n / 5;
	return n && n % 5 == 0;
}

static bool
take_pairs(struct row *r, const struct row_member *m)
{
	uint32_t v[PAIRS_KEPT * 3], n = row_numbers(m, v, PAIRS_KEPT * 3);

	for (uint32_t i = 0; i < n / 3; i++)
		r->pair[i] = (struct exchange_pair){v[i * 3], v[i * 3 + 1], v[i * 3 + 2]};
	r->session.pair_count = n / 3;
	return n && n % 3 == 0;
}

/* What session.def and pulse.def do not have. */
static bool
take_other(struct row *r, struct cur *c, struct row_member *m)
{
	row_value(c, m);
	if (c->bad)
		return false;
	if (r->kind == ROW_SESSION && m->id == ROW_EXCHANGES)
		return take_exchanges(r, m);
	if (r->kind == ROW_SESSION && m->id == ROW_PAIRS)
		return take_pairs(r, m);
	r->unknown = true;
	return true;
}

/* In the order of their numbers: each at most once. */
static bool
take_members(struct row *r, struct cur c)
{
	const struct field_table *t = r->kind == ROW_SESSION ? &SESSION_TABLE : &PULSE_TABLE;
	void *record = r->kind == ROW_SESSION ? (void *)&r->session : &r->pulse;
	struct row_member m = {.id = 0};

	while (cur_left(&c)) {
		uint64_t head = cur_varint(&c), last = m.id;
		uint8_t place = head < 256 << 2 ? t->place[head >> 2] : 0;

		m.id = head >> 2;
		m.form = head & 3;
		if (m.id <= last)
			return false;
		if (place) {
			const struct field *f = &t->field[place - 1];

			if (m.form != row_form(f->kind) || !take_field(&c, f, record))
				return false;
		} else if (!take_other(r, &c, &m)) {
			return false;
		}
	}
	return !c.bad;
}

bool
row_open(struct cur *from, uint8_t *kind, struct cur *members)
{
	*kind = cur_u8(from);
	*members = cur_sub(from, cur_varint(from));
	return !from->bad && (*kind == ROW_SESSION || *kind == ROW_PULSE);
}

bool
row_get(struct cur *from, struct row *r)
{
	struct cur members;

	r->unknown = false;
	if (!row_open(from, &r->kind, &members))
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
