/*
 * rules: what the operator told the detectors: suppressions, maintenance, facts, networks, makes.
 *
 * Plain values in flat arrays, built by the sensor when the configuration is read and replaced as a whole; a hunt
 * repeats history by handing in what was in force.  Gateway 0: all of them.
 */
#ifndef DETECT_RULES_H
#define DETECT_RULES_H

#include "detect/detect.h"
#include "session/where.h"

enum { RULES_SUPPRESS = 64, RULES_MAINTENANCE = 64, RULES_FACT = 64, RULES_NET = 256, RULES_ZONE = 8, RULE_NAME = 64 };

/* Findings that are recorded, but open no incident and give no alert. */
struct rule_suppress {
	char name[RULE_NAME];
	uint64_t detectors; /* bits by detector id; 0: any */
	struct when expires;
	struct where where; /* of the session and WHERE_FINDING */
};

/* A zone's offsets, in seconds east of UTC; the first change is the one before all times. */
enum { ZONE_CHANGES = 128 };
struct rule_change {
	struct when from;
	int32_t offset_s;
};
struct rule_zone {
	char name[RULE_NAME];
	uint32_t changes;
	struct rule_change change[ZONE_CHANGES];
};

/* Times in which outages and new certificates are expected. */
struct rule_maintenance {
	char name[RULE_NAME];
	uint8_t gateway;
	uint8_t days;                        /* bit 0: Sunday ...; 0: not weekly */
	struct when from, until;             /* until 0: for ever */
	uint8_t zone;                        /* of the rules' zones, from 1 on; 0: offset_s */
	int32_t begin_s, length_s, offset_s; /* weekly: begin and length in the day, seconds east of UTC */
};

enum fact_kind {
	FACT_PATCHED,
	FACT_SESSIONS_KILLED,
	FACT_CERTIFICATE_RENEWED,
	FACT_FAILOVER,
	FACT_ADMIN_NETWORKS,
	FACT_UPGRADE,
	FACT_KINDS
};
#define FACT_WORDS "patched|sessions_killed|certificate_renewed|failover|admin_networks|upgrade"

struct rule_fact {
	char name[RULE_NAME];
	uint8_t kind, gateway;
	struct when at;
};

enum net_kind {
	NET_NAT,    /* addresses of the gateway that it shares with users */
	NET_BEHIND, /* balancers that hide clients */
	NET_INSIDE, /* what the gateway proxies to */
	NET_ADMIN   /* whence it is administered, from `from` on */
};

struct rule_net {
	struct addr_net net, hidden; /* hidden: its pseudonym, under the rules' privacy_key */
	struct when from;
	uint8_t kind, gateway;
};

struct detect_rules {
	uint32_t suppressions, maintenances, facts, nets, zones;
	uint64_t privacy_key; /* id of the key under which networks and questions know pseudonyms, too; 0: none */
	struct rule_suppress suppress[RULES_SUPPRESS];
	struct rule_maintenance maintenance[RULES_MAINTENANCE];
	struct rule_fact fact[RULES_FACT];
	struct rule_net net[RULES_NET];
	struct rule_zone zone[RULES_ZONE];
};

/* The fields of a finding that a suppression may name: detector, severity, actor, target ... */
extern const struct where_table WHERE_FINDING;

/* Networks and questions of them that could be about a client's address. */
bool rules_ask_addresses(const struct detect_rules *r);
/* These are compared with pseudonyms under this key, too. */
void rules_hide(struct detect_rules *r, const struct pseudonym_key *k);

/* From now on these rules; they must live until they are replaced.  NULL: none. */
void detect_rules(struct detect *d, const struct detect_rules *rules);

/* How often rule i (of `suppress`) applied since detect_new, or since it came with another name. */
uint64_t detect_suppressed(const struct detect *d, uint32_t i);

/* For detectors.  The window that covers the time; NULL: none. */
const struct rule_maintenance *in_maintenance(const struct detect *d, uint8_t gateway, struct when t);
/* The latest fact of the kind that is not in the future; NULL: none is known. */
const struct rule_fact *fact_at(const struct detect *d, uint8_t gateway, enum fact_kind kind);
/* A fact of the kind within `ns` before or after t: whoever notes it down is not exact. */
const struct rule_fact *fact_near(const struct detect *d, uint8_t gateway, enum fact_kind kind, struct when t);
bool is_admin(const struct detect *d, uint8_t gateway, const struct addr *a);
/* Is the address in a network of the kind? */
bool in_net(const struct detect *d, uint8_t gateway, enum net_kind kind, const struct addr *a);

/* Is it inside maintenance, or within a day of one of these facts (bits by enum fact_kind)? */
bool is_expected(const struct detect *d, uint8_t gateway, struct when t, unsigned facts);
/* What was announced in that way is info and says so.  After finding_say. */
bool finding_expected(const struct detect *d, struct finding *f, unsigned facts);
/* The rule that suppresses it; NULL: none. */
const struct rule_suppress *finding_suppressed(struct detect *d, const struct finding *f);

#endif
