/*
 * config_edit: lines of a file, and the dance that replaces it.
 */
#include "sensor/config_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EDIT_MAX = 1 << 20 };

static bool
fail(struct edit *e, const char *path, const char *why)
{
	snprintf(e->error, sizeof(e->error), "%.200s: %.250s", path, why);
	return false;
}

bool
edit_read(struct edit *e, const char *path)
{
	FILE *f = fopen(path, "re");

	*e = (struct edit){.text = malloc(EDIT_MAX)};
	if (!e->text) {
		if (f)
			fclose(f);
		return fail(e, path, "no memory");
	}
	if (!f)
		return errno == ENOENT || fail(e, path, strerror(errno));
	e->len = fread(e->text, 1, EDIT_MAX, f);
	if (ferror(f))
		fail(e, path, strerror(errno));
	else if (e->len == EDIT_MAX)
		fail(e, path, "is larger than a configuration can be (1 MiB)");
	fclose(f);
	return e->error[0] == '\0';
}

void
edit_free(struct edit *e)
{
	free(e->text);
	*e = (struct edit){0};
}

bool
edit_append(struct edit *e, const char *section, size_t len)
{
	bool ends = e->len == 0 || e->text[e->len - 1] == '\n';

	if (len + 2 > EDIT_MAX - e->len)
		return fail(e, "the file", "has no room for another section (1 MiB)");
	if (!ends)
		e->text[e->len++] = '\n';
	if (e->len)
		e->text[e->len++] = '\n';
	memcpy(e->text + e->len, section, len);
	e->len += len;
	return true;
}

/* The line's length with its end. */
static size_t
line_len(const struct edit *e, size_t at)
{
	const char *end = memchr(e->text + at, '\n', e->len - at);

	return end ? (size_t)(end - e->text) - at + 1 : e->len - at;
}

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Is the line "[SECTION NAME]", with whatever blanks? */
static bool
is_header(const char *line, size_t n, const char *section, const char *name)
{
	char have[2][CONFIG_NAME_MAX] = {"", ""};
	char copy[3 * CONFIG_NAME_MAX];

	if (n >= sizeof(copy))
		return false;
	memcpy(copy, line, n);
	copy[n] = '\0';
	return sscanf(copy, " [ %63[^] \t] %63[^] \t] ]", have[0], have[1]) == 2 && strcmp(have[0], section) == 0 &&
	       strcmp(have[1], name) == 0;
}

/* The first character that is no blank; at its end '\n'. */
static char
begins_with(const char *line, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_one_of(line[i], " \t\r"))
			return line[i];
	return '\n';
}

bool
edit_remove(struct edit *e, const char *section, const char *name)
{
	size_t at = 0, from = e->len, until;

	for (; at < e->len && from == e->len; at += line_len(e, at))
		if (is_header(e->text + at, line_len(e, at), section, name))
			from = at;
	if (from == e->len)
		return false;
	/* comments and empty lines above the next section are its own */
	for (until = at; at < e->len && begins_with(e->text + at, line_len(e, at)) != '['; at += line_len(e, at))
		if (!is_one_of(begins_with(e->text + at, line_len(e, at)), "#;\n"))
			until = at + line_len(e, at);
	if (at == e->len)
		until = e->len;
	memmove(e->text + from, e->text + until, e->len - until);
	e->len -= until - from;
	return true;
}

static bool
write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

/* FILE.new with the text, on the disk, readable by whoever could read FILE. */
static bool
write_new(struct edit *e, const char *path, const char *fresh)
{
	struct stat was;
	mode_t mode = stat(path, &was) == 0 ? was.st_mode & 0777 : 0644;
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	bool fine;

	if (fd < 0 && errno == EEXIST)
		return fail(e, fresh, "is there: another change is going on, or was broken off; if so, remove it");
	if (fd < 0)
		return fail(e, fresh, strerror(errno));
	fine = write_all(fd, e->text, e->len) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
	if (!fine)
		fail(e, fresh, strerror(errno));
	fine = close(fd) == 0 && fine;
	if (!fine)
		unlink(fresh);
	return fine;
}

/* So that the new name outlasts a power cut. */
static void
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[OPTION_TEXT_MAX];
	int fd;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

bool
edit_write(struct edit *e, const char *path, const struct edit_check *check)
{
	char fresh[OPTION_TEXT_MAX];

	if ((size_t)snprintf(fresh, sizeof(fresh), "%s.new", path) >= sizeof(fresh))
		return fail(e, path, "is too long a name");
	if (!write_new(e, path, fresh))
		return false;
	if (!check->reads(check->arg, fresh, e->error)) {
		e->refused = true;
		unlink(fresh);
		return false;
	}
	if (rename(fresh, path) != 0) {
		fail(e, path, strerror(errno));
		unlink(fresh);
		return false;
	}
	sync_folder(path);
	return true;
}
