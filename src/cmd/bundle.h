/*
 * bundle: what is known of one incident as one file, for whoever has no sensor.
 *
 *	gatewitness-INCIDENT/MANIFEST		gatewitness-bundle 1 INCIDENT, then a line a file: SHA-256 SIZE NAME
 *	gatewitness-INCIDENT/MANIFEST.sig	Ed25519 of the ledger's seal key over MANIFEST; not there: unsigned
 *	gatewitness-INCIDENT/...		the files, by name
 *
 * A ustar archive: any tar opens it, and `sha256sum` checks it where there is no gatewitness.
 */
#ifndef CMD_BUNDLE_H
#define CMD_BUNDLE_H

#include "base/cur.h"
#include "cmd/verdict.h"
#include "ledger/sign.h"

#define BUNDLE_FOLDER    "gatewitness-"
#define BUNDLE_FIRST     "gatewitness-bundle 1 "
#define BUNDLE_SIGNATURE "gatewitness-ed25519-signature "
#define BUNDLE_PUBLIC    "gatewitness-ed25519-public "

enum { BUNDLE_FILES = 24 };

/* What is wrong with one that was brought: each is one line. */
struct bundle_check {
	const uint8_t *public; /* whose signature is believed; NULL: that of the key in it */
	void *arg;
	void (*say)(void *arg, bool wrong, const char *words);
	/* found */
	unsigned files, wrong;
	bool is_signed; /* and the signature holds */
};
void bundle_check(struct bundle_check *b, struct cur bytes);

/* The same for a file, told on standard output; key: a seal.pub, NULL: none.  Returns the exit code. */
int bundle_verify(const char *path, const char *key, const struct verdict *how);

#endif
