/*
 * bench_count: see the header.
 */
#include "cmd/bench_count.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint64_t CONFIG[] = {
	[COUNT_INSTRUCTIONS] = PERF_COUNT_HW_INSTRUCTIONS,
	[COUNT_CYCLES] = PERF_COUNT_HW_CPU_CYCLES,
	[COUNT_CACHE_MISSES] = PERF_COUNT_HW_CACHE_MISSES,
};

void
bench_count_open(struct bench_count *c)
{
	for (unsigned i = 0; i < BENCH_COUNTERS; i++) {
		struct perf_event_attr attr = {.type = PERF_TYPE_HARDWARE,
					       .size = sizeof(attr),
					       .config = CONFIG[i],
					       .disabled = 1,
					       .exclude_kernel = 1,
					       .exclude_hv = 1};

		c->fd[i] = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	}
}

void
bench_count_close(struct bench_count *c)
{
	for (unsigned i = 0; i < BENCH_COUNTERS; i++)
		if (c->fd[i] >= 0)
			close(c->fd[i]);
}

static void
all(const struct bench_count *c, unsigned long request)
{
	for (unsigned i = 0; i < BENCH_COUNTERS; i++)
		if (c->fd[i] >= 0)
			ioctl(c->fd[i], request, 0);
}

void
bench_count_on(const struct bench_count *c)
{
	all(c, PERF_EVENT_IOC_ENABLE);
}

void
bench_count_off(const struct bench_count *c)
{
	all(c, PERF_EVENT_IOC_DISABLE);
}

bool
bench_count_read(const struct bench_count *c, enum bench_counter which, uint64_t *value)
{
	return c->fd[which] >= 0 && read(c->fd[which], value, sizeof(*value)) == (ssize_t)sizeof(*value) && *value > 0;
}
