/*
 * talk: the state of a conversation while it lasts.  For src/session, and for the pipeline, which has one for each
 * connection.
 *
 *	SILENT --request--> REQUEST --response--> RESPONSE --request--> (exchange finished) REQUEST ...
 *
 * The first exchanges are kept in full; of all, sums and the commonest pairs remain.  One item a TLS
 * session with data, so every byte here is paid a million times: no padding, no pointers.
 */
#ifndef SESSION_TALK_H
#define SESSION_TALK_H

#include "session/session.h"

enum talk_phase { TALK_SILENT, TALK_REQUEST, TALK_RESPONSE };

enum { TALK_SMALL = 128, PAIR_SIZE_BITS = 22, PAIR_COUNT_BITS = 20 };

struct talk {
	/* What each record touches, together: with many sessions open every cache line is a wait. */
	int64_t last_us;            /* latest application record */
	uint32_t small[2];          /* 0: from the client */
	uint32_t idle_max_us;       /* saturating at 71 minutes, longer than any flow stays open in silence */
	uint32_t request, response; /* of the exchange going on, as the next two */
	uint32_t server_us, reply_us;
	uint8_t client, phase;
	uint8_t pairs : 7, repeats : 1; /* repeats: until it was told that the exchanges kept are nearly all alike */
	bool server_first;
	/* And what the begin and the end of an exchange do. */
	uint32_t think_us;  /* before the exchange going on */
	uint32_t exchanges; /* finished ones; all below is of these */
	uint32_t request_min, request_max, response_min, response_max;
	uint64_t request_bytes, response_bytes, request_squares, response_squares;
	/* A pair in one word: request, response (22 bits each, saturating at 4 MiB), count (20 bits, saturating). */
	uint64_t pair[PAIRS_KEPT];
	/* Last, because nothing is cleared, read or copied of it behind the last exchange. */
	struct exchange kept[EXCHANGES_KEPT];
};
_Static_assert(sizeof(struct talk) <= 480, "a talk is paid for every session");

/* The exchange that goes on is over, another begins. */
void talk_begin(struct talk *k, uint32_t think_us);

/* The exchange going on, to where it will be kept; nothing else changes. */
void talk_keep(struct talk *k);

/* Counts the exchange going on as if it were over. */
void talk_finish(struct talk *k);

/* The commonest pairs, most frequent first; returns how many. */
uint32_t talk_pairs(const struct talk *k, struct exchange_pair pair[PAIRS_KEPT]);

static inline uint32_t
talk_add(uint32_t a, uint32_t b)
{
	uint32_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT32_MAX : sum;
}

static inline bool
talk_request(struct talk *k, uint32_t bytes, uint32_t gap_us)
{
	bool begins = k->phase != TALK_REQUEST;

	if (begins) {
		talk_begin(k, gap_us);
		k->phase = TALK_REQUEST;
	}
	k->request = talk_add(k->request, bytes);
	return begins && k->repeats;
}

static inline void
talk_response(struct talk *k, uint32_t bytes, uint32_t gap_us)
{
	if (k->phase == TALK_SILENT) {
		k->server_first = true;
		talk_begin(k, 0);
	}
	if (k->phase == TALK_REQUEST)
		k->server_us = gap_us;
	else
		k->reply_us = talk_add(k->reply_us, gap_us);
	k->phase = TALK_RESPONSE;
	k->response = talk_add(k->response, bytes);
}

/*
 * So many bytes of plain text were said, in one record or more, `small` of them short.  Of every application record of
 * every session, which is why it is here.  Empty ones only shield old CBC ciphers (BEAST); they are nobody's turn.
 * True: a request begins, and those before it repeat themselves.
 */
static inline bool
talk_plain(struct talk *k, unsigned side, struct when time, uint32_t plain, uint32_t small)
{
	int64_t now_us = time.ns / NS_PER_US, since = now_us - k->last_us;
	uint32_t gap;

	if (plain == 0)
		return false;
	gap = k->phase == TALK_SILENT || since < 0 ? 0 : since > UINT32_MAX ? UINT32_MAX : (uint32_t)since;
	if (k->phase == TALK_SILENT || since > 0)
		k->last_us = now_us;
	if (gap > k->idle_max_us)
		k->idle_max_us = gap;
	if (side == k->client) {
		k->small[0] += small;
		return talk_request(k, plain, gap);
	}
	k->small[1] += small;
	talk_response(k, plain, gap);
	return false;
}

#endif
