/*
 * bench_count: the processor's own counters over a stretch of this process's user code.  The only file that knows
 * perf_event_open.  Many boards and most virtual machines have none, or the kernel keeps them back.
 */
#ifndef CMD_BENCH_COUNT_H
#define CMD_BENCH_COUNT_H

#include <stdbool.h>
#include <stdint.h>

enum bench_counter { COUNT_INSTRUCTIONS, COUNT_CYCLES, COUNT_CACHE_MISSES, BENCH_COUNTERS };

struct bench_count {
	int fd[BENCH_COUNTERS]; /* -1: not there */
};

void bench_count_open(struct bench_count *c);
void bench_count_close(struct bench_count *c);

/* Counts from here to there; several stretches add up. */
void bench_count_on(const struct bench_count *c);
void bench_count_off(const struct bench_count *c);

/* False: not there. */
bool bench_count_read(const struct bench_count *c, enum bench_counter which, uint64_t *value);

#endif
