/*
 * was: see was.h.  Must not read a file of today in place of one of then.
 */
#include "cmd/was.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/squeeze.h"

static bool
replace(struct was *w, char **text, const char *value)
{
	char *copy;

	if (*text && strcmp(*text, value) == 0)
		return false;
	copy = strdup(value);
	w->failed |= !copy;
	free(*text);
	*text = copy;
	return true;
}

/* A start: what was read again before is no longer in force. */
static enum was_change
take_configuration(struct was *w, const char *value)
{
	bool again = w->rules != NULL;

	free(w->rules);
	w->rules = NULL;
	return replace(w, &w->configuration, value) || again ? WAS_CONFIGURATION : WAS_SAME;
}

static enum was_change
take_list(struct was *w, const char *setting, const char *value)
{
	char kind[16], hex[ATTACHED_HEX] = "";
	bool kept = attached_named(setting, value, kind, hex);
	const char *name = setting + sizeof("list ") - 1;
	size_t i = 0;

	while (i < w->lists && strcmp(w->list[i].name, name) != 0)
		i++;
	if (i == INDICATOR_LISTS || strlen(name) >= CONFIG_NAME_MAX)
		return WAS_SAME;
	if (i == w->lists)
		snprintf(w->list[w->lists++].name, CONFIG_NAME_MAX, "%s", name);
	else if (strcmp(w->list[i].hex, hex) == 0 && w->list[i].kept == kept)
		return WAS_SAME;
	memcpy(w->list[i].hex, hex, sizeof(hex));
	w->list[i].kept = kept;
	bytes_free(&w->list[i].packed);
	return WAS_LIST;
}

enum was_change
was_take(struct was *w, const struct reading_setting *s)
{
	if (strcmp(s->name, "configuration") == 0)
		return take_configuration(w, s->value);
	if (strcmp(s->name, "rules") == 0)
		return replace(w, &w->rules, s->value) ? WAS_RULES : WAS_SAME;
	if (strcmp(s->name, "started") == 0)
		return WAS_START;
	return strncmp(s->name, "list ", 5) == 0 ? take_list(w, s->name, s->value) : WAS_SAME;
}

static bool
before_records(void *arg, const struct reading_setting *s)
{
	struct was *w = arg;

	if (s->sessions && s->row > 0 && w->configuration)
		return false;
	was_take(w, s);
	return true;
}

bool
was_begin(struct was *w, const char *folder, char *error, size_t size)
{
	*w = (struct was){.folder = folder};
	reading_history(folder, w, before_records);
	if (w->configuration && !w->failed)
		return true;
	snprintf(error, size, "%.300s: holds no configuration: --as-was cannot repeat it", folder);
	return false;
}

void
was_free(struct was *w)
{
	free(w->configuration);
	free(w->rules);
	for (size_t i = 0; i < w->lists; i++)
		bytes_free(&w->list[i].packed);
	*w = (struct was){.folder = NULL};
}

bool
was_parse(struct config *c, const char *text)
{
	config_init(c);
	config_begin(c);
	for (const char *line = text, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		if (config_line(c, line, next ? (size_t)(next - line) : strlen(line)) == CONFIG_ERROR)
			return false;
		next = next ? next + 1 : NULL;
	}
	return true;
}

static bool
load(struct was *w, struct was_list *l, char *error, size_t size)
{
	size_t n;
	void *file;
	struct cur c;
	bool fine;

	if (l->packed.p)
		return true;
	errno = ENODATA;
	file = l->kept ? attached_get(w->folder, "list", l->hex, &n) : NULL;
	if (!file) {
		snprintf(error, size,
			 "%.200s: list %.64s as it was then cannot be had: list-%.16s...: %s; without --as-was today's "
			 "lists "
			 "are asked",
			 w->folder, l->name, l->hex, errno == EBADMSG ? "was altered" : strerror(errno));
		return false;
	}
	c = cur_of(file, n);
	fine = unsqueeze(&l->packed, &c, ATTACHED_MAX);
	free(file);
	if (!fine)
		snprintf(error, size, "%.200s: list-%.16s...: cannot be unpacked", w->folder, l->hex);
	return fine;
}

bool
was_lists(struct was *w, struct lists_wanted *want, const char *today, char *error, size_t size)
{
	for (size_t i = 0; i < want->count; i++) {
		struct list_wanted *l = &want->list[i];
		size_t k = 0;

		if (today && strcmp(l->name, today) == 0)
			continue;
		while (k < w->lists && strcmp(w->list[k].name, l->name) != 0)
			k++;
		if (k == w->lists) {
			snprintf(error, size, "%.200s: says nothing of list %.64s, which its configuration names",
				 w->folder, l->name);
			return false;
		}
		if (!load(w, &w->list[k], error, size))
			return false;
		l->kept = bytes_cur(&w->list[k].packed);
	}
	return true;
}
