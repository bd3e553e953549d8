/*
 * duty: a role's side of its notes with the monitor.
 *
 *	confine_rights, open, confine_surface -> duty_begin -> work, with duty_poll between pieces of it -> exit code
 */
#ifndef SENSOR_DUTY_H
#define SENSOR_DUTY_H

#include "sensor/role_note.h"

struct duty {
	bool stop;   /* end in order: the monitor says so, or is gone */
	bool reload; /* asked for; whoever did it clears it with duty_reloaded */
	void *arg;
	/* A new connection to that role, ours to close; NULL: none is wanted. */
	void (*link)(void *arg, const struct role_self *to, int fd);
	/* A role did nothing between note->from and note->until; fd: the batch that it died of (batch.h), -1: not known.
	   NULL: not told. */
	void (*died)(void *arg, const struct role_note *note, int fd);
	int64_t alive_at; /* of the caller's clock */
};

/* First thing: what a terminal sends to all its processes is the monitor's to decide. */
void duty_take_over(void);

/* All is open and confined: says so and waits for the start of all.  False: it does not come. */
bool duty_begin(struct duty *d);

/* Takes notes that came, without waiting, and gives a sign of life each second of now_ns, a monotonic clock. */
void duty_poll(struct duty *d, int64_t now_ns);

void duty_reloaded(struct duty *d, bool fine);

#endif
