/*
 * store: records of sessions and pulses kept whole, in the order in which they came, to be gone through many times.
 *
 *	struct session (1 kB and borrowed texts) --pack--> what is present, equal texts once --unpack--> the same again
 *
 * Grows as needed; only records of a gateway are worth keeping, the others no detector looks at.
 */
#ifndef CMD_STORE_H
#define CMD_STORE_H

#include "session/session.h"

struct store;

struct store *store_new(void); /* NULL: no memory */
void store_free(struct store *s);

/* A deep copy; without a gateway: nothing.  False: no memory. */
bool store_session(struct store *s, const struct session *record);
bool store_pulse(struct store *s, const struct pulse *pulse);

/* What comes next is another source: after store_merge in its place by time.  Within a source nothing changes places:
   a record's time may be a little before that of the one before it, because time passes in whole seconds. */
void store_source(struct store *s);
void store_merge(struct store *s);

struct store_facts {
	uint64_t sessions, pulses; /* records */
	uint64_t bytes;
	struct when first, last;
	int64_t lasted_ns; /* from first to last, less pauses of more than a day */
};
struct store_facts store_facts(const struct store *s);

/* Item i from 0 on: one of both is set, and lives until the next call.  False: there are no more. */
struct store_item {
	const struct session *session;
	const struct pulse *pulse;
	struct session unpacked;
	struct pulse unpacked_pulse;
	struct exchange exchange[EXCHANGES_KEPT];
	struct exchange_pair pair[PAIRS_KEPT];
};
bool store_at(const struct store *s, uint64_t i, struct store_item *item);

#endif
