/*
 * config: the configuration: INI lines in, values out.
 *
 *	[memory]			section
 *	limit = 256MiB			option; later wins
 *	[gateway vpn]			instance
 *	address = 192.0.2.10, 2001:db8::10
 *	[list feed]			a file of indicators
 *	file = /etc/gatewitness/feed.csv
 *	[sink siem]			where alerts go
 *	[suppress backups]		what the operator tells the detectors: suppress, maintenance, fact
 *	where = target in 203.0.113.0/24
 *	name = "with # blanks"		quoted: \" and \\ inside
 *	include = conf.d		a folder's *.conf in order of their names, before any section
 *	# comment
 *
 * The parser is fed line by line and touches no file (sensor/config_file.c does).
 */
#ifndef SENSOR_CONFIG_H
#define SENSOR_CONFIG_H

#include "pipeline.h"
#include "sensor/options.h"

enum {
	CONFIG_GATEWAY_OPTIONS = OPT_gateway_profile + 1 - OPT_gateway_address,
	CONFIG_RULE_OPTIONS = 32, /* the most of these sections */
	CONFIG_RULES = 192,
	CONFIG_POOL = 1 << 17
};
enum { CONFIG_PARAMS = 256, CONFIG_NAME_MAX = 64, CONFIG_ERROR_MAX = 512, CONFIG_LINE_MAX = 4096 };

struct config_gateway {
	char name[CONFIG_NAME_MAX];
	char text[CONFIG_GATEWAY_OPTIONS][OPTION_TEXT_MAX]; /* address, egress, inside ... */
};

/* [list NAME], [suppress NAME], [maintenance NAME], [fact NAME], [sink NAME]; texts lie in struct config, 0: not given. */
struct config_rule {
	char name[CONFIG_NAME_MAX];
	uint16_t first; /* option_key of the section's first option: which of them it is */
	uint32_t text[CONFIG_RULE_OPTIONS];
	uint32_t file; /* where it began, a text, too */
	unsigned line; /* 0: not in a file */
};

struct config {
	int64_t number[OPTIONS_OWN + CONFIG_PARAMS];
	char text[OPTIONS_OWN][OPTION_TEXT_MAX];
	unsigned gateways;
	struct config_gateway gateway[GATEWAYS_MAX];
	unsigned rules;
	struct config_rule rule[CONFIG_RULES];
	uint32_t pooled; /* bytes of pool; the first is no text's */
	char pool[CONFIG_POOL];
	/* of the file being read */
	const char *file; /* NULL: none */
	unsigned line;
	char section[CONFIG_NAME_MAX], instance[CONFIG_NAME_MAX];
	char include[OPTION_TEXT_MAX]; /* after CONFIG_INCLUDE */
	char error[CONFIG_ERROR_MAX];  /* after CONFIG_ERROR */
};

enum config_verdict { CONFIG_FINE, CONFIG_INCLUDE, CONFIG_ERROR };

/* Every option at its default. */
void config_init(struct config *c);

/* A new file: back to no section. */
void config_begin(struct config *c);

/* One line without its end; bytes from anywhere. */
enum config_verdict config_line(struct config *c, const char *line, size_t n);

/* --set SECTION.OPTION=VALUE, SECTION.INSTANCE.OPTION=VALUE. */
enum config_verdict config_set(struct config *c, const char *assignment);

/* Reads a file and what it includes.  False: c->error is one line with file and line number. */
bool config_file(struct config *c, const char *path);

/* Every option with its value and doc, as a configuration. */
void config_print(struct out *to, const struct config *c);

/* Addresses of all gateways, numbered from 1 in the order of their sections; how many. */
size_t config_gateways(const struct config *c, struct gateway_addr *to, size_t max);

/* Letters, digits, _ and -: what a section or an instance may be called. */
bool config_name_ok(const char *name);

/* Rules.  What is not given is its default. */
const char *config_rule_text(const struct config *c, const struct config_rule *r, enum option_key key);
struct config_rule *config_rule_find(struct config *c, const char *section, const char *name);
/* For the parser: finds or makes it; NULL: c->error. */
struct config_rule *config_rule_make(struct config *c, const char *section, const char *name);
enum config_verdict config_rule_assign(struct config *c, const struct option *o, const char *name, const char *value);
void config_rules_print(struct out *to, const struct config *c);
void config_rule_print(struct out *to, const struct config *c, const struct config_rule *r);

/* -g: one gateway with these addresses, in place of the configured ones.  False: c->error. */
bool config_gateway_list(struct config *c, const char *list);

static inline int64_t
config_number(const struct config *c, enum option_key key)
{
	return c->number[key];
}

static inline const char *
config_text(const struct config *c, enum option_key key)
{
	return c->text[key];
}

#endif
