/*
 * Ten seconds after ten seconds of a gateway at work, with users who come and go, for tests of detectors that listen
 * to pulses.
 */
#ifndef TESTS_UNIT_DETECT_PULSES_H
#define TESTS_UNIT_DETECT_PULSES_H

#include "detect_mine.h"

enum { OFFICE_PROGRAM = 0xb001, OPEN_MAX = 64 };

/* A place with `users`; its clock goes on with each pulse. */
struct office {
	struct site_test t;
	double now; /* begin of the next pulse */
	unsigned users, open;
	bool plain;                 /* pulses that tell no segments with data */
	uint64_t open_id[OPEN_MAX]; /* lasting connections */
};

static inline void
office_pulse(struct office *o, struct pulse p)
{
	o->now += PULSE_S;
	p.time = at(o->now);
	p.gateway = 1;
	if (o->plain)
		p.data_to = p.data_from = p.acks_unseen = 0;
	detect_pulse(o->t.d, &p, &o->t.to);
}

/* Ordinary ten seconds: packets by the number of users, a few scans of closed ports. */
static inline struct pulse
office_usual(struct office *o)
{
	uint32_t n = o->users;

	return (struct pulse){.packets_to = 20 * n + site_random(&o->t, 5 * n + 1),
			      .packets_from = 30 * n + site_random(&o->t, 8 * n + 1),
			      .bytes_to = 4000 * n,
			      .bytes_from = 40000 * n,
			      .syns_to = n / 8 + site_random(&o->t, 3),
			      .syns_answered = n / 8,
			      .handshakes = n / 8,
			      .resumptions_offered = n / 10,
			      .resumptions_accepted = n / 10,
			      .resets_from = site_random(&o->t, 2),
			      .data_to = 10 * n,
			      .data_from = 20 * n,
			      .others = 1000 + site_random(&o->t, 300)};
}

/* Somebody who has been connected for some time. */
static inline void
office_user(struct office *o, unsigned i)
{
	char source[32];
	struct session s;

	snprintf(source, sizeof(source), "198.51.100.%u", i + 1);
	s = site_session(&o->t, source, OFFICE_PROGRAM, o->now);
	for (unsigned n = 0; n < 12; n++)
		site_exchange(&o->t, &s, 400 + 40 * n + site_random(&o->t, 200), 300 + site_random(&o->t, 30000), 100);
	s.kind = SESSION_OPEN;
	s.ttl_dest = 60;
	o->open_id[i] = s.id;
	site_judge(&o->t, &s);
}

static inline void
office_close_one(struct office *o, unsigned i, bool reset)
{
	char source[32];
	struct session s;

	snprintf(source, sizeof(source), "198.51.100.%u", i + 1);
	s = site_session(&o->t, source, OFFICE_PROGRAM, o->now - 900);
	s.id = o->open_id[i];
	s.last = s.time = at(o->now);
	s.end = reset ? FLOW_RST : FLOW_FIN;
	s.ended_by_dest = reset;
	site_judge(&o->t, &s);
}

/* The gateway resets the lasting connections of all; or all leave. */
static inline void
office_close(struct office *o, bool reset)
{
	for (unsigned i = 0; i < o->open; i++)
		office_close_one(o, i, reset);
	o->open = 0;
}

static inline void
office_reset(struct office *o)
{
	office_close(o, true);
}

static inline void
office_run(struct office *o, unsigned pulses)
{
	while (pulses--)
		office_pulse(o, office_usual(o));
}

/* `users` at work for an hour. */
static inline void
office_begin(struct office *o, unsigned users)
{
	memset(o, 0, sizeof(*o));
	site_begin(&o->t, 8 << 20, 0);
	o->users = users;
	o->open = users < OPEN_MAX ? users : OPEN_MAX;
	office_run(o, 300);
	for (unsigned i = 0; i < o->open; i++)
		office_user(o, i);
	office_run(o, 60);
}

/* Clients ask in vain. */
static inline struct pulse
office_silent(struct office *o)
{
	return (struct pulse){.packets_to = 6 * o->users,
			      .syns_to = 2 * o->users,
			      .data_to = 4 * o->users,
			      .others = 1000 + site_random(&o->t, 300)};
}

/* All are back at once; what they had is not known any more (`known`: percent that is). */
static inline void
office_back(struct office *o, unsigned known)
{
	struct pulse p = office_usual(o);

	p.handshakes += o->users;
	p.syns_to += o->users;
	p.syns_answered += o->users;
	p.resumptions_offered += o->users;
	p.resumptions_accepted = p.resumptions_offered * known / 100;
	p.resets_from += o->users;
	office_pulse(o, p);
	office_run(o, 12);
}

static inline void
office_end(struct office *o)
{
	site_end(&o->t);
}

/* How many findings of a detector; the last of them. */
static inline unsigned
office_found(const struct office *o, enum detector_id id, const struct finding **last)
{
	unsigned n = 0;

	for (unsigned i = 0; i < o->t.got.findings && i < GOT_MAX; i++)
		if (o->t.got.finding[i].detector == id) {
			n++;
			*last = &o->t.got.finding[i];
		}
	return n;
}

#endif
