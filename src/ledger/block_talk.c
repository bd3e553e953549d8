/*
 * block_talk: the exchanges and pairs of sizes of a block's sessions: of a record that follows one of the same session
 * only what is new, of pairs only what does not follow from exchanges.
 */
#include "ledger/block_parts.h"
#include "session/talk.h"

enum { PAIR_BYTES = (1 << PAIR_SIZE_BITS) - 1 };
enum { EXCHANGE_PARTS = sizeof(struct exchange) / sizeof(uint32_t), PAIR_PARTS = 3 };

/* As session/talk.c counts them: a newcomer takes over the rarest and its count. */
static uint32_t
count_pair(struct exchange_pair to[PAIRS_KEPT], uint32_t n, const struct exchange *e)
{
	uint32_t request = e->request < PAIR_BYTES ? e->request : PAIR_BYTES,
		 response = e->response < PAIR_BYTES ? e->response : PAIR_BYTES, rarest = 0, k;

	for (k = 0; k < n && (to[k].request != request || to[k].response != response); k++)
		if (to[k].count < to[rarest].count)
			rarest = k;
	if (k == n && n < PAIRS_KEPT) {
		to[n] = (struct exchange_pair){request, response, 1};
		return n + 1;
	}
	if (k == PAIRS_KEPT)
		k = rarest;
	to[k] = (struct exchange_pair){request, response, to[k].count + 1};
	return n;
}

/* The pairs as they follow from exchanges that are all kept, most frequent first; how many. */
static uint32_t
count_pairs(const struct exchange *e, uint32_t kept, struct exchange_pair to[PAIRS_KEPT])
{
	uint32_t n = 0, at;

	for (uint32_t i = 0; i < kept; i++)
		n = count_pair(to, n, &e[i]);
	for (uint32_t k = 1; k < n; k++) {
		struct exchange_pair p = to[k];

		for (at = k; at > 0 && to[at - 1].count < p.count; at--)
			to[at] = to[at - 1];
		to[at] = p;
	}
	return n;
}

static uint32_t *
part_of(struct exchange *e, unsigned part)
{
	return (uint32_t *)e + part; /* five numbers in a row */
}

static uint32_t
pair_part(const struct exchange_pair *p, unsigned part)
{
	return part == 0 ? p->request : part == 1 ? p->response : p->count;
}

/* What part 0..2 (request, response, count) of session i's pair k is told by: that of the record before, else 0. */
static uint32_t
pair_base(const struct block_rows *b, size_t i, uint32_t k, unsigned part)
{
	uint32_t of = b->before[i];

	if (!of || k >= block_count(&b->pairs, of - 1))
		return 0;
	return pair_part(&b->pairs.pair[b->pairs.at[of - 1] + k], part);
}

static const struct exchange *
exchanges_of(const struct block_rows *b, size_t i)
{
	return b->exchanges.at ? b->exchanges.exchange + b->exchanges.at[i] : NULL;
}

/* How many of its exchanges, from the first on, are those of the record that it is told by. */
static uint32_t
same_exchanges(const struct block_rows *b, size_t i)
{
	uint32_t of = b->before[i], n = 0, own = block_count(&b->exchanges, i),
		 most = of ? block_count(&b->exchanges, of - 1) : 0;
	const struct exchange *e = exchanges_of(b, i), *was = of ? exchanges_of(b, of - 1) : NULL;

	while (n < own && n < most && memcmp(&e[n], &was[n], sizeof(*e)) == 0)
		n++;
	return n;
}

void
block_put_exchanges(struct bytes *to, const struct block_rows *b, struct column_work *w)
{
	uint64_t *v = b->scratch;
	uint8_t same[BLOCK_ROWS] = {0};
	size_t n = 0;

	for (size_t i = 0; i < b->sessions; i++) {
		same[i] = (uint8_t)same_exchanges(b, i);
		v[i] = block_count(&b->exchanges, i);
	}
	column_put(to, v, b->sessions, w);
	for (size_t i = 0; i < b->sessions; i++)
		v[i] = b->before[i] ? block_count(&b->exchanges, b->before[i] - 1) - same[i] : 0;
	column_put(to, v, b->sessions, w);
	for (unsigned part = 0; part < EXCHANGE_PARTS; part++) {
		n = 0;
		for (size_t i = 0; i < b->sessions; i++)
			for (uint32_t k = b->exchanges.at[i] + same[i]; k < b->exchanges.at[i + 1]; k++)
				v[n++] = *part_of(&b->exchanges.exchange[k], part);
		if (n)
			column_put(to, v, n, w);
	}
}

/* Where each session's begin, and how many are those of the record before; how many are left to read, SIZE_MAX:
   impossible. */
static size_t
get_exchange_counts(struct cur *c, struct block_rows *b, uint8_t *same)
{
	struct block_many *m = &b->exchanges;
	uint64_t *v = b->scratch, most;
	size_t left = 0;

	if (!column_get(c, v, b->sessions))
		return SIZE_MAX;
	m->at[0] = 0;
	for (size_t i = 0; i < b->sessions; i++) {
		if (v[i] > EXCHANGES_KEPT)
			return SIZE_MAX;
		m->at[i + 1] = m->at[i] + (uint32_t)v[i];
	}
	if (!column_get(c, v, b->sessions))
		return SIZE_MAX;
	for (size_t i = 0; i < b->sessions; i++) {
		most = b->before[i] ? block_count(m, b->before[i] - 1) : 0;
		if (v[i] > most || most - v[i] > block_count(m, i))
			return SIZE_MAX;
		same[i] = (uint8_t)(most - v[i]);
		left += block_count(m, i) - same[i];
	}
	return left;
}

static bool
get_exchange_part(struct cur *c, struct block_rows *b, const uint8_t *same, unsigned part, size_t n)
{
	const uint64_t *v = b->scratch;
	uint64_t all = 0;

	if (!column_get(c, b->scratch, n))
		return false;
	for (size_t i = 0; i < b->sessions; i++)
		for (uint32_t k = b->exchanges.at[i] + same[i]; k < b->exchanges.at[i + 1]; k++, v++) {
			all |= *v;
			*part_of(&b->exchanges.exchange[k], part) = (uint32_t)*v;
		}
	return all <= UINT32_MAX;
}

bool
block_get_exchanges(struct block_rows *b)
{
	struct block_many *m = &b->exchanges;
	struct cur c = m->packed;
	uint8_t same[BLOCK_ROWS];
	size_t n;

	m->at = block_keep(b, (b->sessions + 1) * sizeof(*m->at));
	if (!m->at || !block_need_before(b) || (n = get_exchange_counts(&c, b, same)) == SIZE_MAX)
		return false;
	m->exchange = block_keep(b, (m->at[b->sessions] + 1) * sizeof(*m->exchange));
	for (unsigned part = 0; part < EXCHANGE_PARTS && n; part++)
		if (!m->exchange || !get_exchange_part(&c, b, same, part, n))
			return false;
	for (size_t i = 0; m->exchange && i < b->sessions; i++)
		if (same[i])
			memcpy(&m->exchange[m->at[i]], &m->exchange[m->at[b->before[i] - 1]],
			       same[i] * sizeof(m->exchange[0]));
	return m->exchange && cur_done(&c);
}

/* 0: those that its exchanges have, else 1 + how many, and these. */
void
block_put_pairs(struct bytes *to, const struct block_rows *b, struct column_work *w)
{
	uint64_t *v = b->scratch;
	struct exchange_pair of[PAIRS_KEPT];
	bool follows[BLOCK_ROWS] = {false};
	size_t n;

	for (size_t i = 0; i < b->sessions; i++) {
		uint32_t own = block_count(&b->pairs, i);
		const struct exchange_pair *p = own ? b->pairs.pair + b->pairs.at[i] : NULL;

		follows[i] = count_pairs(exchanges_of(b, i), block_count(&b->exchanges, i), of) == own &&
			     (!own || memcmp(of, p, own * sizeof(of[0])) == 0);
		v[i] = follows[i] ? 0 : 1 + own;
	}
	column_put(to, v, b->sessions, w);
	for (unsigned part = 0; part < PAIR_PARTS; part++) {
		n = 0;
		for (size_t i = 0; i < b->sessions; i++)
			for (uint32_t k = 0; !follows[i] && k < block_count(&b->pairs, i); k++)
				v[n++] = zigzag((uint64_t)pair_part(&b->pairs.pair[b->pairs.at[i] + k], part) -
						pair_base(b, i, k, part));
		if (n)
			column_put(to, v, n, w);
	}
}

/* Room for them all, and those that follow; how many are left to read, SIZE_MAX: impossible. */
static size_t
get_pair_counts(struct cur *c, struct block_rows *b, bool *follows)
{
	struct block_many *m = &b->pairs;
	uint64_t *v = b->scratch;
	size_t left = 0;

	if (!column_get(c, v, b->sessions) ||
	    !(m->pair = block_keep(b, (b->sessions + 1) * PAIRS_KEPT * sizeof(*m->pair))))
		return SIZE_MAX;
	m->at[0] = 0;
	for (size_t i = 0; i < b->sessions; i++) {
		uint32_t own = (uint32_t)v[i] - 1;

		follows[i] = v[i] == 0;
		if (v[i] > PAIRS_KEPT + 1)
			return SIZE_MAX;
		if (follows[i])
			own = count_pairs(exchanges_of(b, i), block_count(&b->exchanges, i), m->pair + m->at[i]);
		else
			left += own;
		m->at[i + 1] = m->at[i] + own;
	}
	return left;
}

static bool
get_pair_part(struct cur *c, struct block_rows *b, const bool *follows, unsigned part, size_t n)
{
	const uint64_t *v = b->scratch;

	if (!column_get(c, b->scratch, n))
		return false;
	for (size_t i = 0; i < b->sessions; i++)
		for (uint32_t k = 0; !follows[i] && k < block_count(&b->pairs, i); k++, v++) {
			struct exchange_pair *p = &b->pairs.pair[b->pairs.at[i] + k];
			uint64_t value = pair_base(b, i, k, part) + unzigzag(*v);

			if (value > UINT32_MAX)
				return false;
			*(part == 0 ? &p->request : part == 1 ? &p->response : &p->count) = (uint32_t)value;
		}
	return true;
}

bool
block_get_pairs(struct block_rows *b)
{
	struct block_many *m = &b->pairs;
	struct cur c = m->packed;
	bool follows[BLOCK_ROWS];
	size_t n;

	m->at = block_keep(b, (b->sessions + 1) * sizeof(*m->at));
	if (!m->at || !block_need_before(b) || !block_need_exchanges(b) ||
	    (n = get_pair_counts(&c, b, follows)) == SIZE_MAX)
		return false;
	for (unsigned part = 0; part < PAIR_PARTS && n; part++)
		if (!get_pair_part(&c, b, follows, part, n))
			return false;
	return cur_done(&c);
}
