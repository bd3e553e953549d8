/*
 * suppress: suppressions listed, added, removed and checked.
 *
 * Writes one file that the configuration includes, and no other; must not touch what a person wrote around it.
 */
#include "cmd/common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/tables.h"
#include "sensor/config_edit.h"

enum { ID_WHERE = 320, ID_DETECTOR, ID_OWNER, ID_REASON, ID_EXPIRES, ID_JSON, ID_FILE = 'f' };

struct suppress {
	struct config *config;
	struct detect_rules *rules;
	const char *verb, *name; /* positional */
	const char *file;        /* -f */
	const char *main;        /* -c */
	const char *value[5];    /* detector, where, owner, reason, expires, as in options.def */
	char expires[64];        /* written out */
	bool json;
	struct when now;
};

static int
tell(const char *words, int status)
{
	fprintf(stderr, "gatewitness: %s\n", words);
	return status;
}

/* A file alone, or a whole configuration; each must read. */
static bool
read_config(struct config *config, const char *path, char error[CONFIG_ERROR_MAX])
{
	config_init(config);
	if (config_file(config, path))
		return true;
	memcpy(error, config->error, CONFIG_ERROR_MAX);
	return false;
}

/* FILE by itself: the gateways that its sections name are elsewhere. */
static bool
reads_alone(void *arg, const char *path, char error[CONFIG_ERROR_MAX])
{
	struct suppress *s = arg;

	return read_config(s->config, path, error) && rules_build(s->rules, s->config, NULL, error);
}

static bool
reads(struct suppress *s, char error[CONFIG_ERROR_MAX])
{
	if (!s->main)
		return reads_alone(s, s->file, error);
	return read_config(s->config, s->main, error) && rules_build(s->rules, s->config, s->config, error);
}

static const char *
rule_text(const struct suppress *s, const struct config_rule *r, unsigned i)
{
	return config_rule_text(s->config, r, (enum option_key)(OPT_suppress_detector + i));
}

enum { DETECTOR, WHERE, OWNER, REASON, EXPIRES };
static const char *const NAMES[] = {"detector", "where", "owner", "reason", "expires"};

static bool
is_over(const struct suppress *s, const struct config_rule *r)
{
	const char *text = rule_text(s, r, EXPIRES);
	struct when t;

	return when_parse(&t, text, strlen(text)) && !when_before(s->now, t);
}

static void
list_json(const struct suppress *s, const struct config_rule *r)
{
	char line[8 * OPTION_TEXT_MAX];
	struct out o = out_of(line, sizeof(line));

	OUT_LIT(&o, "{\"name\":");
	json_text(&o, r->name);
	for (unsigned i = 0; i < 5; i++) {
		json_text(&o, NAMES[i]);
		out_char(&o, ':');
		json_text(&o, rule_text(s, r, i));
	}
	JSON_KEY(&o, "expired");
	json_bool(&o, is_over(s, r));
	OUT_LIT(&o, "}\n");
	fwrite(line, 1, out_len(&o), stdout);
}

static void
list_text(const struct suppress *s, const struct config_rule *r)
{
	const char *where = rule_text(s, r, WHERE);

	printf("%s  %s%s%s  %s %s\n    %s: %s\n", r->name, rule_text(s, r, DETECTOR), *where ? " where " : "", where,
	       is_over(s, r) ? "EXPIRED" : "until", rule_text(s, r, EXPIRES), rule_text(s, r, OWNER),
	       rule_text(s, r, REASON));
}

static int
list(struct suppress *s)
{
	char error[CONFIG_ERROR_MAX];

	if (!s->main && !s->file)
		return usage_error("suppress", "list needs -c FILE, the configuration, or -f FILE");
	if (!reads(s, error))
		return tell(error, EXIT_USAGE);
	for (unsigned i = 0; i < s->config->rules; i++) {
		const struct config_rule *r = &s->config->rule[i];

		if (r->first != OPT_suppress_detector)
			continue;
		if (s->json)
			list_json(s, r);
		else
			list_text(s, r);
	}
	return tables_finish();
}

/* list without the list: what is wrong, and what is over. */
static int
check(struct suppress *s)
{
	const char *path = s->main ? s->main : s->file;
	char error[CONFIG_ERROR_MAX], names[1024];
	struct out o = out_of(names, sizeof(names) - 1);
	unsigned over;

	if (!path)
		return usage_error("suppress", "check needs -c FILE, the configuration, or -f FILE");
	if (!reads(s, error))
		return tell(error, EXIT_USAGE);
	over = rules_expired(s->rules, s->now, &o);
	*o.p = '\0';
	printf("%s: %u suppression%s, %u of them expired%s%s\n", path, s->rules->suppressions,
	       s->rules->suppressions == 1 ? "" : "s", over, over ? ": " : "", names);
	return tables_finish();
}

/* "30d" from now on becomes a time; a time stays what it is. */
static bool
write_out_expires(struct suppress *s)
{
	const struct option span = {.type = OPTION_TIME, .range = "1m..3650d"};
	struct out o = out_of(s->expires, sizeof(s->expires) - 1);
	int64_t ns;

	if (option_parse(&span, s->value[EXPIRES], &ns) != NULL)
		return false;
	out_time_s(&o, when_add(s->now, ns));
	OUT_LIT(&o, "Z");
	*o.p = '\0';
	s->value[EXPIRES] = s->expires;
	return true;
}

/* "[suppress NAME]" with the values given, through the parser, so that what is written is what reads. */
static int
section(struct suppress *s, struct out *to)
{
	struct option o;

	config_init(s->config);
	for (unsigned i = 0; i < 5; i++) {
		const char *why;
		int64_t number;

		if (!s->value[i])
			continue;
		option_at(OPT_suppress_detector + i, &o);
		why = i == EXPIRES && s->value[i] != s->expires && option_parse(&o, s->value[i], &number) ?
			      "is no time such as 30d or 2025-12-31" :
		      strpbrk(s->value[i], "\r\n") ? "has a line end in it" :
						     option_parse(&o, s->value[i], &number);
		if (why) {
			const char *meant = i == DETECTOR ? option_detector_meant(s->value[i]) : NULL;

			fprintf(stderr, "gatewitness suppress: --%s \"%.200s\" %s%s%s\n", NAMES[i], s->value[i], why,
				meant ? "; the nearest is " : "", meant ? meant : "");
			return EXIT_USAGE;
		}
		if (config_rule_assign(s->config, &o, s->name, s->value[i]) != CONFIG_FINE)
			return tell(s->config->error, EXIT_USAGE);
	}
	config_rule_print(to, s->config, &s->config->rule[0]);
	return EXIT_DONE;
}

static int
say_written(const struct suppress *s, const char *what)
{
	fprintf(stderr, "%s: %s \"%s\"; a running sensor takes it up with SIGHUP\n", s->file, what, s->name);
	return EXIT_DONE;
}

/* Is there such a rule?  In the whole configuration where there is one, else in the file.  Both must read. */
static int
look(struct suppress *s, bool *there, bool *included)
{
	char error[CONFIG_ERROR_MAX];

	*there = *included = false;
	if (s->main) {
		if (!read_config(s->config, s->main, error))
			return tell(error, EXIT_USAGE);
		*included = *there = config_rule_find(s->config, "suppress", s->name) != NULL;
	}
	return EXIT_DONE;
}

static int
add_rule(struct suppress *s)
{
	char text[8 * OPTION_TEXT_MAX];
	struct out o = out_of(text, sizeof(text));
	struct edit e;
	bool there, included;
	int status;

	if (!s->value[OWNER] || !s->value[REASON] || !s->value[EXPIRES])
		return usage_error("suppress", "add needs --owner, --reason and --expires: who, why, and until when");
	if (!s->value[DETECTOR] && !s->value[WHERE])
		return usage_error("suppress", "add needs --detector or --where, or it would suppress everything");
	(void)write_out_expires(s);
	if ((status = look(s, &there, &included)) != EXIT_DONE || (status = section(s, &o)) != EXIT_DONE)
		return status;
	status = EXIT_USAGE;
	if (!edit_read(&e, s->file))
		status = tell(e.error, EXIT_IO);
	else if (there || edit_remove(&e, "suppress", s->name))
		fprintf(stderr, "gatewitness suppress: there is a suppression \"%s\"; remove it first\n", s->name);
	else if (!edit_append(&e, text, out_len(&o)) || !edit_write(&e, s->file, &(struct edit_check){reads_alone, s}))
		status = tell(e.error, e.refused ? EXIT_USAGE : EXIT_IO);
	else
		status = say_written(s, "added");
	edit_free(&e);
	if (status == EXIT_DONE && s->main && look(s, &there, &included) == EXIT_DONE && !included)
		fprintf(stderr, "%s does not include it: put  include = %s  above its first section\n", s->main,
			s->file);
	return status;
}

/* The first rule: a configuration that includes the file already could not be read without it. */
static int
add(struct suppress *s)
{
	int fd = open(s->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), status;

	if (fd >= 0)
		close(fd);
	status = add_rule(s);
	if (fd >= 0 && status != EXIT_DONE)
		unlink(s->file);
	return status;
}

static int
remove_rule(struct suppress *s)
{
	struct edit e;
	int status = EXIT_USAGE;

	if (!edit_read(&e, s->file))
		status = tell(e.error, EXIT_IO);
	else if (access(s->file, F_OK) != 0)
		fprintf(stderr, "gatewitness suppress: %s: %s\n", s->file, strerror(errno));
	else if (!edit_remove(&e, "suppress", s->name))
		fprintf(stderr, "gatewitness suppress: %s has no suppression \"%s\"\n", s->file, s->name);
	else if (!edit_write(&e, s->file, &(struct edit_check){reads_alone, s}))
		status = tell(e.error, e.refused ? EXIT_USAGE : EXIT_IO);
	else
		status = say_written(s, "removed");
	edit_free(&e);
	return status;
}

static int
take_option(void *arg, int id, const char *value)
{
	struct suppress *s = arg;

	switch (id) {
	case ARGS_FILE:
		if (s->name)
			return usage_error("suppress", "takes a verb and a name");
		*(s->verb ? &s->name : &s->verb) = value;
		return EXIT_DONE;
	case 'c':
		s->main = value;
		return EXIT_DONE;
	case ID_FILE:
		s->file = value;
		return EXIT_DONE;
	case ID_JSON:
		s->json = true;
		return EXIT_DONE;
	case ID_DETECTOR:
		s->value[DETECTOR] = value;
		return EXIT_DONE;
	case ID_WHERE:
		s->value[WHERE] = value;
		return EXIT_DONE;
	case ID_OWNER:
		s->value[OWNER] = value;
		return EXIT_DONE;
	case ID_REASON:
		s->value[REASON] = value;
		return EXIT_DONE;
	case ID_EXPIRES:
		s->value[EXPIRES] = value;
		return EXIT_DONE;
	default:
		return EXIT_USAGE;
	}
}

static int
do_verb(struct suppress *s)
{
	bool adds = s->verb && strcmp(s->verb, "add") == 0, removes = s->verb && strcmp(s->verb, "remove") == 0;

	if (!s->verb)
		return usage_error("suppress", "list, add, remove or check?");
	if (!adds && !removes && s->name)
		return usage_error("suppress", "a name belongs to add and remove");
	if (strcmp(s->verb, "list") == 0)
		return list(s);
	if (strcmp(s->verb, "check") == 0)
		return check(s);
	if (!adds && !removes)
		return usage_error("suppress", "knows list, add, remove and check");
	if (!s->name || !config_name_ok(s->name))
		return usage_error("suppress", "needs a name of letters, digits, _ and -");
	if (!s->file)
		return usage_error("suppress", "needs -f FILE, which the configuration includes");
	return adds ? add(s) : remove_rule(s);
}

static int
suppress_run(int argc, char **argv)
{
	struct suppress s = {.config = malloc(sizeof(*s.config)), .rules = malloc(sizeof(*s.rules))};
	int status = s.config && s.rules ? EXIT_DONE : tell("no memory", EXIT_IO);

	s.now = clock_wall();
	if (status == EXIT_DONE)
		status = args_take(&CMD_SUPPRESS, argc, argv, take_option, &s);
	if (status == EXIT_DONE)
		status = do_verb(&s);
	free(s.config);
	free(s.rules);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{'c', "config", "FILE", "the configuration"},
	{ID_FILE, "file", "FILE", "the file of suppressions that it includes: add and remove change this one"},
	{ID_DETECTOR, "detector", "NAME[,NAME]", "findings of these; without it of any"},
	{ID_WHERE, "where", "EXPR", "of these, those that this holds for"},
	{ID_OWNER, "owner", "WHO", "who answers for it"},
	{ID_REASON, "reason", "WORDS", "why"},
	{ID_EXPIRES, "expires", "TIME", "30d from now, or 2025-12-31"},
	{ID_JSON, "json", NULL, "list: one JSON object a line"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_SUPPRESS = {
	"suppress",
	"list|check -c FILE\n       gatewitness suppress add NAME -f FILE --owner WHO --reason WORDS --expires TIME "
	"...\n"
	"       gatewitness suppress remove NAME -f FILE",
	"findings that shall be recorded but not alert",
	OPTIONS,
	"A suppressed finding is still judged, recorded and counted, with the name of the rule; it opens\n"
	"no incident and gives no alert. Each rule has an owner, a reason and an end; after that it no\n"
	"longer applies, by the time of the packets.\n"
	"\n"
	"EXPR asks about the session (gatewitness schema) and the finding (detector, severity,\n"
	"confidence, gateway, learning, degraded, weak, actor, actor_port, target, target_port):\n"
	"  FIELD = VALUE   also != < <= > >=, and ~ for \"begins with\"; yes/no fields stand alone\n"
	"  FIELD in (VALUE, VALUE)   FIELD not in ...   and   or   not   ( )\n"
	"Addresses match networks (src in 10.0.0.0/8); texts match without regard to case; lists match\n"
	"when any member does. Values: 64KiB, 30s, 2025-05-01T22:00+02:00, TLS1.2, \"quoted text\".\n"
	"\n"
	"examples:\n"
	"  gatewitness suppress add scanner -f conf.d/suppress.conf -c gatewitness.conf \\\n"
	"      --detector leak_loop,oversized_request --where 'actor in 203.0.113.0/24' \\\n"
	"      --owner jane@example.org --reason 'our own scanner' --expires 30d\n"
	"  gatewitness suppress add update -f conf.d/suppress.conf --detector new_egress \\\n"
	"      --where 'sni ~ update. and dest_port = 443' --owner ops --reason 'vendor' --expires 2026-06-30\n"
	"  gatewitness suppress check -c gatewitness.conf\n"
	"\n"
	"The file is read as a configuration before it takes the old one's place. A running sensor takes\n"
	"changes up with SIGHUP.\n"
	"\n"
	"exit code: 0 done; 1 the file cannot be written; 2 wrong usage or configuration\n",
	suppress_run,
};
