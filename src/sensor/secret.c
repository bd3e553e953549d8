/*
 * secret: see secret.h.  Must not copy it, nor say it.
 */
#include "sensor/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"

/* One line: its end, as editors write it, is no part of the secret. */
static bool
take(char secret[SECRET_MAX], size_t n, const char *from, char words[SENDER_WORDS])
{
	if (n && secret[n - 1] == '\n')
		n--;
	if (n && secret[n - 1] == '\r')
		n--;
	if (n && n < SECRET_MAX && !memchr(secret, '\n', n) && !memchr(secret, '\0', n)) {
		secret[n] = '\0';
		return true;
	}
	crypt_forget(secret, SECRET_MAX);
	snprintf(words, SENDER_WORDS, "the secret in %.200s is %s; it is one line", from,
		 n == 0          ? "empty" :
		 n >= SECRET_MAX ? "too long" :
				   "more than a line");
	return false;
}

static bool
from_environment(char secret[SECRET_MAX], const char *name, char words[SENDER_WORDS])
{
	const char *value = getenv(name);
	size_t n = value ? strnlen(value, SECRET_MAX) : 0;

	if (!value) {
		snprintf(words, SENDER_WORDS,
			 "the environment has no %.100s (secret_env); set it, or name a secret_file", name);
		return false;
	}
	memcpy(secret, value, n < SECRET_MAX ? n : SECRET_MAX);
	return take(secret, n, name, words);
}

static bool
others_may_read(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IRWXO);
}

static bool
from_file(char secret[SECRET_MAX], const char *path, char words[SENDER_WORDS])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;
	size_t n = 0;

	if (fd >= 0 && others_may_read(fd)) {
		snprintf(words, SENDER_WORDS, "%.250s: anybody may read the secret; chmod 600 it", path);
		close(fd);
		return false;
	}
	while (fd >= 0 && n < SECRET_MAX && (got = read(fd, secret + n, SECRET_MAX - n)) > 0)
		n += (size_t)got;
	if (fd < 0 || got < 0) {
		snprintf(words, SENDER_WORDS, "%.250s: the secret cannot be read: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	close(fd);
	return take(secret, n, path, words);
}

bool
secret_read(char secret[SECRET_MAX], const struct sink_config *s, char words[SENDER_WORDS])
{
	secret[0] = '\0';
	if (*s->secret_file)
		return from_file(secret, s->secret_file, words);
	return !*s->secret_env || from_environment(secret, s->secret_env, words);
}
