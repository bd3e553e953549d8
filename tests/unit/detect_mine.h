/*
 * Only findings of the detectors in MINE (a set of DETECTOR_BIT) are collected: others may have their own opinion of a
 * test's traffic.  Include after defining MINE.
 */
#ifndef TESTS_UNIT_DETECT_MINE_H
#define TESTS_UNIT_DETECT_MINE_H

#include "detect_site.h"

static void
mine_finding(void *arg, const struct finding *f, const struct session *s)
{
	if (MINE >> f->detector & 1)
		got_finding(arg, f, s);
}

static inline void
mine_begin(struct site_test *t, size_t memory, int64_t learn_s)
{
	site_begin(t, memory, learn_s);
	t->to.finding = mine_finding;
}

#define site_begin mine_begin

#endif
