/*
 * bundle: packs one incident: its capture, records, story, the settings and the coverage of its time, and what proves
 * them.
 *
 *	ledger --retell--> findings, sessions, story		evidence/INCIDENT.pcapng
 *	      \--> configuration, coverage, chain, verification	     |
 *	                             \--- parts, sorted --- MANIFEST, signature --> FILE.tar
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/crypt.h"
#include "cmd/bundle_parts.h"
#include "cmd/common.h"
#include "sink/tar.h"

enum { OPT_OUT = 'o' };

static int
fail(const char *path, const char *what)
{
	fprintf(stderr, "gatewitness: %s: %s\n", path, what);
	return EXIT_IO;
}

static int
write_parts(struct bundling *b)
{
	char name[TAR_NAME_MAX];
	struct file to;

	umask(077);
	if (!file_open(&to, b->out))
		return fail(b->out, strerror(to.error));
	for (unsigned i = 0; i < b->parts; i++) {
		snprintf(name, sizeof(name), BUNDLE_FOLDER "%016" PRIx64 "/%s", b->retold.incident, b->part[i].name);
		if (!tar_file(&to, name, b->retold.last, part_bytes(&b->part[i]))) {
			file_close(&to);
			return fail(b->part[i].name, "is larger than an archive can hold");
		}
	}
	tar_end(&to);
	return file_close(&to) ? EXIT_DONE : fail(b->out, strerror(to.error));
}

static int
pack(struct bundling *b)
{
	static const int64_t HOUR_NS = 3600 * NS_PER_S;
	char error[512];
	bool fine;

	if (!crypt_init())
		return fail(b->dir, "the crypto library lacks SHA-256");
	memcpy(b->story.id, b->id, STORY_ID);
	if (!retell(&b->retold, b->dir, b->story.id, error)) {
		fprintf(stderr, "gatewitness: %s\n", error);
		return EXIT_IO;
	}
	b->begin = when_add(b->retold.first, -HOUR_NS);
	b->end = when_add(b->retold.last, HOUR_NS);
	fine = b->story.files || retell_story(&b->retold, &b->story, b->dir);
	if (!fine || !story_find(&b->story)) {
		fprintf(stderr, "gatewitness: %s\n", b->story.error);
		return EXIT_IO;
	}
	if (!bundle_parts(b))
		return fail(b->out, "no memory, or a file cannot be read");
	if (b->retold.damaged)
		fprintf(stderr, "%s: parts of it cannot be read; verification.txt in the bundle says where\n",
			b->retold.folder);
	return write_parts(b);
}

static int
take_option(void *arg, int id, const char *value)
{
	struct bundling *b = arg;

	switch (id) {
	case OPT_OUT:
		b->out = value;
		return EXIT_DONE;
	case OPT_EVE:
		if (b->story.files == STORY_FILES)
			return usage_error("bundle", "too many files at once");
		b->story.file[b->story.files++] = value;
		return EXIT_DONE;
	default:
		if (!b->id && story_is_id(value))
			b->id = value;
		else if (b->id && !b->dir)
			b->dir = value;
		else
			return usage_error("bundle",
					   b->dir ? "one ledger at a time" :
						    "names an incident first: the 16 hex digits that an alert has");
		return EXIT_DONE;
	}
}

static int
take_arguments(struct bundling *b, int argc, char **argv)
{
	int status = args_take(&CMD_BUNDLE, argc, argv, take_option, b);

	if (status != EXIT_DONE)
		return status;
	if (!b->id)
		return usage_error("bundle", "which incident? its id, 16 hex digits");
	if (!b->dir)
		return usage_error("bundle", "no ledger named: the folder of --ledger");
	return b->out ? EXIT_DONE : usage_error("bundle", "where to? -o FILE.tar");
}

static int
bundle_run(int argc, char **argv)
{
	struct bundling *b = calloc(1, sizeof(*b));
	int status = EXIT_IO;

	if (!b)
		return fail("bundle", "no memory");
	status = take_arguments(b, argc, argv);
	if (status == EXIT_DONE)
		status = pack(b);
	bundle_parts_free(b);
	story_free(&b->story);
	retell_free(&b->retold);
	free(b);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{OPT_OUT, "out", "FILE.tar", "write it there; - for standard output"},
	{OPT_EVE, "eve", "FILE", "the sensor's EVE lines, which say more of findings than the ledger; repeatable"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_BUNDLE = {
	"bundle",
	"ID DIR -o FILE.tar [--eve FILE]...",
	"all that is known of one incident, in one signed file",
	OPTIONS,
	"ID is the 16 hex digits of an incident, of one of its findings or sessions, DIR the ledger.\n"
	"Packs the capture of the incident (evidence.ring), its findings, its sessions and those of\n"
	"its actor from an hour before to an hour after, the story that explain tells, the settings\n"
	"and the coverage of that time, the seals of its days and what verify says of the ledger.\n"
	"MANIFEST has the SHA-256 of each and is signed with the ledger's seal key, where whoever\n"
	"runs this may read it; else the bundle says that it is not signed.\n"
	"\n"
	"Any tar opens it; gatewitness verify FILE.tar holds it against its manifest and signature.\n"
	"The same ledger gives the same bytes.\n"
	"\n"
	"examples:\n"
	"  gatewitness bundle 4dc29561e06b9456 /var/lib/gatewitness -o incident.tar\n"
	"  gatewitness verify --key seal.pub incident.tar\n"
	"\n"
	"exit code: 0 packed, signed or not; 1 no such incident, or something cannot be read or\n"
	"written; 2 wrong usage\n",
	bundle_run,
};
