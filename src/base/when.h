/*
 * when: a point in packet time, nanoseconds since 1970-01-01 UTC.
 *
 * A struct, so that a count, a length and a time cannot be mixed up.  Time always comes from a
 * packet or a record; nothing in the core asks a clock.
 */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct when {
	int64_t ns;
};

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

/* Nanoseconds from a to b; negative when b is earlier.  Saturates instead of overflowing. */
static inline int64_t
when_since(struct when b, struct when a)
{
	int64_t d;

	if (__builtin_sub_overflow(b.ns, a.ns, &d))
		return b.ns < a.ns ? INT64_MIN : INT64_MAX;
	return d;
}

static inline struct when
when_add(struct when t, int64_t ns)
{
	int64_t sum;

	if (__builtin_add_overflow(t.ns, ns, &sum))
		sum = ns < 0 ? INT64_MIN : INT64_MAX;
	return (struct when){sum};
}

static inline bool
when_before(struct when a, struct when b)
{
	return a.ns < b.ns;
}

/* "2025-05-01", "2025-05-01T22:00", "2025-05-01T22:00:05.25+02:00": UTC unless an offset is given.  False: no time. */
bool when_parse(struct when *t, const char *text, size_t n);
/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar. */
int64_t when_days_of(int64_t year, int64_t month, int64_t day);
/* "Z", "+02:00", "-0330": seconds east of UTC. */
bool when_parse_offset(const char *text, size_t n, int64_t *seconds);

#endif
