/*
 * people: their days: office hours, weekends, branches behind one address, homes, phones, journeys.
 */
#include "people.h"

#include <stdlib.h>

enum { ACTOR_PEOPLE = 1000 };

struct people {
	uint32_t count;
	struct person person[];
};

void
person_login(struct world *w, struct person *p)
{
	static void (*const LOGIN[KINDS])(struct world *, struct person *,
					  int64_t) = {login_portal, login_vpn, login_protect, login_saml, login_cert};

	p->busy = true;
	p->tunnel = p->channel = NULL;
	LOGIN[w->cfg.kind](w, p, w->now);
}

static void
start_session(struct world *w, void *arg)
{
	struct person *p = arg;

	if (p->busy)
		return;
	p->busy = true;
	p->tunnel = p->channel = NULL;
	if (w->now < p->cookie_until - HOUR(2) && w->cfg.kind != KIND_CERT)
		work_resume(w, p, w->now);
	else
		person_login(w, p);
}

static const struct location *
place_today(struct person *p)
{
	if (p->trip_days) {
		p->trip_days--;
		return &p->trip;
	}
	if (chance(&p->rng, 8)) {
		p->trip = home_draw(p->w, &p->rng);
		p->trip_days = (uint8_t)between(&p->rng, 1, 3);
		return &p->trip;
	}
	return p->office_worker && chance(&p->rng, 800) ? p->office :
	       chance(&p->rng, p->w->habits.mobile)     ? &p->mobile :
							  &p->home;
}

/* A working day: who comes, when, for how long, in minutes. */
struct day {
	uint32_t present, weekend, evening; /* per mille */
	int64_t begin, begin_sd, length, length_sd;
};
static const struct day DAYS_OF[RHYTHMS] = {[RHYTHM_OFFICE] = {620, 35, 120, 500, 45, 500, 50},
					    [RHYTHM_SHIFTS] = {620, 560, 40, 360, 12, 475, 12},
					    [RHYTHM_CAMPUS] = {420, 200, 380, 660, 130, 190, 55},
					    [RHYTHM_ZONES] = {620, 35, 120, 500, 45, 500, 50}};

/* Three shifts; three parts of the world. */
static int64_t
phase_of(const struct world *w, uint32_t number)
{
	static const int64_t SHIFT[] = {0, HOUR(8), HOUR(16)}, ZONE[] = {0, HOUR(6), HOUR(17)};

	return w->habits.rhythm == RHYTHM_SHIFTS ? SHIFT[number % 3] :
	       w->habits.rhythm == RHYTHM_ZONES  ? ZONE[number % 3] :
						   0;
}

/* Today's plan; an evening may come on top. */
static void
new_day(struct world *w, void *arg)
{
	struct person *p = arg;
	const struct day *d = &DAYS_OF[w->habits.rhythm];
	int64_t day = (w->now - p->phase - WORLD_BEGIN) / DAY(1), begin;
	bool weekend = day % 7 >= 5;

	clock_add(w, w->now + DAY(1), new_day, p);
	if (p->busy && !p->tunnel)
		p->busy = false;
	p->at = p->busy ? p->at : place_today(p);
	if (chance(&p->rng, d->evening))
		clock_add(w, w->now + HOUR(19) + MINUTE(below(&p->rng, 180)), start_session, p);
	if (!chance(&p->rng, weekend ? d->weekend : d->present))
		return;
	if (weekend && w->habits.rhythm != RHYTHM_SHIFTS) {
		begin = w->now + MINUTE(around(&p->rng, 11 * 60, 120));
		p->until = begin + MINUTE(around(&p->rng, 70, 20));
	} else {
		begin = w->now + MINUTE(around(&p->rng, d->begin, d->begin_sd));
		p->until = begin + MINUTE(around(&p->rng, d->length, d->length_sd));
	}
	p->sleep_at = chance(&p->rng, 300) ? begin + HOUR(4) + MINUTE(between(&p->rng, -40, 40)) : 0;
	p->roam_at =
		p->at == &p->home && chance(&p->rng, w->habits.roams) ? begin + MINUTE(between(&p->rng, 30, 300)) : 0;
	p->call_until = chance(&p->rng, 250) ? begin + MINUTE(between(&p->rng, 60, 400)) : 0;
	p->leaves_open = chance(&p->rng, 80);
	clock_add(w, begin, start_session, p);
}

/* Few browsers, few versions of the client: an organisation rolls them out. */
static void
programs_draw(struct person *p, struct rng *site)
{
	static const uint8_t CLIENTS[KINDS] = {PROGRAM_OPENSSL, PROGRAM_OPENCONNECT, PROGRAM_OPENSSL, PROGRAM_OPENSSL,
					       PROGRAM_OPENCONNECT};
	uint8_t build = (uint8_t)(1 + below(site, 12)), nss = p->w->gw.tls.v13 ? PROGRAM_NSS : PROGRAM_NSS12;

	p->browser = (struct program){chance(&p->rng, p->w->habits.chromium) ? PROGRAM_CHROMIUM : nss,
				      (uint8_t)below(&p->rng, 2)};
	p->client = (struct program){CLIENTS[p->w->cfg.kind], (uint8_t)(build + (chance(&p->rng, 150) ? 1 : 0))};
	if (chance(&p->rng, p->w->habits.other_client)) /* the other operating system's client */
		p->client = (struct program){PROGRAM_GNUTLS12, build};
	p->data = (struct program){PROGRAM_OPENCONNECT_DTLS, 0};
}

static void
person_draw(struct world *w, struct person *p, uint64_t seed, uint32_t number)
{
	struct rng site = rng_of(w->cfg.seed, 2);

	*p = (struct person){.w = w, .rng = rng_of(seed, ACTOR_PEOPLE + number), .number = number};
	p->home = home_draw(w, &p->rng);
	p->mobile = home_draw(w, &p->rng);
	p->mobile.rtt_us += 30000;
	p->mobile.pool = w->habits.phones_share;
	p->phase = phase_of(w, number);
	p->office = &w->office[below(&p->rng, OFFICES)];
	p->office_worker = chance(&p->rng, 300);
	p->at = &p->home;
	p->mfa = (uint8_t)(chance(&p->rng, w->habits.push) ? MFA_PUSH :
			   chance(&p->rng, w->habits.code) ? MFA_CODE :
							     MFA_NONE);
	p->headers = (uint32_t)between(&p->rng, 0, 380);
	p->name_len = (uint32_t)between(&p->rng, 8, 36);
	programs_draw(p, &site);
}

struct person *
person_new(struct world *w, uint64_t seed, const struct location *at)
{
	struct person *p = world_alloc(w, sizeof(*p));

	person_draw(w, p, seed, 0);
	p->number = below(&p->rng, 1000);
	p->home = *at;
	p->until = w->now + HOUR(2);
	return p;
}

struct person *
person_of(struct world *w, uint32_t number)
{
	return &w->people->person[number % w->people->count];
}

void
people_log_out(struct world *w)
{
	for (uint32_t i = 0; i < w->people->count; i++)
		w->people->person[i].cookie_until = 0;
}

void
people_begin(struct world *w)
{
	w->people = world_alloc(w, sizeof(*w->people) + w->cfg.users * sizeof(struct person));
	w->people->count = w->cfg.users;
	for (uint32_t i = 0; i < w->cfg.users; i++) {
		person_draw(w, &w->people->person[i], w->cfg.seed, i);
		clock_add(w, w->now + w->people->person[i].phase, new_day, &w->people->person[i]);
	}
}
