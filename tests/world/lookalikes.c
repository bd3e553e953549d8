/*
 * lookalikes: what is no attack and looks like one: audits, checks by response teams, renewals, restarts, forgotten
 * passwords, broken clients, large downloads, new destinations.  An alert from medium on about any of them is false.
 */
#include "people.h"

#include <stdlib.h>

enum { ACTOR_LOOKALIKES = 300 };

struct lookalike;

/* One occurrence. */
struct alike {
	const struct lookalike *what;
	struct rng rng;
	struct location at;
	int label;
	uint32_t left;
	struct tls_server server;
	struct ticket ticket;
	struct person *person;
};

struct lookalike {
	const char *name;
	void (*begin)(struct world *w, struct alike *a);
	uint16_t per_mille;    /* of worlds that have it */
	uint16_t period_days;  /* 0: once, after the first week */
	uint8_t weekday, hour; /* 7: any day; hour 24: office hours */
	bool site_wide;
};

static struct conn *
knock(struct world *w, const struct alike *a, int64_t at, struct program p)
{
	return dial(w, &(struct dial){.at = at,
				      .from = a->at.v4,
				      .to = w->gw.v4,
				      .to_port = 443,
				      .program = p,
				      .server = &w->gw.tls,
				      .sni = w->gw.name,
				      .rtt_us = a->at.rtt_us});
}

/* SSL-Labs-like: every version and cipher there is, in two minutes. */
static void
audit(struct world *w, struct alike *a)
{
	uint32_t n = 60 + below(&a->rng, 120);

	for (uint32_t i = 0; i < n; i++) {
		struct program p = {(uint8_t)below(&a->rng, PROGRAM_OPENCONNECT_DTLS), (uint8_t)below(&a->rng, 20)};
		struct conn *c = dial(w, &(struct dial){.at = w->now + MS(900 * i),
							.from = a->at.v4,
							.to = w->gw.v4,
							.to_port = 443,
							.program = p,
							.server = &w->gw.tls,
							.refuse = chance(&a->rng, 400) ? 70 : 0,
							.sni = w->gw.name,
							.rtt_us = a->at.rtt_us});

		if (chance(&a->rng, 60))
			exchange(c, MS(3), 160, MS(2), w->gw.theme.root);
		hang_up(c, MS(2), 0);
	}
}

/* DIVD, Shadowserver, a national team: is the hole open?  Few requests, and the answer of a patched gateway. */
static void
csirt(struct world *w, struct alike *a)
{
	for (unsigned i = 0; i < 3; i++) {
		struct conn *c = knock(w, a, w->now + MS(700 * i), (struct program){PROGRAM_PYTHON, 1});

		exchange(c, MS(3), 173, MS(5), w->gw.theme.fail);
		hang_up(c, MS(3), 0);
	}
	if (chance(&a->rng, 500)) {
		struct conn *c = knock(w, a, w->now + SECOND(9), (struct program){PROGRAM_GO, 1});

		exchange(c, MS(3), 24812 + 90, MS(5), 480);
		hang_up(c, MS(3), 0);
	}
}

/* An attacker too late: the loop of 5777, and nothing leaks. */
static void
patched(struct world *w, struct alike *a)
{
	struct program p = {PROGRAM_PYTHON, 2};

	for (unsigned i = 0; i < 10; i++) {
		struct conn *c = knock(w, a, w->now + MS(500 * i), p);

		exchange(c, MS(3), 173, MS(5), w->gw.theme.fail);
		hang_up(c, MS(3), 0);
	}
}

static void
renewed(struct world *w, void *arg)
{
	struct alike *a = arg;
	struct rng site = rng_of(w->cfg.seed, 3);
	uint16_t len = w->gw.tls.cert_len;
	const uint8_t *old = w->gw.tls.cert;
	uint32_t issuer = 0;

	(void)site;
	for (size_t i = 0; i + 22 < len; i++) /* the same issuer signs again */
		if (memcmp(old + i, "Example Issuing CA ", 19) == 0)
			issuer = old[i + 19] - '0';
	server_make(w, &w->gw.tls, &a->rng, w->gw.name, 40, issuer);
	w->gw.dtls.cert = w->gw.tls.cert;
	w->gw.dtls.cert_len = w->gw.tls.cert_len;
}

/* ACME: asked from several places at once, then the new certificate is there. */
static void
acme(struct world *w, struct alike *a)
{
	for (unsigned i = 0; i < 5; i++) {
		struct location at = hosting_draw(w, &a->rng);
		struct conn *c;

		label_addr(w, a->label, &at.v4);
		c = dial(w, &(struct dial){.at = w->now + MS(300 * i),
					   .from = at.v4,
					   .to = w->gw.v4,
					   .to_port = 80,
					   .rtt_us = at.rtt_us});
		raw(c, MS(2), 0, 230, RAW_HTTP);
		raw(c, MS(2), 1, 260, RAW_HTTP);
		hang_up(c, MS(2), 0);
	}
	clock_add(w, w->now + MINUTE(2), renewed, a);
}

static void
planned(struct world *w, struct alike *a)
{
	gateway_upgrade(w, &a->rng, SECOND(between(&a->rng, 90, 400)));
}

/* The same by the book, and the operator notes it down an hour later. */
static void
patched_told(struct world *w, void *arg)
{
	struct alike *a = arg;

	operator_tells(w, FACT_PATCHED, w->label[a->label].start);
	operator_tells(w, FACT_SESSIONS_KILLED, w->label[a->label].start);
}

static void
patched_well(struct world *w, struct alike *a)
{
	planned(w, a);
	people_log_out(w);
	clock_add(w, w->now + HOUR(1), patched_told, a);
}

static void
failover_told(struct world *w, void *arg)
{
	struct alike *a = arg;

	operator_tells(w, FACT_FAILOVER, w->label[a->label].start);
}

static void
failover(struct world *w, struct alike *a)
{
	gateway_crash(w, SECOND(between(&a->rng, 2, 5)), true);
	if (chance(&a->rng, 500))
		clock_add(w, w->now + MINUTE(20), failover_told, a);
}

/* Another theme: many objects change at once, nothing restarts. */
static void
new_theme(struct world *w, struct alike *a)
{
	for (unsigned i = 0; i < w->gw.theme.objects; i++)
		if (chance(&a->rng, 400))
			theme_change(w, i, between(&a->rng, -150, 12000));
	w->gw.theme.page += (uint32_t)between(&a->rng, 20, 900);
}

/* A slow line: an upload that the client gives up half way. */
static void
aborted_upload(struct world *w, struct alike *a)
{
	struct conn *c = knock(w, a, w->now, (struct program){PROGRAM_OPENSSL, 11});

	for (uint32_t left = (uint32_t)between(&a->rng, 70000, 260000); left > 4096; left -= 4096)
		say(c, MS(between(&a->rng, 20, 1500)), 0, 4096);
	reset(c, SECOND(between(&a->rng, 1, 20)), 0);
}

/* A partner's program asks for this and that, all day, by a key of its own. */
static void
api_again(struct world *w, void *arg)
{
	struct alike *a = arg;
	struct conn *c = knock(w, a, w->now, (struct program){PROGRAM_JAVA, 4});

	for (unsigned i = 0, n = 2 + below(&a->rng, 9); i < n; i++)
		exchange(c, MS(between(&a->rng, 30, 4000)), 320 + below(&a->rng, 700), MS(between(&a->rng, 5, 90)),
			 250 + (uint32_t)skewed(&a->rng, 1200, 24000));
	hang_up(c, MS(50), 0);
	if (--a->left)
		clock_add(w, w->now + MINUTE(between(&a->rng, 20, 60)), api_again, a);
}

static void
api_client(struct world *w, struct alike *a)
{
	a->left = 16;
	api_again(w, a);
}

static void
expired(struct world *w, struct alike *a)
{
	(void)a;
	w->gw.expiry_until = w->now + HOUR(5);
}

/* A phone with an old password: again and again, for hours. */
static void
broken_again(struct world *w, void *arg)
{
	struct alike *a = arg;
	struct conn *c = knock(w, a, w->now, (struct program){PROGRAM_JAVA, 2});

	exchange(c, MS(30), 712, MS(120), w->gw.theme.fail);
	hang_up(c, MS(5), 0);
	if (--a->left)
		clock_add(w, w->now + SECOND(between(&a->rng, 25, 70)), broken_again, a);
}

static void
broken(struct world *w, struct alike *a)
{
	a->left = 300 + below(&a->rng, 400);
	broken_again(w, a);
}

/* A new client program is offered on the page: one large size, many clients. */
static void
plugin_one(struct world *w, void *arg)
{
	struct alike *a = arg;
	struct person *p = person_of(w, below(&a->rng, 100000));
	struct conn *c;

	p->at = p->at ? p->at : &p->home;
	c = person_dial(p, w->now, true);
	fetch_page(p, c, false);
	say(c, SECOND(4), 0, w->gw.theme.headers + 300);
	for (uint32_t left = 21000000; left; left -= left < 131072 ? left : 131072)
		say(c, MS(14), 1, left < 131072 ? left : 131072);
	hang_up(c, SECOND(20), 0);
	if (--a->left)
		clock_add(w, w->now + MINUTE(skewed(&a->rng, 20, 400)), plugin_one, a);
}

static void
plugin(struct world *w, struct alike *a)
{
	a->left = 12;
	plugin_one(w, a);
}

/* Telemetry moves to another address of the same cloud; the firmware is fetched by hand. */
static void
calls_new(struct world *w, struct alike *a, const char *name, uint32_t down)
{
	struct conn *c;

	a->server = (struct tls_server){.v13 = true,
					.record_max = 16384,
					.ticket_count = 2,
					.ticket_bytes = 180,
					.epoch = 1,
					.chain_len = 1600};
	server_make(w, &a->server, &a->rng, name, 0, 31);
	c = dial(w, &(struct dial){.at = w->now,
				   .from = w->gw.snip,
				   .to = a->at.v4,
				   .to_port = 443,
				   .program = {PROGRAM_OPENSSL12, 5},
				   .server = &a->server,
				   .sni = name,
				   .rtt_us = 9000});
	say(c, MS(4), 0, 620);
	for (; down; down -= down < 131072 ? down : 131072)
		say(c, MS(14), 1, down < 131072 ? down : 131072);
	hang_up(c, MS(9), 0);
}

static void
telemetry_moves(struct world *w, struct alike *a)
{
	calls_new(w, a, "telemetry.vendor.example", 700);
}

static void
firmware(struct world *w, struct alike *a)
{
	calls_new(w, a, "downloads.vendor.example", 300000000);
}

/* A contractor from a cloud desktop, with a program of its own, and an honest second factor. */
static void
contractor(struct world *w, struct alike *a)
{
	struct person *p = a->person;

	if (!p) {
		p = a->person = person_new(w, rng_next(&a->rng), &a->at);
		p->client.build = (uint8_t)(p->client.build + 3);
		p->browser.build = 2;
	}
	p->at = &p->home;
	p->until = w->now + HOUR(7);
	if (!p->busy)
		person_login(w, p);
}

/* The organisation's own vulnerability scanner: a thousand requests for what is not there. */
static void
own_scanner(struct world *w, struct alike *a)
{
	int64_t at = w->now;

	for (unsigned i = 0; i < 40; i++) {
		struct conn *c = knock(w, a, at, (struct program){PROGRAM_OPENSSL, 9});

		for (unsigned k = 0; k < 20; k++)
			exchange(c, MS(between(&a->rng, 10, 200)), 180 + below(&a->rng, 500), MS(3),
				 chance(&a->rng, 900) ? 330 : 400 + below(&a->rng, 6000));
		hang_up(c, MS(5), 0);
		at = c->t + SECOND(1);
	}
}

static void
link_checker(struct world *w, struct alike *a)
{
	struct conn *c = knock(w, a, w->now, (struct program){PROGRAM_CURL, 1});

	exchange(c, MS(9), 190, MS(4), w->gw.theme.root);
	exchange(c, MS(9), 205, MS(4), w->gw.theme.page);
	for (unsigned i = 0; i < w->gw.theme.objects; i++)
		exchange(c, MS(400), 200 + i % 30, MS(3), w->gw.theme.object[i] + w->gw.theme.not_modified);
	hang_up(c, MS(9), 0);
}

/* File synchronisation at lunch: hundreds of megabytes through a tunnel, every working day, by the same two people. */
static void
sync_more(struct world *w, void *arg)
{
	struct alike *a = arg;
	struct person *p = a->person;
	struct conn *c = p->channel ? p->channel : p->tunnel;

	if (!c || c->over)
		return;
	for (unsigned i = 0; i < 5; i++)
		says(c, MS(60), 1, 1300, 180);
	if (--a->left)
		clock_add(w, w->now + MS(500), sync_more, a);
}

static void
file_sync(struct world *w, struct alike *a)
{
	if (!a->person)
		a->person = person_of(w, below(&a->rng, 100000));
	label_addr(w, a->label, &a->person->home.v4);
	label_addr(w, a->label, &a->person->home.v6);
	a->left = 200 + below(&a->rng, 100);
	sync_more(w, a);
}

/* The span port is reconfigured: nothing is seen of anybody for a while. */
static void
span_gap(struct world *w, struct alike *a)
{
	w->blind_until = w->now + SECOND(between(&a->rng, 20, 90));
}

static const struct lookalike LOOKALIKES[] = {
	{"tls_audit", audit, 1000, 0, 7, 24, false},         {"csirt_check", csirt, 1000, 0, 7, 24, false},
	{"patched_probe", patched, 700, 0, 7, 3, false},     {"acme_renewal", acme, 1000, 0, 7, 3, true},
	{"planned_restart", planned, 600, 0, 6, 2, true},    {"ha_failover", failover, 300, 0, 7, 4, true},
	{"password_monday", expired, 700, 14, 0, 7, true},   {"broken_client", broken, 800, 0, 7, 24, false},
	{"plugin_download", plugin, 600, 0, 7, 24, false},   {"telemetry_moves", telemetry_moves, 700, 0, 7, 24, false},
	{"firmware_fetch", firmware, 250, 0, 6, 1, false},   {"contractor", contractor, 1000, 1, 7, 24, false},
	{"contractor", contractor, 1000, 3, 7, 24, false},   {"own_scanner", own_scanner, 700, 7, 6, 3, false},
	{"link_checker", link_checker, 600, 3, 7, 5, false}, {"file_sync", file_sync, 800, 1, 7, 12, false},
	{"span_gap", span_gap, 500, 0, 7, 24, true},         {"patched_by_the_book", patched_well, 300, 0, 6, 2, true},
	{"new_theme", new_theme, 300, 0, 7, 24, true},       {"aborted_upload", aborted_upload, 600, 4, 7, 24, false},
	{"api_client", api_client, 300, 1, 7, 8, false},
};
enum { LOOKALIKE_COUNT = sizeof(LOOKALIKES) / sizeof(LOOKALIKES[0]), FIRST_DAYS = 8, WITHIN_DAYS = 5 };

static void
happens(struct world *w, void *arg)
{
	struct alike *a = arg;
	const struct lookalike *l = a->what;

	if (l->period_days)
		clock_add(w, w->now + DAY(l->period_days), happens, a);
	if (l->period_days == 1 && (w->now - WORLD_BEGIN) / DAY(1) % 7 >= 5)
		return;
	w->label[a->label].start = w->now;
	w->label[a->label].end = w->now + HOUR(6);
	l->begin(w, a);
}

/* The first time: recurring ones from the first week on, others when that is over. */
static int64_t
first_time(const struct lookalike *l, struct rng *r)
{
	uint32_t day = l->period_days ? below(r, l->period_days) : FIRST_DAYS + below(r, WITHIN_DAYS);
	uint32_t hour = l->hour == 24 ? 9 + below(r, 8) : l->hour;

	if (l->weekday < 7)
		day += (l->weekday + 7 - day % 7) % 7;
	return WORLD_BEGIN + DAY(day) + HOUR(hour) + MINUTE(1 + below(r, 55));
}

void
lookalikes_begin(struct world *w)
{
	for (unsigned i = 0; i < LOOKALIKE_COUNT; i++) {
		const struct lookalike *l = &LOOKALIKES[i];
		struct alike *a = world_alloc(w, sizeof(*a));

		*a = (struct alike){.what = l, .rng = rng_of(w->cfg.seed, ACTOR_LOOKALIKES + i)};
		a->at = hosting_draw(w, &a->rng);
		a->label = label_begin(w, &(struct label){.kind = LABEL_LOOKALIKE,
							  .name = l->name,
							  .site_wide = l->site_wide,
							  .end = INT64_MIN});
		label_addr(w, a->label, &a->at.v4);
		if (chance(&a->rng, l->per_mille))
			clock_add(w, first_time(l, &a->rng), happens, a);
	}
}
