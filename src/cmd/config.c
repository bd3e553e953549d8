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
config_run(int argc, char **argv)
{
	struct args a = args_of(&CMD_CONFIG, argc, argv);
	struct common *c = common_new(&CMD_CONFIG);
	int id, status = c ? EXIT_DONE : EXIT_IO;
	const char *value;

	while (status == EXIT_DONE && (id = args_next(&a, &value)) != ARGS_END) {
		if (id == ARGS_HELP) {
			help_print(&CMD_CONFIG);
			common_free(c);
			return EXIT_DONE;
		}
		if (id == ARGS_FILE)
			status = usage_error("config", "takes no files but -c FILE");
		else
			status = id == ARGS_BAD ? EXIT_USAGE : common_option(c, id, value);
	}
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
