/*
 * outage: what is known of a gateway's last outage, for whoever looks for its cause.  Internal to src/detect.
 */
#ifndef DETECT_OUTAGE_H
#define DETECT_OUTAGE_H

#include "detect/frame.h"

/* What an operator may have noted down as the cause. */
enum { OUTAGE_FACTS = 1 << FACT_PATCHED | 1 << FACT_FAILOVER | 1 << FACT_UPGRADE | 1 << FACT_SESSIONS_KILLED };

/* Until when it answered, while it is out or just back; 0: all is well. */
struct when outage_since(const struct detect *d, uint8_t gateway);

/* Was one told in the last `window_s` that was more than some seconds of silence which connections outlived? */
bool outage_was_long(const struct detect *d, uint8_t gateway, struct when now, int64_t window_s);

/*
 * crash.c: looks at what came before the outage that began at `down`.  `over`: the gateway is back and the records of
 * what was going on have come, so this is the last look; `lost`: connections died of it.  True: the same hand was
 * there before an earlier outage.
 */
bool crash_review(struct detect *d, uint8_t gateway, struct when down, bool over, bool lost);

#endif
