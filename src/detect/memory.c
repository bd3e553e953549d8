/*
 * memory: a pool, an index and two lists by age.  Must not let the hash decide who is forgotten.
 */
#include "detect/memory.h"

#include <string.h>

enum { PASSING, KEPT };
enum { KEY_WORDS = sizeof(struct memory_secret) / 16 };
_Static_assert(sizeof(struct memory_key) == KEY_WORDS * 8, "two secret words for each word of a key");

struct head {
	struct memory_key key;
	uint32_t older, newer;
	uint32_t tag; /* of the key, in the index */
	uint32_t list : 1;
	uint32_t self : 31; /* its own handle */
};

static struct head *
head_at(const struct memory *m, uint32_t handle)
{
	return pool_at(&m->pool, handle);
}

static struct head *
head_of(const void *item)
{
	return (struct head *)(uintptr_t)item - 1;
}

static void
key_words(uint64_t w[KEY_WORDS], const struct memory_key *k)
{
	memcpy(w, k->addr.b, sizeof(k->addr.b));
	w[2] = k->a;
	w[3] = k->b;
}

static inline uint64_t
term(uint64_t word, const uint64_t secret[2])
{
	return ((word & UINT32_MAX) + secret[0]) * ((word >> 32) + secret[1]);
}

/*
 * Multilinear: of secret words two for each word of the key, so that nobody who picks keys can pick places (Lemire and
 * Kaser, "Strongly universal string hashing is fast", 2014, algorithm HM); then mixed, because linear probing wants
 * neighbours apart.  A third of what SipHash takes, and a record asks twenty times.
 */
static inline uint64_t
key_hash(const struct memory_secret *s, const struct memory_key *k)
{
	uint64_t w[KEY_WORDS], h;

	key_words(w, k);
	h = term(w[0], &s->word[0]) + term(w[1], &s->word[2]) + term(w[2], &s->word[4]) + term(w[3], &s->word[6]);
	h ^= h >> 32;
	h *= UINT64_C(0x9e3779b97f4a7c15);
	return h >> 32;
}

struct memory_secret
memory_secret(const struct hash_key *key)
{
	struct memory_secret s;

	for (uint64_t i = 0; i < sizeof(s.word) / sizeof(s.word[0]); i++)
		s.word[i] = hash_words(key, &i, 1);
	return s;
}

struct memory_hashed
memory_hashed(const struct memory_secret *secret, const struct memory_key *k)
{
	return (struct memory_hashed){*k, key_hash(secret, k)};
}

static bool
same_key(const struct memory_key *a, const struct memory_key *b)
{
	uint64_t x[KEY_WORDS], y[KEY_WORDS];

	key_words(x, a);
	key_words(y, b);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3])) == 0;
}

void
memory_init(struct memory *m, struct carve *c, const struct memory_plan *plan)
{
	uint32_t item = (uint32_t)((sizeof(struct head) + plan->payload + 7) & ~(size_t)7);
	size_t slots = map_roomy_bytes(1) - map_roomy_bytes(0);
	/* twice a cache line: what carve_take may skip */
	size_t usable = plan->bytes - 128 - map_roomy_bytes(0), n = usable / (item + slots);

	*m = (struct memory){.payload = plan->payload, .secret = plan->secret};
	map_init_roomy(&m->map, carve_take(c, map_roomy_bytes((uint32_t)n)), (uint32_t)n);
	pool_init(&m->pool, carve_take(c, n * item), item, (uint32_t)n);
}

static inline uint32_t
find(const struct memory *m, const struct memory_key *k, uint64_t hash)
{
	for (struct map_at at = map_first(&m->map, hash); map_found(&at); map_next(&m->map, &at))
		if (same_key(&head_at(m, at.handle)->key, k))
			return at.handle;
	return 0;
}

void *
memory_find(const struct memory *m, const struct memory_key *k)
{
	uint32_t handle = m->pool.used ? find(m, k, key_hash(m->secret, k)) : 0;

	return handle ? head_at(m, handle) + 1 : NULL;
}

void *
memory_find_hashed(const struct memory *m, const struct memory_hashed *k)
{
	uint32_t handle = find(m, &k->key, k->hash);

	return handle ? head_at(m, handle) + 1 : NULL;
}

static inline void
list_take(struct memory *m, struct head *h)
{
	struct memory_list *l = &m->list[h->list];

	if (h->older)
		head_at(m, h->older)->newer = h->newer;
	else
		l->oldest = h->newer;
	if (h->newer)
		head_at(m, h->newer)->older = h->older;
	else
		l->newest = h->older;
	l->count--;
}

static inline void
list_add(struct memory *m, struct head *h, uint32_t list)
{
	struct memory_list *l = &m->list[list];

	h->list = list & 1;
	h->older = l->newest;
	h->newer = 0;
	if (l->newest)
		head_at(m, l->newest)->newer = h->self;
	else
		l->oldest = h->self;
	l->newest = h->self;
	l->count++;
}

void
memory_touch(struct memory *m, void *item)
{
	struct head *h = head_of(item);

	if (!h->newer)
		return;
	list_take(m, h);
	list_add(m, h, h->list);
}

void
memory_drop(struct memory *m, void *item)
{
	struct head *h = head_of(item);

	list_take(m, h);
	map_remove(&m->map, h->tag, h->self);
	pool_put(&m->pool, h->self);
}

/* What the next newcomer will need is sent for now: of a million sources nothing is near (a seventh of a record's time). */
static inline void
prefetch_oldest(const struct memory *m, uint32_t handle)
{
	const struct head *h = handle ? head_at(m, handle) : NULL;

	if (!h)
		return;
	map_prefetch(&m->map, h->tag);
	pool_prefetch(&m->pool, handle, sizeof(*h), m->pool.size);
	if (h->newer)
		__builtin_prefetch(head_at(m, h->newer));
}

/* Its place is the newcomer's. */
static uint32_t
evict(struct memory *m)
{
	struct head *h = head_at(m, m->list[PASSING].count ? m->list[PASSING].oldest : m->list[KEPT].oldest);

	list_take(m, h);
	map_remove(&m->map, h->tag, h->self);
	prefetch_oldest(m, h->newer);
	m->evicted++;
	return h->self;
}

static void *
make(struct memory *m, const struct memory_key *k, uint64_t hash)
{
	uint32_t handle = pool_get(&m->pool);
	struct head *h;

	if (!handle)
		handle = evict(m);
	h = head_at(m, handle);
	*h = (struct head){.key = *k, .tag = (uint32_t)hash, .self = handle & INT32_MAX};
	memset(h + 1, 0, m->payload);
	list_add(m, h, PASSING);
	map_add(&m->map, hash, handle);
	return h + 1;
}

static inline void *
use(struct memory *m, const struct memory_key *k, uint64_t hash, bool *fresh)
{
	uint32_t handle = find(m, k, hash);

	*fresh = handle == 0;
	if (*fresh)
		return make(m, k, hash);
	memory_touch(m, head_at(m, handle) + 1);
	return head_at(m, handle) + 1;
}

void *
memory_use(struct memory *m, const struct memory_key *k, bool *fresh)
{
	return use(m, k, key_hash(m->secret, k), fresh);
}

void *
memory_use_hashed(struct memory *m, const struct memory_hashed *k, bool *fresh)
{
	return use(m, &k->key, k->hash, fresh);
}

void
memory_keep(struct memory *m, void *item)
{
	struct head *h = head_of(item);

	if (h->list == KEPT)
		return;
	list_take(m, h);
	list_add(m, h, KEPT);
	if (m->list[KEPT].count > m->pool.count - m->pool.count / 4) {
		struct head *old = head_at(m, m->list[KEPT].oldest);

		list_take(m, old);
		list_add(m, old, PASSING);
	}
}

void *
memory_newest(const struct memory *m, const struct memory_key *k)
{
	struct head *h = m->list[PASSING].count ? head_at(m, m->list[PASSING].newest) : NULL;

	return h && same_key(&h->key, k) ? h + 1 : NULL;
}

void *
memory_oldest(const struct memory *m)
{
	return m->list[PASSING].oldest ? head_at(m, m->list[PASSING].oldest) + 1 : NULL;
}

void *
memory_oldest_kept(const struct memory *m)
{
	return m->list[KEPT].oldest ? head_at(m, m->list[KEPT].oldest) + 1 : NULL;
}

void *
memory_newer(const struct memory *m, const void *item)
{
	uint32_t newer = head_of(item)->newer;

	return newer ? head_at(m, newer) + 1 : NULL;
}

bool
memory_full(const struct memory *m)
{
	return m->pool.used == m->pool.count;
}

uint32_t
memory_count(const struct memory *m)
{
	return m->pool.used;
}

const struct memory_item *
memory_walk(const struct memory *m, struct memory_at *at)
{
	const struct head *h;

	at->handle = at->handle ? head_at(m, at->handle)->newer : m->list[at->list].oldest;
	while (!at->handle && at->list < KEPT)
		at->handle = m->list[++at->list].oldest;
	if (!at->handle)
		return NULL;
	h = head_at(m, at->handle);
	at->item = (struct memory_item){h->key, h + 1, h->list == KEPT};
	return &at->item;
}
