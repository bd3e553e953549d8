/*
 * recent: the texts of times and addresses written a moment ago, so that a record is not spelt out twice.
 *
 * A session's lines name its times and its two addresses again and again, a flood's thousands of sessions those of one
 * millisecond and one gateway.  Two small direct-mapped tables; what they hold changes no byte of what is written.
 */
#ifndef BASE_RECENT_H
#define BASE_RECENT_H

#include "base/out.h"
#include "base/ready.h"

enum { RECENT_TIME_BITS = 3, RECENT_ADDR_BITS = 4 };
/* Both writers may touch so many bytes, whatever the length of what they write. */
enum { RECENT_TIME_ROOM = 32, RECENT_ADDR_ROOM = 47 };

struct recent_time {
	int64_t ns;
	char text[RECENT_TIME_ROOM]; /* first byte 0: nothing yet */
};

struct recent_addr {
	struct addr addr;
	uint8_t len; /* 0: nothing yet */
	char text[RECENT_ADDR_ROOM];
};

/* All zero at first. */
struct recent {
	struct ready *ready; /* whole runs of members; NULL: none are kept */
	struct out_day day;
	struct recent_time time[1 << RECENT_TIME_BITS];
	struct recent_addr addr[1 << RECENT_ADDR_BITS];
};

void recent_time_make(struct recent *k, struct recent_time *slot, struct when t);
void recent_addr_make(struct recent_addr *slot, const struct addr *a);

/* Each returns where it ended. */
static inline char *
recent_time(struct recent *k, char *p, struct when t)
{
	struct recent_time *slot = &k->time[(uint64_t)t.ns * UINT64_C(0x9e3779b97f4a7c15) >> (64 - RECENT_TIME_BITS)];

	if (slot->ns != t.ns || !slot->text[0])
		recent_time_make(k, slot, t);
	memcpy(p, slot->text, RECENT_TIME_ROOM);
	return p + PUT_TIME_MAX;
}

static inline char *
recent_addr(struct recent *k, char *p, const struct addr *a)
{
	struct recent_addr *slot;
	uint64_t w[2];

	memcpy(w, a->b, sizeof(w));
	slot = &k->addr[(w[0] ^ w[1]) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - RECENT_ADDR_BITS)];
	if (!addr_same(&slot->addr, a) || !slot->len)
		recent_addr_make(slot, a);
	memcpy(p, slot->text, RECENT_ADDR_ROOM);
	return p + slot->len;
}

#endif
