/*
 * pipeline_glance: the short way of a frame through the whole sentence: the next segment of a smooth connection of which
 * all is known that will ever be, but for how much is said and when.
 *
 *	glance --> flow: the next one, no copy --> tls: at most one record begins --> talk, pulse, news
 *	                                       (each may say no, and then nothing was changed)
 *
 * Nothing is told here, nothing is made and nothing ends: what does, takes the long way.  Must give what that gives.
 */
#include "pipeline_body.h"

/* Nothing is due, and packet time goes on. */
static inline bool
is_quiet(const struct pipeline *p, struct when time)
{
	return !when_before(time, p->now) && when_before(time, p->second) && p->pulse_pending;
}

/* What a connection needs is there, and nobody else asks for its bytes; once that is so, it stays. */
static inline bool
is_known(const struct pipeline *p, const struct flow *f)
{
	if (f->told & STEADY)
		return true;
	if (lacks_live(f))
		return false;
	return !f->gateway || !p->classify || f->above[2] & CLASSIFY_DONE;
}

/* Without TLS it is told that it is open, once, by a packet with payload; of a steady stream that comes from TLS. */
static inline bool
is_open(const struct flow *f)
{
	return !f->gateway || f->told & TOLD_OPEN;
}

static inline bool
is_shed(struct pipeline *p, struct flow *f, const struct glance *g, unsigned side)
{
	return p->shed | (f->told & SHED) &&
	       shed_takes(p, f, &(struct chunk){.bytes = glance_payload(g), .side = (uint8_t)side, .time = p->now});
}

static inline bool
is_steady(const struct pipeline *p, struct flow *f, struct tls_steady *s)
{
	if (!(f->told & STEADY) && tls_steady_begin(p->tls, f->above[0], s))
		f->told |= STEADY;
	return f->told & STEADY;
}

/* False: nothing was read. */
static inline bool
payload_goes_on(struct pipeline *p, struct flow *f, unsigned side, const struct glance *g)
{
	const bool is_not = f->above[0] == TLS_NOT;
	struct tls_event ev;
	enum tls_step step;
	struct live *live;

	if (!is_known(p, f))
		return false;
	if (is_not && !is_open(f))
		return false;
	if (is_shed(p, f, g, side) || is_not)
		return true;
	live = live_at(p, f->above[1]);
	if (!is_steady(p, f, &live->steady))
		return false;
	step = tls_goes_on(&live->steady, side, glance_payload(g), &ev);
	if (step == TLS_STEP_TOLD && ev.application &&
	    talk_plain(&live->talk, side, p->now, ev.plain, ev.plain - 1 < TALK_SMALL - 1))
		f->told &= (uint8_t)~FRESH;
	return step != TLS_STEP_NOT;
}

bool
glance_goes_on(struct pipeline *p, const struct job *job)
{
	const struct glance *g = &job->glance;
	struct when time = job->frame->time;
	struct glanced d;
	struct flow *f;

	if (!is_quiet(p, time) || !flow_glance(p->flows, g, time, job->hash, job->maybe, &d))
		return false;
	f = d.flow;
	p->now = time;
	if (g->len && !payload_goes_on(p, f, d.side, g))
		return false;
	flow_goes_on(p->flows, &d, g, time);
	if (!f->gateway) {
		p->others++;
		return true;
	}
	p->pulse[f->gateway].gateway = f->gateway;
	pulse_plain(&p->pulse[f->gateway], from_gateway(f, d.side), g->len);
	if (g->len)
		connection_goes_on(p, f);
	return true;
}
