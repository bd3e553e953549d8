/*
 * usual: sizes that many networks reach.  Must not judge.
 */
#include "detect/usual.h"

/* 0: below all; else 1 + class. */
static unsigned
class_of(uint32_t bytes)
{
	unsigned octave = 31 - (unsigned)__builtin_clz(bytes | 1);
	unsigned half = octave ? bytes >> (octave - 1) & 1 : 0;
	unsigned at = octave < USUAL_LOWEST ? 0 : 1 + (octave - USUAL_LOWEST) * 2 + half;

	return at > USUAL_CLASSES ? USUAL_CLASSES : at;
}

/* The first size of the class behind this one. */
static uint32_t
class_end(unsigned at)
{
	unsigned octave = USUAL_LOWEST + (at + 1) / 2;

	return (at + 1) % 2 ? 3u << (octave - 1) : 1u << octave;
}

void
usual_add(struct usual *u, const struct view *v, uint32_t bytes)
{
	uint64_t epoch = (uint64_t)(v->s->time.ns / (30 * 86400 * NS_PER_S)), bit = network_bit(v);
	unsigned at = class_of(bytes);

	if (epoch > u->epoch) {
		for (unsigned i = 0; i < USUAL_CLASSES; i++) {
			u->nets[1][i] = u->nets[0][i];
			u->nets[0][i] = 0;
		}
		u->all[1] = u->all[0];
		u->all[0] = 0;
		u->epoch = epoch;
	}
	u->all[0] |= bit;
	if (at)
		u->nets[0][at - 1] |= bit;
}

uint32_t
usual_most(const struct usual *u)
{
	unsigned needed = networks_needed(u->all[0] | u->all[1]);
	uint64_t set = 0;

	for (unsigned at = USUAL_CLASSES; at > 0; at--) {
		set |= u->nets[0][at - 1] | u->nets[1][at - 1];
		if (set_count(set) >= needed)
			return class_end(at - 1);
	}
	return 0;
}

bool
usual_known(const struct usual *u)
{
	uint64_t all = u->all[0] | u->all[1];

	return set_count(all) >= networks_needed(all);
}
