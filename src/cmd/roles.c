/*
 * roles: the processes of run and what each may do, from the table that confines them (sensor/role.def).
 */
#include "cmd/tables.h"

#include <ctype.h>

#include "sensor/role.h"

enum { ID_JSON = TABLES_JSON << 8, INDENT = 2, LABEL = 10 };

static const char *const PATHS[] = {
	[ROLE_PATHS_NONE] = "none",
	[ROLE_PATHS_DATA] = "what the configuration names, and what libc looks up",
	[ROLE_PATHS_SINK] = "its certificates and secrets, and what libc and TLS look up, to read",
	[ROLE_PATHS_ALL] = "as its user",
};

static void
label(const struct term *t, const char *name, const char *text)
{
	fprintf(t->to, "%*s%-*s ", INDENT, "", LABEL, name);
	tables_doc(t, INDENT + LABEL + 1, text);
}

/* "work", "no files" */
static void
set_name(struct out *o, unsigned set)
{
	for (const char *c = ROLE_CALLS[set].name; *c; c++)
		out_char(o, *c == '_' ? ' ' : (char)tolower((unsigned char)*c));
}

static void
sets_text(const struct term *t, const struct role_rights *r, bool refused, const char *name)
{
	char line[256];
	struct out o = out_of(line, sizeof(line) - 1);

	for (unsigned i = 0; i < ROLE_SETS; i++) {
		if (!(r->sets & 1u << i) || ROLE_CALLS[i].refused != refused)
			continue;
		if (out_len(&o))
			OUT_LIT(&o, ", ");
		set_name(&o, i);
	}
	*o.p = '\0';
	if (*line)
		label(t, name, line);
}

/* What the names stand for, once. */
static void
calls_text(const struct term *t)
{
	char name[64];

	for (unsigned i = 0; i < ROLE_SETS; i++) {
		struct out o = out_of(name, sizeof(name) - 1);

		set_name(&o, i);
		*o.p = '\0';
		fprintf(t->to, "%s%-*s%s ", term_style(t, STYLE_BOLD), INDENT + LABEL, name,
			term_style(t, STYLE_PLAIN));
		tables_doc(t, INDENT + LABEL + 1, ROLE_CALLS[i].calls);
	}
}

static void
role_text(const struct term *t, const struct role_rights *r)
{
	fprintf(t->to, "%s%-*s%s ", term_style(t, STYLE_BOLD), INDENT + LABEL, r->name, term_style(t, STYLE_PLAIN));
	tables_doc(t, INDENT + LABEL + 1, r->doc);
	label(t, "user", *r->user ? r->user : "as it was started");
	label(t, "files", PATHS[r->paths]);
	if (role_may_the_rest(r))
		label(t, "calls", "all");
	sets_text(t, r, false, "calls");
	sets_text(t, r, true, "but");
	fprintf(t->to, "\n");
}

static void
calls_json(struct out *o, const struct role_rights *r, bool refused)
{
	json_open(o, '[');
	for (unsigned i = 0; i < ROLE_SETS; i++) {
		const char *at = ROLE_CALLS[i].calls;
		char name[64];

		while (ROLE_CALLS[i].refused == refused && r->sets & 1u << i && *at) {
			size_t n = strcspn(at, " ");

			snprintf(name, sizeof(name), "%.*s", (int)n, at);
			json_text(o, name);
			at += n + (at[n] == ' ');
		}
	}
	json_close(o, ']');
}

static void
role_json(const struct role_rights *r)
{
	char line[16384];
	struct out o = out_of(line, sizeof(line));

	OUT_LIT(&o, "{\"role\":");
	json_text(&o, r->name);
	JSON_KEY(&o, "doc");
	json_text(&o, r->doc);
	JSON_KEY(&o, "user");
	json_text(&o, r->user);
	JSON_KEY(&o, "files");
	json_text(&o, PATHS[r->paths]);
	JSON_KEY(&o, "calls");
	calls_json(&o, r, false);
	JSON_KEY(&o, "refused");
	calls_json(&o, r, true);
	OUT_LIT(&o, "}\n");
	fwrite(line, 1, out_len(&o), stdout);
}

static int
roles_run(int argc, char **argv)
{
	unsigned chosen;
	int status = tables_options(&CMD_ROLES, argc, argv, &chosen);
	struct term t = term_of(stdout);

	if (status != EXIT_DONE)
		return status;
	for (unsigned i = 0; i < ROLES; i++)
		if (chosen & TABLES_JSON)
			role_json(&ROLE_RIGHTS[i]);
		else
			role_text(&t, &ROLE_RIGHTS[i]);
	if (!(chosen & TABLES_JSON))
		calls_text(&t);
	return tables_finish();
}

static const struct arg_option OPTIONS[] = {
	{ID_JSON, "json", NULL, "one JSON object a line"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_ROLES = {
	"roles",
	"[--json]",
	"the processes of run, and what each may do",
	OPTIONS,
	"run is several processes of this program, and each gives up what it does not need before it\n"
	"reads its first byte: all capabilities, new privileges, core dumps; files (Landlock, on kernel\n"
	"5.13 and later); system calls (seccomp), by sets whose calls stand below: what is in no set\n"
	"ends the process, and what is refused gets EACCES. A colon says that a call is left only so: mmap:data "
	"without code.\n"
	"\n"
	"examples:\n"
	"  gatewitness roles\n"
	"  gatewitness roles --json | jq -r 'select(.role==\"tap\").calls[]'\n"
	"\n"
	"exit code: 0 done; 2 wrong usage\n",
	roles_run,
};
