/*
 * story: the lines that tell of one incident, found in EVE files.
 *
 *	id --> incident --> its findings, by time --> the sessions they name
 *
 * Three passes over the files, so that any number of lines can be looked through in little memory.
 */
#ifndef CMD_STORY_H
#define CMD_STORY_H

#include "sensor/json_in.h"

enum { STORY_ID = 16, STORY_FILES = 256, STORY_FINDINGS = 256, STORY_SESSIONS = 32 };

struct story {
	const char *file[STORY_FILES];
	size_t files;
	const char *text; /* the lines of the one file, in memory; NULL: in the files */
	size_t text_len;
	char id[STORY_ID + 1]; /* of a finding, an incident, or a session that a finding names */
	char incident[STORY_ID + 1];
	struct json *finding[STORY_FINDINGS]; /* whole lines */
	struct json *session[STORY_SESSIONS]; /* the last line of each; NULL: not in these files */
	struct json *closed;                  /* NULL: not closed */
	char session_id[STORY_SESSIONS][STORY_ID + 1];
	size_t findings, sessions, more; /* more: findings that found no room */
	char error[512];                 /* one line */
};

/* From `file` and `id`.  False: s->error. */
bool story_find(struct story *s);
void story_free(struct story *s);

bool story_is_id(const char *text);

/* story_print.c: for a person, or as one JSON object. */
struct term;
void story_print(const struct term *t, const struct story *s);
void story_json(const struct term *t, const struct story *s);

/* What is ours in a line: the own object, or in strict mode the alert's context; NULL: nothing. */
const struct json *story_own(const struct json *line);

/* The session record in a line, also of a session that goes on.  NULL: none. */
const struct json *story_record(const struct json *line);

#endif
