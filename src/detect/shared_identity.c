/*
 * shared_identity: one TLS session id, ticket or PSK identity used from two networks.
 *
 * TLS 1.2 and older hand identities out in clear: from whom to whom one went is known (lineage).  TLS 1.3 tickets
 * are encrypted and new each time: only that the same one came twice is known.  The finding says which.
 *
 *			same program			another program
 *	one operator	moves within a pool: silent	low: a pool that many share
 *	usual pair	silent				info: exits of one company, wifi and mobile of one device
 *	else		info: a user who moves		medium
 *
 * A pair of networks is usual when identities of the owner's program went from one to the other before.  Must not
 * take another program for part of what makes a pair usual: that is what a theft looks like.
 */
#include "detect/frame.h"

struct identity {
	struct addr client;
	uint64_t program, session;
	struct when since;
	uint32_t lifetime_s, used_ms; /* used: by its owner, last, so long after */
	uint32_t as;                  /* operator of the client's network, 0: unknown */
	char country[2];              /* zero: unknown */
	bool issued;                  /* handed out by the gateway in clear */
	bool told;
};

/* Two networks between which identities of one program go to and fro. */
struct pair {
	uint32_t moves;
	uint16_t first, last; /* days since 1970 */
};

struct shared {
	struct memory identities, pairs;
};

/* How far apart two uses are, on the map of networks. */
enum apart { APART_PAIR, APART_OPERATOR, APART };

enum { HAPPY_EYEBALLS_S = 2, PAIR_MOVES = 3, PAIR_DAYS = 90 };

static bool
identity_sound(const void *bytes)
{
	const struct identity *id = bytes;

	return sound_bool(&id->issued) && sound_bool(&id->told);
}

void *
shared_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct shared *h = carve_take(c, sizeof(*h));

	bytes -= sizeof(*h) + 64;
	detect_memory(d, &h->identities, c,
		      &(struct memory_plan){.bytes = bytes / 8 * 7, .payload = sizeof(struct identity), .version = 1});
	detect_sound(d, identity_sound);
	detect_memory(d, &h->pairs, c,
		      &(struct memory_plan){.bytes = bytes / 8, .payload = sizeof(struct pair), .version = 2});
	return h;
}

/* Made under another key, it is another identity. */
static struct memory_key
identity_key(const struct session *s, uint64_t id)
{
	struct memory_key key = {.a = id, .b = s->gateway};

	memcpy(key.addr.b, &s->identity_key, sizeof(s->identity_key));
	return key;
}

static bool
same_net(const struct addr *a, const struct addr *b)
{
	struct addr x = detect_net(a, 24, 48), y = detect_net(b, 24, 48);

	return addr_same(&x, &y);
}

/* The same from either side. */
static struct memory_key
pair_key(const struct view *v, const struct identity *id)
{
	struct addr x = detect_net(&id->client, 24, 48), y = detect_net(&v->client, 24, 48);
	bool swap = memcmp(x.b, y.b, sizeof(x.b)) > 0;
	const struct addr *low = swap ? &y : &x, *high = swap ? &x : &y;
	uint64_t part[2];

	memcpy(part, high->b, sizeof(part));
	return (struct memory_key){*low, detect_mix(detect_mix(part[0], part[1]), id->program), v->s->gateway};
}

static uint16_t
day_of(struct when t)
{
	return (uint16_t)(t.ns / (86400 * NS_PER_S));
}

static void
pair_learn(struct detect *d, const struct view *v, const struct identity *id)
{
	struct shared *h = d->state[DETECTOR_shared_identity];
	const struct memory_key key = pair_key(v, id);
	bool fresh;
	struct pair *p = memory_use(&h->pairs, &key, &fresh);

	if (fresh)
		p->first = day_of(v->s->time);
	p->moves += p->moves != UINT32_MAX;
	p->last = day_of(v->s->time);
	if (p->first != p->last)
		memory_keep(&h->pairs, p);
}

/* On one day anybody with a few stolen identities could make a pair usual. */
static uint32_t
pair_moves(const struct detect *d, const struct view *v, const struct identity *id)
{
	const struct shared *h = d->state[DETECTOR_shared_identity];
	const struct memory_key key = pair_key(v, id);
	const struct pair *p = memory_find(&h->pairs, &key);
	bool usual = p && p->moves >= PAIR_MOVES && p->first != p->last && day_of(v->s->time) - p->last <= PAIR_DAYS;

	return usual ? p->moves : 0;
}

static enum apart
apart_of(const struct view *v, const struct identity *id, uint32_t moves)
{
	if (moves)
		return APART_PAIR;
	return id->as && id->as == v->s->src_as ? APART_OPERATOR : APART;
}

static bool
other_country(const struct view *v, const struct identity *id)
{
	struct text there = v->s->src_country;

	return id->country[0] && there.len == sizeof(id->country) && memcmp(there.p, id->country, there.len) != 0;
}

static const char *
words_for(const struct identity *id, bool same_program, enum apart apart)
{
	if (same_program)
		return "client moved from {x} to {a}: same TLS identity and program, {0} apart";
	if (apart == APART_PAIR)
		return "the TLS identity of {x} came from {a} with another client program, {0} apart; between these "
		       "two "
		       "networks clients of its program move now and then";
	if (apart == APART_OPERATOR)
		return id->issued ?
			       "TLS session issued to {x} came back from {a} with another client program {0} later; "
			       "both networks are of one operator ({y})" :
			       "the TLS identity that {x} used came again from {a} with another client program, {0} "
			       "apart; both networks are of one operator ({y})";
	return id->issued ? "TLS session issued to {x} came back from {a} with another client program {0} later" :
			    "the TLS identity that {x} used came again from {a} with another client program, {0} apart";
}

static void
report_shared(struct detect *d, const struct view *v, const struct identity *id, uint32_t moves)
{
	static const enum severity SEVERITY[] = {
		[APART_PAIR] = SEVERITY_INFO, [APART_OPERATOR] = SEVERITY_LOW, [APART] = SEVERITY_MEDIUM};
	const struct session *s = v->s;
	bool accepted = s->resumed > RESUMED_UNKNOWN, same_program = id->program == s->client_key;
	enum apart apart = apart_of(v, id, moves);
	const struct actor actor = actor_of(v);
	char name[ADDR_TEXT_MAX];
	struct text owner = {name, (uint32_t)addr_print(&id->client, name)};
	struct finding f;

	finding_begin(&f, v, DETECTOR_shared_identity);
	f.severity = same_program ? SEVERITY_INFO : (uint8_t)SEVERITY[apart];
	f.explained = apart == APART_PAIR;
	f.confidence = (uint8_t)((id->issued ? 70 : 50) + (accepted ? 20 : 0) + (other_country(v, id) ? 5 : 0) -
				 (apart == APART_OPERATOR ? 30 : 0));
	finding_number(&f, "apart", "s", when_since(s->time, id->since) / NS_PER_S);
	finding_number(&f, "issued_in_clear", "yes", id->issued);
	finding_number(&f, "accepted", "yes", accepted);
	if (id->as && s->src_as)
		finding_number(&f, "same_operator", "yes", id->as == s->src_as);
	if (id->country[0] && s->src_country.p)
		finding_number(&f, "another_country", "yes", other_country(v, id));
	if (moves)
		finding_number(&f, "moves_before", "moves", moves);
	finding_session(&f, id->session);
	finding_session(&f, s->id);
	finding_say(&f, words_for(id, same_program, apart), (const struct text[2]){owner, s->src_as_name});
	f.benign = "one device with two programs that share a TLS cache, behind changing addresses; a proxy in between";
	incident_report(d, &f, &actor);
}

static struct identity *
offered_before(struct detect *d, const struct view *v)
{
	struct shared *h = d->state[DETECTOR_shared_identity];
	const struct memory_key key = identity_key(v->s, v->s->id_offered);
	struct identity *id;
	int64_t lifetime_s;

	if (v->s->role != ROLE_INBOUND || v->hidden || !v->first || !v->s->id_offered)
		return NULL;
	id = memory_find(&h->identities, &key);
	if (!id)
		return NULL;
	lifetime_s = id->lifetime_s ? id->lifetime_s : d->param[PARAM_shared_identity_lifetime];
	return when_since(v->s->time, id->since) <= lifetime_s * NS_PER_S ? id : NULL;
}

static void
owner_is_at(struct identity *id, const struct view *v)
{
	struct text country = v->s->src_country;

	id->client = v->client;
	id->used_ms = (uint32_t)(when_since(v->s->time, id->since) / NS_PER_MS);
	id->as = v->s->src_as;
	memset(id->country, 0, sizeof(id->country));
	if (country.len == sizeof(id->country))
		memcpy(id->country, country.p, sizeof(id->country));
}

static void
identity_learn(struct detect *d, const struct view *v, uint64_t value, bool issued)
{
	struct shared *h = d->state[DETECTOR_shared_identity];
	const struct memory_key key = identity_key(v->s, value);
	bool fresh;
	struct identity *id = memory_use(&h->identities, &key, &fresh);

	if (fresh || (issued && !id->issued)) {
		*id = (struct identity){.program = v->s->client_key,
					.session = v->s->id,
					.since = v->s->time,
					.lifetime_s = issued ? v->s->ticket_lifetime : 0,
					.issued = issued};
		owner_is_at(id, v);
	}
	if (v->s->established)
		memory_keep(&h->identities, id);
}

/* An identity belongs to who had it first; a user who moved takes it along. */
static void
remember(struct detect *d, const struct view *v, struct identity *id)
{
	const struct session *s = v->s;

	/* whose it is cannot be told where the capture lost the hello */
	if (s->role != ROLE_INBOUND || v->hidden || !s->client_hello)
		return;
	if (id && id->program == s->client_key) {
		if (!same_net(&id->client, &v->client) && !v->suspect && !v->degraded)
			pair_learn(d, v, id);
		owner_is_at(id, v);
	} else if (id && !same_net(&id->client, &v->client))
		id->told = true;
	else if (!id && v->first && s->id_offered && s->server_hello)
		identity_learn(d, v, s->id_offered, false);
	if (s->id_issued && s->id_issued != s->id_offered)
		identity_learn(d, v, s->id_issued, true);
}

/* From another network, and not just over another of its own addresses a moment later (RFC 8305). */
static bool
is_elsewhere(const struct view *v, const struct identity *id)
{
	bool happy_eyeballs =
		id->program == v->s->client_key && addr_is_v4(&id->client) != addr_is_v4(&v->client) &&
		when_since(v->s->time, id->since) <= id->used_ms * NS_PER_MS + HAPPY_EYEBALLS_S * NS_PER_S;

	return !same_net(&id->client, &v->client) && !happy_eyeballs;
}

void
shared_judge(struct detect *d, const struct view *v)
{
	struct identity *id = offered_before(d, v);
	uint32_t moves = 0;

	if (id && !id->told && is_elsewhere(v, id)) {
		moves = pair_moves(d, v, id);
		if (id->program != v->s->client_key || apart_of(v, id, moves) == APART)
			report_shared(d, v, id, moves);
	}
	remember(d, v, id);
}
