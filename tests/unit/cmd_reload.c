/*
 * cmd_reload: the configuration read again: what is right is in force, what is wrong changes nothing.
 */
#include "cmd/common.h"
#include "config_text.h"

#define RULE(name) "[suppress " name "]\ndetector = new_egress\nowner = o\nreason = r\nexpires = 2030-01-01\n"
#define BASE       "[memory]\nlimit = 32MiB\n[gateway vpn]\naddress = 192.0.2.10\n"

static void
reloads(void **state)
{
	struct common *c = common_new(&CMD_RUN);
	const struct detect_rules *first;

	(void)state;
	text_put(BASE RULE("a"));
	assert_int_equal(common_option(c, OPT_QUIET, NULL), EXIT_DONE);
	assert_int_equal(common_option(c, 'c', path), EXIT_DONE);
	assert_int_equal(common_open(c, NULL), EXIT_DONE);
	first = &c->rules[c->now];
	assert_int_equal(first->suppressions, 1);
	assert_ptr_equal(c->watch.setup.rules, first);

	text_put(BASE RULE("a") RULE("b") "[maintenance m]\ngateway = vpn\nweekly = sat 22:00-02:00\n");
	assert_true(common_reload(c));
	assert_ptr_not_equal(c->watch.setup.rules, first);
	assert_int_equal(c->watch.setup.rules->suppressions, 2);
	assert_int_equal(c->watch.setup.rules->maintenance[0].gateway, 1);

	first = c->watch.setup.rules;
	text_put(BASE RULE("a") "[suppress b]\nwhere = sny = 3\n");
	assert_false(common_reload(c));
	text_put(BASE "[suppress c]\ndetector = new_egress\n");
	assert_false(common_reload(c));
	unlink(path);
	assert_false(common_reload(c));
	assert_ptr_equal(c->watch.setup.rules, first);
	assert_int_equal(first->suppressions, 2);
	assert_string_equal(first->suppress[1].name, "b");

	text_put(BASE);
	assert_true(common_reload(c));
	assert_int_equal(c->watch.setup.rules->suppressions, 0);
	common_free(c);
}

/* The memory that was taken at start stays what it was; a gateway that is new in the file is not known yet. */
static void
start_stays(void **state)
{
	struct common *c = common_new(&CMD_RUN);

	(void)state;
	text_put(BASE);
	common_option(c, OPT_QUIET, NULL);
	common_option(c, 'c', path);
	common_option(c, OPT_SET, "detect.learn=1d");
	assert_int_equal(common_open(c, NULL), EXIT_DONE);
	text_put("[memory]\nlimit = 64MiB\n[gateway new]\naddress = 192.0.2.20\n[fact f]\nkind = patched\nat = "
		 "2025-07-16\n"
		 "gateway = new\n");
	assert_false(common_reload(c));
	text_put("[memory]\nlimit = 64MiB\n[gateway vpn]\n[fact f]\nkind = patched\nat = 2025-07-16\ngateway = vpn\n");
	assert_true(common_reload(c));
	assert_int_equal(config_number(&c->config, OPT_memory_limit), 32 << 20);
	assert_int_equal(c->watch.setup.rules->fact[0].gateway, 1);
	common_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reloads), cmocka_unit_test(start_stays)};

	return cmocka_run_group_tests(tests, text_begin, text_end);
}
