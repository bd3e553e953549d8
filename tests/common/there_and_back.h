/*
 * there_and_back: a session's journey through JSON, for the fuzz targets of what reads foreign lines.
 */
#ifndef TESTS_COMMON_THERE_AND_BACK_H
#define TESTS_COMMON_THERE_AND_BACK_H

#include <stdlib.h>
#include <string.h>

#include "detect/detect.h"
#include "sensor/record_in.h"

enum { LINE = 1 << 20 };

static inline void
no_finding(void *arg, const struct finding *f, const struct session *s)
{
	(void)s;
	*(size_t *)arg += f->number_count + f->session_count;
}

static inline void
no_close(void *arg, const struct incident *i)
{
	*(size_t *)arg += i->event_count;
}

/* What session_json writes of it reads as what session_json writes. */
static inline void
there_and_back(const struct session *s, char line[2][LINE])
{
	static struct record_room room;
	static struct recent recent[2];
	struct out o = out_of(line[0], LINE), again = out_of(line[1], LINE);
	struct session back;
	struct json *j;

	memset(recent, 0, sizeof(recent));
	session_json(&o, s, &recent[0]);
	if (o.full)
		return;
	j = json_in(line[0], out_len(&o));
	if (!j || record_in(&back, &room, j))
		abort();
	session_json(&again, &back, &recent[1]);
	if (out_len(&o) != out_len(&again) || memcmp(line[0], line[1], out_len(&o)) != 0)
		abort();
	json_in_free(j);
}

#endif
