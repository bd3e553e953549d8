/*
 * where_holds: a compiled question asked of a record.  Walks forward through the tests, each at most once.
 */
#include "session/where_value.h"

/* The value of a field, whatever its size. */
static uint64_t
number_at(const uint8_t *p, uint8_t size)
{
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	switch (size) {
	case 1:
		return *p;
	case 2:
		memcpy(&v16, p, 2);
		return v16;
	case 4:
		memcpy(&v32, p, 4);
		return v32;
	default:
		memcpy(&v64, p, 8);
		return v64;
	}
}

/* DTLS counts downwards from 0xfeff, which is TLS 1.1 over datagrams (RFC 4347). */
static uint64_t
version_rank(uint64_t v)
{
	return v == 0xfeff || v == 0x0100 ? 0x0302 : v == 0xfefd ? 0x0303 : v == 0xfefc ? 0x0304 : v;
}

static bool
number_is(uint64_t have, uint64_t wanted, uint8_t op)
{
	switch ((enum where_op)op) {
	case WHERE_LT:
		return have < wanted;
	case WHERE_LE:
		return have <= wanted;
	case WHERE_GT:
		return have > wanted;
	case WHERE_GE:
		return have >= wanted;
	case WHERE_EQ:
	case WHERE_IN:
	case WHERE_NE:
	case WHERE_PREFIX:
	case WHERE_OPS:
		break;
	}
	return have == wanted;
}

struct asking {
	const struct where *w;
	const struct where_test *t;
	const struct session *s;
};

static bool
any_number(const struct asking *a, uint64_t have)
{
	for (unsigned i = 0; i < a->t->values; i++)
		if (number_is(have, a->w->value[a->t->value + i].number, a->t->op))
			return true;
	return false;
}

static bool
any_version(const struct asking *a, uint64_t have)
{
	for (unsigned i = 0; have && i < a->t->values; i++) {
		uint64_t wanted = a->w->value[a->t->value + i].number;

		if (a->t->op == WHERE_EQ ? have == wanted :
					   number_is(version_rank(have), version_rank(wanted), a->t->op))
			return true;
	}
	return false;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool
text_is(const struct asking *a, struct text have, const struct where_value *v)
{
	const char *wanted = a->w->text + v->text.at;

	if (a->t->op == WHERE_PREFIX ? have.len < v->text.len : have.len != v->text.len)
		return false;
	for (uint32_t i = 0; i < v->text.len; i++)
		if (lower(have.p[i]) != lower(wanted[i]))
			return false;
	return true;
}

static bool
any_text(const struct asking *a, struct text have)
{
	for (unsigned i = 0; i < a->t->values; i++)
		if (text_is(a, have, &a->w->value[a->t->value + i]))
			return true;
	return false;
}

static bool
any_addr(const struct asking *a, const struct addr *have, bool hidden)
{
	static const struct addr none;

	if (addr_same(have, &none) || (hidden && (!a->w->privacy_key || a->s->privacy_key != a->w->privacy_key)))
		return false;
	for (unsigned i = 0; i < a->t->values; i++) {
		const struct where_value *v = &a->w->value[a->t->value + i];

		if (addr_in(have, hidden ? &v->hidden : &v->net))
			return true;
	}
	return false;
}

/* Texts, each after a length byte. */
static bool
any_of_list(const struct asking *a, struct text list)
{
	struct cur c = cur_of(list.p, list.p ? list.len : 0);

	while (cur_left(&c)) {
		struct cur one = cur_sub(&c, cur_u8(&c));

		if (!c.bad && any_text(a, (struct text){(const char *)one.p, (uint32_t)cur_left(&one)}))
			return true;
	}
	return false;
}

static bool
any_of_numbers(const struct asking *a, struct text list)
{
	struct cur c = cur_of(list.p, list.p ? list.len : 0);

	while (cur_left(&c))
		if (any_number(a, cur_u16(&c)))
			return true;
	return false;
}

static bool
any_of_digests(const struct asking *a, struct text list)
{
	enum { DIGEST = 32 };
	struct cur c = cur_of(list.p, list.p ? list.len : 0);

	while (cur_left(&c) >= DIGEST) {
		char hex[2 * DIGEST];
		struct out o = out_of(hex, sizeof(hex));

		out_hex(&o, cur_take(&c, DIGEST), DIGEST);
		if (any_text(a, (struct text){hex, sizeof(hex)}))
			return true;
	}
	return false;
}

static bool
test_list(const struct asking *a, const struct where_field *f, struct text list)
{
	if (f->type == WHERE_LIST)
		return any_of_list(a, list);
	return f->type == WHERE_DIGESTS ? any_of_digests(a, list) : any_of_numbers(a, list);
}

static bool
test(const struct asking *a, const struct where_field *f, const uint8_t *at, bool hidden)
{
	struct text text;
	struct when time;
	struct addr addr;

	switch ((enum where_type)f->type) {
	case WHERE_TIME:
		memcpy(&time, at, sizeof(time));
		return time.ns && any_number(a, where_time(time));
	case WHERE_ADDR:
		memcpy(&addr, at, sizeof(addr));
		return any_addr(a, &addr, hidden);
	case WHERE_STRING:
		memcpy(&text, at, sizeof(text));
		return any_text(a, text.p ? text : (struct text){NULL, 0});
	case WHERE_LIST:
	case WHERE_LIST16:
	case WHERE_DIGESTS:
	case WHERE_VERSIONS:
		memcpy(&text, at, sizeof(text));
		return test_list(a, f, text);
	case WHERE_VERSION:
		return any_version(a, number_at(at, f->size));
	case WHERE_CIPHER:
	case WHERE_GROUP:
	case WHERE_HEX64:
		return number_at(at, f->size) && any_number(a, number_at(at, f->size));
	case WHERE_BOOL:
	case WHERE_NUMBER:
	case WHERE_ENUM:
	case WHERE_RANK:
		break;
	}
	return any_number(a, number_at(at, f->size));
}

bool
where_holds(const struct where *w, const struct where_subject *about)
{
	static const struct session NOTHING;
	const struct session *s = about->session ? about->session : &NOTHING;
	unsigned at = 0;

	while (at < w->tests) {
		const struct where_test *t = &w->test[at];
		const struct where_table *table = t->table ? about->also : &WHERE_SESSION;
		const struct where_field *f = &table->field[t->field];
		const uint8_t *base = t->table ? about->own : (const uint8_t *)s;
		bool hidden = f->hidden && base[table->hidden] & f->hidden;

		at = test(&(struct asking){w, t, s}, f, base + f->offset, hidden) ? t->yes : t->no;
	}
	return w->tests == 0 || at == WHERE_YES;
}
