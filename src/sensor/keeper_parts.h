/*
 * keeper_parts: what the keeper's files share.  For src/sensor/keeper*.c only.
 */
#ifndef SENSOR_KEEPER_PARTS_H
#define SENSOR_KEEPER_PARTS_H

#include "sensor/keeper.h"

struct slot {
	struct channel *channel; /* NULL: nobody is there */
	struct channel *next;    /* joins when this one's messages are worked in */
	bool lost;               /* nobody waits for it; what it said is still worked in */
	bool over;               /* TAP_END was worked in */
	bool ended;              /* and it has nothing more to send: where frames are kept, TAP_LAST came */
	bool has_head;
	uint8_t type; /* of the head */
	struct tap_stamp stamp;
	uint32_t epoch;                    /* of its beginning */
	struct tap_counts counts, earlier; /* of those that were here before */
	uint64_t recorded;                 /* frames in records of the one that is here */
	uint64_t owed, paid;               /* by those that died: frames that came; of these in records and counters */
	struct gateway_guess guess[GATEWAY_GUESSES];
	size_t guesses;
	bool guessed;
	char error[KEEPER_ERROR_MAX];
};

struct keeper {
	struct watch *watch;
	struct keeper_tell tell;
	unsigned n;
	size_t held;
	struct tap_part part;
	bool heard[GATEWAYS_MAX + 1]; /* gateways that were ever heard */
	uint32_t epoch;
	struct bytes message;
	struct row row;
	struct slot slot[];
};

/* Is it one of those whose turn comes in an order? */
static inline bool
slot_counts(const struct slot *s)
{
	return s->channel && !s->ended && !*s->error;
}

/* It said nonsense, or stopped: nobody waits for it. */
void slot_gone(struct slot *s, const char *why);

/* Who reads what this slot's tap is told; NULL: nobody. */
static inline struct channel *
slot_listens(const struct slot *s)
{
	if (s->next)
		return s->next;
	return s->lost || s->ended ? NULL : s->channel;
}

/* keeper.c: says what was put into the message to a slot that listens. */
void keeper_say(struct keeper *k, struct slot *s, enum tap_says type);

/* keeper_evidence.c: frames of incidents, where any are kept: what each tap keeps; a tap that joins hears of the incidents
   that go on; a slot's end was worked in, and it may have frames to send; a frame that it sent. */
void keeper_evidence(struct keeper *k);
void keeper_evidence_again(struct keeper *k, struct slot *s);
void keeper_ends(struct keeper *k, struct slot *s);
void keeper_picked(struct keeper *k, struct slot *s, struct cur c);

/* keeper_turn.c: the head of this slot goes into the watch, with those of others that are of the same second. */
void keeper_turn(struct keeper *k, struct slot *s);

#endif
