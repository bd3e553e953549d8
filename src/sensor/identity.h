/*
 * identity: identity.key: under which session ids, tickets and PSK identities are hashed.
 *
 *	public		a constant that everybody has: two reads of one capture, anywhere, agree
 *	32 hex digits	the site's own, the same on all its sensors
 *	kept		made at the first start of run, and read from its file ever since
 *	random		of this run only
 *	auto		read: public; run: kept where there is a place for it, else random
 */
#ifndef SENSOR_IDENTITY_H
#define SENSOR_IDENTITY_H

#include "base/hash.h"
#include "sensor/config.h"

extern const struct hash_key IDENTITY_PUBLIC;

struct identity {
	struct hash_key key;
	uint64_t id;   /* in every record: what was made under different keys is not compared */
	bool run_only; /* the next run has another one */
};

/* live: run, which may make the kept key.  False: words are one line of what, where and how to mend. */
bool identity_take(struct identity *to, const struct config *c, bool live, char *words, size_t size);

#endif
