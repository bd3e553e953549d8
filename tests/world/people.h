/*
 * people: who works from where with which programs, and the ways into the gateway.
 */
#ifndef TESTS_WORLD_PEOPLE_H
#define TESTS_WORLD_PEOPLE_H

#include "world.h"

enum mfa { MFA_NONE, MFA_PUSH, MFA_CODE };

struct person {
	struct world *w;
	struct rng rng;
	uint32_t number;
	struct location home, mobile, trip;
	const struct location *office, *at;
	struct program browser, client, data;
	struct ticket browser_ticket, client_ticket;
	uint8_t mfa, trip_days;
	bool office_worker, leaves_open, busy; /* busy: logging in or working */
	uint32_t headers;                      /* bytes of its browser's headers and cookies beyond the bare request */
	uint32_t name_len;
	int64_t phase; /* when its day begins: night shifts, other time zones */
	int64_t cached_until, cached_at, cookie_until, until, sleep_at, roam_at, call_until;
	struct conn *tunnel, *channel; /* what carries the work; the data channel over UDP */
	void (*then)(struct world *w, struct person *p, int64_t at); /* after a login */
	void (*opened)(struct world *w, struct person *p);           /* a tunnel was opened */
	void *boss;                                                  /* of an intruder: the attack */
	uint32_t far_us;                                             /* behind a relay */
	bool fixed_hold;                                             /* a second factor by script: seconds */
};

/* Somebody who is not of the organisation, or pretends to be one of it. */
struct person *person_new(struct world *w, uint64_t seed, const struct location *at);
struct person *person_of(struct world *w, uint32_t number);
void person_login(struct world *w, struct person *p);

/* login.c: each writes its connections and ends in work_begin */
void login_portal(struct world *w, struct person *p, int64_t at);
void login_saml(struct world *w, struct person *p, int64_t at);
void login_vpn(struct world *w, struct person *p, int64_t at);
void login_protect(struct world *w, struct person *p, int64_t at);
void login_cert(struct world *w, struct person *p, int64_t at);
/* How long a second factor takes at the sensor. */
int64_t mfa_hold(struct person *p);
struct conn *person_dial(struct person *p, int64_t at, bool browser);
void fetch_page(struct person *p, struct conn *c, bool cached);

/* work.c */
void work_begin(struct world *w, struct person *p, int64_t at);
void work_resume(struct world *w, struct person *p, int64_t at); /* by cookie: no login */
/* Rounds of a tunnel's traffic, for others too: `until` ends it. */
void tunnel_round(struct world *w, struct conn *c, struct rng *r, uint32_t pace);
void person_dropped(struct world *w, struct person *p);

#endif
