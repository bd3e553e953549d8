/*
 * config: a configuration file from anywhere; what is accepted prints as something that reads as the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
feed(struct config *c, const char *text, size_t size, bool must)
{
	const char *end = text + size;

	config_init(c);
	config_begin(c);
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((stop ? stop : end) - text);

		if (config_line(c, text, n) == CONFIG_ERROR && must)
			abort();
		text += n + 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { ROOM = 1 << 19 };
	static struct detect_rules rules;
	char error[CONFIG_ERROR_MAX];
	struct config *c = calloc(1, sizeof(*c));
	struct gateway_addr g[GATEWAY_ADDRS_MAX];
	char *first = malloc(ROOM), *second = malloc(ROOM);
	struct out a = out_of(first, ROOM), b = out_of(second, ROOM);

	feed(c, (const char *)data, size, false);
	config_gateways(c, g, GATEWAY_ADDRS_MAX);
	if (!rules_build(&rules, c, c, error) && !memchr(error, '\0', sizeof(error)))
		abort();
	config_print(&a, c);
	feed(c, first, out_len(&a), true);
	config_print(&b, c);
	if (a.full || b.full || out_len(&a) != out_len(&b) || memcmp(first, second, out_len(&a)) != 0)
		abort();
	free(first);
	free(second);
	free(c);
	return 0;
}
