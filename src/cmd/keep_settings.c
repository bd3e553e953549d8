/*
 * keep_settings: what was in force, told to the ledger so that a hunt can repeat it: at start, and whenever SIGHUP
 * changed it.
 *
 *	version		of the program
 *	started		what the detectors knew then (cmd/was.h)
 *	configuration	all options, at a start
 *	rules		the configuration as it was read again: its suppressions, maintenance and facts are in force
 *	list NAME	"SHA256 kept|lost ENTRIES": which entries a list had; they lie beside the days
 *
 * Must not tell secrets: a configuration has none.
 */
#include <errno.h>
#include <stdlib.h>

#include "cmd/keep.h"
#include "cmd/was.h"
#include "ledger/attached.h"
#include "ledger/squeeze.h"

enum { SETTINGS_MAX = 1 << 20 };

static void
put_configuration(struct keep *k, const char *name, const struct config *config)
{
	char *text = malloc(SETTINGS_MAX);
	struct out o = out_of(text, text ? SETTINGS_MAX - 1 : 0);

	if (text) {
		config_print(&o, config);
		*o.p = '\0';
		ledger_in_force(k->ledger, name, text);
	}
	free(text);
}

void
keep_rules(struct keep *k, const struct config *config)
{
	put_configuration(k, "rules", config);
}

struct keeping {
	struct keep *keep;
	struct common *common;
};

static void
keep_list(void *arg, const char *name, const struct list *list)
{
	struct keeping *g = arg;
	struct bytes plain = {.p = NULL}, packed = {.p = NULL};
	char hex[ATTACHED_HEX] = "0", setting[CONFIG_NAME_MAX + 8], value[ATTACHED_HEX + 32], words[512];
	bool kept;

	list_pack(&plain, list);
	squeeze(&packed, plain.p, plain.n, SQUEEZE_FAST);
	errno = ENOMEM;
	kept = !packed.failed && !plain.failed && ledger_attach(g->keep->ledger, "list", packed.p, packed.n, hex);
	if (!kept) {
		snprintf(words, sizeof(words), "%.300s: list %.64s cannot be kept: %s; hunt --as-was will not have it",
			 g->keep->folder, name, strerror(errno));
		common_error(g->common, words);
	}
	snprintf(setting, sizeof(setting), "list %.64s", name);
	snprintf(value, sizeof(value), "%s %s %u", hex, kept ? "kept" : "lost", list_entries(list));
	ledger_in_force(g->keep->ledger, setting, value);
	bytes_free(&plain);
	bytes_free(&packed);
}

void
keep_lists(struct keep *k, struct common *c)
{
	struct keeping g = {k, c};

	if (k->ledger)
		lists_each(enrich_lists(c->enrich), &g, keep_list);
}

void
keep_settings(struct keep *k, struct common *c)
{
	const char *configured = config_text(&c->config, OPT_evidence_folder);
	char whole[PATH_MAX], id[17];

	ledger_in_force(k->ledger, "version", PROGRAM_VERSION);
	ledger_setting(k->ledger, "started", c->watch.knows ? WAS_RESUMED : WAS_FRESH);
	if (c->privacy.key) {
		privacy_id(id, c->privacy.key->id);
		ledger_in_force(k->ledger, "privacy_key", id);
	}
	put_configuration(k, "configuration", &c->config);
	if (c->reread)
		keep_rules(k, c->reread);
	keep_lists(k, c);
	if (c->watch.evidence)
		ledger_in_force(k->ledger, "evidence.folder",
				*configured && realpath(configured, whole) ? whole : "evidence");
}
