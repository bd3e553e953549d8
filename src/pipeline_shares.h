/*
 * pipeline_shares: how memory.limit is divided.  Internal to the pipeline.
 */
#ifndef PIPELINE_SHARES_H
#define PIPELINE_SHARES_H

#include "pipeline.h"

struct shares {
	size_t fragments;
	struct detect_config detect;
	struct flows_config flows;
	struct tls_config tls; /* tls.fulls is the number of lives, too */
};

/* The fixed shares. */
void shares_begin(struct shares *s, const struct pipeline_config *cfg);

/* What the detectors get of a memory.limit. */
size_t shares_detect(size_t limit);

/* The most connections that fit into `left` bytes; live_bytes: what a connection needs above flow and tls. */
void shares_fit(struct shares *s, size_t left, size_t live_bytes);

#endif
