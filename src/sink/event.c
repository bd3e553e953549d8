/*
 * event: the words of event.def.  Pure.
 */
#include "sink/event.h"

const char EVENT_NAMES[] =
#define EVENT(name, bit, one, many) "|" many
#include "sink/event.def"
#undef EVENT
	;

static const struct {
	unsigned bit;
	struct event_words words;
} EVENTS[] = {
#define EVENT(name, bit, one, many) {bit, {one, many}},
#include "sink/event.def"
#undef EVENT
};
enum { EVENT_COUNT = sizeof(EVENTS) / sizeof(EVENTS[0]) };

struct event_words
event_words(unsigned kinds)
{
	for (unsigned i = 0; i < EVENT_COUNT; i++)
		if (kinds & EVENTS[i].bit)
			return EVENTS[i].words;
	return event_words(EVENT_SESSION); /* a line of one */
}
