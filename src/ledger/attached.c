/*
 * attached: see attached.h.  Must not believe a name: the bytes are hashed.
 */
#include "ledger/attached.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/day.h"
#include "ledger/kept.h"

/* What settings name files: "list NAME" and "snapshot". */
static const char *const KINDS[] = {"list", "snapshot"};

static bool
path_of(char path[PATH_MAX], const char *folder, const char *kind, const char *hex)
{
	return snprintf(path, PATH_MAX, "%s/%s-%s", folder, kind, hex) < PATH_MAX;
}

bool
attached_put(const char *folder, const char *kind, const void *bytes, size_t n, char hex[ATTACHED_HEX])
{
	struct digest d = digest_of(bytes, n);
	char path[PATH_MAX];

	sign_hex(hex, d.b, sizeof(d.b));
	if (!path_of(path, folder, kind, hex)) {
		errno = ENAMETOOLONG;
		return false;
	}
	return access(path, F_OK) == 0 || kept_replace(path, bytes, n);
}

void *
attached_get(const char *folder, const char *kind, const char *hex, size_t *n)
{
	char path[PATH_MAX], now[ATTACHED_HEX];
	struct digest d;
	void *bytes;

	if (!path_of(path, folder, kind, hex))
		return NULL;
	bytes = kept_read(path, ATTACHED_MAX, n);
	if (!bytes)
		return NULL;
	d = digest_of(bytes, *n);
	sign_hex(now, d.b, sizeof(d.b));
	if (strcmp(now, hex) == 0)
		return bytes;
	free(bytes);
	errno = EBADMSG;
	return NULL;
}

bool
attached_named(const char *name, const char *value, char kind[16], char hex[ATTACHED_HEX])
{
	char state[8];

	for (unsigned i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
		size_t n = strlen(KINDS[i]);

		if (strncmp(name, KINDS[i], n) != 0 || (name[n] && name[n] != ' '))
			continue;
		memcpy(kind, KINDS[i], n + 1);
		return sscanf(value, "%64[0-9a-f] %7s", hex, state) == 2 && strlen(hex) == ATTACHED_HEX - 1 &&
		       strcmp(state, "kept") == 0;
	}
	return false;
}

/* Names that are still wanted, one after the other. */
static bool
want_day(struct bytes *names, struct day *d)
{
	struct statement *s = statement_of(d->summary, "SELECT DISTINCT name, value FROM setting");
	char kind[16], hex[ATTACHED_HEX], name[96];

	while (statement_next(s))
		if (attached_named(column_text(s, 0), column_text(s, 1), kind, hex))
			bytes_add(names, name, (size_t)snprintf(name, sizeof(name), "%s-%s\n", kind, hex));
	return statement_end(s);
}

/* False: a day cannot be read, and then nobody knows. */
static bool
wanted(struct bytes *names, const char *folder)
{
	char error[DATABASE_ERROR_MAX];
	size_t n;
	int64_t *days = days_in(folder, &n);
	bool fine = true;
	struct day d;

	for (size_t i = 0; fine && i < n; i++) {
		fine = day_read(&d, folder, days[i], error);
		if (fine && d.sessions)
			fine = want_day(names, &d);
		if (fine)
			day_close(&d);
	}
	free(days);
	bytes_u8(names, '\0');
	return fine && !names->failed;
}

static bool
is_ours(const char *name)
{
	for (unsigned i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
		size_t n = strlen(KINDS[i]);

		if (strncmp(name, KINDS[i], n) == 0 && name[n] == '-' &&
		    strspn(name + n + 1, "0123456789abcdef") == ATTACHED_HEX - 1 && !name[n + ATTACHED_HEX])
			return true;
	}
	return false;
}

uint64_t
attached_weight(const char *folder)
{
	DIR *dir = opendir(folder);
	char path[PATH_MAX];
	uint64_t sum = 0;
	struct dirent *e;
	struct stat st;

	while (dir && (e = readdir(dir)))
		if (is_ours(e->d_name) && snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) < PATH_MAX &&
		    stat(path, &st) == 0)
			sum += (uint64_t)st.st_size;
	if (dir)
		closedir(dir);
	return sum;
}

void
attached_sweep(const char *folder)
{
	struct bytes names = {.p = NULL};
	DIR *dir = wanted(&names, folder) ? opendir(folder) : NULL;
	char path[PATH_MAX];
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (is_ours(e->d_name) && !strstr((const char *)names.p, e->d_name) &&
		    snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) < PATH_MAX)
			unlink(path);
	if (dir)
		closedir(dir);
	bytes_free(&names);
}
