/*
 * gateways: who the likely gateways are, when nobody says: servers that many clients speak TLS to.
 *
 * A bounded table of (address, port) that were sent ClientHellos; distinct clients by a small sketch.
 * Looks at the first bytes of single packets only: a guess to be shown, not a record.
 */
#ifndef SENSOR_GATEWAYS_H
#define SENSOR_GATEWAYS_H

#include "pipeline.h"

struct gateways;

/* NULL: no memory. */
struct gateways *gateways_new(const struct hash_key *key);
void gateways_free(struct gateways *g);

/* Looks at one frame. */
void gateways_look(struct gateways *g, const struct frame *f);

/* Are a few servers so far ahead that looking on will not change it? */
bool gateways_clear(const struct gateways *g);

/* A likely gateway and why. */
struct gateway_guess {
	struct addr addr;
	uint16_t port;     /* the commonest */
	uint32_t clients;  /* distinct, estimated */
	uint64_t sessions; /* ClientHellos to it */
	unsigned percent;  /* of all ClientHellos */
};

enum { GATEWAY_GUESSES = 4 };

/* The likely gateways, best first; 0: nobody stands out. */
size_t gateways_guess(const struct gateways *g, struct gateway_guess *to, size_t max);

/* The same of what several found, each with clients of its own: `all`, in any order. */
size_t gateways_combine(const struct gateway_guess *all, size_t n, struct gateway_guess *to, size_t max);

#endif
