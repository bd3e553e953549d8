/*
 * familiar: which clients (network and client program) have used a gateway the ordinary way before.
 *
 *	/24 or /48, gateway, page 0 -> three programs: days, logins, tunnels, last day
 *	                    page 1 -> three more ...		at most PAGES: no network takes more than its part
 *	program, gateway -> in how many networks, how often with a login
 *
 * Ordinary is a login that went on, or variety: many sizes of requests, on several days.  What an intruder does,
 * over and over alike, does not make him familiar, and while there is an incident about him nothing does.  Browser
 * updates change the program: in a network that is known, a program of the same kind, or one login, is enough.
 */
#include "detect/familiar.h"

enum {
	SLOTS = 3,
	PAGES = 8,
	AGE_DAYS = 180,
	SHAPES = 6, /* sizes of requests in a day */
	SHAPES_TODAY = 10,
	SHAPES_VISIT = 8, /* in each of VISITS_TODAY */
	EXCHANGES_TODAY = 24,
	COUNT_MOST = 15,
	DAYS_MOST = 63,
	VISITS_MOST = 3,
	VISITS_TODAY = 2,
	KIND_BITS = 8,
	PROGRAM_NETWORKS = 3, /* a program of several people */
	PASSES_FROM = 4,      /* stays without login of a program that has none with */
	FOLLOWS_FROM = 4,     /* stays behind another program's login of one that logs in by itself rarely */
};

/* A program: 24 bits of its key, and of its kind 8. */
struct slot {
	uint32_t who;
	uint16_t day; /* the last one, since 1970 */
	uint8_t days; /* and 64 times the varied visits of the last day, 3 at most */
	uint8_t uses; /* logins, and 16 times the tunnels (or other use): 15 at most */
};

struct familiar {
	struct slot slot[SLOTS];
};

/* In the same table, under the program alone. */
struct program {
	uint32_t networks, logins, without;
	uint16_t day, parts, own, unused[3]; /* stays: behind another program's login; with its own */
};
_Static_assert(sizeof(struct program) == sizeof(struct familiar), "one table for both");

uint32_t
familiar_payload(void)
{
	return sizeof(struct familiar);
}

static uint16_t
day_of(struct when t)
{
	return (uint16_t)(t.ns / (86400 * NS_PER_S));
}

/* What an update leaves alone: protocol, ALPN and the list of ciphers. */
static uint32_t
kind_of(struct detect *d, const struct session *s)
{
	enum { CIPHERS_AT = 11, CIPHERS = 12 };
	struct text ciphers;

	if (!s->ja4.p || s->ja4.len < CIPHERS_AT + CIPHERS)
		return 0;
	ciphers = (struct text){s->ja4.p + CIPHERS_AT, CIPHERS};
	return (uint32_t)(detect_hash_again(d, s->said, TEXT_CIPHERS, ciphers) & 0xff) | 1;
}

/* Without its kind. */
static uint32_t
who_of(uint64_t program)
{
	return (uint32_t)(program * UINT64_C(0x9e3779b97f4a7c15) >> 40) << KIND_BITS;
}

static unsigned
logins(const struct slot *s)
{
	return s->uses & 15u;
}

static unsigned
tunnels(const struct slot *s)
{
	return s->uses >> 4;
}

static unsigned
days(const struct slot *s)
{
	return s->days & DAYS_MOST;
}

static unsigned
visits_today(const struct slot *s)
{
	return s->days >> 6;
}

static bool
is_empty(const struct slot *s)
{
	return s->days == 0 && s->uses == 0;
}

/* Of a network's first row; key.a is the page. */
static struct memory_key
row_key(const struct addr *client, uint8_t gateway)
{
	return (struct memory_key){.addr = detect_net(client, 24, 48), .b = gateway};
}

static struct memory_key
program_key(uint64_t program, uint8_t gateway)
{
	static const struct addr anywhere;

	return (struct memory_key){anywhere, program, gateway};
}

static bool
same_program(const struct slot *s, uint32_t who)
{
	return !is_empty(s) && s->who >> KIND_BITS == who >> KIND_BITS;
}

static bool
is_known(const struct slot *s, uint16_t today)
{
	return days(s) >= 2 && today - s->day <= AGE_DAYS;
}

/* What a network's rows say of a program, and of its kind where that is known (not 0). */
struct found {
	const struct slot *slot; /* the program's own */
	bool network, kind;      /* somebody's; one of the same kind */
};

static struct found
look_up(const struct detect *d, const struct addr *client, uint8_t gateway, uint32_t who, uint32_t kind)
{
	uint16_t today = day_of(d->now);
	struct memory_key key = row_key(client, gateway);
	struct found f = {0};

	for (; key.a < PAGES; key.a++) {
		const struct familiar *row = memory_find(&d->familiars, &key);

		if (!row)
			break;
		for (unsigned i = 0; i < SLOTS; i++) {
			const struct slot *s = &row->slot[i];

			if (same_program(s, who))
				f.slot = s;
			else if (is_known(s, today)) {
				f.network = true;
				f.kind |= kind && (s->who & ((1 << KIND_BITS) - 1)) == kind;
			}
		}
	}
	return f;
}

/* The program's place in the network's rows, made when it has none; the one unseen for longest makes room.  A session
   tells its kind; NULL: unknown. */
static struct slot *
slot_use(struct detect *d, const struct addr *client, uint8_t gateway, uint32_t who, const struct session *session)
{
	struct memory_key key = row_key(client, gateway);
	struct slot *oldest = NULL;

	for (; key.a < PAGES; key.a++) {
		bool fresh;
		struct familiar *row = memory_use(&d->familiars, &key, &fresh);

		for (unsigned i = 0; i < SLOTS; i++) {
			struct slot *s = &row->slot[i];

			if (same_program(s, who))
				return s;
			if (!oldest || days(s) < days(oldest) || (days(s) == days(oldest) && s->day < oldest->day))
				oldest = s;
		}
		if (fresh || is_empty(oldest))
			break;
	}
	*oldest = (struct slot){.who = who | (session ? kind_of(d, session) : 0)};
	return oldest;
}

/* Rows of who is known stay, and so do those before them. */
static void
keep_rows(struct detect *d, const struct addr *client, uint8_t gateway, const struct slot *s)
{
	struct memory_key key = row_key(client, gateway);
	bool known = false;

	if (days(s) < 2 && !logins(s))
		return;
	for (key.a = PAGES; key.a-- > 0;) {
		struct familiar *row = memory_find(&d->familiars, &key);

		for (unsigned i = 0; row && i < SLOTS; i++)
			known |= days(&row->slot[i]) >= 2 || logins(&row->slot[i]);
		if (row && known)
			memory_keep(&d->familiars, row);
	}
}

static bool
ordinary_today(const struct visit *w)
{
	return w && w->exchanges >= EXCHANGES_TODAY && set_count(w->requests) >= SHAPES_TODAY;
}

bool
familiar_known(struct detect *d, const struct view *v, const struct visit *visit)
{
	uint64_t program = visit ? visit->program : v->s->client_key;
	struct found f = look_up(d, &v->client, v->s->gateway, who_of(program), kind_of(d, v->s));
	uint16_t today = day_of(d->now);

	if (f.slot && (is_known(f.slot, today) || (today - f.slot->day <= 1 && visits_today(f.slot) >= VISITS_TODAY)))
		return true;
	return f.kind || (f.network && f.slot && logins(f.slot)) || ordinary_today(visit);
}

bool
is_familiar(struct detect *d, const struct view *v)
{
	return v->knock ? familiar_known(d, v, visit_find(d, v)) : v->familiar;
}

/* A day counts when the client logged in and went on, or was as varied as people are. */
static bool
was_ordinary(const struct visit *w)
{
	bool skipped = w->used.ns && !w->login.ns;

	return !skipped && (set_count(w->requests) >= SHAPES || (w->login.ns && w->used.ns));
}

/* Another day of the program's; a visit that goes on over midnight is not yet one. */
static bool
is_another_day(const struct slot *s, const struct visit *w, struct when t)
{
	return !days(s) || (s->day != day_of(t) &&
			    (s->day != day_of(w->first) || when_since(t, w->first) > 12 * INT64_C(3600) * NS_PER_S));
}

/* A visit counts once for its day. */
static void
count_visit(struct slot *s, struct visit *w)
{
	if (w->counted || w->exchanges < EXCHANGES_TODAY / VISITS_TODAY || set_count(w->requests) < SHAPES_VISIT)
		return;
	w->counted = true;
	s->days = (uint8_t)(least(visits_today(s) + 1, VISITS_MOST) << 6 | days(s));
}

void
familiar_learn(struct detect *d, const struct view *v)
{
	struct visit *w = v->visit;
	uint16_t today = day_of(v->s->time);
	struct slot *s;

	if (!w || session_data_channel(v->s) || (v->from >= v->until && !w->used.ns) || !was_ordinary(w))
		return;
	s = slot_use(d, &v->client, w->gateway, who_of(w->program), v->s);
	if (is_another_day(s, w, v->s->time)) {
		s->day = today;
		s->days = (uint8_t)least(days(s) + 1, DAYS_MOST);
		keep_rows(d, &v->client, w->gateway, s);
	}
	count_visit(s, w);
}

static void
program_learn(struct detect *d, const struct visit *w, bool new_here)
{
	const struct memory_key key = program_key(w->program, w->gateway);
	bool fresh, login = visit_login_near(d, w, w->used, VISIT_IDLE_S);
	struct program *p = memory_use(&d->familiars, &key, &fresh);

	p->day = day_of(d->now);
	p->networks += new_here;
	p->logins += login;
	p->without += !login;
	if (p->parts == UINT16_MAX || p->own == UINT16_MAX) {
		p->parts /= 2;
		p->own /= 2;
	}
	if (w->part)
		p->parts++;
	else if (w->login.ns)
		p->own++;
	if (p->networks >= PROGRAM_NETWORKS)
		memory_keep(&d->familiars, p);
}

/* A stay that went on after a login. */
void
familiar_stay(struct detect *d, const struct visit *w)
{
	uint32_t who = who_of(w->program);
	struct found f = look_up(d, &w->client, w->gateway, who, 0);
	struct slot *s;

	if (w->suspect || w->degraded)
		return;
	program_learn(d, w, !f.slot || !tunnels(f.slot));
	if (!f.slot && !w->login.ns)
		return;
	s = slot_use(d, &w->client, w->gateway, who, NULL);
	if (!days(s)) {
		s->days |= 1;
		s->day = day_of(w->used);
	}
	s->uses = (uint8_t)(least(tunnels(s) + 1, COUNT_MOST) << 4 |
			    least(logins(s) + (w->login.ns ? 1 : 0), COUNT_MOST));
	keep_rows(d, &w->client, w->gateway, s);
}

static const struct program *
program_find(const struct detect *d, const struct visit *w)
{
	const struct memory_key key = program_key(w->program, w->gateway);

	return memory_find(&d->familiars, &key);
}

bool
familiar_follows(const struct detect *d, const struct visit *w)
{
	const struct program *p = program_find(d, w);

	return p && p->parts >= FOLLOWS_FROM && p->parts > 4u * p->own;
}

struct acquaintance
familiar_with(const struct detect *d, const struct visit *w)
{
	struct found f = look_up(d, &w->client, w->gateway, who_of(w->program), 0);
	const struct program *p = program_find(d, w);
	struct acquaintance a = {.network = f.network};

	if (f.slot) {
		a.network |= is_known(f.slot, day_of(d->now));
		a.days = days(f.slot);
		a.logins = logins(f.slot);
		a.tunnels = tunnels(f.slot);
	}
	if (p) {
		a.program = p->networks >= PROGRAM_NETWORKS;
		a.passes = p->without >= PASSES_FROM && p->without > 4 * p->logins && a.program;
	}
	return a;
}
