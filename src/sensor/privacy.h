/*
 * privacy: the key of the pseudonyms (base/pseudonym.h), from where it is told to where it is used.
 *
 *	privacy.key = FILE	read at each start; whoever reads the file can come back from a pseudonym
 *	privacy.key = boot	--privacy-key FILE at each start: a descriptor (/dev/fd/3), - for standard input, or a file
 *				on a disk that is none (/run), which is removed once it is read
 *
 * The key lies in one page that is locked into memory and left out of core dumps; the process leaves none, and nobody
 * may look into it.  No output has more of it than its id.
 */
#ifndef SENSOR_PRIVACY_H
#define SENSOR_PRIVACY_H

#include "base/pseudonym.h"
#include "sensor/config.h"

enum { PRIVACY_ERROR_MAX = 512 };

struct privacy {
	struct pseudonym_key *key;      /* NULL: none */
	char notice[PRIVACY_ERROR_MAX]; /* one line worth telling, "": none */
};

/* For read and run: `given` is --privacy-key, NULL: not given.  Without privacy.pseudonymize there is no key.
   False: words are one line of what, where and how to mend. */
bool privacy_open(struct privacy *p, const struct config *c, const char *given, char words[PRIVACY_ERROR_MAX]);

/* For who starts others that each need the key, and again after a crash: takes a key that is given once, as boot says,
   and holds it.  A descriptor, /dev/fd/N of which is what they are given; PRIVACY_NONE; PRIVACY_FAILED: words. */
enum { PRIVACY_NONE = -1, PRIVACY_FAILED = -2 };
int privacy_hold(const struct config *c, const char *given, char words[PRIVACY_ERROR_MAX]);

/* For whoever asks what was written: the key that is given, else the configuration's file if there is one, which need
   not be there. */
bool privacy_ask(struct privacy *p, const struct config *c, const char *given, char words[PRIVACY_ERROR_MAX]);

void privacy_close(struct privacy *p);

/* "0123456789abcdef", as the ledger's settings have it. */
void privacy_id(char to[17], uint64_t id);

#endif
