/*
 * Strangers who knock, and users who come and go, by the day: for tests of detectors that count sources.
 */
#ifndef TESTS_UNIT_DETECT_KNOCK_H
#define TESTS_UNIT_DETECT_KNOCK_H

#include "detect_mine.h"

enum { OFFICE = 0xb001, SCANNERS = 0x5001, GUESSER = 0x7001 };

/* Time passes for the gateway, also where nobody comes. */
static inline void
knock_until(struct site_test *t, double *now, double until)
{
	for (; *now < until; *now += 600) {
		struct pulse p = {.time = at(*now), .gateway = 1};

		detect_pulse(t->d, &p, &t->to);
	}
}

static inline void
knock_source(char source[32], unsigned i)
{
	snprintf(source, 32, "%u.%u.%u.9", 20 + (i >> 16), i >> 8 & 255, i & 255);
}

/* One connection that guesses a name and a password; with a page before it, when `page` is its size. */
static inline void
knock_guess(struct site_test *t, const char *source, uint64_t program, double seconds, uint32_t page)
{
	struct session s = site_session(t, source, program, seconds);

	s.window_src = 64240;
	s.mss_src = 1460;
	s.wscale_src = 8;
	s.ttl_src = 50;
	if (page)
		site_exchange(t, &s, 310, page, 0);
	site_exchange(t, &s, 685 + site_random(t, 31), 1400, 0);
	site_judge(t, &s);
}

/* A day of `users` who load pages and work, of `scans` by strangers with tools of constant requests, and of a few
   users who are new and fail first. */
static inline void
knock_day(struct site_test *t, double *now, unsigned users, unsigned scans)
{
	double begin = *now;
	char source[32];

	for (unsigned hour = 0; hour < 24; hour++) {
		knock_until(t, now, begin + hour * HOUR + 1);
		for (unsigned i = 0; i < scans; i++) {
			knock_source(source, 0x100000 + site_random(t, 60000));
			site_visit(t, source, SCANNERS + i % 5, begin + hour * HOUR + 60 + i * 3,
				   (uint32_t[]){120 + i % 5 * 100, 410});
		}
		for (unsigned i = 0; hour >= 7 && hour < 18 && i < users / 10; i++) {
			snprintf(source, sizeof(source), "100.64.%u.7", site_random(t, users) & 255);
			if (site_random(t, 20) == 0)
				knock_guess(t, source, OFFICE, begin + hour * HOUR + 61 + i * 7, 0);
			site_user(t, source, OFFICE, begin + hour * HOUR + 62 + i * 7);
		}
	}
	knock_until(t, now, begin + DAY);
}

/* A gateway after so many ordinary days, in which nothing was found. */
static inline void
knock_begin(struct site_test *t, double *now, size_t memory, unsigned days)
{
	site_begin(t, memory, 0);
	*now = 0;
	for (unsigned i = 0; i < days; i++)
		knock_day(t, now, 200, 12);
	assert_int_equal(t->got.findings, 0);
}

static inline unsigned
knock_found(const struct site_test *t, enum detector_id id, const struct finding **last)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->got.findings && i < GOT_MAX; i++)
		if (t->got.finding[i].detector == id) {
			n++;
			*last = &t->got.finding[i];
		}
	return n;
}

#endif
