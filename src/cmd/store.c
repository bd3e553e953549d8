/*
 * store: an arena of packed records, a table of texts, and the order.
 * Must not judge, and must not lose a field: it is packed straight down session.def.
 */
#include "cmd/store.h"

#include <stdlib.h>

#include "base/hash.h"

enum { BLOCK = 1 << 20, TEXT_SLOTS = 1 << 12, FIELDS = 256 };

struct block {
	struct block *next;
	size_t used;
	uint8_t bytes[BLOCK];
};

/* A record: the head, the fields that are present, exchanges, pairs. */
struct entry {
	uint64_t present[FIELDS / 64]; /* by the field's id */
	uint32_t exchanges, pairs;
	uint16_t capture;
	bool pulse;
};

/* When it came: no earlier than any before it of its source. */
struct place {
	int64_t came;
	uint64_t number;
	const struct entry *entry;
};

struct kept_text {
	const char *p;
	uint32_t len;
	uint64_t hash;
};

struct store {
	struct block *blocks;
	struct place *place;
	uint64_t places, room;
	struct kept_text *text;
	uint64_t texts, slots;
	int64_t came; /* of the source */
	uint64_t sessions, pulses, bytes;
	bool full;
};

#define FIELD(id, name, type, group, unit, doc) _Static_assert((id) < FIELDS, "the bits of struct entry");
#include "session/session.def"
#undef FIELD

struct store *
store_new(void)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->came = INT64_MIN;
	s->slots = TEXT_SLOTS;
	s->text = calloc(s->slots, sizeof(*s->text));
	if (s->text)
		return s;
	free(s);
	return NULL;
}

void
store_free(struct store *s)
{
	struct block *next;

	if (!s)
		return;
	for (struct block *b = s->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	free(s->place);
	free(s->text);
	free(s);
}

static void *
take(struct store *s, size_t n)
{
	struct block *b = s->blocks;

	n = (n + 7) / 8 * 8;
	if (n > BLOCK || !b || n > BLOCK - b->used) {
		b = n > BLOCK ? NULL : malloc(sizeof(*b));
		if (!b) {
			s->full = true;
			return NULL;
		}
		b->next = s->blocks;
		b->used = 0;
		s->blocks = b;
	}
	b->used += n;
	s->bytes += n;
	return b->bytes + b->used - n;
}

static bool
more_slots(struct store *s)
{
	uint64_t slots = s->slots * 2;
	struct kept_text *text = calloc(slots, sizeof(*text));

	if (!text)
		return false;
	for (uint64_t i = 0; i < s->slots; i++) {
		uint64_t at = s->text[i].hash & (slots - 1);

		if (!s->text[i].p)
			continue;
		while (text[at].p)
			at = (at + 1) & (slots - 1);
		text[at] = s->text[i];
	}
	free(s->text);
	s->text = text;
	s->slots = slots;
	return true;
}

/* The one copy of a text.  The key is public: whoever makes their hellos collide makes their own tuning slow. */
static void
keep_text(struct store *s, void *field)
{
	static const struct hash_key KEY = {5, 6};
	struct text *t = field;
	const char *p = t->p;
	uint32_t len = t->len;
	uint64_t hash, at;
	char *copy;

	memset(t, 0, sizeof(*t)); /* with its padding */
	if (!p || (s->texts * 2 >= s->slots && !more_slots(s))) {
		s->full |= p != NULL;
		return;
	}
	hash = hash_fast(&KEY, p, len);
	for (at = hash & (s->slots - 1); s->text[at].p; at = (at + 1) & (s->slots - 1))
		if (s->text[at].hash == hash && s->text[at].len == len && memcmp(s->text[at].p, p, len) == 0)
			break;
	if (!s->text[at].p) {
		copy = take(s, (size_t)len + 1); /* an empty one has a place, too; and all end with a NUL */
		if (!copy)
			return;
		memcpy(copy, p, len);
		copy[len] = '\0';
		s->text[at] = (struct kept_text){copy, len, hash};
		s->texts++;
	}
	t->p = s->text[at].p;
	t->len = len;
}

static void
keep_value(struct store *s, void *field)
{
	(void)s;
	(void)field;
}

#define KEEP(s, field) _Generic((field), struct text : keep_text, default : keep_value)((s), &(field))

static bool
present(const void *field, size_t n)
{
	const uint8_t *p = field;

	for (size_t i = 0; i < n; i++)
		if (p[i])
			return true;
	return false;
}

static uint8_t *
put(uint8_t *to, const void *from, size_t n)
{
	if (n)
		memcpy(to, from, n);
	return to + n;
}

/* Enough for every field, and what follows them. */
enum {
	PACKED_MAX = sizeof(struct session) + EXCHANGES_KEPT * sizeof(struct exchange) +
		     PAIRS_KEPT * sizeof(struct exchange_pair)
};

/* The record's texts are the store's by now. */
static size_t
pack(uint8_t bytes[PACKED_MAX], struct entry *e, const struct session *s)
{
	uint8_t *p = bytes;

#define FIELD(id, name, type, group, unit, doc)                                                                        \
	if (present(&s->name, sizeof(s->name))) {                                                                      \
		e->present[(id) / 64] |= UINT64_C(1) << (id) % 64;                                                     \
		p = put(p, &s->name, sizeof(s->name));                                                                 \
	}
#include "session/session.def"
#undef FIELD
	p = put(p, s->exchange, e->exchanges * sizeof(*s->exchange));
	p = put(p, s->pair, e->pairs * sizeof(*s->pair));
	return (size_t)(p - bytes);
}

static bool
more_places(struct store *s)
{
	uint64_t room = s->room ? s->room * 2 : 1024;
	struct place *place = realloc(s->place, room * sizeof(*place));

	if (!place)
		return false;
	s->place = place;
	s->room = room;
	return true;
}

static bool
add(struct store *s, const struct entry *head, const void *bytes, size_t n, struct when time)
{
	struct entry *e = take(s, sizeof(*head) + n);

	if (e && s->places == s->room)
		s->full |= !more_places(s);
	if (!e || s->full)
		return false;
	*e = *head;
	memcpy(e + 1, bytes, n);
	if (time.ns > s->came)
		s->came = time.ns;
	s->place[s->places] = (struct place){s->came, s->places, e};
	s->places++;
	s->bytes += sizeof(*s->place);
	return true;
}

bool
store_session(struct store *s, const struct session *record)
{
	uint8_t bytes[PACKED_MAX];
	struct session own = *record;
	struct entry head = {
		.exchanges = record->exchange_count, .pairs = record->pair_count, .capture = record->capture};

	if (!record->gateway)
		return true;
	if (head.exchanges > EXCHANGES_KEPT)
		head.exchanges = EXCHANGES_KEPT;
	if (head.pairs > PAIRS_KEPT)
		head.pairs = PAIRS_KEPT;
#define FIELD(id, name, type, group, unit, doc) KEEP(s, own.name);
#include "session/session.def"
#undef FIELD
	if (s->full || !add(s, &head, bytes, pack(bytes, &head, &own), record->time))
		return false;
	s->sessions++;
	return true;
}

bool
store_pulse(struct store *s, const struct pulse *pulse)
{
	const struct entry head = {.pulse = true};

	if (!add(s, &head, pulse, sizeof(*pulse), pulse->time))
		return false;
	s->pulses++;
	return true;
}

void
store_source(struct store *s)
{
	s->came = INT64_MIN;
}

static int
by_time(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->came != y->came)
		return x->came < y->came ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

void
store_merge(struct store *s)
{
	if (s->places)
		qsort(s->place, s->places, sizeof(*s->place), by_time);
}

struct store_facts
store_facts(const struct store *s)
{
	struct store_facts f = {.sessions = s->sessions, .pulses = s->pulses, .bytes = s->bytes};

	f.bytes += s->slots * sizeof(*s->text);
	for (uint64_t i = 0; i < s->places; i++) {
		struct when t = {s->place[i].came};
		int64_t step = i ? when_since(t, f.last) : 0;

		if (i == 0)
			f.first = t;
		if (step > 0 && step <= 86400 * NS_PER_S)
			f.lasted_ns += step;
		f.last = t;
	}
	return f;
}

static const uint8_t *
get(void *to, const uint8_t *from, size_t n)
{
	memcpy(to, from, n);
	return from + n;
}

static void
unpack(const struct entry *e, struct store_item *item)
{
	struct session *s = &item->unpacked;
	const uint8_t *p = (const uint8_t *)(e + 1);

	memset(s, 0, sizeof(*s));
#define FIELD(id, name, type, group, unit, doc)                                                                        \
	if (e->present[(id) / 64] >> (id) % 64 & 1)                                                                    \
		p = get(&s->name, p, sizeof(s->name));
#include "session/session.def"
#undef FIELD
	p = get(item->exchange, p, e->exchanges * sizeof(item->exchange[0]));
	get(item->pair, p, e->pairs * sizeof(item->pair[0]));
	s->capture = e->capture;
	s->exchange = item->exchange;
	s->pair = item->pair;
	s->exchange_count = e->exchanges;
	s->pair_count = e->pairs;
	item->session = s;
}

bool
store_at(const struct store *s, uint64_t i, struct store_item *item)
{
	const struct entry *e;

	item->session = NULL;
	item->pulse = NULL;
	if (i >= s->places)
		return false;
	e = s->place[i].entry;
	if (!e->pulse) {
		unpack(e, item);
		return true;
	}
	memcpy(&item->unpacked_pulse, e + 1, sizeof(item->unpacked_pulse));
	item->pulse = &item->unpacked_pulse;
	return true;
}
