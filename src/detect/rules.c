/*
 * rules: the operator's words, looked up.  A handful of each, so a walk over them is the table; asked for findings
 * and by detectors about to report, hardly ever for a record.  Must not change a rule.
 */
#include "detect/rules.h"

#include "detect/frame.h"

static const struct text DETECTOR_NAMES[] = {
#define DETECTOR(id, name, ...) [id] = TEXT_INIT(#name),
#define PARAM(...)
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
};

#define OF(name) offsetof(struct finding, name), sizeof(((struct finding *)0)->name)
#define NAMES(n) sizeof(n) / sizeof((n)[0]), n
static const struct where_field FIELDS[] = {
	{"detector", "", OF(detector), WHERE_ENUM, NAMES(DETECTOR_NAMES), 0},
	{"severity", "", OF(severity), WHERE_RANK, NAMES(SEVERITY_NAMES), 0},
	{"confidence", "", OF(confidence), WHERE_NUMBER, 0, NULL, 0},
	{"gateway", "", OF(gateway), WHERE_NUMBER, 0, NULL, 0},
	{"learning", "", OF(learning), WHERE_BOOL, 0, NULL, 0},
	{"degraded", "", OF(degraded), WHERE_BOOL, 0, NULL, 0},
	{"weak", "", OF(weak), WHERE_BOOL, 0, NULL, 0},
	{"actor", "", OF(actor), WHERE_ADDR, 0, NULL, HIDDEN_ACTOR},
	{"actor_port", "", OF(actor_port), WHERE_NUMBER, 0, NULL, 0},
	{"target", "", OF(target), WHERE_ADDR, 0, NULL, HIDDEN_DEST},
	{"target_port", "", OF(target_port), WHERE_NUMBER, 0, NULL, 0},
};
const struct where_table WHERE_FINDING = {FIELDS, sizeof(FIELDS) / sizeof(FIELDS[0]),
					  offsetof(struct finding, pseudonyms)};

/* Around an announced change: a night and the day after it. */
static const int64_t NEAR_NS = INT64_C(86400) * NS_PER_S;

static bool
is_about(uint8_t rule, uint8_t gateway)
{
	return rule == 0 || rule == gateway;
}

/* What applied under a name goes on under it, wherever the rule stands now. */
static void
keep_counts(struct detect *d, const struct detect_rules *now)
{
	uint64_t count[RULES_SUPPRESS] = {0};

	for (uint32_t i = 0; d->rules && i < d->rules->suppressions; i++)
		for (uint32_t j = 0; now && j < now->suppressions; j++)
			if (strcmp(d->rules->suppress[i].name, now->suppress[j].name) == 0)
				count[j] = d->suppressed[i];
	memcpy(d->suppressed, count, sizeof(count));
}

void
detect_rules(struct detect *d, const struct detect_rules *rules)
{
	keep_counts(d, rules);
	d->rules = rules;
}

uint64_t
detect_suppressed(const struct detect *d, uint32_t i)
{
	return i < RULES_SUPPRESS ? d->suppressed[i] : 0;
}

bool
rules_ask_addresses(const struct detect_rules *r)
{
	bool ask = false;

	for (uint32_t i = 0; i < r->suppressions; i++)
		ask |= where_asks_addresses(&r->suppress[i].where, &WHERE_FINDING);
	for (uint32_t i = 0; i < r->nets; i++)
		ask |= r->net[i].kind == NET_ADMIN || r->net[i].kind == NET_BEHIND;
	return ask;
}

void
rules_hide(struct detect_rules *r, const struct pseudonym_key *k)
{
	for (uint32_t i = 0; i < r->suppressions; i++)
		where_hide(&r->suppress[i].where, &WHERE_FINDING, k);
	for (uint32_t i = 0; i < r->nets; i++)
		r->net[i].hidden = pseudonym_net(k, &r->net[i].net);
	r->privacy_key = k->id;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Summer time begins and ends while a window is open: then it is the clock on the wall that counts. */
static int32_t
offset_of(const struct detect_rules *r, const struct rule_maintenance *m, struct when t)
{
	const struct rule_zone *z = m->zone ? &r->zone[m->zone - 1] : NULL;
	uint32_t i = z ? z->changes : 0;

	while (i > 1 && when_before(t, z->change[i - 1].from))
		i--;
	return i ? z->change[i - 1].offset_s : m->offset_s;
}

/* In the window of that day, or still in the one that began the day before? */
static bool
in_week(const struct rule_maintenance *m, struct when t, int32_t offset_s)
{
	enum { DAY_S = 86400, EPOCH_IS_THURSDAY = 4 };
	int64_t s = floor_div(t.ns, NS_PER_S) + offset_s, day = floor_div(s, DAY_S), in_day = s - day * DAY_S;

	for (int64_t back = 0; back <= 1; back++) {
		int64_t weekday = (day - back + EPOCH_IS_THURSDAY) % 7, since = in_day + back * DAY_S - m->begin_s;

		weekday += weekday < 0 ? 7 : 0;
		if (m->days >> weekday & 1 && since >= 0 && since < m->length_s)
			return true;
	}
	return false;
}

const struct rule_maintenance *
in_maintenance(const struct detect *d, uint8_t gateway, struct when t)
{
	for (uint32_t i = 0; d->rules && i < d->rules->maintenances; i++) {
		const struct rule_maintenance *m = &d->rules->maintenance[i];

		if (is_about(m->gateway, gateway) && !when_before(t, m->from) &&
		    (m->until.ns == 0 || when_before(t, m->until)) &&
		    (!m->days || in_week(m, t, offset_of(d->rules, m, t))))
			return m;
	}
	return NULL;
}

const struct rule_fact *
fact_at(const struct detect *d, uint8_t gateway, enum fact_kind kind)
{
	const struct rule_fact *last = NULL;

	for (uint32_t i = 0; d->rules && i < d->rules->facts; i++) {
		const struct rule_fact *f = &d->rules->fact[i];

		if (f->kind == kind && is_about(f->gateway, gateway) && !when_before(d->now, f->at) &&
		    !(last && when_before(f->at, last->at)))
			last = f;
	}
	return last;
}

const struct rule_fact *
fact_near(const struct detect *d, uint8_t gateway, enum fact_kind kind, struct when t)
{
	for (uint32_t i = 0; d->rules && i < d->rules->facts; i++) {
		const struct rule_fact *f = &d->rules->fact[i];
		int64_t since = when_since(t, f->at);

		if (f->kind == kind && is_about(f->gateway, gateway) && since >= -NEAR_NS && since <= NEAR_NS)
			return f;
	}
	return NULL;
}

bool
in_net(const struct detect *d, uint8_t gateway, enum net_kind kind, const struct addr *a)
{
	bool hidden = d->session && session_hides(d->session, a);

	if (hidden && (!d->rules || d->session->privacy_key != d->rules->privacy_key))
		return false;
	for (uint32_t i = 0; d->rules && i < d->rules->nets; i++) {
		const struct rule_net *n = &d->rules->net[i];

		if (n->kind == kind && is_about(n->gateway, gateway) && addr_in(a, hidden ? &n->hidden : &n->net) &&
		    !when_before(d->now, n->from))
			return true;
	}
	return false;
}

bool
is_admin(const struct detect *d, uint8_t gateway, const struct addr *a)
{
	return in_net(d, gateway, NET_ADMIN, a);
}

/* The name of what announced it; NULL: nothing did. */
static const char *
announced(const struct detect *d, uint8_t gateway, struct when t, unsigned facts)
{
	const struct rule_maintenance *m = in_maintenance(d, gateway, t);

	if (m)
		return m->name;
	for (unsigned kind = 0; kind < FACT_KINDS; kind++) {
		const struct rule_fact *f = facts >> kind & 1 ? fact_near(d, gateway, kind, t) : NULL;

		if (f)
			return f->name;
	}
	return NULL;
}

bool
is_expected(const struct detect *d, uint8_t gateway, struct when t, unsigned facts)
{
	return announced(d, gateway, t, facts) != NULL;
}

bool
finding_expected(const struct detect *d, struct finding *f, unsigned facts)
{
	const char *name = announced(d, f->gateway, f->time, facts);
	size_t used = strlen(f->text);
	struct out o = out_of(f->text + used, sizeof(f->text) - 1 - used);

	if (!name)
		return false;
	f->severity = SEVERITY_INFO;
	f->expected = name;
	OUT_LIT(&o, " (expected: ");
	out_text(&o, name);
	OUT_LIT(&o, ")");
	*o.p = '\0';
	return true;
}

const struct rule_suppress *
finding_suppressed(struct detect *d, const struct finding *f)
{
	const struct where_subject about = {d->session, &WHERE_FINDING, f};

	for (uint32_t i = 0; d->rules && i < d->rules->suppressions; i++) {
		const struct rule_suppress *r = &d->rules->suppress[i];

		if ((r->detectors && !(r->detectors >> (f->detector & 63) & 1)) || !when_before(f->time, r->expires) ||
		    !where_holds(&r->where, &about))
			continue;
		d->suppressed[i]++;
		d->counts->finding_suppressed++;
		return r;
	}
	return NULL;
}
