/*
 * evaluate: many worlds, one table.
 */
#ifndef TESTS_WORLD_EVALUATE_H
#define TESTS_WORLD_EVALUATE_H

#include "judge.h"

struct options {
	uint32_t seed, seeds, users, clean_users, days, jobs, loss, restart, one_sided, strangers;
	uint8_t kind; /* KINDS: by seed */
	bool evaluate, list, show, lookalikes, clean_only, attacks_only, frames, duplicates, keep;
	const char *behaviour, *variant, *pcap, *golden;
};

int attacks_list(void);
int one_world(const struct options *o);
int evaluate(const struct options *o);
int world_pcap(const struct options *o);               /* an attack begins at 02:00 of the first day */
bool wanted(const struct options *o, unsigned number); /* this attack, by behaviour and variant */
void world_of_seed(struct world *w, struct judge *j, const struct options *o, uint64_t seed, uint32_t users,
		   bool lookalikes);

#endif
