/*
 * delivery: one sink's sender, opened when it is first needed, with its secret and the time to wait after a failure.
 */
#ifndef SENSOR_DELIVERY_H
#define SENSOR_DELIVERY_H

#include "sink/sink.h"

struct delivery;

/* What cfg points to must outlive it.  NULL: no memory. */
struct delivery *delivery_new(const struct sink_config *cfg);
void delivery_free(struct delivery *d);

/* Between two sends: certificates and the secret are read again before the next. */
void delivery_renew(struct delivery *d);

/* At most as many of them as the sink's batch; r->acknowledged says how many went.  After a failure a secret or certificate that
   was replaced is taken, without delivery_renew. */
void delivery_send(struct delivery *d, const struct sender_event *e, size_t n, struct sender_result *r);

/* How long to wait after SENDER_AGAIN: a second, then twice as long each time, a minute at most, half of it up or down, so
   that many sensors do not come back to a receiver at once. */
int64_t delivery_wait_ns(struct delivery *d);

#endif
