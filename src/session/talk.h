/*
 * talk: the state of a conversation while it lasts.  Internal to src/session.
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
	uint8_t client, phase, pairs;
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

/* The exchange going on, to where it will be kept; nothing else changes. */
void talk_keep(struct talk *k);

/* Counts the exchange going on as if it were over. */
void talk_finish(struct talk *k);

/* The commonest pairs, most frequent first; returns how many. */
uint32_t talk_pairs(const struct talk *k, struct exchange_pair pair[PAIRS_KEPT]);

#endif
