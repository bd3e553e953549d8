/*
 * run_crash: what killed a tap is kept for those who mend it: crash-TIME.pcap in the ledger's folder `crashes`.
 */
#ifndef CMD_RUN_CRASH_H
#define CMD_RUN_CRASH_H

#include "cmd/keep.h"

enum { RUN_CRASHES_MAX = 16 };

/* The folder is made, where there is a ledger and capture.crashes says so; before the folder's folder is all that is left. */
bool run_crash_wanted(const struct common *c);

/* fd: the batch (sensor/batch.h); at: when it died.  What is kept, and what is not, is told. */
void run_crash_keep(const struct keep *k, struct common *c, int fd, struct when at);

#endif
