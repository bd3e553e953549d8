/*
 * verify: is a ledger what the sensor wrote?  Must not need the sensor, its configuration or its secret.
 */
#include "ledger/verify.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crypt.h"
#include "cmd/bundle.h"
#include "cmd/cmd.h"
#include "cmd/ledgers.h"
#include "cmd/tables.h"
#include "cmd/verdict.h"

enum { OPT_KEY = 300, OPT_ANCHOR, OPT_JSON, OPT_QUIETER = 'q' };

struct verifying {
	const char *folder, *key, *anchor_file;
	struct verdict how;
	uint8_t public[SIGN_KEY];
	struct anchor *anchor;
	size_t anchors;
	const char *now; /* folder that is looked at */
};

static int
fail(const char *path, const char *what)
{
	fprintf(stderr, "gatewitness: %s: %s\n", path, what);
	return EXIT_IO;
}

static bool
take_anchor(struct verifying *v, const char *line, size_t n)
{
	struct anchor a, *more;

	if (!anchor_read(&a, line, n))
		return true;
	more = realloc(v->anchor, (v->anchors + 1) * sizeof(*more));
	if (!more)
		return false;
	v->anchor = more;
	v->anchor[v->anchors++] = a;
	return true;
}

static int
read_anchors(struct verifying *v)
{
	FILE *f = v->anchor_file ? fopen(v->anchor_file, "re") : NULL;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	bool fine = true;

	if (!v->anchor_file)
		return EXIT_DONE;
	if (!f)
		return fail(v->anchor_file, strerror(errno));
	while (fine && (n = getline(&line, &room, f)) > 0)
		fine = take_anchor(v, line, (size_t)n);
	fine = fine && !ferror(f);
	free(line);
	fclose(f);
	if (!fine)
		return fail(v->anchor_file, strerror(errno));
	if (v->anchors)
		return EXIT_DONE;
	return fail(v->anchor_file, "holds no head of a chain; --anchor names EVE lines with statistics");
}

static void
on_said(void *arg, enum verify_kind kind, const char *words)
{
	const struct verifying *v = arg;

	verdict_line(&v->how, verify_word(kind), kind <= VERIFY_EXPIRED, v->now, words);
}

static void
verify_one(struct verifying *v, const char *folder, struct verify *sum)
{
	struct verify one = {.folder = folder, .public = v->key ? v->public : NULL, .arg = v, .say = on_said};

	v->now = folder;
	if (strcmp(folder, v->folder) == 0) {
		one.anchor = v->anchor;
		one.anchors = v->anchors;
	} else if (!v->how.quiet && !v->how.json) {
		printf("%s\n", folder);
	}
	verify_folder(&one);
	for (unsigned k = 0; k <= VERIFY_ALTERED; k++)
		sum->count[k] += one.count[k];
	sum->days += one.days;
	sum->rows += one.rows;
}

static void
tell_people(const struct verifying *v, const struct verify *sum)
{
	printf("%s: %" PRIu64 " day%s, %" PRIu64 " records; %" PRIu64 " altered, %" PRIu64 " missing, %" PRIu64
	       " torn, %" PRIu64 " expired%s%s\n",
	       verify_fine(sum) ? "whole" : "NOT WHOLE", sum->days, sum->days == 1 ? "" : "s", sum->rows,
	       sum->count[VERIFY_ALTERED], sum->count[VERIFY_MISSING], sum->count[VERIFY_TORN],
	       sum->count[VERIFY_EXPIRED], sum->count[VERIFY_UNREADABLE] ? ", not all could be read" : "",
	       v->key ? "" : "; no --key: that the seals are the sensor's own is not shown");
}

static void
tell(const struct verifying *v, const struct verify *sum)
{
	const struct verdict_count counts[] = {
		{"days", sum->days},
		{"records", sum->rows},
		{"altered", sum->count[VERIFY_ALTERED]},
		{"missing", sum->count[VERIFY_MISSING]},
		{"torn", sum->count[VERIFY_TORN]},
		{"unread", sum->count[VERIFY_UNREADABLE]},
		{"expired", sum->count[VERIFY_EXPIRED]},
	};

	if (v->how.json)
		verdict_sum(verify_fine(sum), v->folder, counts, sizeof(counts) / sizeof(*counts),
			    v->key ? "key" : "own");
	else
		tell_people(v, sum);
}

static int
verify_all(struct verifying *v)
{
	struct ledgers all;
	struct verify sum = {.days = 0};
	struct stat st;
	char error[512];

	if (!crypt_init())
		return fail(v->folder, "the crypto library lacks SHA-256");
	if (stat(v->folder, &st) == 0 && S_ISREG(st.st_mode))
		return v->anchor_file ? usage_error("verify", "--anchor is for a ledger, not for a bundle") :
					bundle_verify(v->folder, v->key, &v->how);
	if (v->key && !sign_public(v->public, v->key, error, sizeof(error))) {
		fprintf(stderr, "gatewitness: %s\n", error);
		return EXIT_USAGE;
	}
	if (read_anchors(v) != EXIT_DONE)
		return EXIT_IO;
	if (!ledgers_find(&all, v->folder, error, sizeof(error))) {
		fprintf(stderr, "gatewitness: %s\n", error);
		return EXIT_IO;
	}
	for (size_t i = 0; i < all.n; i++)
		verify_one(v, all.folder[i], &sum);
	ledgers_free(&all);
	tell(v, &sum);
	return tables_finish() == EXIT_DONE && verify_fine(&sum) ? EXIT_DONE : EXIT_IO;
}

static int
take_option(void *arg, int id, const char *value)
{
	struct verifying *v = arg;

	switch (id) {
	case OPT_KEY:
		v->key = value;
		return EXIT_DONE;
	case OPT_ANCHOR:
		v->anchor_file = value;
		return EXIT_DONE;
	case OPT_JSON:
		v->how.json = true;
		return EXIT_DONE;
	case OPT_QUIETER:
		v->how.quiet = true;
		return EXIT_DONE;
	default:
		if (v->folder)
			return usage_error("verify", "one folder or bundle at a time");
		v->folder = value;
		return EXIT_DONE;
	}
}

static int
verify_run(int argc, char **argv)
{
	struct verifying v = {.folder = NULL};
	int status = args_take(&CMD_VERIFY, argc, argv, take_option, &v);

	if (status == EXIT_DONE && !v.folder)
		status = usage_error("verify", "no folder named: that of --ledger, or a bundle");
	if (status == EXIT_DONE)
		status = verify_all(&v);
	free(v.anchor);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{OPT_KEY, "key", "FILE", "the sensor's public key (seal.pub), as it was kept elsewhere"},
	{OPT_ANCHOR, "anchor", "FILE", "EVE lines that left the sensor: their chain heads must be met"},
	{OPT_JSON, "json", NULL, "one JSON object for each thing that is said; the last is the sum"},
	{OPT_QUIETER, "quiet", NULL, "what is wrong, and the last line"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_VERIFY = {
	"verify",
	"[OPTION]... DIR|BUNDLE",
	"is a ledger or a bundle what the sensor wrote, and where not",
	OPTIONS,
	"Holds sealed days against their seals, their seals against each other and the key, and the\n"
	"open day entry by entry against its chain. Says what is whole, expired by retention, torn by\n"
	"a power failure, missing, unread (no rights, locked, a failing disk) or altered, and in which\n"
	"day, commit and table. The captures of incidents (evidence.ring) are held against what the\n"
	"ledger was told of them. A file is a bundle (gatewitness bundle): each file in it is held\n"
	"against its manifest and signature.\n"
	"\n"
	"Somebody who owns the board and its key can make the chain anew. What they cannot change is\n"
	"what left the board before: --anchor holds the chain against it, --key against the key.\n"
	"\n"
	"Lines of --json: \"verdict\" is one of the above or \"open\" (whole, not sealed yet), \"of\" the\n"
	"folder or bundle, \"says\" the words. The last has \"sum\", counts, and \"seal\": whose signatures\n"
	"it rests on, those of the \"key\" that was named, its \"own\", or \"none\".\n"
	"\n"
	"examples:\n"
	"  gatewitness verify --key seal.pub /var/lib/gatewitness\n"
	"  gatewitness verify --anchor /mnt/siem/eve.json /var/lib/gatewitness\n"
	"  gatewitness verify --key seal.pub incident.tar\n"
	"  gatewitness verify --json --key seal.pub /var/lib/gatewitness | tail -n 1\n"
	"\n"
	"exit code: 0 whole; 1 something is altered, missing or torn, or cannot be read; 2 wrong usage\n",
	verify_run,
};
