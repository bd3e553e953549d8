/*
 * clock: see clock.h.  Must not say what time it is for the traffic: packets do.
 */
#include "sensor/clock.h"

#include <sys/timex.h>
#include <time.h>

static int64_t
now_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t
clock_now_ns(void)
{
	return now_of(CLOCK_MONOTONIC);
}

struct when
clock_wall(void)
{
	return (struct when){now_of(CLOCK_REALTIME)};
}

bool
clock_is_kept_right(void)
{
	struct timex t = {.modes = 0};

	return adjtimex(&t) >= 0 && !(t.status & STA_UNSYNC);
}
