/*
 * intern: pages, slots and the order of disuse.
 * Must not allocate beyond its share and must not move an entry: views into it are held by callers.
 */
#include "tls/intern.h"

#include <string.h>

#include "base/map.h"

enum { PAGE_BYTES = 16384, SLOT_BITS = 9, SLOT_MASK = (1 << SLOT_BITS) - 1, FITS = 26, PAGES_MIN = 8 };
enum { ENTRY_TYPICAL = 80 }; /* bytes: how many entries the index is made for */
enum { LEN_BITS = 14, LEN_MASK = (1 << LEN_BITS) - 1 };

/* Sizes that leave little of a page unused, multiples of 16. */
static const uint16_t SLOT_BYTES[FITS] = {48,  64,  80,  96,   112,  128,  160,  192,  224,  256,  320,  384,  448,
					  512, 640, 768, 1024, 1360, 1632, 2048, 2720, 3264, 4096, 5456, 8192, 16384};

struct entry {
	uint32_t users;
	uint32_t prev, next; /* while unused: neighbours in its class's order of disuse */
	uint32_t since;      /* unused since this tick */
	uint32_t what;       /* kind, body length, key length: 2, 14, 14 bits */
	uint64_t hash;
};

struct page {
	uint32_t prev, next; /* idle: neighbours; free: next */
	uint32_t since;
	uint16_t fresh; /* slots cut so far, all of them hold an entry */
	uint16_t live;  /* of these: in use */
	uint8_t fit;
};

struct list {
	uint32_t head, tail;
};

struct fit {
	struct list unused;
	uint32_t filling; /* page + 1 whose slots are being cut */
};

struct intern {
	struct hash_key key;
	struct map map;
	struct fit fit[FITS];
	struct page *page;
	uint8_t *base;
	uint32_t pages, fresh, freed; /* all, never used from here on, list of freed ones (page + 1) */
	struct list idle;             /* pages (+ 1) without a user */
	uint32_t entries, entries_max;
	uint32_t tick;
};

static uint32_t
entries_of(size_t pages)
{
	return (uint32_t)(pages * (PAGE_BYTES / ENTRY_TYPICAL));
}

static size_t
bytes_of(size_t pages)
{
	return sizeof(struct intern) + pages * (PAGE_BYTES + sizeof(struct page)) + map_bytes(entries_of(pages)) +
	       4 * 64;
}

static size_t
pages_in(size_t share)
{
	size_t n = share / PAGE_BYTES;

	while (n > PAGES_MIN && bytes_of(n) > share)
		n--;
	return n > PAGES_MIN ? n : PAGES_MIN;
}

size_t
intern_bytes(size_t share)
{
	return bytes_of(pages_in(share));
}

struct intern *
intern_new(struct carve *c, size_t share, const struct hash_key *key)
{
	struct intern *in = carve_take(c, sizeof(*in));
	size_t pages = pages_in(share);

	*in = (struct intern){.key = *key, .pages = (uint32_t)pages, .entries_max = entries_of(pages)};
	map_init(&in->map, carve_take(c, map_bytes(in->entries_max)), in->entries_max);
	in->page = carve_take(c, pages * sizeof(struct page));
	in->base = carve_take(c, pages * PAGE_BYTES);
	return in;
}

static inline uint32_t
handle_of(uint32_t page, uint32_t slot)
{
	return (page << SLOT_BITS | slot) + 1;
}

static inline struct page *
page_of(const struct intern *in, uint32_t handle)
{
	return &in->page[(handle - 1) >> SLOT_BITS];
}

static inline struct entry *
entry_of(const struct intern *in, uint32_t handle)
{
	uint32_t page = (handle - 1) >> SLOT_BITS, slot = (handle - 1) & SLOT_MASK;
	void *at = in->base + (size_t)page * PAGE_BYTES + (size_t)slot * SLOT_BYTES[in->page[page].fit];

	return at;
}

static inline uint32_t
key_len(const struct entry *e)
{
	return e->what & LEN_MASK;
}

static inline uint32_t
body_len(const struct entry *e)
{
	return e->what >> LEN_BITS & LEN_MASK;
}

static inline uint8_t *
body_of(struct entry *e)
{
	return (uint8_t *)(e + 1);
}

static void
unused_push(struct intern *in, struct list *l, uint32_t handle)
{
	struct entry *e = entry_of(in, handle);

	e->prev = l->tail;
	e->next = 0;
	if (l->tail)
		entry_of(in, l->tail)->next = handle;
	else
		l->head = handle;
	l->tail = handle;
}

static void
unused_take(struct intern *in, struct list *l, uint32_t handle)
{
	struct entry *e = entry_of(in, handle);

	if (e->prev)
		entry_of(in, e->prev)->next = e->next;
	else
		l->head = e->next;
	if (e->next)
		entry_of(in, e->next)->prev = e->prev;
	else
		l->tail = e->prev;
}

static void
idle_push(struct intern *in, struct page *p)
{
	uint32_t at = (uint32_t)(p - in->page) + 1;

	p->prev = in->idle.tail;
	p->next = 0;
	if (in->idle.tail)
		in->page[in->idle.tail - 1].next = at;
	else
		in->idle.head = at;
	in->idle.tail = at;
}

static void
idle_take(struct intern *in, struct page *p)
{
	if (p->prev)
		in->page[p->prev - 1].next = p->next;
	else
		in->idle.head = p->next;
	if (p->next)
		in->page[p->next - 1].prev = p->prev;
	else
		in->idle.tail = p->prev;
}

struct intern_key
intern_key(const struct intern *in, uint8_t kind, const void *bytes, size_t len)
{
	uint64_t hash = hash_fast(&in->key, bytes, len) + kind;

	return (struct intern_key){hash, bytes, (uint32_t)len, kind};
}

static bool
is_same(struct entry *e, const struct intern_key *k)
{
	return key_len(e) == k->len && e->what >> 2 * LEN_BITS == k->kind &&
	       memcmp(body_of(e) + body_len(e), k->bytes, k->len) == 0;
}

static void
use(struct intern *in, struct entry *e, uint32_t handle)
{
	struct page *p = page_of(in, handle);

	if (e->users++ != 0)
		return;
	unused_take(in, &in->fit[p->fit].unused, handle);
	if (p->live++ == 0)
		idle_take(in, p);
}

uint32_t
intern_find(struct intern *in, const struct intern_key *k)
{
	for (struct map_at at = map_first(&in->map, k->hash); map_found(&at); map_next(&in->map, &at)) {
		struct entry *e = entry_of(in, at.handle);

		if (is_same(e, k)) {
			use(in, e, at.handle);
			return at.handle;
		}
	}
	return 0;
}

void
intern_again(struct intern *in, uint32_t handle)
{
	entry_of(in, handle)->users++;
}

void
intern_drop(struct intern *in, uint32_t handle)
{
	struct entry *e;
	struct page *p;

	if (handle == 0)
		return;
	e = entry_of(in, handle);
	p = page_of(in, handle);
	if (--e->users != 0)
		return;
	e->since = ++in->tick;
	unused_push(in, &in->fit[p->fit].unused, handle);
	if (--p->live == 0) {
		p->since = in->tick;
		idle_push(in, p);
	}
}

/* Forgets an entry that nobody uses; its slot is the caller's. */
static void
evict(struct intern *in, uint32_t handle)
{
	unused_take(in, &in->fit[page_of(in, handle)->fit].unused, handle);
	map_remove(&in->map, (uint32_t)entry_of(in, handle)->hash, handle);
	in->entries--;
}

static void
page_empty(struct intern *in, uint32_t at)
{
	struct page *p = &in->page[at - 1];

	for (uint32_t slot = 0; slot < p->fresh; slot++)
		evict(in, handle_of(at - 1, slot));
	idle_take(in, p);
	if (in->fit[p->fit].filling == at)
		in->fit[p->fit].filling = 0;
	p->next = in->freed;
	in->freed = at;
}

/* A page for the class to cut, 0 when none is free. */
static uint32_t
page_get(struct intern *in, uint8_t fit)
{
	uint32_t at = in->freed;

	if (at)
		in->freed = in->page[at - 1].next;
	else if (in->fresh < in->pages)
		at = ++in->fresh;
	else
		return 0;
	in->page[at - 1] = (struct page){.fit = fit};
	return at;
}

static uint32_t
slot_cut(struct intern *in, uint8_t fit)
{
	struct fit *c = &in->fit[fit];
	struct page *p = c->filling ? &in->page[c->filling - 1] : NULL;

	if (!p || p->fresh == PAGE_BYTES / SLOT_BYTES[fit]) {
		uint32_t at = page_get(in, fit);

		if (!at)
			return 0;
		c->filling = at;
		p = &in->page[at - 1];
	}
	return handle_of(c->filling - 1, p->fresh++);
}

static bool
is_older(uint32_t tick, uint32_t than)
{
	return (int32_t)(tick - than) < 0;
}

static uint32_t
slot_get(struct intern *in, uint8_t fit)
{
	const struct list *unused = &in->fit[fit].unused;
	uint32_t handle = in->entries < in->entries_max ? slot_cut(in, fit) : 0, idle = in->idle.head;

	if (handle)
		return handle;
	if (idle && (!unused->head || is_older(in->page[idle - 1].since, entry_of(in, unused->head)->since))) {
		page_empty(in, idle);
		return slot_cut(in, fit);
	}
	handle = unused->head;
	if (handle)
		evict(in, handle);
	return handle;
}

static uint8_t
fit_of(size_t bytes)
{
	uint8_t fit = 0;

	while (SLOT_BYTES[fit] < bytes)
		fit++;
	return fit;
}

uint32_t
intern_add(struct intern *in, const struct intern_key *k, size_t body)
{
	uint32_t handle;
	struct entry *e;
	struct page *p;

	if (k->len > INTERN_MAX || body > INTERN_MAX - k->len)
		return 0;
	handle = slot_get(in, fit_of(sizeof(*e) + body + k->len));
	if (!handle)
		return 0;
	e = entry_of(in, handle);
	*e = (struct entry){.users = 1,
			    .hash = k->hash,
			    .what = (uint32_t)k->kind << 2 * LEN_BITS | (uint32_t)body << LEN_BITS | k->len};
	if (k->len)
		memcpy(body_of(e) + body, k->bytes, k->len);
	/* An evicted entry's page may be idle; a freshly cut one never is in the list. */
	p = page_of(in, handle);
	if (p->live++ == 0 && (p->prev || in->idle.head == (uint32_t)(p - in->page) + 1))
		idle_take(in, p);
	map_add(&in->map, k->hash, handle);
	in->entries++;
	return handle;
}

void *
intern_body(const struct intern *in, uint32_t handle)
{
	return body_of(entry_of(in, handle));
}

struct text
intern_text(const struct intern *in, uint32_t handle)
{
	struct entry *e = entry_of(in, handle);

	return (struct text){(const char *)body_of(e) + body_len(e), key_len(e)};
}

uint64_t
intern_hash(const struct intern *in, uint32_t handle)
{
	return entry_of(in, handle)->hash;
}
