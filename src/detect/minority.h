/*
 * minority: a value that everybody gets, and another that clients of one network alone get while the others go on
 * getting the first.  Internal to src/detect.
 *
 * A change for everybody, and alternatives that reach several networks, are not it.
 */
#ifndef DETECT_MINORITY_H
#define DETECT_MINORITY_H

#include "base/when.h"

#include <stdbool.h>
#include <stdint.h>

enum { MINORITY_NETS = 3, MINORITY_ACCEPTED = 3, MINORITY_AFTER = 3 };

struct minority {
	uint64_t usual, accepted[MINORITY_ACCEPTED];        /* values; accepted: other ones that several networks get */
	uint64_t net[MINORITY_NETS];                        /* networks that got the usual one */
	uint64_t odd, odd_net;                              /* the other value, and who gets it; 0: none */
	uint64_t odd_session[2], after_net[MINORITY_AFTER]; /* after: got the usual one since */
	struct when odd_first, odd_last;
	uint32_t count, odd_count, after; /* after: usual ones since the odd one */
	uint8_t nets, odd_nets, after_nets, accepted_count;
	uint8_t told, reserved[3]; /* told: by the owner */
};

/* What came, to whom. */
struct sighting {
	uint64_t value, net, session;
	uint32_t spread; /* values that differ by no more are equal */
	bool learning;   /* whatever comes is accepted */
	struct when time;
};

void minority_add(struct minority *m, const struct sighting *s);

/* Has it become certain that one network alone is served another value, `times` times? */
bool minority_is(const struct minority *m, uint32_t times);

#endif
