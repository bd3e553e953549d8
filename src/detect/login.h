/*
 * login: what a login looks like at each gateway, learnt from visits that went on to use or a tunnel.
 * Internal to src/detect.
 *
 * Sizes differ by vendor, theme and language, so none is built in.  The marker of a login is the answer to
 * the first exchange of a visit that people or an authentication server had a part in (a pause, a form's contents, a
 * slow answer): what most visits that begin afresh have, and those that do not go on lack.
 */
#ifndef DETECT_LOGIN_H
#define DETECT_LOGIN_H

#include "detect/visit.h"

enum { LOGIN_CLASSES = 20, LOGIN_SCALE = 8 };

/* Answers of about one size. */
struct login_class {
	uint32_t answer;                   /* the first one's size */
	uint32_t request_min, request_max; /* what was asked */
	uint16_t on, off;                  /* visits it began the login of; visits that ended with it */
};

/* One gateway. */
struct login {
	struct login_class class[LOGIN_CLASSES];
	uint32_t fresh, marked;     /* visits that went on, after half a day without: all; those with a marker */
	uint16_t hold[LOGIN_SCALE]; /* server time of the credentials: below 1, 2, 4 .. s */
	uint16_t soon[LOGIN_SCALE]; /* from there to use or tunnel: below 2, 8, 32 .. s */
};

enum login_state {
	LOGIN_UNKNOWN, /* too little was seen */
	LOGIN_LEARNT,
	LOGIN_NONE, /* visits go on without: machine certificates, or logins that are not seen here */
};

void *login_init(struct detect *d, struct carve *c);
size_t login_bytes(void);

enum login_state login_state(const struct detect *d, uint8_t gateway);
const struct login *login_of(const struct detect *d, uint8_t gateway);

/* The step (index) of a visit that was its login, -1: none. */
int login_step(const struct detect *d, const struct visit *w);

/* How likely this hold is here: parts of 256, never 0; the scale's bin of some seconds. */
unsigned login_hold_bin(uint32_t server_ms);

void login_learn_on(struct detect *d, const struct visit *w);
void login_learn_off(struct detect *d, const struct visit *w);

#endif
