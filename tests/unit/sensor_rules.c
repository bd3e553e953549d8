/*
 * sensor_rules: a configuration becomes rules; what does not fit together is told with file, line and the mend.
 */
#include "config_text.h"
#include "detect/profile.h"
#include "sensor/rules.h"

static struct config config;
static struct detect_rules rules;
static char error[CONFIG_ERROR_MAX];

static bool
builds(const char *text)
{
	text_put(text);
	config_init(&config);
	if (!config_file(&config, path)) {
		memcpy(error, config.error, sizeof(error));
		return false;
	}
	return rules_build(&rules, &config, &config, error);
}

static void
whole(void **state)
{
	struct when t;
	struct addr a;

	(void)state;
	if (!builds("[gateway one]\naddress = 192.0.2.10\nprofile = fortigate\n"
		    "[gateway two]\naddress = 192.0.2.20\nnat = 192.0.2.20\nbehind = 10.9.0.0/16, 2001:db8::/32\n"
		    "[suppress s]\ndetector = leak_loop, new_egress\nwhere = actor in 203.0.113.0/24\n"
		    "owner = o\nreason = r\nexpires = 2025-12-31\n"
		    "[maintenance m]\ngateway = two\nweekly = mon-wed,sun 22:00-02:00\nzone = -01:30\n"
		    "[maintenance n]\nfrom = 2025-05-01T22:00+02:00\nuntil = 2025-05-02\n"
		    "[fact f]\nkind = patched\nat = 2025-07-16T18:30Z\n"
		    "[fact a]\nkind = admin_networks\ngateway = one\nnetworks = 10.1.0.0/16,10.2.0.0/16\n"))
		fail_msg("%s", error);
	assert_int_equal(rules.suppressions, 1);
	assert_int_equal(rules.suppress[0].detectors, 1 << 1 | 1 << 2);
	assert_int_equal(rules.suppress[0].where.tests, 1);
	assert_int_equal(rules.maintenances, 2);
	assert_int_equal(rules.maintenance[0].gateway, 2);
	assert_int_equal(rules.maintenance[0].days, 0x0f);
	assert_int_equal(rules.maintenance[0].begin_s, 22 * 3600);
	assert_int_equal(rules.maintenance[0].length_s, 4 * 3600);
	assert_int_equal(rules.maintenance[0].offset_s, -5400);
	assert_true(when_parse(&t, "2025-05-01T20:00", 16));
	assert_int_equal(rules.maintenance[1].from.ns, t.ns);
	assert_int_equal(rules.maintenance[1].days, 0);
	assert_int_equal(rules.facts, 2);
	assert_int_equal(rules.fact[0].kind, FACT_PATCHED);
	assert_int_equal(rules.fact[1].gateway, 1);
	assert_int_equal(rules.nets, 5);
	assert_int_equal(rules.net[0].kind, NET_NAT);
	assert_int_equal(rules.net[2].kind, NET_BEHIND);
	assert_int_equal(rules.net[2].gateway, 2);
	assert_true(addr_parse(&a, "10.2.3.4"));
	assert_true(addr_in(&a, &rules.net[4].net));
	assert_int_equal(rules.net[4].kind, NET_ADMIN);
}

/* The words behind "PATH:". */
static void
tells(const char *text, const char *words)
{
	if (builds(text))
		fail_msg("is taken: %s", text);
	if (strncmp(error, path, strlen(path)) != 0 || strcmp(error + strlen(path), words) != 0)
		fail_msg("%s\nwanted %s", error, words);
}

#define SUPPRESS "[suppress s]\n"

static void
mistakes(void **state)
{
	(void)state;
	tells(SUPPRESS "detector = leak_loop\nreason = r\nexpires = 2025-12-31\n",
	      ":1: [suppress s]: no owner: write who answers for it, as in  owner = jane@example.org");
	tells(SUPPRESS "detector = leak_loop\nowner = o\nexpires = 2025-12-31\n",
	      ":1: [suppress s]: no reason: write why, as in  reason = backup at night");
	tells("\n\n" SUPPRESS "detector = leak_loop\nowner = o\nreason = r\n",
	      ":3: [suppress s]: no end: write when to look at it again, as in  expires = 2025-12-31");
	tells(SUPPRESS "owner = o\nreason = r\nexpires = 2025-12-31\n",
	      ":1: [suppress s]: would suppress everything: name a detector, or say where");
	tells(SUPPRESS "where = sny = a\n",
	      ":2: suppress.s.where: column 1: \"sny\" is no field; the nearest is \"sni\"");
	tells(SUPPRESS "detector = leak_lop\n",
	      ":2: \"leak_lop\" for suppress.s.detector is not any, nor names of detectors (gatewitness detectors); "
	      "the nearest is leak_loop");
	tells(SUPPRESS "expires = soon\n",
	      ":2: \"soon\" for suppress.s.expires is not a time such as 2025-05-01 or 2025-05-01T22:00+02:00");
	tells("[suppress]\n", ":1: a section like this needs a name, as in [gateway NAME], not \"suppress\"");
	tells("[maintenance m]\nreason = r\n",
	      ":1: [maintenance m]: no time: write from and until, or weekly, as in  weekly = sat 22:00-02:00");
	tells("[maintenance m]\nfrom = 2025-05-02\nuntil = 2025-05-01\n", ":1: [maintenance m]: ends before it begins");
	tells("[maintenance m]\nweekly = sat 22:00\n",
	      ":2: \"sat 22:00\" for maintenance.m.weekly is not days and hours such as sat 22:00-02:00 or mon-fri "
	      "06:00-06:30");
	tells("[maintenance m]\nweekly = daily 01:00-02:00\nzone = ../../etc/localtime\n",
	      ":3: \"../../etc/localtime\" for maintenance.m.zone is neither an offset such as Z or +02:00 nor a zone "
	      "such as "
	      "Europe/Amsterdam");
	tells("[maintenance m]\nweekly = daily 01:00-02:00\nzone = Europe/Amsterdm\n",
	      ":1: [maintenance m]: zone \"Europe/Amsterdm\" is no zone in /usr/share/zoneinfo/ (package tzdata); an "
	      "offset "
	      "such as +02:00 needs none");
	tells("[gateway vpn]\naddress = 192.0.2.1\n[maintenance m]\ngateway = vpm\nweekly = daily 01:00-02:00\n",
	      ":3: [maintenance m]: no gateway \"vpm\"; the nearest is \"vpn\" (with -g the only one is \"gateway\")");
	tells("[maintenance m]\ngateway = vpm\nweekly = daily 01:00-02:00\n",
	      ":1: [maintenance m]: no gateway \"vpm\": there is no [gateway NAME]; leave it out, or write any");
	tells("[fact f]\nat = 2025-05-01\n", ":1: [fact f]: no kind: write one of " FACT_WORDS);
	tells("[fact f]\nkind = patchd\n", ":2: \"patchd\" for fact.f.kind is not one of its words (" FACT_WORDS ")"
					   "; the nearest is patched");
	tells("[fact f]\nkind = patched\n", ":1: [fact f]: no time: write when, as in  at = 2025-07-16T18:30+02:00");
	tells("[fact f]\nkind = admin_networks\n",
	      ":1: [fact f]: no networks: write them, as in  networks = 10.1.2.0/24");
	tells("[fact f]\nkind = patched\nat = 2025-07-16\nnetworks = 10.0.0.0/8\n",
	      ":1: [fact f]: networks belong to admin_networks only");
}

static void
nat_is_its_own(void **state)
{
	(void)state;
	assert_true(builds("[gateway vpn]\naddress = 192.0.2.10\negress = 192.0.2.77\nnat = 192.0.2.64/26\n"));
	assert_false(builds("[gateway vpn]\naddress = 192.0.2.10\nnat = 192.0.2.10, 192.0.2.77\n"));
	assert_string_equal(error, "[gateway vpn]: nat 192.0.2.77 is none of its addresses; name it in egress, too");
}

/* The words of the options and the numbers of the core are the same lists. */
static void
words_and_numbers(void **state)
{
	static const char *const kinds[] = {"patched",  "sessions_killed", "certificate_renewed",
					    "failover", "admin_networks",  "upgrade"};
	struct option o;
	int64_t n;

	(void)state;
	option_at(OPT_fact_kind, &o);
	for (int64_t i = 0; i < FACT_KINDS; i++) {
		assert_null(option_parse(&o, kinds[i], &n));
		assert_int_equal(n, i);
	}
	option_at(OPT_gateway_profile, &o);
	for (int64_t i = 0; i < PROFILE_MAKES; i++) {
		assert_null(option_parse(&o, PROFILES[i].name, &n));
		assert_int_equal(n, i);
	}
}

static void
more_than_room(void **state)
{
	static char text[1 << 16];
	char *p = text;

	(void)state;
	for (unsigned i = 0; i <= RULES_SUPPRESS; i++)
		p += sprintf(p, "[suppress s%u]\ndetector = leak_loop\nowner = o\nreason = r\nexpires = 2025-12-31\n",
			     i);
	assert_false(builds(text));
	assert_non_null(strstr(error, "more than 64 suppressions"));
	p = text + sprintf(text, "[fact a]\nkind = admin_networks\nnetworks = ");
	for (unsigned i = 0; i < 60; i++)
		p += sprintf(p, "%s10.%u.0.0/16", i ? "," : "", i);
	for (unsigned i = 1; i < 5; i++)
		p += sprintf(p, "\n[fact a%u]\nkind = admin_networks\nnetworks = 10.0.0.0/8%s", i, strchr(text, ','));
	assert_false(builds(text));
	p = text;
	for (unsigned i = 0; i <= CONFIG_RULES; i++)
		p += sprintf(p, "[fact f%u]\n", i);
	assert_false(builds(text));
	assert_non_null(strstr(error, "more than 192 sections"));
}

static void
expired(void **state)
{
	char names[64];
	struct out o = out_of(names, sizeof(names) - 1);
	struct when now;

	(void)state;
	assert_true(builds("[suppress a]\ndetector = leak_loop\nowner = o\nreason = r\nexpires = 2025-01-01\n"
			   "[suppress b]\ndetector = leak_loop\nowner = o\nreason = r\nexpires = 2026-01-01\n"
			   "[suppress c]\ndetector = leak_loop\nowner = o\nreason = r\nexpires = 2025-01-02\n"));
	assert_true(when_parse(&now, "2025-06-01", 10));
	assert_int_equal(rules_expired(&rules, now, &o), 2);
	*o.p = '\0';
	assert_string_equal(names, "a, c");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),          cmocka_unit_test(mistakes),
		cmocka_unit_test(nat_is_its_own), cmocka_unit_test(words_and_numbers),
		cmocka_unit_test(more_than_room), cmocka_unit_test(expired),
	};

	return cmocka_run_group_tests(tests, text_begin, text_end);
}
