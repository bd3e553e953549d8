/*
 * clock: the sensor with a wall clock that steps when a test says so: linked with --wrap, it adds to the wall clock, and to
 * the stamps of frames, which the kernel takes from the same clock, what the eight bytes of the file GATEWITNESS_CLOCK
 * hold: nanoseconds, as this machine has its numbers.
 *
 * The clock of a machine is everybody's, and a time namespace has none of its own but for what nobody can set.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "sensor/capture_ring.h"

int __real_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
time_t __wrap_time(time_t *to);
bool __real_ring_take(struct ring *r, struct frame *frames, size_t max, size_t *n);
bool __wrap_ring_take(struct ring *r, struct frame *frames, size_t max, size_t *n);

static const volatile int64_t *offset;

/* Before main, for afterwards nobody may open a file. */
__attribute__((constructor)) static void
look(void)
{
	const char *path = getenv("GATEWITNESS_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = fd >= 0 ? mmap(NULL, sizeof(*offset), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	offset = at == MAP_FAILED ? NULL : at;
	if (fd >= 0)
		close(fd);
}

static int64_t
stepped(void)
{
	return offset ? *offset : 0;
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	int result = __real_clock_gettime(clock, t);
	int64_t ns = (int64_t)t->tv_sec * NS_PER_S + t->tv_nsec + stepped();

	if (clock == CLOCK_REALTIME && result == 0)
		*t = (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
	return result;
}

time_t
__wrap_time(time_t *to)
{
	struct timespec t;

	__wrap_clock_gettime(CLOCK_REALTIME, &t);
	if (to)
		*to = t.tv_sec;
	return t.tv_sec;
}

bool
__wrap_ring_take(struct ring *r, struct frame *frames, size_t max, size_t *n)
{
	bool fine = __real_ring_take(r, frames, max, n);

	for (size_t i = 0; i < *n; i++)
		frames[i].time = when_add(frames[i].time, stepped());
	return fine;
}
