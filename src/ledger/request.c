/*
 * request: see request.h.  Must not follow a link, wait for a file, nor believe what one says about its owner.
 */
#include "ledger/request.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/out.h"

static const char WORD[] = "reveal ", KEPT[] = "kept ", ASKED[] = ".request", DONE[] = ".done";
enum { TEXT_MAX = sizeof(WORD) + ADDR_TEXT_MAX + REQUEST_REASON + 2, AT_ONCE = 16, TRIES_A_SECOND = 5 };

static bool
path_of(char path[PATH_MAX], const char *folder, const char *name, const char *end)
{
	return snprintf(path, PATH_MAX, "%s/requests/%s%s", folder, name, end) < PATH_MAX;
}

bool
request_reason_ok(const char *reason)
{
	size_t n = strlen(reason), blanks = strspn(reason, " ");

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)reason[i] < ' ' || reason[i] == 0x7f)
			return false;
	return n > blanks && n <= REQUEST_REASON;
}

void
request_trace(const struct request *r, char to[REQUEST_TRACE])
{
	const struct passwd *who = getpwuid(r->uid);
	struct out o = out_of(to, REQUEST_TRACE - 1);
	char text[ADDR_TEXT_MAX];

	addr_print(&r->pseudonym, text);
	json_open(&o, '{');
	JSON_KEY(&o, "pseudonym");
	json_text(&o, text);
	JSON_KEY(&o, "reason");
	json_text(&o, r->reason);
	JSON_KEY(&o, "uid");
	json_u64(&o, r->uid);
	if (who) {
		JSON_KEY(&o, "who");
		json_text(&o, who->pw_name);
	}
	JSON_KEY(&o, "at");
	out_char(&o, '"');
	out_time(&o, r->at);
	out_char(&o, '"');
	json_close(&o, '}');
	*o.p = '\0';
}

/* Beside, then by its name: the sensor sees it whole or not at all. */
static bool
write_file(const char *folder, const char *name, const char *end, const char *text)
{
	char part[PATH_MAX], path[PATH_MAX];
	size_t n = strlen(text);
	bool fine = false;
	int fd = -1;

	if (path_of(part, folder, name, ".part") && path_of(path, folder, name, end))
		fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd >= 0) {
		fine = write(fd, text, n) == (ssize_t)n && fchmod(fd, 0644) == 0;
		fine = close(fd) == 0 && fine && rename(part, path) == 0;
	}
	if (fd >= 0 && !fine)
		unlink(part);
	return fine;
}

bool
request_put(struct request *r, const char *folder, char error[REQUEST_ERROR])
{
	char text[TEXT_MAX + 1], addr[ADDR_TEXT_MAX];
	uint64_t name;

	addr_print(&r->pseudonym, addr);
	if (getrandom(&name, sizeof(name), 0) == (ssize_t)sizeof(name)) {
		snprintf(r->name, sizeof(r->name), "%016llx", (unsigned long long)name);
		snprintf(text, sizeof(text), "%s%s\n%s\n", WORD, addr, r->reason);
		if (write_file(folder, r->name, ASKED, text))
			return true;
	}
	snprintf(error, REQUEST_ERROR,
		 "%.300s/requests: the sensor that writes this ledger cannot be asked: %s; it makes the folder when "
		 "privacy.pseudonymize is on",
		 folder, strerror(errno));
	return false;
}

/* A small regular file as text; its size, -1: none. */
static ssize_t
read_file(const char *path, char *text, size_t room, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = -1;

	if (fd < 0)
		return -1;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		n = read(fd, text, room);
	close(fd);
	if (n >= 0 && (size_t)n < room)
		text[n] = '\0';
	return n >= 0 && (size_t)n < room ? n : -1;
}

static void
pause_a_little(void)
{
	nanosleep(&(struct timespec){.tv_nsec = NS_PER_S / TRIES_A_SECOND}, NULL);
}

bool
request_wait(const struct request *r, const char *folder, unsigned seconds, char error[REQUEST_ERROR])
{
	char path[PATH_MAX], asked[PATH_MAX], text[256];
	struct stat st;
	ssize_t n = -1;

	if (!path_of(path, folder, r->name, DONE) || !path_of(asked, folder, r->name, ASKED))
		return false;
	for (unsigned i = 0; n < 0 && i < seconds * TRIES_A_SECOND; i++) {
		pause_a_little();
		n = read_file(path, text, sizeof(text), &st);
	}
	unlink(path);
	if (n >= 0 && strncmp(text, KEPT, sizeof(KEPT) - 1) == 0)
		return true;
	unlink(asked);
	if (n < 0)
		snprintf(error, REQUEST_ERROR,
			 "%.300s: the sensor did not take the request within %u s; nothing is revealed without its "
			 "trace",
			 folder, seconds);
	else
		snprintf(error, REQUEST_ERROR,
			 "%.300s: the sensor could not keep the trace, so nothing is revealed; its messages say why",
			 folder);
	return false;
}

bool
requests_open(const char *folder)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/requests", folder) < PATH_MAX &&
	       (mkdir(path, 0770) == 0 || errno == EEXIST);
}

static bool
parse(struct request *r, char *text)
{
	char *end = strchr(text, '\n'), *reason = end ? end + 1 : NULL;
	size_t n = reason ? strlen(reason) : 0;

	if (n < 2 || reason[n - 1] != '\n' || strncmp(text, WORD, sizeof(WORD) - 1) != 0)
		return false;
	*end = reason[n - 1] = '\0';
	if (!addr_parse(&r->pseudonym, text + sizeof(WORD) - 1) || !request_reason_ok(reason))
		return false;
	memcpy(r->reason, reason, n);
	return true;
}

/* True: it is a request. */
static bool
read_request(struct request *r, const char *path)
{
	char text[TEXT_MAX + 1];
	struct stat st;
	ssize_t n = read_file(path, text, sizeof(text), &st);

	if (n < 0 || strlen(text) != (size_t)n)
		return false;
	r->uid = st.st_uid;
	r->at = (struct when){(int64_t)st.st_ctim.tv_sec * NS_PER_S + st.st_ctim.tv_nsec};
	return parse(r, text);
}

/* "0123456789abcdef.request" */
static bool
is_asked(const char *name)
{
	return strspn(name, "0123456789abcdef") == REQUEST_NAME - 1 && strcmp(name + REQUEST_NAME - 1, ASKED) == 0;
}

void
requests_take(const char *folder, void *arg, void (*take)(void *arg, const struct request *r))
{
	char path[PATH_MAX];
	struct request r;
	struct dirent *e;
	unsigned taken = 0;
	DIR *dir = snprintf(path, sizeof(path), "%s/requests", folder) < PATH_MAX ? opendir(path) : NULL;

	while (dir && taken < AT_ONCE && (e = readdir(dir))) {
		if (!is_asked(e->d_name) ||
		    snprintf(path, sizeof(path), "%s/requests/%s", folder, e->d_name) >= PATH_MAX)
			continue;
		memcpy(r.name, e->d_name, REQUEST_NAME - 1);
		r.name[REQUEST_NAME - 1] = '\0';
		taken++;
		if (read_request(&r, path))
			take(arg, &r);
		unlink(path);
	}
	if (dir)
		closedir(dir);
}

void
request_answer(const struct request *r, const char *folder, const char *words)
{
	char path[PATH_MAX];

	if (path_of(path, folder, r->name, DONE))
		unlink(path);
	(void)write_file(folder, r->name, DONE, words);
}
