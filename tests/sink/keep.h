/*
 * keep: the whole way from an outbox to a receiver, without a sensor: a keeper with an outbox in a file and a courier, a process
 * of its own, that is killed, while the keeper is closed and opened again and its disk is full for a time.
 */
#ifndef TESTS_SINK_KEEP_H
#define TESTS_SINK_KEEP_H

#include "sink/sink.h"

struct keep_plan {
	const char *outbox;
	unsigned kills, restarts; /* of the courier, of the keeper, one after the other through all events */
	unsigned pause_us;        /* between events */
	unsigned give_up_s;
	bool full; /* the disk, while the middle third of the events comes */
};

struct keep_done {
	uint64_t sent, lost, waiting;
	unsigned kills;
	unsigned long courier_kib; /* its own memory: what it shares with who made it does not count */
};

struct keep_done
keep_all(const struct sink_config *sink, const struct sender_event *e, size_t n, const struct keep_plan *plan);

#endif
