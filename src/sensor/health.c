/*
 * health: what the keeper counts for people while it works.  Must not ask a clock.
 */
#include "sensor/health.h"

static struct health_incident *
open_incident(struct health_log *l, uint64_t id)
{
	for (uint32_t i = 0; i < l->opened; i++)
		if (l->incident[i].id == id)
			return &l->incident[i];
	return NULL;
}

static bool
before(const struct health_incident *a, const struct health_incident *b)
{
	if (a->severity != b->severity)
		return a->severity > b->severity;
	return when_before(b->last, a->last);
}

/* A new one; where there is no room, in the place of the least. */
static struct health_incident *
room_for(struct health_log *l)
{
	struct health_incident *least = &l->incident[0];

	if (l->opened < HEALTH_OPEN_MAX)
		return &l->incident[l->opened++];
	for (uint32_t i = 1; i < l->opened; i++)
		if (before(least, &l->incident[i]))
			least = &l->incident[i];
	return least;
}

void
health_finding(struct health_log *l, const struct finding *f)
{
	struct health_incident *i;
	struct out o;

	if (f->suppressed || f->incident == 0)
		return;
	i = open_incident(l, f->incident);
	if (!i) {
		i = room_for(l);
		*i = (struct health_incident){.id = f->incident, .opened = f->time, .actor = f->actor};
	}
	i->findings++;
	i->last = f->time;
	if (f->severity > i->severity)
		i->severity = f->severity;
	if (!f->opens && !f->worsens && i->text[0])
		return;
	o = out_of(i->text, sizeof(i->text) - 1);
	out_bytes(&o, f->text, strnlen(f->text, sizeof(i->text) - 1));
	*o.p = '\0';
}

void
health_closed(struct health_log *l, uint64_t incident)
{
	struct health_incident *i = open_incident(l, incident);

	if (i)
		*i = l->incident[--l->opened];
}

/* Space saving: whoever is not among those that are counted takes the place of the least, and its count. */
void
health_session(struct health_log *l, const struct session *s)
{
	static const struct addr NOBODY;
	const struct addr *a = addr_same(&s->actor, &NOBODY) ? &s->src : &s->actor;
	struct health_client *least = &l->client[0];

	if (s->role != ROLE_INBOUND || s->kind != SESSION_CLOSE)
		return;
	for (uint32_t i = 0; i < l->counted; i++) {
		if (addr_same(&l->client[i].addr, a)) {
			l->client[i].sessions++;
			return;
		}
		if (l->client[i].sessions < least->sessions)
			least = &l->client[i];
	}
	if (l->counted < HEALTH_COUNTED) {
		l->client[l->counted++] = (struct health_client){*a, 1, 0};
		return;
	}
	*least = (struct health_client){*a, least->sessions + 1, least->sessions};
}

/* Insertion into a short list that is kept in order; what falls off its end is gone. */
static void
insert_incident(struct health *h, const struct health_incident *new)
{
	uint32_t at = h->incidents;

	while (at > 0 && before(new, &h->incident[at - 1]))
		at--;
	if (at == HEALTH_INCIDENTS)
		return;
	h->incidents += h->incidents < HEALTH_INCIDENTS;
	memmove(&h->incident[at + 1], &h->incident[at], (h->incidents - at - 1) * sizeof(*new));
	h->incident[at] = *new;
}

static void
insert_client(struct health *h, const struct health_client *new)
{
	uint32_t at = h->clients;

	while (at > 0 && new->sessions > h->client[at - 1].sessions)
		at--;
	if (at == HEALTH_CLIENTS)
		return;
	h->clients += h->clients < HEALTH_CLIENTS;
	memmove(&h->client[at + 1], &h->client[at], (h->clients - at - 1) * sizeof(*new));
	h->client[at] = *new;
}

void
health_lists(struct health *h, const struct health_log *l)
{
	h->incidents = h->clients = 0;
	memset(h->open, 0, sizeof(h->open));
	for (uint32_t i = 0; i < l->opened; i++) {
		h->open[l->incident[i].severity]++;
		insert_incident(h, &l->incident[i]);
	}
	for (uint32_t i = 0; i < l->counted; i++)
		insert_client(h, &l->client[i]);
}

static bool
ends(const char *text, size_t room)
{
	return memchr(text, '\0', room) != NULL;
}

bool
health_sound(const struct health *h)
{
	bool sound = h->sinks <= SINKS_MAX && h->given_up <= HEALTH_LOSSES && h->incidents <= HEALTH_INCIDENTS &&
		     h->clients <= HEALTH_CLIENTS && ends(h->sensor, sizeof(h->sensor)) &&
		     ends(h->iface, sizeof(h->iface)) && ends(h->version, sizeof(h->version)) &&
		     ends(h->ledger_head, sizeof(h->ledger_head)) && ends(h->reload, sizeof(h->reload));

	for (uint32_t i = 0; sound && i < h->sinks; i++)
		sound = ends(h->sink[i].name, HEALTH_NAME) && ends(h->sink[i].error, HEALTH_WORDS);
	for (uint32_t i = 0; sound && i < h->given_up; i++)
		sound = ends(h->loss_of_sinks[i].sink, HEALTH_NAME) && ends(h->loss_of_sinks[i].cause, HEALTH_NAME);
	for (uint32_t i = 0; sound && i < h->incidents; i++)
		sound = ends(h->incident[i].text, HEALTH_WORDS) && h->incident[i].severity < HEALTH_SEVERITIES;
	return sound;
}

/* A keeper that was started again counts from 0. */
static uint64_t
grown(uint64_t now, uint64_t was)
{
	return now > was ? now - was : 0;
}

static uint64_t
lost_frames(const struct health *h)
{
	return h->loss.nic + h->loss.backlog + h->loss.ring;
}

struct health_rates
health_rates(const struct health *now, const struct health *was)
{
	uint64_t s = grown(now->told, was->told), frames = grown(now->counts.frames, was->counts.frames);
	uint64_t lost = grown(lost_frames(now), lost_frames(was));

	if (s == 0)
		return (struct health_rates){0};
	return (struct health_rates){
		.frames = frames / s,
		.bits = grown(now->counts.frame_bytes, was->counts.frame_bytes) * 8 / s,
		.sessions = grown(now->counts.record_close, was->counts.record_close) / s,
		.lost_ppm = lost ? lost * 1000000 / (lost + frames) : 0,
	};
}
