/*
 * statics: sizes of answers that many clients of a gateway get alike: pages, scripts, images, error pages, installers.
 * Internal to src/detect.
 *
 *	new --networks--> static --a month or more in silence--> forgotten
 *
 * What a stranger is told can be compared with it: a browser that lands gets these, an intruder's dialogue does not.
 * A network counts a few times only, so that nobody makes a size ordinary alone; sizes are the lengths of TLS records
 * and jitter by some bytes (compression, cookies), so STATIC_STEP bytes are one size.
 */
#ifndef DETECT_STATICS_H
#define DETECT_STATICS_H

#include "detect/visit.h"

enum { STATIC_STEP = 8, STATIC_WAYS = 8 /* a power of two */, STATIC_STRAYS = 2, STATIC_YOUNG_S = 3 * 86400 };
enum static_told { STATIC_NOTED = UINT8_MAX - 1, STATIC_TOLD = UINT8_MAX };

struct static_size {
	uint64_t nets[2]; /* networks of this epoch (30 days) and of the one before in which it was fetched */
	uint64_t days[2]; /* of its last day and of the one before */
	uint32_t began;   /* seconds since 1970: when STATIC_STRAYS networks and one more had fetched it */
	uint32_t last[3]; /* the latest fetches, newest first */
	uint32_t bytes;   /* 0: free */
	int32_t day;
	uint16_t epoch;
	uint8_t active;   /* days on which it was fetched, at most 255 */
	uint8_t visitors; /* fetches by known clients, or in whose visit other objects were loaded, at most 255 */
	uint8_t gateway, is_static;
	uint8_t asked;   /* page_change: networks when it was last looked at, or enum static_told */
	uint8_t changes; /* page_change: how often this object was replaced before */
};
_Static_assert(sizeof(struct static_size) == 64, "a line each");

/* Dynamic answers have every size now and then: so many fetches mean nothing, be it before an object appears or after
   it went. */
_Static_assert(sizeof(((struct static_size *)0)->last) / sizeof(uint32_t) == STATIC_STRAYS + 1, "strays");

/* Of a gateway. */
struct static_gate {
	uint64_t nets[2];
	uint32_t epoch;
	uint32_t sizes;   /* how many became static */
	uint32_t pending; /* place of a new size that many fetch, plus 1: page_change has to look */
	uint32_t fresh;   /* page_change: place, plus 1, of one whose old object is not known yet */
	uint32_t news;    /* page_change: how many there were in this epoch and the one before */
	uint32_t ready; /* 0 or 1: enough are static or were; strangers who get answers of every size do not undo it */
};

struct statics {
	uint32_t sets, evicted;
	struct static_gate *gate; /* by number */
	struct static_size *size; /* sets of STATIC_WAYS */
};

void statics_init(struct detect *d, struct statics *s, struct carve *c, size_t bytes);

/* Adds the answers of a client that lands.  `asked_from`: networks that make a new size worth a look; it is worth
   another when an object was fetched as often as strays could not, since. */
void statics_learn(struct statics *s, const struct view *v, unsigned asked_from);

/* The size within a step of `bytes`, NULL: unknown. */
struct static_size *statics_find(const struct statics *s, uint8_t gateway, uint32_t bytes);

/* The gateway's sizes in the order of their places: the one behind `at` (NULL: the first); NULL: that was all.  Ways are
   taken from the first on and none is given back, so that behind a free one its set is free. */
static inline struct static_size *
statics_next(const struct statics *s, uint8_t gateway, const struct static_size *at)
{
	uint32_t i = at ? (uint32_t)(at - s->size) + 1 : 0;

	while (i < s->sets * STATIC_WAYS) {
		if (s->size[i].bytes && s->size[i].gateway == gateway)
			return &s->size[i];
		i = s->size[i].bytes ? i + 1 : (i | (STATIC_WAYS - 1)) + 1;
	}
	return NULL;
}

/* Is an answer of this size one that many clients get? */
bool static_known(const struct detect *d, uint8_t gateway, uint32_t bytes);

/* Is enough known of what the gateway serves that something else would stand out? */
bool statics_ready(const struct detect *d, uint8_t gateway);

/* A static object of at least so many bytes exists: a smaller answer may be a part of it. */
bool static_larger(const struct detect *d, uint8_t gateway, uint32_t bytes);

/* A static object of about this size exists: this may be its next version. */
bool static_near(const struct detect *d, uint8_t gateway, uint32_t bytes);

/* The client's place in a set of networks (IPv4 /24, IPv6 /48), four of 64 bits at most for one network. */
uint64_t network_bit(const struct view *v);
/* How many networks made such a set: linear counting (Whang et al. 1990), beyond 250 "many". */
unsigned network_count(uint64_t set);
/* How many of the gateway's networks make something ordinary there. */
unsigned networks_needed(uint64_t all);

#endif
