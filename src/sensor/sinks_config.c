/*
 * sinks_config: texts that were checked one by one become sinks; what only fits together is checked here.
 * Must not open a file.
 */
#include "sensor/sinks_config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "sink/format.h"

/* "FILE:LINE: [sink NAME]: WORDS" */
static bool
fail(char error[CONFIG_ERROR_MAX], const struct config *c, const struct config_rule *r, const char *words)
{
	if (r->line)
		snprintf(error, CONFIG_ERROR_MAX, "%.150s:%u: [sink %s]: %.250s", c->pool + r->file, r->line, r->name,
			 words);
	else
		snprintf(error, CONFIG_ERROR_MAX, "[sink %s]: %.250s", r->name, words);
	return false;
}

static int64_t
number_of(const struct config *c, const struct config_rule *r, enum option_key key)
{
	struct option o;
	int64_t n = 0;

	if (option_at(key, &o)) {
		const char *text = config_rule_text(c, r, key);

		(void)option_parse(&o, *text ? text : o.value, &n); /* nothing behind the = is the default */
	}
	return n;
}

/* The path without links and dots, also of a file that is not there yet; as it is where its folder is not. */
static void
whole_path(char to[PATH_MAX], const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char folder[OPTION_TEXT_MAX], whole[PATH_MAX];
	struct out o = out_of(to, PATH_MAX - 1);

	if (realpath(path, to))
		return;
	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
	if (realpath(folder, whole)) {
		out_text(&o, whole);
		out_char(&o, '/');
		out_text(&o, name);
	} else {
		out_text(&o, path);
	}
	*o.p = '\0';
}

/* Devices may be written to by many; whose lines go to standard output would mix them within a buffer. */
static bool
same_file(const char *a, const char *b)
{
	char one[PATH_MAX], two[PATH_MAX];

	if (strcmp(a, "-") == 0 || strcmp(b, "-") == 0)
		return strcmp(a, b) == 0;
	whole_path(one, a);
	whole_path(two, b);
	return strcmp(one, two) == 0 && strncmp(a, "/dev/", 5) != 0;
}

/* Who writes to that file already; NULL: nobody. */
static const char *
taken_by(const struct sinks_wanted *w, const char *eve, const char *path)
{
	for (unsigned i = 0; i < w->count; i++)
		if (same_file(w->sink[i].path, path))
			return w->sink[i].name;
	return eve && same_file(eve, path) ? "eve.file (or --eve)" : NULL;
}

static bool
has_words(char error[CONFIG_ERROR_MAX], const struct config *c, const struct config_rule *r,
	  const struct sink_config *s)
{
	const struct format *f = &FORMAT_LIST[s->format];
	bool strict = strcmp(f->name, "eve") == 0 && config_number(c, OPT_eve_mode) == 1;
	unsigned lacks = s->events & ~(strict ? f->events & ~(unsigned)EVENT_INCIDENT : f->events);
	char words[CONFIG_ERROR_MAX / 2];

	if (!lacks)
		return true;
	snprintf(words, sizeof(words), "format %s%s has no words for %s; leave them out of events, or take ecs or cef",
		 f->name, strict ? " with eve.mode = strict" : "", lacks & EVENT_STATS ? "stats" : "incidents");
	return fail(error, c, r, words);
}

static bool
add(struct sinks_wanted *w, const struct config *c, const struct config_rule *r, const struct sinks_about *about,
    char error[CONFIG_ERROR_MAX])
{
	struct sink_config *s = &w->sink[w->count];
	char words[CONFIG_ERROR_MAX / 2], why[WHERE_ERROR_MAX];
	const char *other;

	if (w->count == SINKS_MAX)
		return fail(error, c, r, "one sink too many: there can be 16");
	*s = (struct sink_config){
		.path = config_rule_text(c, r, OPT_sink_path),
		.kind = (uint8_t)number_of(c, r, OPT_sink_kind),
		.format = (uint8_t)number_of(c, r, OPT_sink_format),
		.events = (uint8_t)number_of(c, r, OPT_sink_events),
		.severity = (uint8_t)number_of(c, r, OPT_sink_severity),
		.anew = about->anew,
		.rotate_size = number_of(c, r, OPT_sink_rotate_size),
		.rotate_ns = number_of(c, r, OPT_sink_rotate_time),
		.rotate_keep = (unsigned)number_of(c, r, OPT_sink_rotate_keep),
		.compress = number_of(c, r, OPT_sink_compress) != 0,
	};
	memcpy(s->name, r->name, sizeof(s->name));
	if (!*s->path)
		return fail(error, c, r, "no path: write where, as in  path = /var/log/gatewitness/alerts.json");
	other = taken_by(w, about->eve, s->path);
	if (other) {
		snprintf(words, sizeof(words),
			 "path %.120s is written to by %.64s already; give each a path of its own", s->path, other);
		return fail(error, c, r, words);
	}
	if (!where_compile(&s->where, config_rule_text(c, r, OPT_sink_where), &WHERE_FINDING, why))
		return fail(error, c, r, why);
	if (about->privacy)
		where_hide(&s->where, &WHERE_FINDING, about->privacy);
	w->count++;
	return has_words(error, c, r, s);
}

bool
sinks_configured(struct sinks_wanted *w, const struct config *c, const struct sinks_about *about,
		 char error[CONFIG_ERROR_MAX])
{
	w->count = 0;
	for (unsigned i = 0; i < c->rules; i++)
		if (c->rule[i].first == OPT_sink_kind && !add(w, c, &c->rule[i], about, error))
			return false;
	return true;
}
