/*
 * identity: from the word of the configuration to a key.  Must not write over a key that is there: the records made
 * under it could never be compared again.
 */
#include "sensor/identity.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "ledger/kept.h"

const struct hash_key IDENTITY_PUBLIC = {0x6761746577697474, 0x6e6573732e707562};

enum { HEX_DIGITS = 32, FILE_MAX = HEX_DIGITS + 2 };

static uint64_t
hex_u64(const char *hex)
{
	char part[17];

	memcpy(part, hex, 16);
	part[16] = '\0';
	return strtoull(part, NULL, 16);
}

static struct hash_key
key_of(const char *hex)
{
	return (struct hash_key){hex_u64(hex), hex_u64(hex + 16)};
}

/* Beside detect.memory, when nothing else is said. */
static bool
place_of(const struct config *c, char path[PATH_MAX])
{
	const char *own = config_text(c, OPT_identity_file), *memory = config_text(c, OPT_detect_memory);
	int n = *own ? snprintf(path, PATH_MAX, "%s", own) : snprintf(path, PATH_MAX, "%s.key", memory);

	return (*own || *memory) && n < PATH_MAX;
}

/* With this key whoever sees a session id can find it in the records, as with no other secret of the sensor. */
static bool
is_private(const char *path, char *words, size_t size)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		snprintf(words, size, "%s: cannot be read: %s", path, strerror(errno));
		return false;
	}
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return true;
	snprintf(words, size, "%s: others than its owner may use the key (mode %04o); chmod 600 it", path,
		 (unsigned)(st.st_mode & 07777));
	return false;
}

static bool
take_file(struct identity *to, const char *path, char *words, size_t size)
{
	size_t len, digits;
	char *text = kept_read(path, FILE_MAX, &len);
	bool fine;

	if (!text && errno != EFBIG) {
		snprintf(words, size,
			 errno == ENOENT ? "%s: no such key; run makes it, read does not" : "%s: cannot be read: %s",
			 path, strerror(errno));
		return false;
	}
	if (text)
		text[len] = '\0';
	digits = text ? strspn(text, "0123456789abcdefABCDEF") : 0;
	fine = digits == HEX_DIGITS && strspn(text + digits, "\r\n") == len - digits;
	if (fine)
		to->key = key_of(text);
	else
		snprintf(words, size,
			 "%s: is no identity key, which is one line of 32 hex digits; put the right one back, or "
			 "remove it: "
			 "run then makes another, and identities of before are not compared",
			 path);
	free(text);
	return fine && is_private(path, words, size);
}

static bool
random_key(struct hash_key *key)
{
	return getrandom(key, sizeof(*key), 0) == (ssize_t)sizeof(*key);
}

/* A sensor that starts at the same moment may be first: then its key is the one that is taken. */
static bool
make_file(const char *path, char *words, size_t size)
{
	char text[HEX_DIGITS + 2];
	struct hash_key key;

	if (random_key(&key)) {
		snprintf(text, sizeof(text), "%016llx%016llx\n", (unsigned long long)key.k0,
			 (unsigned long long)key.k1);
		if (kept_make(path, text, HEX_DIGITS + 1) || errno == EEXIST)
			return true;
	}
	snprintf(words, size, "%s: the identity key cannot be made: %s; name another place in identity.file", path,
		 strerror(errno));
	return false;
}

static bool
take_kept(struct identity *to, const char *path, bool live, char *words, size_t size)
{
	struct stat st;

	if (live && stat(path, &st) < 0 && errno == ENOENT && !make_file(path, words, size))
		return false;
	return take_file(to, path, words, size);
}

static bool
take_random(struct identity *to, char *words, size_t size)
{
	to->run_only = true;
	if (random_key(&to->key))
		return true;
	snprintf(words, size, "no random numbers from the system: %s", strerror(errno));
	return false;
}

static bool
take(struct identity *to, const struct config *c, bool live, char *words, size_t size)
{
	const char *said = config_text(c, OPT_identity_key);
	bool is_auto = strcmp(said, "auto") == 0;
	char path[PATH_MAX];

	if (strcmp(said, "public") == 0 || (is_auto && !live))
		to->key = IDENTITY_PUBLIC;
	else if (strcmp(said, "kept") == 0 || is_auto) {
		if (place_of(c, path))
			return take_kept(to, path, live, words, size);
		if (is_auto)
			return take_random(to, words, size);
		snprintf(words, size,
			 "identity.key is kept, but nowhere; name a file in identity.file, or one in "
			 "detect.memory, beside which it then lies");
		return false;
	} else if (strcmp(said, "random") == 0)
		return take_random(to, words, size);
	else
		to->key = key_of(said);
	return true;
}

bool
identity_take(struct identity *to, const struct config *c, bool live, char *words, size_t size)
{
	*to = (struct identity){0};
	if (!take(to, c, live, words, size))
		return false;
	to->id = hash_keep(&IDENTITY_PUBLIC, &to->key, sizeof(to->key));
	return true;
}
