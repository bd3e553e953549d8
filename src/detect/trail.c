/*
 * trail: weak evidence about one actor, kept until two kinds of it together are worth an alert; and what alerted by
 * itself, because the incident may be closed when the intruder comes back.
 *
 * Points are the findings' confidence; each detector counts once, with its best.
 */
#include "detect/frame.h"

enum { TRAIL_POINTS = 100, TRAIL_AGE_S = 3 * 86400, TRAIL_KINDS = 4 };

struct kind {
	uint16_t detector;
	uint16_t points;
};

struct trail {
	struct when last;
	struct kind kind[TRAIL_KINDS];
};

uint32_t
trail_payload(void)
{
	return sizeof(struct trail);
}

bool
trail_sound(const void *bytes)
{
	const struct trail *t = bytes;

	for (unsigned i = 0; i < TRAIL_KINDS; i++)
		if (t->kind[i].detector >= DETECTOR_END)
			return false;
	return true;
}

static struct memory_key
trail_key(const struct actor *a, uint8_t gateway)
{
	return (struct memory_key){a->net, a->group, gateway};
}

/* The detector's place; a newcomer takes a free one, or that of the weakest. */
static struct kind *
kind_of(struct trail *t, uint16_t detector)
{
	struct kind *weakest = &t->kind[0];

	for (unsigned i = 0; i < TRAIL_KINDS; i++) {
		if (t->kind[i].detector == detector)
			return &t->kind[i];
		if (t->kind[i].points < weakest->points)
			weakest = &t->kind[i];
	}
	*weakest = (struct kind){detector, 0};
	return weakest;
}

bool
trail_add(struct detect *d, const struct finding *f, const struct actor *a)
{
	const struct memory_key key = trail_key(a, f->gateway);
	unsigned points = 0, kinds = 0;
	bool fresh;
	struct trail *t = memory_use(&d->trails, &key, &fresh);
	struct kind *k;

	if (when_since(f->time, t->last) > TRAIL_AGE_S * NS_PER_S)
		*t = (struct trail){0};
	if (when_before(t->last, f->time))
		t->last = f->time;
	k = kind_of(t, f->detector);
	if (k->points < f->confidence)
		k->points = f->confidence;
	for (unsigned i = 0; i < TRAIL_KINDS; i++) {
		points += t->kind[i].points;
		kinds += t->kind[i].points != 0;
	}
	return kinds >= 2 && points >= TRAIL_POINTS;
}

uint64_t
trail_detectors(const struct detect *d, const struct actor *a, uint8_t gateway)
{
	const struct memory_key key = trail_key(a, gateway);
	const struct trail *t = memory_find(&d->trails, &key);
	uint64_t set = 0;

	for (unsigned i = 0; t && i < TRAIL_KINDS; i++)
		if (t->kind[i].points)
			set |= UINT64_C(1) << t->kind[i].detector;
	return set;
}
