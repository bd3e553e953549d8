/*
 * run_paths: which files a role of run is left (Landlock): those that the configuration and the command line name, and
 * what the C library looks up.  Of a file it is the folder, because files are replaced, rotated and made anew.
 */
#include "cmd/run_paths.h"

#include <stdlib.h>

enum of { FOLDER, FOLDER_OF };

struct named {
	enum option_key key;
	enum of of;
	bool writes;
};

static const struct named DATA[] = {
	{OPT_ledger_folder, FOLDER, true},    {OPT_evidence_folder, FOLDER, true},
	{OPT_eve_file, FOLDER_OF, true},      {OPT_detect_memory, FOLDER_OF, true},
	{OPT_identity_file, FOLDER_OF, true}, {OPT_sink_path, FOLDER_OF, true},
	{OPT_outbox_file, FOLDER_OF, true},   {OPT_places_country, FOLDER_OF, false},
	{OPT_places_asn, FOLDER_OF, false},   {OPT_privacy_key, FOLDER_OF, false},
	{OPT_list_file, FOLDER_OF, false},
};

/* Time zones, the host's name, what malloc asks of the machine. */
static const char *const SYSTEM[] = {"/etc",         "/usr/share/zoneinfo", "/dev/null",
				     "/dev/urandom", "/proc/sys",           "/sys/devices/system/cpu"};

static void
add(struct run_paths *p, const char *path, enum of of, bool writes)
{
	char *to, *slash;

	if (!*path || strcmp(path, "-") == 0 || p->n >= RUN_PATHS_MAX)
		return;
	to = p->text[p->n];
	if (snprintf(to, sizeof(p->text[0]), "%s", path) >= (int)sizeof(p->text[0]))
		return;
	/* a device is no folder's file: all of /dev is not meant */
	if (of == FOLDER_OF && strncmp(path, "/dev/", 5) != 0) {
		slash = strrchr(to, '/');
		snprintf(slash ? slash + (slash == to) : to, 2, "%s", slash ? "" : ".");
	}
	p->path[p->n++] = (struct confine_path){to, writes};
}

static bool
same_section(enum option_key a, enum option_key b)
{
	struct option x, y;

	return option_at(a, &x) && option_at(b, &y) && strcmp(x.section, y.section) == 0;
}

static void
add_named(struct run_paths *p, const struct config *c, const struct named *named)
{
	add(p, config_text(c, named->key), named->of, named->writes);
	for (unsigned i = 0; i < c->rules; i++)
		if (same_section((enum option_key)c->rule[i].first, named->key))
			add(p, config_rule_text(c, &c->rule[i], named->key), named->of, named->writes);
}

void
run_paths_data(struct run_paths *p, const struct common *c)
{
	p->n = 0;
	for (size_t i = 0; i < sizeof(DATA) / sizeof(DATA[0]); i++)
		add_named(p, &c->config, &DATA[i]);
	if (c->ledger)
		add(p, c->ledger, FOLDER, true);
	if (c->eve)
		add(p, c->eve, FOLDER_OF, true);
	for (unsigned i = 0; i < c->givens; i++)
		if (c->given[i].id == 'c')
			add(p, c->given[i].value, FOLDER_OF, false);
	for (size_t i = 0; i < sizeof(SYSTEM) / sizeof(SYSTEM[0]); i++)
		add(p, SYSTEM[i], FOLDER, false);
}
