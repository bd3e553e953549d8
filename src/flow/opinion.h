/*
 * opinion: what was said of a conversation, to be said again of the next one with the same face.
 *
 * A face is a number for all that an opinion can rest on: a program's hello, the name in it, the server, and where the
 * client is.  Thousands of visits have the same, and asking nDPI of each of them costs more than everything else
 * that is done with it.  An opinion grows old, and falls at once when the server answers another way than it did.
 * Internal to src/flow.  Must not know what an opinion says.
 */
#ifndef FLOW_OPINION_H
#define FLOW_OPINION_H

#include <stdint.h>

#include "base/when.h"

enum { OPINIONS = 4096, OPINION_S = 60 };

struct opinion {
	uint64_t face; /* 0: none */
	uint64_t server;
	struct when given;
	uint32_t answer;
};

struct opinions {
	struct opinion of[OPINIONS]; /* cleared at first */
};

/* The answer; 0: none yet, or too old. */
uint32_t opinion_of(const struct opinions *o, uint64_t face, struct when now);
void opinion_keep(struct opinions *o, uint64_t face, uint32_t answer, struct when now);
/* How the server has answered a conversation with this face: the same number for the same way. */
void opinion_server(struct opinions *o, uint64_t face, uint64_t server);

#endif
