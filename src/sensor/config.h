/*
 * config: the configuration: INI lines in, values out.
 *
 *	[memory]			section
 *	limit = 256MiB			option; later wins
 *	[gateway vpn]			instance
 *	address = 192.0.2.10, 2001:db8::10
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

enum { CONFIG_PARAMS = 256, CONFIG_NAME_MAX = 64, CONFIG_ERROR_MAX = 512, CONFIG_LINE_MAX = 4096 };

struct config_gateway {
	char name[CONFIG_NAME_MAX];
	char text[OPTIONS_OWN - OPT_gateway_address][OPTION_TEXT_MAX]; /* address, egress, inside ... */
};

struct config {
	int64_t number[OPTIONS_OWN + CONFIG_PARAMS];
	char text[OPTIONS_OWN][OPTION_TEXT_MAX];
	unsigned gateways;
	struct config_gateway gateway[GATEWAYS_MAX];
	/* of the file being read */
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
