/*
 * courier: the life of the process that sends one sink's lines: from the keeper's channel to the receiver, what was
 * acknowledged back.
 *
 * It holds one message of lines at a time and waits for the receiver as long as it takes; the keeper does not wait for it.
 * When it dies, what it had not acknowledged is handed to the next.
 */
#ifndef SENSOR_COURIER_H
#define SENSOR_COURIER_H

#include "sensor/channel.h"
#include "sensor/delivery.h"

/* What else there is to do: called at least each second.  False: end. */
struct courier_duty {
	void *arg;
	bool (*goes_on)(void *arg);
	int wakes; /* a descriptor that is readable when there is something to do, -1: none */
};

enum courier_end { COURIER_STOPPED, COURIER_ALONE /* the keeper is gone */, COURIER_BROKEN, COURIER_NO_MEMORY };

/* Until goes_on says no, or the channel ends. */
enum courier_end courier_work(struct channel *keeper, struct delivery *d, const struct courier_duty *duty);

#endif
