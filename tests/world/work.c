/*
 * work: what follows a login: tunnels for hours, with pauses, sleep, and changes of network.
 */
#include "people.h"

enum { ROUND_S = 20, IDLE_ROUND_S = 55, BURST_PER_MILLE = 25, UPLOAD_PER_MILLE = 6 };

/* Keys and mouse up, screen down; now and then a file, seldom one up; every quarter minute a check of the round
   trip. */
void
tunnel_round(struct world *w, struct conn *c, struct rng *r, uint32_t pace)
{
	uint32_t up = 1 + below(r, 1 + pace), down = 1 + below(r, 1 + pace * 3 / 2);

	(void)w;
	says(c, MS(skewed(r, pace > 2 ? ROUND_S * 700 : IDLE_ROUND_S * 1000, 110000)), 0, 36 + below(r, 90), up);
	says(c, MS(between(r, 15, 90)), 1, 60 + below(r, 900), down);
	if (pace > 2 && chance(r, BURST_PER_MILLE))
		for (int64_t left = skewed(r, 160000, 6000000); left > 0; left -= 120000)
			says(c, MS(40), 1, 1300, 92);
	if (pace > 2 && chance(r, UPLOAD_PER_MILLE))
		for (int64_t left = skewed(r, 60000, 2500000); left > 0; left -= 60000)
			says(c, MS(60), 0, 1300, 46);
}

/* Thirty minutes of camera and voice: as much up as down. */
static void
video_round(struct conn *c, struct rng *r)
{
	says(c, MS(between(r, 6000, 11000)), 0, 1180, 60 + below(r, 60));
	says(c, MS(10), 1, 1180, 60 + below(r, 60));
}

static void
work_over(struct world *w, struct person *p)
{
	struct conn *c = p->tunnel, *data = p->channel;

	p->busy = false;
	p->tunnel = p->channel = NULL;
	if (data) {
		data->d.more = NULL;
		data->d.ended = NULL;
		hang_up(data, MS(10), 0);
	}
	if (c) {
		c->d.more = NULL;
		c->d.ended = NULL;
		hang_up(c, MS(30), 0);
	}
	(void)w;
}

/* The laptop's lid: no word to anybody.  Later it wakes, and the client comes back by its cookie. */
static void
work_sleeps(struct world *w, struct person *p, int64_t back)
{
	if (p->tunnel)
		p->tunnel->d.more = NULL, p->tunnel->d.ended = NULL;
	if (p->channel)
		p->channel->d.more = NULL, p->channel->d.ended = NULL;
	p->tunnel = p->channel = NULL;
	work_resume(w, p, back);
}

static void
roam(struct world *w, struct person *p)
{
	p->at = p->at == &p->mobile ? &p->home : &p->mobile;
	work_sleeps(w, p, w->now + SECOND(between(&p->rng, 30, 110)));
}

static void
work_more(struct world *w, struct conn *c)
{
	struct person *p = c->d.who;

	if (w->now >= p->until && !p->leaves_open) {
		work_over(w, p);
	} else if (p->sleep_at && w->now >= p->sleep_at) {
		p->sleep_at = 0;
		work_sleeps(w, p, w->now + MINUTE(between(&p->rng, 15, 80)));
	} else if (p->roam_at && w->now >= p->roam_at) {
		p->roam_at = 0;
		roam(w, p);
	} else if (w->now < p->call_until && p->call_until - w->now < MINUTE(30)) {
		video_round(c, &p->rng);
	} else if (w->now >= p->until + HOUR(5)) {
		work_over(w, p); /* idle timeout of the night */
	} else {
		tunnel_round(w, c, &p->rng, w->now >= p->until ? 0 : 3 + p->number % 14);
	}
}

/* The control channel beside a data channel: dead peer detection. */
static void
control_more(struct world *w, struct conn *c)
{
	struct person *p = c->d.who;

	(void)w;
	say(c, SECOND(60 + p->number % 5 * 60), 0, 8);
	say(c, MS(2), 1, 8);
}

static void
resume_after_drop(struct world *w, void *arg)
{
	struct person *p = arg;

	if (p->busy && !p->tunnel && w->now < p->until)
		work_resume(w, p, w->now);
	else if (!p->tunnel)
		p->busy = false;
}

void
person_dropped(struct world *w, struct person *p)
{
	p->tunnel = NULL;
	if (p->channel)
		p->channel->d.more = NULL, p->channel->d.ended = NULL;
	p->channel = NULL;
	clock_add(w, w->now + MS(skewed(&p->rng, 15000, 240000)), resume_after_drop, p);
}

static void
tunnel_ended(struct world *w, struct conn *c)
{
	struct person *p = c->d.who;

	if (p->tunnel == c)
		person_dropped(w, p);
}

/* No data channel after all: the work goes over TLS. */
static void
channel_failed(struct world *w, struct conn *c)
{
	struct person *p = c->d.who;

	(void)w;
	if (p->channel != c)
		return;
	p->channel = NULL;
	if (p->tunnel && !p->tunnel->failed && c->failed)
		p->tunnel->d.more = work_more;
}

/* The data channel over DTLS, or ESP in UDP, a moment after CONNECT. */
static void
channel_open(struct world *w, struct person *p, int64_t at)
{
	bool esp = w->cfg.kind == KIND_PROTECT;
	struct dial d = {.at = at,
			 .from = p->tunnel->d.from,
			 .to = p->tunnel->d.to,
			 .to_port = esp ? 4501 : 443,
			 .proto = PROTO_UDP,
			 .program = p->data,
			 .server = esp ? NULL : &w->gw.dtls,
			 .rtt_us = p->at->rtt_us,
			 .far_us = p->far_us,
			 .who = p,
			 .ended = channel_failed,
			 .more = work_more};

	p->channel = dial(w, &d);
	if (esp) {
		raw(p->channel, MS(5), 0, 132, RAW_NOISE);
		raw(p->channel, MS(20), 1, 132, RAW_NOISE);
		p->channel->d.more = NULL; /* its volume is the tunnel's: the rounds stay on TLS's script */
	}
}

/* Before anybody works: capabilities, names, addresses, policies, in a dozen or two of small turns. */
static void
tunnel_settles(struct conn *c, struct rng *r)
{
	for (unsigned i = 0, n = 12 + below(r, 18); i < n; i++)
		exchange(c, MS(between(r, 4, 250)), 40 + below(r, 420), MS(between(r, 2, 40)), 40 + below(r, 1300));
}

static void
tunnel_open(struct world *w, struct person *p, int64_t at, bool again)
{
	const struct theme *t = &w->gw.theme;
	bool portal = w->cfg.kind == KIND_PORTAL || w->cfg.kind == KIND_SAML;
	struct conn *c = p->tunnel = person_dial(p, at, false);

	c->d.ended = tunnel_ended;
	if (portal) {
		exchange(c, MS(3), 210 + p->name_len, MS(30), 90);
		exchange(c, MS(5), 1100 + p->name_len % 7, MS(20), 700 + t->root);
		inside_work(w, p, c->t);
	} else {
		exchange(c, MS(3), 640 + p->name_len + (again ? 12 : 0), MS(15), 1150 + t->root);
	}
	if (!portal && w->cfg.kind != KIND_PROTECT && w->gw.udp_works && !p->at->blocks_udp) {
		c->d.more = control_more;
		channel_open(w, p, c->t + MS(between(&p->rng, 100, 500)));
		tunnel_settles(p->channel, &p->rng);
	} else {
		tunnel_settles(c, &p->rng);
		c->d.more = work_more;
	}
	if (p->opened)
		p->opened(w, p);
}

void
work_begin(struct world *w, struct person *p, int64_t at)
{
	tunnel_open(w, p, at, false);
}

static void
resume_now(struct world *w, void *arg)
{
	struct person *p = arg;

	if (!p->busy || p->tunnel)
		return;
	if (w->now >= p->until)
		p->busy = false;
	else if (w->now < p->cookie_until)
		tunnel_open(w, p, w->now, true);
	else
		p->busy = false;
}

void
work_resume(struct world *w, struct person *p, int64_t at)
{
	clock_add(w, at, resume_now, p);
}
