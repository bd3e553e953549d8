/*
 * attack_access: attacks of a client on the gateway that are no loops: large requests, stolen cookies, tickets and
 * logins, push fatigue, exports, theft through a tunnel, protocols that do not belong here.
 */
#include "attacks.h"
#include "people.h"

/* B02, CVE-2023-4966: one request of 24.9 kB, an answer of tens. */
struct oversized {
	uint32_t times;
	int64_t gap;
	bool browser;
};

static void
oversized_again(struct world *w, void *arg)
{
	struct attack_run *a = arg;
	const struct oversized *o = a->what->recipe;
	struct conn *c;

	a->ticket = (struct ticket){0};
	c = intrude(a, w->now, 0);
	exchange(c, MS(2), 24900 + (uint32_t)(a->extra[0] % 300), MS(12), (uint32_t)between(&a->rng, 30000, 130000));
	hang_up(c, MS(5), 0);
	attack_happened(a);
	attack_done(a, w->now);
	if (++a->step < o->times)
		clock_add(w, w->now + o->gap + SECOND(below(&a->rng, 600)), oversized_again, a);
}

static void
oversized_begin(struct world *w, struct attack_run *a)
{
	const struct oversized *o = a->what->recipe;

	a->extra[0] = rng_next(&a->rng);
	if (o->browser)
		a->program = (struct program){PROGRAM_CHROMIUM, 0};
	oversized_again(w, a);
}
static const struct oversized OVER_ONCE = {1, 0, false}, OVER_HOURLY = {9, HOUR(1), false},
			      OVER_BROWSER = {4, MINUTE(10), true};

/* The intruder as a user: from a rented server or behind a residential relay, with one program or another. */
static struct person *
impostor(struct attack_run *a, bool relay)
{
	struct world *w = a->w;
	struct person *p;

	if (relay)
		attack_from(a, home_draw(w, &a->rng));
	p = person_new(w, rng_next(&a->rng), &a->at);
	p->at = &p->home;
	p->home.has_v6 = false;
	p->boss = a;
	p->far_us = relay ? (uint32_t)between(&a->rng, 60000, 180000) : 0;
	p->browser = (struct program){PROGRAM_CHROMIUM, 3};
	p->client = w->cfg.kind == KIND_TUNNEL || a->other_program ? (struct program){PROGRAM_GNUTLS12, 4} : a->program;
	if (a->tool_logs_in)
		p->browser = p->client = a->program;
	return p;
}

/* B05: a cookie, and no login: straight to the tunnel, or to the pages behind the login. */
enum replay { REPLAY_TUNNEL, REPLAY_RELAY, REPLAY_PAGES };

static void
replay_seen(struct world *w, void *arg)
{
	attack_happened(arg);
	(void)w;
}

static void
replay_pages(struct world *w, struct attack_run *a)
{
	const struct theme *t = &w->gw.theme;
	struct conn *c;

	a->program = (struct program){PROGRAM_CHROMIUM, 0};
	c = intrude(a, w->now, 0);
	for (unsigned i = 0; i < 40; i++)
		exchange(c, MS(skewed(&a->rng, 3000, 30000)), t->headers + 500 + below(&a->rng, 400), MS(30),
			 400 + below(&a->rng, t->store));
	hang_up(c, SECOND(20), 0);
	attack_done(a, c->t);
}

static void
replay_begin(struct world *w, struct attack_run *a)
{
	const enum replay *how = a->what->recipe;
	struct person *p;

	clock_add(w, w->now + MINUTE(3), replay_seen, a);
	attack_done(a, w->now + HOUR(2));
	if (*how == REPLAY_PAGES) {
		replay_pages(w, a);
		return;
	}
	p = impostor(a, *how == REPLAY_RELAY);
	p->busy = true;
	work_begin(w, p, w->now);
}
static const enum replay BY_TUNNEL = REPLAY_TUNNEL, BY_RELAY = REPLAY_RELAY, BY_PAGES = REPLAY_PAGES;

/* B06: what a user will resume by is used by somebody else, too. */
static void
clone_used(struct world *w, void *arg)
{
	struct attack_run *a = arg;
	struct conn *c = intrude(a, w->now, 0);

	exchange(c, MS(3), 900, MS(20), 3000 + below(&a->rng, 5000));
	hang_up(c, SECOND(1), 0);
	attack_happened(a);
	attack_done(a, w->now);
}

static void
owner_again(struct world *w, void *arg)
{
	struct person *p = arg;
	struct conn *c = person_dial(p, w->now, false);

	exchange(c, MS(3), 640, MS(20), 1200);
	hang_up(c, SECOND(1), 0);
}

static void
clone_taken(struct world *w, void *arg)
{
	struct attack_run *a = arg;
	struct person *p = person_of(w, (uint32_t)a->extra[0]);

	a->ticket = p->client_ticket;
	a->program = (struct program){program_is_13(p->client) && w->gw.tls.v13 ? PROGRAM_PYTHON : PROGRAM_PYTHON12, 0};
	if (a->what->recipe)
		a->program = p->client;
	clock_add(w, w->now + SECOND(20), owner_again, p);
	clock_add(w, w->now + SECOND(between(&a->rng, 35, 80)), clone_used, a);
}

static void
clone_begin(struct world *w, struct attack_run *a)
{
	const struct tls_server *gw = &w->gw.tls;
	struct person *p;

	do {
		a->extra[0] = below(&a->rng, 1000);
		p = person_of(w, (uint32_t)a->extra[0]);
	} while (handshake_issues(gw, p->client) == RESUMED_NO && ++a->step < 100);
	p->client_ticket = (struct ticket){0};
	owner_again(w, p);
	clock_add(w, w->now + SECOND(8), clone_taken, a);
}

/* A script that draws no random numbers: its hellos are equal. */
static void
replayed_random_begin(struct world *w, struct attack_run *a)
{
	for (unsigned i = 0; i < 6; i++) {
		struct location at = hosting_draw(w, &a->rng);
		struct conn *c;

		attack_from(a, at);
		c = dial(w, &(struct dial){.at = w->now + SECOND(40 * i),
					   .from = at.v4,
					   .to = w->gw.v4,
					   .to_port = 443,
					   .program = a->program,
					   .server = &w->gw.tls,
					   .sni = w->gw.name,
					   .rtt_us = at.rtt_us,
					   .random = 4711 + w->cfg.seed});
		exchange(c, MS(3), 300, MS(3), 700);
		hang_up(c, MS(9), 0);
	}
	clock_add(w, w->now + SECOND(90), replay_seen, a);
}

/* B09, and B22 when hands follow at once: name, password and seed of the one-time code are known. */
static void
hands_more(struct world *w, struct conn *c)
{
	struct person *p = c->d.who;
	struct attack_run *a = p->boss;

	if (w->now < a->until) {
		says(c, MS(between(&a->rng, 150, 900)), 0, 52 + below(&a->rng, 60), 20 + below(&a->rng, 90));
		says(c, MS(20), 1, 60 + below(&a->rng, 120), 10 + below(&a->rng, 60));
	} else {
		tunnel_round(w, c, &a->rng, 5);
	}
	if (w->now > a->until + HOUR(1)) {
		c->d.more = NULL;
		hang_up(c, SECOND(2), 0);
	}
}

static void
stolen_opened(struct world *w, struct person *p)
{
	struct attack_run *a = p->boss;
	const char *hands = a->what->recipe;
	struct conn *carrier = p->channel ? p->channel : p->tunnel;

	p->opened = NULL;
	a->until = w->now + MINUTE(between(&a->rng, 4, 9));
	if (hands)
		carrier->d.more = hands_more;
	clock_add(w, w->now + (hands ? MINUTE(5) : MINUTE(1)), replay_seen, a);
	attack_done(a, w->now + HOUR(2));
}

static void
stolen_begin(struct world *w, struct attack_run *a)
{
	struct person *p = impostor(a, a->what->behaviour == 9 && strcmp(a->what->name, "relay") == 0);

	p->fixed_hold = true;
	p->mfa = MFA_CODE;
	p->opened = stolen_opened;
	person_login(w, p);
}

/* B10: the phone rings until somebody gives in. */
static void
fatigue_begin(struct world *w, struct attack_run *a)
{
	const struct theme *t = &w->gw.theme;
	bool each = a->what->recipe != NULL;
	struct conn *c = intrude(a, w->now, 0);
	uint32_t times = (uint32_t)between(&a->rng, 6, 9);

	a->program = (struct program){PROGRAM_CHROMIUM, 1};
	for (uint32_t i = 0; i < times; i++) {
		exchange(c, SECOND(between(&a->rng, 3, 20)), t->headers + 380, SECOND(between(&a->rng, 20, 58)),
			 t->poll + 60);
		if (each && i + 1 < times) {
			int64_t next = c->t + SECOND(10);

			hang_up(c, MS(5), 0);
			c = intrude(a, next, 0);
		}
		if (i == 3)
			clock_add(w, c->t, replay_seen, a);
	}
	hang_up(c, SECOND(4), 0);
	attack_done(a, c->t);
}

/* B15: staged as a file in the web root, fetched by one who fetched nothing else. */
struct export
{
	uint32_t files, bytes;
	int64_t gap;
};

static void
export_begin(struct world *w, struct attack_run *a)
{
	const struct export *e = a->what->recipe;
	struct conn *c = intrude(a, w->now, 0);

	for (uint32_t i = 0; i < e->files; i++) {
		uint32_t left = e->bytes + below(&a->rng, e->bytes / 3);

		say(c, i ? e->gap : MS(5), 0, 240 + below(&a->rng, 60));
		for (; left; left -= left < 131072 ? left : 131072)
			say(c, MS(12), 1, left < 131072 ? left : 131072);
		if (i == 0)
			clock_add(w, c->t, replay_seen, a);
	}
	hang_up(c, MS(30), 0);
	attack_done(a, c->t);
}
static const struct export EXPORT_ONE = {1, 3000000, 0}, EXPORT_BIG = {1, 60000000, 0},
			   EXPORT_PARTS = {30, 320000, SECOND(20)};

/* B21: hundreds of megabytes to one user's machine, at night or by day. */
static void
theft_more(struct world *w, struct conn *c)
{
	struct attack_run *a = ((struct person *)c->d.who)->boss;

	if (a->left > 0) {
		says(c, MS(60), 1, 1300, 180);
		says(c, MS(2), 0, 60, 8);
		a->left -= a->left < 234 ? a->left : 234; /* kB */
		if (a->left < 400000)
			attack_happened(a);
		return;
	}
	attack_happened(a);
	attack_done(a, w->now);
	tunnel_round(w, c, &a->rng, 4);
}

static void
theft_opened(struct world *w, struct person *p)
{
	(void)w;
	p->opened = NULL;
	(p->channel ? p->channel : p->tunnel)->d.more = theft_more;
}

static void
theft_begin(struct world *w, struct attack_run *a)
{
	bool owner = a->what->recipe != NULL; /* from the user's own machine */
	struct person *p = impostor(a, false), *victim = person_of(w, below(&a->rng, 1000));

	if (owner) {
		p->home = victim->home;
		p->browser = victim->browser, p->client = victim->client, p->data = victim->data;
		p->headers = victim->headers, p->name_len = victim->name_len, p->number = victim->number;
		p->cached_until = w->now + DAY(1);
		attack_from(a, victim->home);
	}
	p->at = &p->home;
	p->until = w->now + HOUR(6);
	p->opened = theft_opened;
	a->left = 700000;
	attack_done(a, w->now + HOUR(4));
	person_login(w, p);
}

/* B29: a long upload before any login, no answer, a reset, and nobody new is served for some seconds. */
static void
overflow_reset(struct world *w, struct conn *c)
{
	struct attack_run *a = c->d.who;

	gateway_stall(w, SECOND(between(&a->rng, 2, 6)));
	attack_happened(a);
}

static void
overflow_begin(struct world *w, struct attack_run *a)
{
	uint32_t tries = a->what->recipe ? 3 : 1;
	int64_t at = w->now;

	for (uint32_t i = 0; i < tries; i++) {
		struct conn *c = intrude(a, at, 0);
		uint32_t left = (uint32_t)between(&a->rng, 90000, 420000);

		for (; left > 4096; left -= 4096)
			say(c, MS(9), 0, 4096);
		call(c, MS(300), overflow_reset);
		reset(c, MS(2), 1);
		at = c->t + MINUTE(4);
	}
	attack_done(a, at);
}

/* B31: something else than TLS, and the gateway answers. */
static void
wrong_begin(struct world *w, struct attack_run *a)
{
	const enum raw_kind *kind = a->what->recipe;
	struct conn *c = dial(w, &(struct dial){.at = w->now,
						.from = a->at.v4,
						.to = w->gw.v4,
						.to_port = 443,
						.rtt_us = a->at.rtt_us,
						.who = a});

	raw(c, MS(3), 0, 40, *kind);
	for (unsigned i = 0; i < 60; i++) {
		raw(c, MS(between(&a->rng, 20, 900)), 1, 60 + below(&a->rng, 1300), RAW_NOISE);
		raw(c, MS(between(&a->rng, 40, 2000)), 0, 40 + below(&a->rng, 200), RAW_NOISE);
	}
	hang_up(c, MS(60), 0);
	clock_add(w, w->now + SECOND(10), replay_seen, a);
	attack_done(a, c->t);
}
static const enum raw_kind WRONG_SSH = RAW_SSH, WRONG_NOISE = RAW_NOISE;

/* B13: TCP ends at the relay, TLS far behind it. */
static void
relayed_begin(struct world *w, struct attack_run *a)
{
	struct person *p = impostor(a, true);

	for (unsigned i = 0; i < 6; i++) {
		struct conn *c = person_dial(p, w->now + SECOND(20 * i), true);

		exchange(c, MS(30), 420, MS(4), w->gw.theme.root);
		exchange(c, MS(400), 460, MS(4), w->gw.theme.page);
		hang_up(c, SECOND(3), 0);
	}
	clock_add(w, w->now + SECOND(70), replay_seen, a);
}

#define KIND(k) (1u << KIND_##k)
#define CLONE(is_strong, lowest, variant, how)                                                                         \
	{                                                                                                              \
		.behaviour = 6, .strong = (is_strong), .least = (lowest), .resumes = true, .name = (variant),          \
		.detectors = "shared_identity", .begin = clone_begin, .recipe = (how)                                  \
	}

const struct attack ATTACKS_ACCESS[] = {
	ATTACK(2, true, false, "once", "oversized_request", oversized_begin, &OVER_ONCE),
	ATTACK(2, true, false, "hourly", "oversized_request", oversized_begin, &OVER_HOURLY),
	ATTACK(2, true, false, "browser_hello", "oversized_request", oversized_begin, &OVER_BROWSER),
	ATTACK_AT(5, false, false, SEVERITY_MEDIUM, KIND(PORTAL) | KIND(TUNNEL) | KIND(PROTECT) | KIND(SAML), "tunnel",
		  "loginless stolen_login", replay_begin, &BY_TUNNEL),
	ATTACK_AT(5, false, false, SEVERITY_MEDIUM, KIND(PORTAL) | KIND(TUNNEL) | KIND(PROTECT) | KIND(SAML), "relay",
		  "loginless stolen_login", replay_begin, &BY_RELAY),
	ATTACK_AT(5, false, false, SEVERITY_MEDIUM, KIND(PORTAL) | KIND(SAML), "pages", "loginless stolen_login",
		  replay_begin, &BY_PAGES),
	CLONE(true, SEVERITY_MEDIUM, "other_program", NULL),
	CLONE(false, SEVERITY_INFO, "same_program", "same"),
	ATTACK(6, true, false, "equal_randoms", "equal_random", replayed_random_begin, NULL),
	ATTACK_AT(9, false, false, SEVERITY_LOW, 0, "hosting", "stolen_login loginless", stolen_begin, NULL),
	ATTACK_AT(9, false, false, SEVERITY_LOW, 0, "relay", "stolen_login loginless", stolen_begin, NULL),
	ATTACK(10, false, false, "kept_alive", "push_fatigue", fatigue_begin, NULL),
	ATTACK(10, false, false, "one_connection_each", "push_fatigue", fatigue_begin, "each"),
	ATTACK_AT(13, false, false, SEVERITY_INFO, 0, "residential", "relayed_client", relayed_begin, NULL),
	ATTACK(15, true, false, "one_file", "export", export_begin, &EXPORT_ONE),
	ATTACK(15, true, false, "large", "export", export_begin, &EXPORT_BIG),
	ATTACK(15, true, false, "parts", "export", export_begin, &EXPORT_PARTS),
	ATTACK(21, false, false, "new_client", "tunnel_exfil stolen_login", theft_begin, NULL),
	ATTACK(21, false, false, "own_machine", "tunnel_exfil", theft_begin, "own"),
	ATTACK(22, false, false, "scan", "hands_on stolen_login", stolen_begin, "hands"),
	ATTACK(29, true, false, "once", "upload_overflow crash", overflow_begin, NULL),
	ATTACK(29, true, false, "thrice", "upload_overflow crash", overflow_begin, "thrice"),
	ATTACK_AT(31, true, false, SEVERITY_LOW, 0, "ssh", "wrong_protocol hidden_service ndpi_risk", wrong_begin,
		  &WRONG_SSH),
	ATTACK_AT(31, true, false, SEVERITY_LOW, 0, "unknown", "wrong_protocol hidden_service ndpi_risk", wrong_begin,
		  &WRONG_NOISE),
};
const unsigned ATTACKS_ACCESS_N = sizeof(ATTACKS_ACCESS) / sizeof(ATTACKS_ACCESS[0]);
