/*
 * talk: application records become exchanges: request bytes, server time, response bytes, think time.
 *
 * Two application protocols that talk at the same time (HTTP/2, tunnels) blur exchanges; the sums stay right.
 * What every application record does stands in talk.h; here is what a turn of the conversation does.
 */
#include "session/talk.h"

void
talk_init(struct talk *k, unsigned client_side)
{
	memset(k, 0, offsetof(struct talk, kept));
	k->client = (uint8_t)client_side;
}

static inline uint64_t
add_square(uint64_t sum, uint32_t v)
{
	uint64_t total;

	return __builtin_add_overflow(sum, (uint64_t)v * v, &total) ? UINT64_MAX : total;
}

static uint64_t
pair_key(uint32_t request, uint32_t response)
{
	const uint32_t top = (1u << PAIR_SIZE_BITS) - 1;
	uint64_t a = request < top ? request : top, b = response < top ? response : top;

	return a << PAIR_SIZE_BITS | b;
}

/* Space-Saving (Metwally et al. 2005): a newcomer takes over the rarest pair and its count; ties: the first. */
static void
pair_count(struct talk *k, uint64_t key)
{
	const uint64_t counts = (1u << PAIR_COUNT_BITS) - 1;
	unsigned rarest = 0;

	for (unsigned i = 0; i < k->pairs; i++) {
		if (k->pair[i] >> PAIR_COUNT_BITS == key) {
			k->pair[i] += (k->pair[i] & counts) < counts;
			return;
		}
		if ((k->pair[i] & counts) < (k->pair[rarest] & counts))
			rarest = i;
	}
	if (k->pairs < PAIRS_KEPT) {
		k->pair[k->pairs++] = key << PAIR_COUNT_BITS | 1;
		return;
	}
	k->pair[rarest] = key << PAIR_COUNT_BITS | (k->pair[rarest] & counts);
	k->pair[rarest] += (k->pair[rarest] & counts) < counts;
}

void
talk_keep(struct talk *k)
{
	if (k->phase != TALK_SILENT && k->exchanges < EXCHANGES_KEPT)
		k->kept[k->exchanges] =
			(struct exchange){k->request, k->response, k->think_us, k->server_us, k->reply_us};
}

/* Somebody who says the same again and again: nobody's visit to a page, and news before it is over. */
static bool
kept_repeat(const struct talk *k)
{
	enum { SPREAD = 4, OTHERS = 4 }; /* bytes; a landing page before it */
	uint32_t last = k->kept[EXCHANGES_KEPT - 1].request, others = 0;

	for (unsigned i = 0; i < EXCHANGES_KEPT; i++)
		others += k->kept[i].request + SPREAD < last || k->kept[i].request > last + SPREAD;
	return others <= OTHERS;
}

static void
sums_add(struct talk *k)
{
	if (k->exchanges == 0 || k->request < k->request_min)
		k->request_min = k->request;
	if (k->exchanges == 0 || k->response < k->response_min)
		k->response_min = k->response;
	if (k->request > k->request_max)
		k->request_max = k->request;
	if (k->response > k->response_max)
		k->response_max = k->response;
	k->request_bytes += k->request;
	k->response_bytes += k->response;
	k->request_squares = add_square(k->request_squares, k->request);
	k->response_squares = add_square(k->response_squares, k->response);
	pair_count(k, pair_key(k->request, k->response));
	k->exchanges = talk_add(k->exchanges, 1);
	if (k->exchanges == EXCHANGES_KEPT)
		k->repeats = kept_repeat(k);
	k->phase = TALK_SILENT;
}

void
talk_finish(struct talk *k)
{
	if (k->phase != TALK_SILENT)
		sums_add(k);
}

void
talk_begin(struct talk *k, uint32_t think_us)
{
	talk_keep(k);
	talk_finish(k);
	k->request = k->response = k->server_us = k->reply_us = 0;
	k->think_us = think_us;
}

void
talk_record(struct talk *k, const struct tls_event *ev)
{
	if (ev->application)
		talk_plain(k, ev->side, ev->time, ev->plain + ev->crowd_plain,
			   (ev->plain - 1 < TALK_SMALL - 1) + ev->crowd);
}

uint32_t
talk_pairs(const struct talk *k, struct exchange_pair pair[PAIRS_KEPT])
{
	const uint32_t size = (1u << PAIR_SIZE_BITS) - 1, counts = (1u << PAIR_COUNT_BITS) - 1;

	for (uint32_t n = 0; n < k->pairs; n++) {
		uint64_t w = k->pair[n];
		struct exchange_pair p = {(uint32_t)(w >> (PAIR_SIZE_BITS + PAIR_COUNT_BITS)),
					  (uint32_t)(w >> PAIR_COUNT_BITS) & size, (uint32_t)w & counts};
		uint32_t at = n;

		for (; at > 0 && pair[at - 1].count < p.count; at--)
			pair[at] = pair[at - 1];
		pair[at] = p;
	}
	return k->pairs;
}
