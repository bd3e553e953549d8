/*
 * config_file: reads configuration files and the folders that they include.
 */
#include "sensor/config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { INCLUDE_DEPTH = 4 };

static bool read_file(struct config *c, const char *path, unsigned depth);

/* Puts "FILE:LINE: " before the error. */
static bool
fail_at(struct config *c, const char *path, unsigned line)
{
	char words[CONFIG_ERROR_MAX];

	memcpy(words, c->error, sizeof(words));
	snprintf(c->error, sizeof(c->error), "%.150s:%u: %.340s", path, line, words);
	return false;
}

static bool
fail(struct config *c, const char *path, const char *why)
{
	snprintf(c->error, sizeof(c->error), "%.200s: %.200s", path, why);
	return false;
}

static int
is_conf(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 5 && d->d_name[0] != '.' && strcmp(d->d_name + n - 5, ".conf") == 0;
}

/* A name beside the including file. */
static void
path_beside(char *to, size_t n, const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');
	int folder = slash && *name != '/' ? (int)(slash - file + 1) : 0;

	snprintf(to, n, "%.*s%s", folder, file, name);
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool
read_folder(struct config *c, const char *from, unsigned depth)
{
	char folder[2 * OPTION_TEXT_MAX], path[3 * OPTION_TEXT_MAX];
	struct dirent **list;
	bool fine = true;
	int n;

	path_beside(folder, sizeof(folder), from, c->include);
	n = scandir(folder, &list, is_conf, by_name);
	if (n < 0 && errno == ENOTDIR)
		return read_file(c, folder, depth + 1);
	if (n < 0)
		return fail(c, folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, list[i]->d_name);
		fine = fine && read_file(c, path, depth + 1);
		free(list[i]);
	}
	free(list);
	config_begin(c);
	return fine;
}

static bool
read_lines(struct config *c, FILE *f, const char *path, unsigned depth)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	bool fine = true;

	config_begin(c);
	for (unsigned at = 1; fine && (n = getline(&line, &room, f)) >= 0; at++) {
		size_t len = (size_t)n;

		c->file = path;
		c->line = at;
		while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			len--;
		switch (config_line(c, line, len)) {
		case CONFIG_FINE:
			break;
		case CONFIG_INCLUDE:
			fine = read_folder(c, path, depth);
			break;
		case CONFIG_ERROR:
			fine = fail_at(c, path, at);
			break;
		}
	}
	if (fine && ferror(f))
		fine = fail(c, path, strerror(errno));
	free(line);
	return fine;
}

static bool
read_file(struct config *c, const char *path, unsigned depth)
{
	FILE *f;
	bool fine;

	if (depth > INCLUDE_DEPTH)
		return fail(c, path, "included too deep: does it include itself?");
	f = fopen(path, "re");
	if (!f)
		return fail(c, path, strerror(errno));
	fine = read_lines(c, f, path, depth);
	fclose(f);
	return fine;
}

bool
config_file(struct config *c, const char *path)
{
	bool fine = read_file(c, path, 0);

	c->file = NULL;
	c->line = 0;
	return fine;
}
