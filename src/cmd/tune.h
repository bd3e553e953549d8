/*
 * tune: what was counted, and how it is told.  Internal to src/cmd/tune*.c.
 *
 *	tune (arguments, traffic) -> tune_replay (values, counts) -> tune_print
 */
#ifndef CMD_TUNE_H
#define CMD_TUNE_H

#include "cmd/common.h"
#include "cmd/store.h"

enum { TUNE_STEPS = 5, TUNE_DETECTORS = 64, TUNE_ROWS = 256 };

/* Alerts of severity medium and above. */
struct tune_alerts {
	uint64_t of[TUNE_DETECTORS]; /* by the detector's place in DETECTORS */
	uint64_t all;
};

/* A parameter over its range; the values ascend. */
struct tune_row {
	unsigned param, detector; /* places in DETECT_PARAMS and DETECTORS */
	unsigned steps, current;  /* of them, which is the configured one */
	int64_t value[TUNE_STEPS];
	uint64_t alerts[TUNE_STEPS]; /* of its detector */
	uint64_t all[TUNE_STEPS];    /* of all detectors: one may take another's place */
};

struct tune_result {
	struct store_facts facts;
	int64_t learn_ns; /* detect.learn */
	bool pulses;      /* there are such: from captures, or with eve.replay */
	bool shown[TUNE_DETECTORS];
	struct tune_alerts now; /* as configured */
	struct tune_row row[TUNE_ROWS];
	unsigned rows;
};

struct tune_wanted {
	struct common *common; /* after common_open */
	const struct store *store;
	const char *detector, *parameter; /* names; NULL: all */
};

/* Fills what is shown, now, and the rows.  False: no memory. */
bool tune_replay(struct tune_result *r, const struct tune_wanted *wanted);

void tune_print(const struct term *t, const struct tune_result *r);
void tune_json(const struct term *t, const struct tune_result *r);

#endif
