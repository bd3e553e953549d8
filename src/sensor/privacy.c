/*
 * privacy: reading a key and keeping it.  Must not copy it anywhere but into its page, nor print it.
 */
#include "sensor/privacy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"

enum { HEX_DIGITS = 2 * PSEUDONYM_KEY, TEXT_MAX = HEX_DIGITS + 2 };

/* All that ever holds the secret: the text as it is read, its bytes, the key. */
struct page {
	struct pseudonym_key key;
	uint8_t bytes[PSEUDONYM_KEY];
	char text[TEXT_MAX + 1];
};

static struct page *
page_new(struct privacy *p)
{
	struct page *page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct rlimit none = {0, 0};

	if (page == MAP_FAILED)
		return NULL;
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	madvise(page, sizeof(*page), MADV_DONTDUMP);
	if (mlock(page, sizeof(*page)) < 0)
		snprintf(p->notice, sizeof(p->notice),
			 "privacy.key: its page cannot be locked into memory (%s), so it could be swapped out; raise "
			 "LimitMEMLOCK, or use no swap",
			 strerror(errno));
	return page;
}

static void
page_free(struct page *page)
{
	if (!page)
		return;
	crypt_forget(page, sizeof(*page));
	munmap(page, sizeof(*page));
}

static bool
hex_byte(const char *hex, uint8_t *to)
{
	*to = 0;
	for (unsigned i = 0; i < 2; i++) {
		char c = hex[i] | 0x20;

		if (!(hex[i] >= '0' && hex[i] <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
		*to = (uint8_t)(*to << 4 | (hex[i] <= '9' ? hex[i] - '0' : c - 'a' + 10));
	}
	return true;
}

/* One line of hex digits, and nothing else. */
static bool
take_text(struct page *page, size_t n)
{
	size_t end = n && page->text[n - 1] == '\n' ? n - 1 : n;

	if (end != HEX_DIGITS)
		return false;
	for (unsigned i = 0; i < PSEUDONYM_KEY; i++)
		if (!hex_byte(page->text + 2 * i, &page->bytes[i]))
			return false;
	pseudonym_init(&page->key, page->bytes);
	crypt_forget(page->bytes, sizeof(page->bytes));
	crypt_forget(page->text, sizeof(page->text));
	return true;
}

struct source {
	const char *name; /* for people */
	int fd;
	bool is_file; /* regular */
};

static bool
open_source(struct source *s, const char *path, char words[PRIVACY_ERROR_MAX])
{
	struct stat st;

	s->name = strcmp(path, "-") == 0 ? "standard input" : path;
	s->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0 || fstat(s->fd, &st) < 0) {
		snprintf(words, PRIVACY_ERROR_MAX, "%.300s: the privacy key cannot be read: %s", s->name,
			 strerror(errno));
		if (s->fd >= 0)
			close(s->fd);
		return false;
	}
	/* without a name left (what the monitor holds) it is no file to anybody */
	s->is_file = S_ISREG(st.st_mode) && st.st_nlink > 0 && s->name == path;
	if (!s->is_file || (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return true;
	snprintf(words, PRIVACY_ERROR_MAX, "%.300s: others than its owner may use the key (mode %04o); chmod 600 it",
		 path, (unsigned)(st.st_mode & 07777));
	close(s->fd);
	return false;
}

/* Its size; a failure: words. */
static bool
read_text(const struct source *s, struct page *page, size_t *n, char words[PRIVACY_ERROR_MAX])
{
	ssize_t got = 0;

	*n = 0;
	while (*n < TEXT_MAX && (got = read(s->fd, page->text + *n, TEXT_MAX - *n)) > 0)
		*n += (size_t)got;
	if (got < 0)
		snprintf(words, PRIVACY_ERROR_MAX, "%.300s: the privacy key cannot be read: %s", s->name,
			 strerror(errno));
	return got >= 0;
}

static bool
understand(const struct source *s, struct page *page, size_t n, char words[PRIVACY_ERROR_MAX])
{
	if (take_text(page, n))
		return true;
	snprintf(words, PRIVACY_ERROR_MAX,
		 "%.300s: is no privacy key, which is one line of 64 hex digits; make one with  openssl rand -hex 32",
		 s->name);
	return false;
}

#define UNREMOVED                                                                                                      \
	"%.300s: privacy.key is boot, so the file is removed once it is read, and that fails: %s; hand the key over "  \
	"on a descriptor, as /dev/fd/3"

static bool
take(struct privacy *p, const char *path, bool remove, char words[PRIVACY_ERROR_MAX])
{
	struct source s;
	struct page *page;
	size_t n;
	bool fine;

	if (!crypt_init() || !(page = page_new(p))) {
		snprintf(words, PRIVACY_ERROR_MAX, "%.300s: no memory for the privacy key", path);
		return false;
	}
	fine = open_source(&s, path, words);
	if (fine) {
		fine = read_text(&s, page, &n, words) && understand(&s, page, n, words);
		close(s.fd);
	}
	if (fine && remove && s.is_file && unlink(path) < 0) {
		snprintf(words, PRIVACY_ERROR_MAX, UNREMOVED, path, strerror(errno));
		fine = false;
	}
	if (fine)
		p->key = &page->key;
	else
		page_free(page);
	return fine;
}

/* NULL: what the configuration says and what is given go together. */
static const char *
contradiction(const struct config *c, const char *given)
{
	const char *said = config_text(c, OPT_privacy_key);
	bool boot = strcmp(said, "boot") == 0;

	if (!config_number(c, OPT_privacy_pseudonymize))
		return given ? "--privacy-key: privacy.pseudonymize is no; switch it on, or leave the key out" : NULL;
	if (config_number(c, OPT_evidence_ring) && !*config_text(c, OPT_evidence_recipient))
		return "evidence.ring keeps frames with their addresses, which privacy.pseudonymize allows for certain "
		       "readers only; name their public keys in evidence.recipient, or leave one of them out";
	if (!*said)
		return "privacy.pseudonymize needs a key: name its file in privacy.key, or write boot there and "
		       "give the key with --privacy-key";
	if (boot && !given)
		return "privacy.key is boot: give the key with --privacy-key FILE (- is standard input, /dev/fd/3 a "
		       "descriptor; a file is removed once it is read)";
	if (!boot && given)
		return "--privacy-key is for privacy.key = boot; here privacy.key names a file";
	return NULL;
}

bool
privacy_open(struct privacy *p, const struct config *c, const char *given, char words[PRIVACY_ERROR_MAX])
{
	const char *said = config_text(c, OPT_privacy_key), *wrong = contradiction(c, given);
	bool boot = strcmp(said, "boot") == 0;

	*p = (struct privacy){.key = NULL};
	if (!wrong && config_number(c, OPT_privacy_pseudonymize))
		return take(p, boot ? given : said, boot, words);
	if (wrong)
		snprintf(words, PRIVACY_ERROR_MAX, "%s", wrong);
	return wrong == NULL;
}

/* The text in memory that has a descriptor and no name; its page stays where it is while the process lives. */
static bool
hold_text(int fd, const struct page *page, size_t n)
{
	void *there = MAP_FAILED;

	if (fd < 0 || fchmod(fd, S_IRUSR | S_IWUSR) < 0 || write(fd, page->text, n) != (ssize_t)n)
		return false;
	there = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
	return there != MAP_FAILED && (mlock(there, n), true);
}

static int
hold(struct page *page, const char *given, char words[PRIVACY_ERROR_MAX])
{
	struct source s;
	size_t n;
	bool fine;
	int fd;

	if (!open_source(&s, given, words))
		return PRIVACY_FAILED;
	fine = read_text(&s, page, &n, words);
	close(s.fd);
	if (!fine)
		return PRIVACY_FAILED;
	fd = memfd_create("privacy", MFD_CLOEXEC);
	fine = hold_text(fd, page, n);
	if (!fine)
		snprintf(words, PRIVACY_ERROR_MAX, "%.300s: the privacy key cannot be kept: %s", given,
			 strerror(errno));
	fine = fine && understand(&s, page, n, words);
	if (fine && s.is_file && unlink(given) < 0) {
		snprintf(words, PRIVACY_ERROR_MAX, UNREMOVED, given, strerror(errno));
		fine = false;
	}
	if (!fine && fd >= 0)
		close(fd);
	return fine ? fd : PRIVACY_FAILED;
}

int
privacy_hold(const struct config *c, const char *given, char words[PRIVACY_ERROR_MAX])
{
	const char *wrong = contradiction(c, given);
	struct privacy p = {.key = NULL};
	struct page *page;
	int fd;

	if (wrong)
		snprintf(words, PRIVACY_ERROR_MAX, "%s", wrong);
	if (wrong || !given)
		return wrong ? PRIVACY_FAILED : PRIVACY_NONE;
	page = crypt_init() ? page_new(&p) : NULL;
	if (!page) {
		snprintf(words, PRIVACY_ERROR_MAX, "%.300s: no memory for the privacy key", given);
		return PRIVACY_FAILED;
	}
	fd = hold(page, given, words);
	page_free(page);
	return fd;
}

bool
privacy_ask(struct privacy *p, const struct config *c, const char *given, char words[PRIVACY_ERROR_MAX])
{
	const char *said = config_text(c, OPT_privacy_key);

	*p = (struct privacy){.key = NULL};
	if (given)
		return take(p, given, false, words);
	if (*said && strcmp(said, "boot") != 0 && access(said, R_OK) == 0)
		return take(p, said, false, words);
	return true;
}

void
privacy_close(struct privacy *p)
{
	/* the key is the page's first member */
	page_free((struct page *)(void *)p->key);
	p->key = NULL;
}

void
privacy_id(char to[17], uint64_t id)
{
	snprintf(to, 17, "%016llx", (unsigned long long)id);
}
