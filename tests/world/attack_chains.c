/*
 * attack_chains: attacks that follow each other and mean more together (threats 2.3): found is the critical alert of
 * the last stage.
 */
#include "attacks.h"

/* Stages of a chain: a variant of a behaviour, how long after the one before, and what it takes over from it. */
enum takes { TAKES_PROGRAM, TAKES_TOOL, TAKES_SOURCE, TAKES_NOTHING };
struct stage {
	uint8_t behaviour;
	const char *name;
	int64_t after;
	enum takes takes;
};

static void
chain_begin(struct world *w, struct attack_run *a)
{
	int64_t at = w->now;
	struct attack_run *stage;

	for (const struct stage *s = a->what->recipe; s->name; s++) {
		at += s->after + (s->after ? between(&a->rng, 0, s->after / 3) : 0);
		stage = attack_stage(a, s->behaviour, s->name, at, !s[1].name);
		stage->tool_logs_in = s->takes == TAKES_TOOL;
		stage->from_source = s->takes == TAKES_SOURCE;
		stage->other_program = s->takes >= TAKES_SOURCE;
	}
}

static const struct stage RECON[] = {{11, "small", 0, TAKES_PROGRAM},
				     {12, "one_address", HOUR(20), TAKES_PROGRAM},
				     {1, "thousand", HOUR(9), TAKES_PROGRAM},
				     {5, "tunnel", MINUTE(40), TAKES_PROGRAM},
				     {0, NULL, 0, TAKES_PROGRAM}};
static const struct stage BLEED[] = {
	{1, "ten", 0, TAKES_PROGRAM}, {5, "tunnel", HOUR(5), TAKES_PROGRAM}, {0, NULL, 0, TAKES_PROGRAM}};
static const struct stage EXPLOIT[] = {{2, "once", 0, TAKES_PROGRAM},
				       {4, "resets", MINUTE(1), TAKES_PROGRAM},
				       {18, "reverse_shell", MINUTE(2), TAKES_PROGRAM},
				       {0, NULL, 0, TAKES_PROGRAM}};
static const struct stage LEAK_CALL[] = {
	{1, "ten", 0, TAKES_PROGRAM}, {17, "jittered", HOUR(3), TAKES_PROGRAM}, {0, NULL, 0, TAKES_PROGRAM}};
static const struct stage CRASH_PAGE[] = {
	{4, "resets", 0, TAKES_PROGRAM}, {24, "script", HOUR(2), TAKES_PROGRAM}, {0, NULL, 0, TAKES_PROGRAM}};
static const struct stage CRASH_NAME[] = {
	{4, "freeze", 0, TAKES_PROGRAM}, {23, "mixed", HOUR(3), TAKES_PROGRAM}, {0, NULL, 0, TAKES_PROGRAM}};
/* Threats 2.3 has the group's own tool log in; a program made for it, from one of the same relays, does as well. */
static const struct stage SPRAY_TOOL[] = {
	{7, "few", 0, TAKES_PROGRAM}, {9, "hosting", HOUR(10), TAKES_TOOL}, {0, NULL, 0, TAKES_PROGRAM}};
static const struct stage SPRAY_SOURCE[] = {
	{7, "few", 0, TAKES_PROGRAM}, {9, "hosting", HOUR(10), TAKES_SOURCE}, {0, NULL, 0, TAKES_PROGRAM}};
static const struct stage SPRAY_ELSEWHERE[] = {
	{7, "few", 0, TAKES_PROGRAM}, {9, "hosting", HOUR(10), TAKES_NOTHING}, {0, NULL, 0, TAKES_PROGRAM}};
static const struct stage TAKEN[] = {{17, "jittered", 0, TAKES_PROGRAM},
				     {28, "syslog_ntp", HOUR(8), TAKES_PROGRAM},
				     {20, "slow", HOUR(12), TAKES_PROGRAM},
				     {0, NULL, 0, TAKES_PROGRAM}};

/* Where people log in: a machine certificate has no password to guess and no cookie to steal. */
#define COOKIES ((1u << KIND_PORTAL) | (1u << KIND_TUNNEL) | (1u << KIND_PROTECT) | (1u << KIND_SAML))

const struct attack ATTACKS_CHAINS[] = {
	ATTACK_AT(41, true, true, SEVERITY_CRITICAL, COOKIES, "scan_probe_leak_cookie", "loginless stolen_login",
		  chain_begin, RECON),
	ATTACK_AT(41, true, true, SEVERITY_CRITICAL, COOKIES, "leak_cookie", "loginless stolen_login", chain_begin,
		  BLEED),
	ATTACK_AT(42, true, true, SEVERITY_CRITICAL, 0, "oversize_crash_shell", "new_egress download", chain_begin,
		  EXPLOIT),
	ATTACK_AT(42, true, true, SEVERITY_CRITICAL, 0, "leak_beacon", "new_egress beacon", chain_begin, LEAK_CALL),
	ATTACK_AT(43, true, true, SEVERITY_CRITICAL, 1u << KIND_PORTAL, "crash_page", "page_change", chain_begin,
		  CRASH_PAGE),
	ATTACK_AT(43, true, true, SEVERITY_CRITICAL, 0, "crash_identity", "server_identity hidden_service", chain_begin,
		  CRASH_NAME),
	ATTACK_AT(44, true, true, SEVERITY_CRITICAL, COOKIES, "spray_same_tool", "stolen_login", chain_begin,
		  SPRAY_TOOL),
	ATTACK_AT(44, true, true, SEVERITY_CRITICAL, COOKIES, "spray_same_source", "stolen_login", chain_begin,
		  SPRAY_SOURCE),
	ATTACK_AT(44, false, true, SEVERITY_CRITICAL, COOKIES, "spray_elsewhere", "stolen_login", chain_begin,
		  SPRAY_ELSEWHERE),
	ATTACK_AT(45, true, true, SEVERITY_CRITICAL, 0, "beacon_quiet_fan", "fan_out quiet_gateway", chain_begin,
		  TAKEN),
};
const unsigned ATTACKS_CHAINS_N = sizeof(ATTACKS_CHAINS) / sizeof(ATTACKS_CHAINS[0]);
