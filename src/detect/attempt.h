/*
 * attempt: what a failed login looks like from outside, and who makes them.  Internal to src/detect.
 *
 *	request of 100 B to 4 kB, answered by little, from a stranger who loads no pages
 *
 * One of these may be anything.  Many whose requests differ by a name and a password, and whose answers are all alike,
 * are guesses.  So attempts are gathered in heaps: answers alike, requests close together.
 */
#ifndef DETECT_ATTEMPT_H
#define DETECT_ATTEMPT_H

#include "detect/frame.h"

enum {
	HEAP_ANSWERS = 16, /* bytes: answers of a heap are alike */
	HEAP_REQUESTS = 96 /* bytes: requests of a heap are close */
};

/* Attempts alike.  Majorities by Boyer and Moore's vote. */
struct heap {
	uint64_t sizes; /* of requests: size_bit, step 1 */
	uint32_t count, request_min, request_max, answer_min, answer_max;
	uint32_t size, size_votes; /* the commonest request */
};

/* Do its requests differ as names and passwords do?  A tool that asks the same again and again guesses nothing. */
bool heap_varies(const struct heap *h);
void heap_add(struct heap *h, const struct turn *t);

/* Most do not: one comparison tells that an answer is too far off. */
static inline bool
heap_fits(const struct heap *h, const struct turn *t)
{
	return t->answer - h->answer_max + HEAP_ANSWERS <= 2 * HEAP_ANSWERS && h->count &&
	       most(h->answer_max, t->answer) - least(h->answer_min, t->answer) <= HEAP_ANSWERS &&
	       most(h->request_max, t->request) - least(h->request_min, t->request) <= HEAP_REQUESTS;
}

/* Could the record be that of a stranger who only knocks? */
bool attempts_possible(const struct view *v);
bool is_attempt(const struct turn *t);

/* Window, MSS, window scale, and the TTL's class: the TCP stack behind the program. */
uint64_t tcp_signature(const struct session *s);

/* What spray.c counts in this hour, for brute_force.c. */
struct attempts_hour {
	const struct heap *heap; /* the largest; NULL: none */
	uint32_t attempts;       /* all of them */
	uint32_t usual;          /* of other days at this hour */
	uint32_t networks;       /* that the heap came from */
	uint64_t program;        /* that most of it came from; 0: none */
	const uint64_t *session; /* SPRAY_SESSIONS of them */
};
enum { SPRAY_SESSIONS = 4 };
struct attempts_hour attempts_hour(struct detect *d, uint8_t gateway);
/* The most that the heap can have if one program made it: to know before networks are counted. */
uint32_t attempts_alike(struct detect *d, uint8_t gateway);

/* Networks whose guesses were told: the client's is one from now on; was it one in these weeks (spray.c)? */
void guesser_add(struct detect *d, const struct view *v);
bool guesser_has(const struct detect *d, uint8_t gateway, const struct addr *client);

#endif
