/*
 * story: looks for an incident's lines.  Must not print.
 */
#include "cmd/story.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line of a file; true: look on. */
typedef bool line_fn(struct story *s, const char *line, size_t len);

static bool
each_line(struct story *s, line_fn *fn)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	bool on = true;

	for (size_t i = 0; on && i < s->files; i++) {
		FILE *f = s->text ? fmemopen((void *)(uintptr_t)s->text, s->text_len, "r") : fopen(s->file[i], "re");

		if (!f) {
			snprintf(s->error, sizeof(s->error), "%.300s: %s; --eve names a file that the sensor wrote",
				 s->file[i], strerror(errno));
			free(line);
			return false;
		}
		while (on && (len = getline(&line, &room, f)) > 0)
			on = fn(s, line, (size_t)len);
		fclose(f);
	}
	free(line);
	return true;
}

bool
story_is_id(const char *text)
{
	return strlen(text) == STORY_ID && strspn(text, "0123456789abcdef") == STORY_ID;
}

static bool
same(struct text t, const char *text)
{
	return t.p && strcmp(t.p, text) == 0;
}

/* What is ours in a line: the own object, or in strict mode the alert's context. */
const struct json *
story_own(const struct json *line)
{
	const struct json *own = json_in_at(line, "gatewitness");

	return own ? own : json_in_at(json_in_at(json_in_at(line, "alert"), "context"), "gatewitness");
}

const struct json *
story_record(const struct json *line)
{
	const struct json *own = story_own(line), *within = json_in_at(own, "record");

	return within ? within : json_in_text(own, "start").p ? own : NULL;
}

static bool
names(const struct json *array, const char *id)
{
	for (size_t i = 0; i < json_in_count(array); i++)
		if (same(json_in_item_text(array, i), id))
			return true;
	return false;
}

/* Pass 1: which incident the id is, belongs to, or is evidence of. */
static bool
look_for_incident(struct story *s, const char *line, size_t len)
{
	struct json *o = strstr(line, s->id) ? json_in(line, len) : NULL;
	const struct json *own = story_own(o);
	struct text incident = json_in_text(own, "incident");
	bool ours = same(incident, s->id) || same(json_in_text(own, "finding"), s->id) ||
		    names(json_in_at(own, "sessions"), s->id);

	if (ours) /* a finding below an alert stands alone */
		memcpy(s->incident, incident.len == STORY_ID ? incident.p : s->id, STORY_ID);
	json_in_free(o);
	return !*s->incident;
}

static void
name_session(struct story *s, struct text id)
{
	for (size_t i = 0; i < s->sessions; i++)
		if (same(id, s->session_id[i]))
			return;
	if (id.len == STORY_ID && s->sessions < STORY_SESSIONS)
		memcpy(s->session_id[s->sessions++], id.p, STORY_ID);
}

/* Pass 2: everything that was said of it. */
static bool
collect_findings(struct story *s, const char *line, size_t len)
{
	struct json *o = strstr(line, s->incident) ? json_in(line, len) : NULL;
	const struct json *own = story_own(o), *sessions = json_in_at(own, "sessions");
	bool ours = same(json_in_text(own, "incident"), s->incident) ||
		    (!json_in_text(own, "incident").p && same(json_in_text(own, "finding"), s->incident));

	if (ours && same(json_in_text(own, "event"), "incident_closed") && !s->closed) {
		s->closed = o;
		return true;
	}
	if (!ours || !json_in_text(own, "finding").p || s->findings == STORY_FINDINGS) {
		s->more += ours && s->findings == STORY_FINDINGS;
		json_in_free(o);
		return true;
	}
	s->finding[s->findings++] = o;
	for (size_t i = 0; i < json_in_count(sessions); i++)
		name_session(s, json_in_item_text(sessions, i));
	return true;
}

/* Pass 3: the sessions; a later record of one knows more. */
static bool
collect_sessions(struct story *s, const char *line, size_t len)
{
	for (size_t i = 0; i < s->sessions; i++) {
		struct json *o;

		if (!strstr(line, s->session_id[i]) || !(o = json_in(line, len)))
			continue;
		if (same(json_in_text(story_record(o), "id"), s->session_id[i])) {
			json_in_free(s->session[i]);
			s->session[i] = o;
			return true;
		}
		json_in_free(o);
	}
	return true;
}

static int
by_time(const void *a, const void *b)
{
	return strcmp(json_in_text(*(struct json *const *)a, "timestamp").p,
		      json_in_text(*(struct json *const *)b, "timestamp").p);
}

bool
story_find(struct story *s)
{
	if (!each_line(s, look_for_incident))
		return false;
	if (!*s->incident) {
		snprintf(s->error, sizeof(s->error),
			 "%s: no finding, incident or session of a finding in %.300s%s; ids are in the alerts", s->id,
			 s->file[0], s->files > 1 ? " and the others" : "");
		return false;
	}
	if (!each_line(s, collect_findings) || !each_line(s, collect_sessions))
		return false;
	qsort(s->finding, s->findings, sizeof(s->finding[0]), by_time);
	return true;
}

void
story_free(struct story *s)
{
	for (size_t i = 0; i < s->findings; i++)
		json_in_free(s->finding[i]);
	for (size_t i = 0; i < s->sessions; i++)
		json_in_free(s->session[i]);
	json_in_free(s->closed);
}
