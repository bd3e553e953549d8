/*
 * bench_traffic: frames of TLS 1.3 conversations with a gateway, made in memory, without end, the same each time.
 *
 *	one conversation, made once --copied with other addresses, ports, numbers--> frames of 256 at a time
 *
 * 192.0.2.10 is the gateway.  A conversation has 74 frames: handshake, eight requests with answers of 7 kB, end.
 * What it must not do: touch a network or a clock.
 */
#ifndef CMD_BENCH_TRAFFIC_H
#define CMD_BENCH_TRAFFIC_H

#include "packet/packet.h"

struct bench_traffic;

/* NULL: no memory. */
struct bench_traffic *bench_traffic_new(void);
void bench_traffic_free(struct bench_traffic *t);

/* The next `n` frames, n <= BENCH_CHUNK; they live until the next call. */
enum { BENCH_CHUNK = 4096 };
const struct frame *bench_traffic_next(struct bench_traffic *t, size_t n);

#endif
