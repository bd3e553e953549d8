/*
 * answers: see answers.h.
 */
#include "sink/answers.h"

#include <stdlib.h>

bool
answers_init(struct answers *a, size_t most)
{
	*a = (struct answers){.of = calloc(most, sizeof(*a->of))};
	return a->of != NULL;
}

void
answers_fini(struct answers *a)
{
	free(a->of);
	a->of = NULL;
}

void
answers_begin(struct answers *a)
{
	a->count = a->next = 0;
}

void
answers_expect(struct answers *a, int id)
{
	a->of[a->count++] = (struct answer){id, ANSWERS_WAITING};
}

/* They come in the order of what was sent: the next one is where the last was found. */
bool
answers_take(struct answers *a, int id, int reason)
{
	for (size_t i = 0; i < a->count; i++) {
		struct answer *one = &a->of[(a->next + i) % a->count];

		if (one->id != id || one->reason != ANSWERS_WAITING)
			continue;
		one->reason = reason;
		a->next += i + 1;
		return true;
	}
	return false;
}

bool
answers_whole(const struct answers *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->of[i].reason == ANSWERS_WAITING)
			return false;
	return true;
}

void
answers_end(struct answers *a)
{
	a->settled = a->count;
	a->count = 0;
}

int
answers_to(const struct answers *a, size_t i)
{
	return i < a->settled ? a->of[i].reason : ANSWERS_WAITING;
}
