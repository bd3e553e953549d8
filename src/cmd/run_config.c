/*
 * run_config: see run_config.h.
 */
#include "cmd/run_config.h"

#include <stdlib.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20 };

int
run_config_new(const struct config *c)
{
	char *text = malloc(TEXT_MAX);
	struct out o = out_of(text, text ? TEXT_MAX : 0);
	int fd = -1;

	if (text)
		config_print(&o, c);
	if (text && !o.full)
		fd = role_hand("configuration", text, out_len(&o));
	free(text);
	return fd;
}

bool
run_config_take(struct common *c)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/fd/%d", ROLE_FD_FIRST + RUN_FD_CONFIG);
	config_init(&c->config);
	if (config_file(&c->config, path))
		return true;
	common_error(c, c->config.error);
	return false;
}
