/*
 * A portal for tests of what is served: objects of fixed sizes, users of many networks that land and log in.
 */
#ifndef TESTS_UNIT_DETECT_PORTAL_H
#define TESTS_UNIT_DETECT_PORTAL_H

#include "detect_site.h"

enum { OBJECTS = 12 };

static const uint64_t CHROME = 0xc001, FIREFOX = 0xf001, CURL = 0x7001;

struct portal {
	uint32_t object[OBJECTS];
	unsigned objects;
	uint32_t jitter; /* bytes that an answer's size varies by */
};

static inline struct portal
portal_plain(void)
{
	return (struct portal){{2210, 9120, 31040, 88200, 1530, 4460, 12800, 740, 310, 21990, 6170, 402}, OBJECTS, 4};
}

static inline const char *
portal_client(unsigned i)
{
	static char text[32];

	snprintf(text, sizeof(text), "100.%u.%u.%u", 64 + i % 40, i % 200, 1 + i % 99);
	return text;
}

/* The page and its objects, most of them: some are in the browser's cache. */
static inline void
portal_land(struct site_test *t, const struct portal *p, struct session *s)
{
	site_exchange(t, s, 610 + site_random(t, 80), p->object[0] + site_random(t, p->jitter + 1), 0);
	for (unsigned i = 1; i < p->objects; i++)
		if (site_random(t, 6))
			site_exchange(t, s, 420 + 9 * i + site_random(t, 30),
				      p->object[i] + site_random(t, p->jitter + 1), 40);
}

/* A user: lands, logs in, works over another connection. */
static inline void
portal_user(struct site_test *t, const struct portal *p, const char *client, uint64_t program, double seconds)
{
	struct session s = site_session(t, client, program, seconds);

	portal_land(t, p, &s);
	site_exchange(t, &s, 900 + site_random(t, 300), 1480 + site_random(t, 30), 9000);
	site_judge(t, &s);
	s = site_session(t, client, program, seconds + 30);
	for (unsigned i = 0; i < 20; i++)
		site_exchange(t, &s, 500 + site_random(t, 900), 300 + site_random(t, 40000),
			      300 + site_random(t, 9000));
	site_judge(t, &s);
}

/* Days of `users` users, from day `from` on. */
static inline void
portal_days(struct site_test *t, const struct portal *p, unsigned users, unsigned from, unsigned days)
{
	for (unsigned day = from; day < from + days; day++)
		for (unsigned i = 0; i < users; i++)
			portal_user(t, p, portal_client(i + day % 3), i % 3 ? CHROME : FIREFOX,
				    day * (double)DAY + 7 * HOUR + i * 100.0);
}

static inline unsigned
portal_found(const struct site_test *t, unsigned detector, unsigned severity)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->got.findings && i < GOT_MAX; i++)
		n += t->got.finding[i].detector == detector && t->got.finding[i].severity >= severity;
	return n;
}

#endif
