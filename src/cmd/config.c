/*
 * config: every option with its value, as a configuration that can be read back.
 */
#include "cmd/common.h"

#include <stdlib.h>

enum { PRINT_MAX = 1 << 20 };

static int
print(const struct config *c)
{
	char *text = malloc(PRINT_MAX);
	struct out o = out_of(text, text ? PRINT_MAX : 0);

	config_print(&o, c);
	fwrite(o.start, 1, out_len(&o), stdout);
	free(text);
	if (!o.full && fflush(stdout) == 0)
		return EXIT_DONE;
	perror("gatewitness: standard output");
	return EXIT_IO;
}

static int
take_option(void *arg, int id, const char *value)
{
	return id == ARGS_FILE ? usage_error("config", "takes no files but -c FILE") : common_option(arg, id, value);
}

static int
config_run(int argc, char **argv)
{
	struct common *c = common_new(&CMD_CONFIG);
	int status = c ? args_take(&CMD_CONFIG, argc, argv, take_option, c) : EXIT_IO;

	if (status == EXIT_DONE)
		status = print(&c->config);
	if (c)
		common_free(c);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{'c', "config", "FILE", "read the configuration from there"},
	{OPT_SET, "set", "SECTION.OPTION=VALUE", "set one option; the later wins"},
	{'g', "gateway", "ADDR[,ADDR]", "addresses of the gateway"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_CONFIG = {
	"config",
	"[-c FILE] [--set SECTION.OPTION=VALUE]...",
	"every option with its value, as a configuration file",
	OPTIONS,
	"examples:\n"
	"  gatewitness config > gatewitness.conf\n"
	"  gatewitness config -c gatewitness.conf --set detect.learn=14d\n"
	"\n"
	"exit code: 0 done; 2 the configuration is wrong: file, line and what to mend on stderr\n",
	config_run,
};
