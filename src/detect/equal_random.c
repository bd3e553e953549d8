/*
 * equal_random: two connections whose ClientHellos have the same random, which every client draws anew (RFC 8446 4.1.2).
 *
 *			same network			another network
 *	at once		the same hello on two legs of a balancer: silent
 *	later		info: a script			medium: a script on several machines, or a hello sent again
 *
 * Only of handshakes that came to something: scanners send one hello to the whole internet and never finish it.  A program
 * that does so while learning always does: noted once, and silent from then on (a device that draws badly, a test that
 * replays a recording).  Some thousand connections are remembered, at places that nobody can choose: the random is a
 * keyed hash.
 */
#include "detect/visit.h"

enum { LEGS_S = 5, WINDOW_S = 86400 };

struct hello {
	struct addr client;
	uint64_t session; /* 0: free */
	uint32_t random, time_s;
};

/* A client program with equal randoms. */
struct program {
	uint32_t times;
	bool always; /* while learning, too */
};

struct equal {
	struct memory programs;
	struct hello *hello;
	uint64_t n;
};

static bool
program_sound(const void *bytes)
{
	return sound_bool(&((const struct program *)bytes)->always);
}

void *
equal_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct equal *e = carve_take(c, sizeof(*e));

	bytes -= sizeof(*e) + 2 * 64;
	e->n = bytes / 8 * 7 / sizeof(struct hello);
	e->hello = detect_array(d, c, e->n * sizeof(struct hello), 1);
	detect_memory(d, &e->programs, c,
		      &(struct memory_plan){.bytes = bytes / 8, .payload = sizeof(struct program), .version = 1});
	detect_sound(d, program_sound);
	return e;
}

static void
report(struct detect *d, const struct view *v, const struct hello *h, bool elsewhere)
{
	const struct actor all = {
		.group = detect_mix(v->s->client_random, 0)}; /* one matter, of however many addresses */
	char name[ADDR_TEXT_MAX];
	struct text before = {name, (uint32_t)addr_print(&h->client, name)};
	struct finding f;

	finding_begin(&f, v, DETECTOR_equal_random);
	f.note = !elsewhere || f.learning;
	if (f.note)
		f.severity = SEVERITY_INFO;
	f.confidence = 60;
	finding_number(&f, "apart", "s", v->s->start.ns / NS_PER_S - h->time_s);
	finding_session(&f, h->session);
	finding_session(&f, v->s->id);
	finding_say(
		&f,
		elsewhere ?
			"the ClientHello of {a} has the random of one of {x}, {0} before: a script that draws none, "
			"or a hello that was sent again" :
			"two ClientHellos of {a} have the same random, {0} apart: a script that draws none",
		(const struct text[2]){before, {NULL, 0}});
	f.benign = "devices whose random numbers begin alike at each start";
	incident_report(d, &f, &all);
}

/* Told of the first, second, fourth, eighth ... time. */
static void
judge_equal(struct detect *d, const struct view *v, const struct hello *h)
{
	struct equal *e = d->state[DETECTOR_equal_random];
	const struct memory_key key = {.a = v->s->client_key, .b = v->s->gateway};
	struct addr net = detect_net(&v->client, 24, 48), before = detect_net(&h->client, 24, 48);
	bool fresh;
	struct program *p = memory_use(&e->programs, &key, &fresh);

	p->times++;
	if (!p->always && (p->times & (p->times - 1)) == 0)
		report(d, v, h, !addr_same(&net, &before));
	p->always |= v->learning;
}

static bool
is_again(const struct hello *h, const struct session *s, uint32_t now)
{
	return h->session && h->session != s->id && h->random == (uint32_t)s->client_random &&
	       now - h->time_s >= LEGS_S && now - h->time_s <= WINDOW_S;
}

void
equal_judge(struct detect *d, const struct view *v)
{
	const struct equal *e = d->state[DETECTOR_equal_random];
	const struct session *s = v->s;
	uint32_t now = (uint32_t)(s->start.ns / NS_PER_S);
	struct hello *h;

	if (!v->first_established || v->hidden)
		return;
	h = &e->hello[(s->client_random >> 32) * e->n >> 32];
	if (is_again(h, s, now))
		judge_equal(d, v, h);
	*h = (struct hello){v->client, s->id, (uint32_t)s->client_random, now};
}
