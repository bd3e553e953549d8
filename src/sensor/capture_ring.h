/*
 * capture_ring: the ring between the kernel and one interface's reader.  The only face of libpcap live.
 */
#ifndef SENSOR_CAPTURE_RING_H
#define SENSOR_CAPTURE_RING_H

#include "sensor/capture.h"

struct ring;

struct ring_config {
	const char *name;
	const char *filter;
	size_t buffer; /* of this ring */
	void *copies;  /* CAPTURE_COPIES bytes that frames are copied into; NULL: its own */
	bool promiscuous, beside;
	struct capture_fan fan; /* group: of this interface */
};

enum ring_end { RING_OPEN, RING_DOWN, RING_NONE, RING_REFUSED };

/* NULL: *end says what kind of failure it is, error is one line. */
struct ring *ring_open(const struct ring_config *cfg, enum ring_end *end, char error[CAPTURE_ERROR_MAX]);
void ring_close(struct ring *r);

/* What is there, at most max frames, without waiting; they live until the next call.  False: it cannot go on. */
bool ring_take(struct ring *r, struct frame *frames, size_t max, size_t *n);
const char *ring_error(const struct ring *r);

int ring_fd(const struct ring *r);
uint32_t ring_link(const struct ring *r);

/* Adds what was counted since it was opened. */
void ring_count(struct ring *r, struct capture_drops *to);

#endif
