/*
 * eve_in: reads lines, keeps records.  Must not stop at a bad line: a sensor that lost its power left one.
 */
#include "cmd/eve_in.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TELL_EVERY = 4096 };

static void
bad(struct eve_in *e, const char *where, uint64_t number, const char *what)
{
	if (e->bad++ == 0)
		snprintf(e->first_bad, sizeof(e->first_bad), "%.300s:%" PRIu64 ": %s", where, number, what);
}

/* The record in our part of a line: it is the part itself, or within; NULL: none, as in a finding. */
static const struct json *
record_of(const struct json *own)
{
	const struct json *record = json_in_at(own, "record");

	if (record)
		return record;
	return json_in_at(own, "kind") && !json_in_at(own, "event") ? own : NULL;
}

static bool
keep(struct eve_in *e, const struct json *record, const char *where, uint64_t number)
{
	const char *wrong = record_in(&e->session, &e->room, record);
	char what[128];

	if (wrong) {
		snprintf(what, sizeof(what), "its session record has no `%s`, or one that cannot be read", wrong);
		bad(e, where, number, what);
		return true;
	}
	if (e->site->count)
		site_role(e->site, &e->session);
	e->records++;
	if (e->session.privacy_key)
		e->privacy_key = e->session.privacy_key;
	if (store_session(e->store, &e->session))
		return true;
	snprintf(e->error, sizeof(e->error), "%.300s: no memory for more records", where);
	return false;
}

static bool
keep_pulse(struct eve_in *e, const struct json *json, const char *where, uint64_t number)
{
	struct pulse pulse;
	const char *wrong = pulse_in(&pulse, json);
	char what[128];

	if (wrong) {
		snprintf(what, sizeof(what), "its pulse has no `%s`, or one that cannot be read", wrong);
		bad(e, where, number, what);
		return true;
	}
	e->pulses++;
	if (store_pulse(e->store, &pulse))
		return true;
	snprintf(e->error, sizeof(e->error), "%.300s: no memory for more pulses", where);
	return false;
}

/* Whatever of ours is in the line. */
static bool
keep_own(struct eve_in *e, const struct json *own, const char *where, uint64_t number)
{
	const struct json *pulse = json_in_at(own, "pulse"), *record = record_of(own);

	if (pulse)
		return keep_pulse(e, pulse, where, number);
	return !record || keep(e, record, where, number);
}

static bool
has(const char *line, size_t n, const char *key)
{
	return memmem(line, n, key, strlen(key)) != NULL;
}

bool
eve_in_line(struct eve_in *e, const char *line, size_t n, const char *where, uint64_t number)
{
	struct json *o;
	bool fine = true;

	while (n && (line[n - 1] == '\n' || line[n - 1] == '\r' || line[n - 1] == ' '))
		n--;
	if (n == 0)
		return true;
	e->lines++;
	if (line[0] != '{' || line[n - 1] != '}') {
		bad(e, where, number, "is not a whole JSON object");
		return true;
	}
	e->eve += has(line, n, "\"event_type\":");
	/* strict mode has it within an alert only, as the first of its context */
	e->own += has(line, n, ",\"gatewitness\":");
	if (!has(line, n, "\"kind\":") &&
	    !has(line, n, "\"pulse\":")) /* most tell of flows that have their record elsewhere: not worth parsing */
		return true;
	o = json_in(line, n);
	if (!o)
		bad(e, where, number, "is not JSON");
	else
		fine = keep_own(e, json_in_at(o, "gatewitness"), where, number);
	json_in_free(o);
	return fine;
}

static bool
read_lines(struct eve_in *e, FILE *f, const char *path)
{
	uint64_t number = 0, bytes = 0;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	bool fine = true;

	while (fine && (n = getline(&line, &room, f)) > 0) {
		fine = eve_in_line(e, line, (size_t)n, path, ++number);
		bytes += (uint64_t)n;
		if (e->progress && number % TELL_EVERY == 0) {
			e->progress(e->arg, path, bytes);
			bytes = 0;
		}
	}
	free(line);
	if (e->progress)
		e->progress(e->arg, path, bytes);
	if (!fine || !ferror(f))
		return fine;
	snprintf(e->error, sizeof(e->error), "%.300s: %s", path, strerror(errno));
	return false;
}

bool
eve_in_file(struct eve_in *e, const char *path)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	bool fine;

	store_source(e->store);
	if (!f) {
		snprintf(e->error, sizeof(e->error), "%.300s: %s; --eve names a file that the sensor wrote", path,
			 strerror(errno));
		return false;
	}
	fine = read_lines(e, f, path);
	if (f != stdin)
		fclose(f);
	return fine;
}
