/*
 * monitor: starts the roles, keeps them running, ends them in order, and tells systemd.
 *
 *	each in its order:	start -> READY		one that cannot: its own line on stderr, and nothing has begun
 *	then all:		LINK, START
 *	one dies:		start again after 100 ms, twice that each time, 10 s at most; a minute of work begins anew
 *	SIGHUP:			RELOAD to the keeper and to those that it feeds
 *	SIGTERM, SIGINT:	STOP to taps, then to the keeper, then to the rest, each when those before it have ended
 *
 * Must not read anything but role_note's fixed-size notes.
 */
#ifndef SENSOR_MONITOR_H
#define SENSOR_MONITOR_H

#include "sensor/role.h"

struct monitor_setup {
	const struct role_spec *spec; /* in the order of their start; exactly one is the keeper */
	size_t specs;                 /* at most MONITOR_ROLES_MAX */
	bool keeps_batch;             /* what killed a tap goes to the keeper with the note of its death */
	const char *status;           /* for systemd: "watching eth1" */
	void *arg;
	void (*started)(void *arg);                /* all are at work */
	void (*say)(void *arg, const char *words); /* a line for people: what died, and why */
};

enum { MONITOR_ROLES_MAX = 160 /* taps, keeper, network sinks */ };

/* The exit code: the first error of a role, 0 after a signal; 1 for what is not a role's. */
int monitor_run(const struct monitor_setup *setup);

#endif
