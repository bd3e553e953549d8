/*
 * ledgers: see ledgers.h.
 */
#include "cmd/ledgers.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ledger/day.h"

static bool
add(struct ledgers *l, const char *folder)
{
	char **more = realloc(l->folder, (l->n + 1) * sizeof(*more));

	if (!more)
		return false;
	l->folder = more;
	l->folder[l->n] = strdup(folder);
	return l->folder[l->n] && ++l->n;
}

/* A part of an import is none: it was cut short. */
static bool
is_import(const char *path)
{
	size_t n = strlen(path);

	return n < 5 || strcmp(path + n - 5, ".part") != 0;
}

bool
ledgers_find(struct ledgers *l, const char *folder, char *error, size_t size)
{
	char pattern[PATH_MAX], seals[PATH_MAX];
	struct stat st;
	size_t days;
	glob_t g;

	*l = (struct ledgers){.n = 0};
	if (stat(folder, &st) < 0) {
		snprintf(error, size, "%.300s: %s", folder, strerror(errno));
		return false;
	}
	free(days_in(folder, &days));
	if (snprintf(seals, sizeof(seals), "%s/seals", folder) < PATH_MAX && (days || stat(seals, &st) == 0))
		add(l, folder);
	if (snprintf(pattern, sizeof(pattern), "%s/import-*", folder) < PATH_MAX && glob(pattern, 0, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			if (is_import(g.gl_pathv[i]))
				add(l, g.gl_pathv[i]);
		globfree(&g);
	}
	if (!l->n)
		snprintf(error, size, "%.300s: holds no ledger; name the folder that --ledger had", folder);
	return l->n > 0;
}

void
ledgers_free(struct ledgers *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->folder[i]);
	free(l->folder);
	*l = (struct ledgers){.n = 0};
}
