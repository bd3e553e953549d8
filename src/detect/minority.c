/*
 * minority: one table entry of it.  Must not know what the values mean.
 */
#include "detect/minority.h"

/* AFTER: of a pair that takes turns, forty do not come to one unit by chance. */
enum { BASE = 20, AFTER = 40, ODD_AGE_S = 7 * 86400 };

static bool
same(uint64_t a, uint64_t b, uint32_t spread)
{
	return a > b ? a - b <= spread : b - a <= spread;
}

static bool
is_usual(const struct minority *m, const struct sighting *s)
{
	if (same(m->usual, s->value, s->spread))
		return true;
	for (unsigned i = 0; i < m->accepted_count; i++)
		if (same(m->accepted[i], s->value, s->spread))
			return true;
	return false;
}

static void
note_net(uint64_t *nets, uint8_t *count, unsigned most, uint64_t net)
{
	for (unsigned i = 0; i < *count; i++)
		if (nets[i] == net)
			return;
	if (*count < most)
		nets[(*count)++] = net;
}

static void
forget_odd(struct minority *m)
{
	m->odd = m->odd_net = 0;
	m->odd_count = m->after = 0;
	m->odd_nets = m->after_nets = m->told = 0;
}

/* The oldest makes room. */
static void
accept(struct minority *m, uint64_t value)
{
	for (unsigned i = MINORITY_ACCEPTED - 1; i > 0; i--)
		m->accepted[i] = m->accepted[i - 1];
	m->accepted[0] = value;
	if (m->accepted_count < MINORITY_ACCEPTED)
		m->accepted_count++;
	forget_odd(m);
}

static void
add_usual(struct minority *m, const struct sighting *s)
{
	m->count += m->count != UINT32_MAX;
	note_net(m->net, &m->nets, MINORITY_NETS, s->net);
	if (m->odd_count == 0)
		return;
	m->after += m->after != UINT32_MAX;
	if (s->net != m->odd_net)
		note_net(m->after_net, &m->after_nets, MINORITY_AFTER, s->net);
}

static void
begin_odd(struct minority *m, const struct sighting *s)
{
	forget_odd(m);
	m->odd = s->value;
	m->odd_net = s->net;
	m->odd_nets = 1;
	m->odd_count = 1;
	m->odd_first = m->odd_last = s->time;
	m->odd_session[0] = s->session;
}

static void
add_odd(struct minority *m, const struct sighting *s)
{
	bool old = m->odd_count && when_since(s->time, m->odd_last) > ODD_AGE_S * NS_PER_S;

	if (m->odd_count == 0 || old || !same(m->odd, s->value, s->spread)) {
		begin_odd(m, s);
		return;
	}
	m->odd_count += m->odd_count != UINT32_MAX;
	m->odd_last = s->time;
	m->odd_session[1] = s->session;
	if (s->net != m->odd_net && ++m->odd_nets >= MINORITY_NETS)
		accept(m, s->value);
}

void
minority_add(struct minority *m, const struct sighting *s)
{
	if (m->count == 0)
		m->usual = s->value;
	if (is_usual(m, s))
		add_usual(m, s);
	else if (s->learning || m->count < BASE || m->nets < MINORITY_NETS)
		accept(m, s->value);
	else
		add_odd(m, s);
}

bool
minority_is(const struct minority *m, uint32_t times)
{
	return m->odd_count >= times && m->odd_nets == 1 && m->after >= AFTER && m->after_nets >= MINORITY_AFTER;
}
