/*
 * rules: texts that were checked one by one become rules, and what only fits together is checked here.
 * Must not open a file but those of zones (sensor/zone.h), nor ask a clock.
 */
#include "sensor/rules.h"

#include "sensor/zone.h"

#include <stdio.h>

struct building {
	struct detect_rules *r;
	const struct config *c, *gateways;
	const struct config_rule *from;
	char *error;
};

/* "FILE:LINE: [SECTION NAME]: WORDS" */
static bool
fail(const struct building *b, const char *words)
{
	const struct config_rule *f = b->from;
	struct option o = {0};

	option_at(f->first, &o);
	if (f->line)
		snprintf(b->error, CONFIG_ERROR_MAX, "%.150s:%u: [%s %s]: %s", b->c->pool + f->file, f->line, o.section,
			 f->name, words);
	else
		snprintf(b->error, CONFIG_ERROR_MAX, "[%s %s]: %s", o.section, f->name, words);
	return false;
}

static const char *
text(const struct building *b, enum option_key key)
{
	return config_rule_text(b->c, b->from, key);
}

/* 0 where nothing is told. */
static struct when
time_of(const struct building *b, enum option_key key)
{
	const char *t = text(b, key);
	struct when w = {0};

	if (*t)
		(void)when_parse(&w, t, strlen(t));
	return w;
}

static bool
gateway_of(const struct building *b, enum option_key key, uint8_t *number)
{
	const char *name = text(b, key), *nearest = NULL;
	char words[CONFIG_ERROR_MAX / 2];

	*number = 0;
	if (strcmp(name, "any") == 0 || !*name || !b->gateways)
		return true;
	for (unsigned g = 0; g < b->gateways->gateways; g++) {
		const char *have = b->gateways->gateway[g].name;

		if (strcmp(have, name) == 0) {
			*number = (uint8_t)(g + 1);
			return true;
		}
		if (!nearest || text_distance(name, have) < text_distance(name, nearest))
			nearest = have;
	}
	snprintf(words, sizeof(words),
		 nearest ? "no gateway \"%.63s\"; the nearest is \"%.63s\" (with -g the only one is \"gateway\")" :
			   "no gateway \"%.63s\": there is no [gateway NAME]; leave it out, or write any",
		 name, nearest ? nearest : "");
	return fail(b, words);
}

static bool
add_suppress(const struct building *b)
{
	struct rule_suppress *s = &b->r->suppress[b->r->suppressions];
	char wrong[64], error[WHERE_ERROR_MAX];

	if (b->r->suppressions == RULES_SUPPRESS)
		return fail(b, "more than 64 suppressions; remove those that are over (gatewitness suppress check)");
	if (!*text(b, OPT_suppress_owner))
		return fail(b, "no owner: write who answers for it, as in  owner = jane@example.org");
	if (!*text(b, OPT_suppress_reason))
		return fail(b, "no reason: write why, as in  reason = backup at night");
	if (!*text(b, OPT_suppress_expires))
		return fail(b, "no end: write when to look at it again, as in  expires = 2025-12-31");
	snprintf(s->name, sizeof(s->name), "%s", b->from->name);
	s->expires = time_of(b, OPT_suppress_expires);
	if (!option_detectors(text(b, OPT_suppress_detector), &s->detectors, wrong) ||
	    !where_compile(&s->where, text(b, OPT_suppress_where), &WHERE_FINDING, error))
		return fail(b, "detector or where cannot be read");
	if (!s->detectors && s->where.tests == 0)
		return fail(b, "would suppress everything: name a detector, or say where");
	b->r->suppressions++;
	return true;
}

/* An offset, or the number of a zone that is read once. */
static bool
set_zone(const struct building *b, struct rule_maintenance *m)
{
	const char *name = text(b, OPT_maintenance_zone);
	char why[CONFIG_ERROR_MAX / 4], words[CONFIG_ERROR_MAX / 2];
	int64_t offset;

	if (when_parse_offset(name, strlen(name), &offset)) {
		m->offset_s = (int32_t)offset;
		return true;
	}
	for (m->zone = 1; m->zone <= b->r->zones; m->zone++)
		if (strcmp(b->r->zone[m->zone - 1].name, name) == 0)
			return true;
	if (b->r->zones == RULES_ZONE)
		return fail(b, "more than 8 zones; write an offset, as in  zone = +02:00");
	if (zone_read(&b->r->zone[b->r->zones], name, why, sizeof(why))) {
		b->r->zones++;
		return true;
	}
	snprintf(words, sizeof(words), "zone \"%.63s\" %s", name, why);
	return fail(b, words);
}

static bool
add_maintenance(const struct building *b)
{
	struct rule_maintenance *m = &b->r->maintenance[b->r->maintenances];
	struct option_week week = {0};
	const char *weekly = text(b, OPT_maintenance_weekly);

	if (b->r->maintenances == RULES_MAINTENANCE)
		return fail(b, "more than 64 windows; remove those that are over");
	if (!gateway_of(b, OPT_maintenance_gateway, &m->gateway))
		return false;
	snprintf(m->name, sizeof(m->name), "%s", b->from->name);
	m->from = *text(b, OPT_maintenance_from) ? time_of(b, OPT_maintenance_from) : (struct when){INT64_MIN};
	m->until = time_of(b, OPT_maintenance_until);
	if (*weekly)
		(void)option_week(weekly, &week);
	if (!*weekly && (!*text(b, OPT_maintenance_from) || m->until.ns == 0))
		return fail(b, "no time: write from and until, or weekly, as in  weekly = sat 22:00-02:00");
	if (m->until.ns && !when_before(m->from, m->until))
		return fail(b, "ends before it begins");
	if (!set_zone(b, m))
		return false;
	m->days = week.days;
	m->begin_s = week.begin_s;
	m->length_s = week.length_s;
	b->r->maintenances++;
	return true;
}

struct nets {
	const char *list;
	enum net_kind kind;
	uint8_t gateway;
	struct when from;
};

/* Each of a list that was checked.  False: no room. */
static bool
add_nets(struct detect_rules *r, const struct nets *n)
{
	const char *list = n->list;
	char item[80];

	while (*list) {
		struct rule_net *net = &r->net[r->nets];

		if (r->nets == RULES_NET)
			return false;
		if (!option_item(&list, item, sizeof(item)) || !addr_net_parse(&net->net, item))
			continue;
		net->kind = (uint8_t)n->kind;
		net->gateway = n->gateway;
		net->from = n->from;
		r->nets++;
	}
	return true;
}

static bool
add_fact(const struct building *b)
{
	struct rule_fact *f = &b->r->fact[b->r->facts];
	const char *kind = text(b, OPT_fact_kind), *at = text(b, OPT_fact_at), *networks = text(b, OPT_fact_networks);
	struct option o;
	int64_t number = 0;
	bool admin;

	if (b->r->facts == RULES_FACT)
		return fail(b, "more than 64 facts; remove the oldest");
	option_at(OPT_fact_kind, &o);
	if (!*kind || option_parse(&o, kind, &number) != NULL)
		return fail(b, "no kind: write one of " FACT_WORDS);
	admin = number == FACT_ADMIN_NETWORKS;
	if (!admin && !*at)
		return fail(b, "no time: write when, as in  at = 2025-07-16T18:30+02:00");
	if (admin && !*networks)
		return fail(b, "no networks: write them, as in  networks = 10.1.2.0/24");
	if (!admin && *networks)
		return fail(b, "networks belong to admin_networks only");
	if (!gateway_of(b, OPT_fact_gateway, &f->gateway))
		return false;
	snprintf(f->name, sizeof(f->name), "%s", b->from->name);
	f->kind = (uint8_t)number;
	f->at = *at ? time_of(b, OPT_fact_at) : (struct when){INT64_MIN};
	b->r->facts++;
	return add_nets(b->r, &(struct nets){networks, NET_ADMIN, f->gateway, f->at}) ||
	       fail(b, "more than 256 networks in all");
}

/* Is one of the gateway's own addresses in the network? */
static bool
is_own(const struct config_gateway *g, const struct addr_net *net)
{
	const char *lists[] = {g->text[OPT_gateway_address - OPT_gateway_address],
			       g->text[OPT_gateway_egress - OPT_gateway_address]};
	char item[80];
	struct addr a;

	for (unsigned i = 0; i < 2; i++)
		while (*lists[i])
			if (option_item(&lists[i], item, sizeof(item)) && addr_parse(&a, item) && addr_in(&a, net))
				return true;
	return false;
}

/* An address that only `nat` names is no gateway's, and nothing there would ever be counted. */
static const char *
nat_mistake(const struct config_gateway *g, char item[80])
{
	const char *list = g->text[OPT_gateway_nat - OPT_gateway_address];
	struct addr_net net;

	while (*list)
		if (option_item(&list, item, 80) && addr_net_parse(&net, item) && !is_own(g, &net))
			return item;
	return NULL;
}

static bool
add_gateway(struct detect_rules *r, const struct config_gateway *g, uint8_t number, char *error)
{
	static const struct {
		enum option_key key;
		enum net_kind kind;
	} LISTS[] = {{OPT_gateway_nat, NET_NAT}, {OPT_gateway_behind, NET_BEHIND}, {OPT_gateway_inside, NET_INSIDE}};
	char item[80];
	const char *wrong;

	for (unsigned i = 0; i < sizeof(LISTS) / sizeof(LISTS[0]); i++) {
		const char *list = g->text[LISTS[i].key - OPT_gateway_address];

		if (!add_nets(r, &(struct nets){list, LISTS[i].kind, number, {INT64_MIN}})) {
			snprintf(error, CONFIG_ERROR_MAX, "[gateway %s]: more than 256 networks in all", g->name);
			return false;
		}
	}
	if (!(wrong = nat_mistake(g, item)))
		return true;
	snprintf(error, CONFIG_ERROR_MAX, "[gateway %s]: nat %s is none of its addresses; name it in egress, too",
		 g->name, wrong);
	return false;
}

bool
rules_build(struct detect_rules *r, const struct config *c, const struct config *gateways, char error[CONFIG_ERROR_MAX])
{
	struct building b = {.r = r, .c = c, .gateways = gateways, .error = error};
	bool fine = true;

	memset(r, 0, sizeof(*r));
	for (unsigned i = 0; gateways && i < gateways->gateways; i++)
		if (!add_gateway(r, &gateways->gateway[i], (uint8_t)(i + 1), error))
			return false;
	for (unsigned i = 0; fine && i < c->rules; i++) {
		b.from = &c->rule[i];
		fine = b.from->first == OPT_suppress_detector   ? add_suppress(&b) :
		       b.from->first == OPT_maintenance_gateway ? add_maintenance(&b) :
		       b.from->first == OPT_fact_kind           ? add_fact(&b) :
								  true;
	}
	return fine;
}

unsigned
rules_expired(const struct detect_rules *r, struct when now, struct out *names)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < r->suppressions; i++) {
		if (when_before(now, r->suppress[i].expires))
			continue;
		if (n++)
			OUT_LIT(names, ", ");
		out_text(names, r->suppress[i].name);
	}
	return n;
}
