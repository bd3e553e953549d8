/*
 * main: the command line of the worlds.
 *
 *	world --seed 3 --behaviour B07 --show		one world with labels and every finding
 *	world --seed 3 --days 14 --show			a quiet one
 *	world --seed 3 --days 8 --frames --loss 10000	through frames, of which the capture loses one in a hundred
 *	world --seed 3 --pcap FILE --days 1		the same to look at with other tools
 *	world evaluate --seeds 20			the table
 */
#include <stdlib.h>
#include <unistd.h>

#include "attacks.h"
#include "evaluate.h"
#include "judge.h"

static const char USAGE[] =
	"usage: world [--seed N] [--kind portal|tunnel|protect|saml|cert] [--users N] [--days N] [--behaviour "
	"B07|C01]\n"
	"             [--variant NAME] [--lookalikes] [--show] [--restart DAY [--keep]] [--golden FOLDER]\n"
	"             [--frames | --pcap FILE] [--loss PPM] [--duplicates] [--one-sided DAY]\n"
	"             [--strangers N]\n"
	"       world evaluate [--seeds N] [--first N] [--users N] [--clean-users N] [--behaviour B07,C01] [--jobs N]\n"
	"             [--clean-only | --attacks-only]\n"
	"       world list\n";

static const struct name_number {
	const char *name;
	size_t at;
} NUMBERS[] = {
	{"--seed", offsetof(struct options, seed)},          {"--first", offsetof(struct options, seed)},
	{"--seeds", offsetof(struct options, seeds)},        {"--users", offsetof(struct options, users)},
	{"--days", offsetof(struct options, days)},          {"--clean-users", offsetof(struct options, clean_users)},
	{"--jobs", offsetof(struct options, jobs)},          {"--loss", offsetof(struct options, loss)},
	{"--restart", offsetof(struct options, restart)},    {"--one-sided", offsetof(struct options, one_sided)},
	{"--strangers", offsetof(struct options, strangers)}};

static bool
number_option(struct options *o, const char *name, const char *value)
{
	for (unsigned i = 0; i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++)
		if (value && strcmp(name, NUMBERS[i].name) == 0) {
			uint32_t v = (uint32_t)strtoul(value, NULL, 10);

			memcpy((char *)o + NUMBERS[i].at, &v, sizeof(v));
			return true;
		}
	return false;
}

static bool
kind_option(struct options *o, const char *value)
{
	for (uint8_t k = 0; value && k < KINDS; k++)
		if (strcmp(value, KIND_NAMES[k]) == 0) {
			o->kind = k;
			return true;
		}
	return false;
}

static bool
text_option(struct options *o, const char *name, const char *value)
{
	if (!value)
		return false;
	if (strcmp(name, "--behaviour") == 0)
		o->behaviour = value;
	else if (strcmp(name, "--variant") == 0)
		o->variant = value;
	else if (strcmp(name, "--pcap") == 0)
		o->pcap = value;
	else if (strcmp(name, "--golden") == 0)
		o->golden = value;
	else
		return strcmp(name, "--kind") == 0 && kind_option(o, value);
	return true;
}

static bool
options_read(struct options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "evaluate") == 0)
			o->evaluate = true;
		else if (strcmp(argv[i], "list") == 0)
			o->list = true;
		else if (strcmp(argv[i], "--show") == 0)
			o->show = true;
		else if (strcmp(argv[i], "--clean-only") == 0)
			o->clean_only = true;
		else if (strcmp(argv[i], "--attacks-only") == 0)
			o->attacks_only = true;
		else if (strcmp(argv[i], "--duplicates") == 0)
			o->duplicates = true;
		else if (strcmp(argv[i], "--keep") == 0)
			o->keep = true;
		else if (strcmp(argv[i], "--frames") == 0)
			o->frames = true;
		else if (strcmp(argv[i], "--lookalikes") == 0)
			o->lookalikes = true;
		else if (number_option(o, argv[i], value) || text_option(o, argv[i], value))
			i++;
		else
			return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct options o = {.seed = 1, .seeds = 3, .users = 120, .jobs = 2, .kind = KINDS, .golden = "tests/golden"};

	if (!options_read(&o, argc, argv)) {
		fputs(USAGE, stderr);
		return 2;
	}
	if (!programs_load(o.golden))
		return 1;
	if (o.list)
		return attacks_list();
	if (o.pcap)
		return world_pcap(&o);
	return o.evaluate ? evaluate(&o) : one_world(&o);
}
