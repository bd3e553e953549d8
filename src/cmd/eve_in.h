/*
 * eve_in: the records of sessions, and the pulses, in EVE files that the sensor wrote in extended mode, into a store.
 *
 *	tls, quic, flow		a session's last record, under `gatewitness`
 *	gatewitness		a session that goes on (eve.updates) or just began (eve.replay), under
 *				`gatewitness.record`; a pulse (eve.replay) under `gatewitness.pulse`
 *
 * Files in any order, rotated or of several sensors.
 */
#ifndef CMD_EVE_IN_H
#define CMD_EVE_IN_H

#include "cmd/store.h"
#include "sensor/record_in.h"
#include "session/site.h"

enum { EVE_IN_ERROR_MAX = 640 };

struct eve_in {
	struct store *store;
	const struct site *site; /* whose addresses are the gateways'; count 0: as the sensor said */
	void (*progress)(void *arg, const char *file, uint64_t bytes); /* more of it; may be NULL */
	void *arg;
	/* what was found */
	uint64_t lines, records, pulses;
	uint64_t privacy_key;             /* under which addresses of the last such record are pseudonyms */
	uint64_t bad;                     /* lines that are no JSON, or whose record is none */
	uint64_t eve, own;                /* lines that are EVE by their looks; with what only extended mode has */
	char first_bad[EVE_IN_ERROR_MAX]; /* where, and what is wrong with it */
	char error[EVE_IN_ERROR_MAX];
	struct session session;
	struct record_room room;
};

/* False: e->error. */
bool eve_in_file(struct eve_in *e, const char *path);

/* One line, with its end or without; `where` for messages.  False: no memory. */
bool eve_in_line(struct eve_in *e, const char *line, size_t n, const char *where, uint64_t number);

#endif
