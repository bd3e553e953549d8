/*
 * sensor_config: lines of a configuration, good and bad, and the print that reads as the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensor/config.h"

static struct config config;
static char printed[2][1 << 18];

static enum config_verdict
line(const char *text)
{
	return config_line(&config, text, strlen(text));
}

static int
fresh(void **state)
{
	(void)state;
	config_init(&config);
	return 0;
}

static void
values(void **state)
{
	(void)state;
	assert_int_equal(config_number(&config, OPT_memory_limit), 256 << 20);
	assert_int_equal(line("  # a comment"), CONFIG_FINE);
	assert_int_equal(line(""), CONFIG_FINE);
	assert_int_equal(line("[memory]"), CONFIG_FINE);
	assert_int_equal(line(" limit=64MiB # half of it "), CONFIG_FINE);
	assert_int_equal(config_number(&config, OPT_memory_limit), 64 << 20);
	assert_int_equal(line("[ndpi]\r"), CONFIG_FINE);
	assert_int_equal(line("enabled = no"), CONFIG_FINE);
	assert_int_equal(config_number(&config, OPT_ndpi_enabled), 0);
	assert_int_equal(line("[detect]"), CONFIG_FINE);
	assert_int_equal(line("learn = 90s"), CONFIG_FINE);
	assert_int_equal(line("learn = 2d"), CONFIG_FINE); /* later wins */
	assert_int_equal(config_number(&config, OPT_detect_learn), 2 * 86400 * NS_PER_S);
	assert_int_equal(line("[eve]"), CONFIG_FINE);
	assert_int_equal(line("file = \"a # \\\"b\\\".json\"  # named so"), CONFIG_FINE);
	assert_string_equal(config_text(&config, OPT_eve_file), "a # \"b\".json");
	assert_int_equal(line("mode = strict"), CONFIG_FINE);
	assert_int_equal(config_number(&config, OPT_eve_mode), 1);
}

static void
gateways(void **state)
{
	struct gateway_addr g[GATEWAY_ADDRS_MAX];
	struct addr a;

	(void)state;
	assert_int_equal(line("[gateway vpn]"), CONFIG_FINE);
	assert_int_equal(line("address = 192.0.2.10, 2001:db8::10"), CONFIG_FINE);
	assert_int_equal(line("egress = 192.0.2.10, 192.0.2.99"), CONFIG_FINE);
	assert_int_equal(line("inside = 10.0.0.0/8"), CONFIG_FINE);
	assert_int_equal(config_set(&config, "gateway.b.address=192.0.2.20"), CONFIG_FINE);
	assert_int_equal(config_gateways(&config, g, GATEWAY_ADDRS_MAX), 4);
	assert_true(addr_parse(&a, "192.0.2.10"));
	assert_true(addr_same(&g[0].addr, &a) && g[0].gateway == 1 && g[0].listens && g[0].calls);
	assert_true(g[1].gateway == 1 && g[1].listens && !g[1].calls);
	assert_true(g[2].gateway == 1 && !g[2].listens && g[2].calls);
	assert_true(g[3].gateway == 2 && g[3].listens && g[3].calls);
}

static void
gateway_list(void **state)
{
	struct gateway_addr g[GATEWAY_ADDRS_MAX];

	(void)state;
	config.gateways = 1;
	assert_true(config_gateway_list(&config, "192.0.2.1,192.0.2.2"));
	assert_true(config_gateway_list(&config, "2001:db8::1"));
	assert_int_equal(config_gateways(&config, g, GATEWAY_ADDRS_MAX), 3);
	assert_true(g[2].listens && g[2].calls);
	assert_false(config_gateway_list(&config, "192.0.2.256"));
	assert_non_null(strstr(config.error, "\"192.0.2.256\" is not an address"));
	assert_false(config_gateway_list(&config, ""));
}

static void
said(const char *section, const char *text, const char *words)
{
	fresh(NULL);
	if (*section)
		assert_int_equal(line(section), CONFIG_FINE);
	assert_int_equal(line(text), CONFIG_ERROR);
	if (!strstr(config.error, words))
		fail_msg("\"%s\" lacks \"%s\"", config.error, words);
}

static void
lines_bad(void **state)
{
	(void)state;
	said("", "limit = 1MiB", "no [SECTION] before \"limit\"");
	said("", "[memry]", "nearest is \"memory.limit\"");
	said("", "[memory", "a section is written [NAME]");
	said("", "[memory] x", "a section is written [NAME]");
	said("", "[gateway]", "needs a name");
	said("", "[gateway a/b]", "letters, digits");
	said("", "[detect nothing]", "unknown option \"detect.nothing");
	said("[memory]", "limt = 64MiB", "unknown option \"memory.limt\"; the nearest is \"memory.limit\"");
	said("[memory]", "limit", "OPTION = VALUE");
	said("[memory]", "limit = 64 MB", "is not a size");
	said("[memory]", "limit = 1KiB", "is outside its range (32MiB..64GiB)");
	said("[memory]", "limit = 99999999999999999999", "is not a size");
	said("[detect]", "learn = soon", "is not a time");
	said("[ndpi]", "enabled = maybe", "is neither yes nor no");
	said("[eve]", "mode = loose", "is not one of its words (extended|strict)");
	said("[eve]", "file = \"open", "closing quote");
	said("[eve]", "file = \"a\" b", "closing quote");
	said("[identity]", "key = secret", "32 hex digits");
	said("[gateway g]", "address = 1.2.3", "is not a list of addresses");
	said("[gateway g]", "inside = 10.0.0.0/33", "is not a list of networks");
	said("[gateway g]", "adress = 192.0.2.1", "nearest is \"gateway.g.address\"");
	assert_int_equal(config_line(&config, "a\0b", 3), CONFIG_ERROR);
	assert_int_equal(config_line(&config, printed[0], sizeof(printed[0])), CONFIG_ERROR);
}

static void
sets(void **state)
{
	(void)state;
	assert_int_equal(config_set(&config, "memory.limit=1GiB"), CONFIG_FINE);
	assert_int_equal(config_number(&config, OPT_memory_limit), 1 << 30);
	assert_int_equal(config_set(&config, "eve.file=a=b c"), CONFIG_FINE);
	assert_string_equal(config_text(&config, OPT_eve_file), "a=b c");
	assert_int_equal(config_set(&config, "identity.key=00112233445566778899aabbccddeeff"), CONFIG_FINE);
	assert_int_equal(config_set(&config, "memory.limit"), CONFIG_ERROR);
	assert_int_equal(config_set(&config, "memory=1GiB"), CONFIG_ERROR);
	assert_int_equal(config_set(&config, "memory.x.limit=1GiB"), CONFIG_ERROR);
	assert_int_equal(config_set(&config, "gateway.address=192.0.2.1"), CONFIG_ERROR);
	assert_int_equal(config_set(&config, "captre.scope=all"), CONFIG_ERROR);
	assert_string_equal(config.error, "unknown option \"captre.scope\"; the nearest is \"capture.scope\"");
}

static size_t
print(unsigned i)
{
	struct out o = out_of(printed[i], sizeof(printed[i]));

	config_print(&o, &config);
	assert_false(o.full);
	return out_len(&o);
}

/* Every detector's parameters too: each can be set by the name that it is printed under. */
static void
print_reads_back(void **state)
{
	size_t n, again;

	(void)state;
	assert_int_equal(config_set(&config, "gateway.vpn.address=192.0.2.1, 192.0.2.2"), CONFIG_FINE);
	assert_int_equal(config_set(&config, "gateway.vpn.profile=netscaler"), CONFIG_FINE);
	assert_int_equal(config_set(&config, "eve.file=say \"so\" \\ # ;"), CONFIG_FINE);
	assert_int_equal(config_set(&config, "incident.idle=90m"), CONFIG_FINE);
	assert_int_equal(config_set(&config, "detect.learn=0s"), CONFIG_FINE);
	n = print(0);
	config_init(&config);
	for (char *p = printed[0], *end; p < printed[0] + n; p = end + 1) {
		end = memchr(p, '\n', (size_t)(printed[0] + n - p));
		assert_non_null(end);
		if (config_line(&config, p, (size_t)(end - p)) != CONFIG_FINE)
			fail_msg("%.*s: %s", (int)(end - p), p, config.error);
	}
	again = print(1);
	assert_int_equal(n, again);
	assert_memory_equal(printed[0], printed[1], n);
	assert_string_equal(config_text(&config, OPT_eve_file), "say \"so\" \\ # ;");
}

static void
write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* A folder beside the file, its *.conf in order of their names; errors name file and line. */
static void
includes(void **state)
{
	char root[] = "/tmp/gwconfXXXXXX", path[64], part[80];

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/main.conf", root);
	write_text(path, "include = parts\n[eve]\nmode = strict\n");
	snprintf(part, sizeof(part), "%s/parts", root);
	assert_int_equal(mkdir(part, 0700), 0);
	snprintf(part, sizeof(part), "%s/parts/10.conf", root);
	write_text(part, "[memory]\nlimit = 64MiB\n");
	snprintf(part, sizeof(part), "%s/parts/20.conf", root);
	write_text(part, "[memory]\nlimit = 128MiB\n");
	assert_true(config_file(&config, path));
	assert_int_equal(config_number(&config, OPT_memory_limit), 128 << 20);
	assert_int_equal(config_number(&config, OPT_eve_mode), 1);
	write_text(part, "[memory]\n\nlimits = 128MiB\n");
	assert_false(config_file(&config, path));
	assert_non_null(strstr(config.error, "/parts/20.conf:3: unknown option \"memory.limits\""));
	unlink(part);
	snprintf(part, sizeof(part), "%s/parts/10.conf", root);
	unlink(part);
	snprintf(part, sizeof(part), "%s/parts", root);
	rmdir(part);
	assert_false(config_file(&config, path)); /* the folder is gone */
	write_text(path, "include = main.conf\n");
	assert_false(config_file(&config, path));
	assert_non_null(strstr(config.error, "too deep"));
	unlink(path);
	rmdir(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(values, fresh),       cmocka_unit_test_setup(gateways, fresh),
		cmocka_unit_test_setup(gateway_list, fresh), cmocka_unit_test_setup(lines_bad, fresh),
		cmocka_unit_test_setup(sets, fresh),         cmocka_unit_test_setup(print_reads_back, fresh),
		cmocka_unit_test_setup(includes, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
