/*
 * pipeline_shed: what is left out of a connection when cores are short, and how it is found again afterwards.
 *
 *	level 1		payload of long tunnels: most bytes, least to learn
 *	level 2		payload of all connections past their handshake: no exchanges
 *	level 3		and no second opinion (connection_read)
 *
 * Must not touch a handshake, nor a connection that a gateway began: what a witness is for.  What is left out counts as
 * bytes that were never seen, so that detectors say less instead of guessing.
 */
#include "pipeline_body.h"

enum { LONG_BYTES = 1 << 20 };
static const int64_t LONG_NS = 60 * NS_PER_S;

void
pipeline_shed(struct pipeline *p, enum shed_level level)
{
	p->shed = (uint8_t)level;
}

uint64_t
pipeline_shed_bytes(const struct pipeline *p)
{
	return p->shed_bytes;
}

static bool
is_long(const struct pipeline *p, const struct flow *f)
{
	return when_since(p->now, f->first) >= LONG_NS &&
	       side_bytes(&f->side[0]) + side_bytes(&f->side[1]) >= LONG_BYTES;
}

static bool
may_go(const struct pipeline *p, const struct flow *f)
{
	return f->gateway && !(f->told & GATEWAY_0) && (p->shed > SHED_TUNNELS || is_long(p, f)) &&
	       tls_is_steady(p->tls, f->above[0]);
}

bool
shed_takes(struct pipeline *p, struct flow *f, const struct chunk *c)
{
	uint32_t *gap = &f->note[c->side].gap_bytes, n = (uint32_t)cur_left(&c->bytes);

	if (p->shed == SHED_NOTHING || (!(f->told & SHED) && !may_go(p, f))) {
		if (f->told & SHED)
			connection_lose(p, f, c->time);
		f->told &= (uint8_t)~SHED;
		return false;
	}
	f->told |= SHED;
	p->shed_bytes += n;
	if (__builtin_add_overflow(*gap, n, gap))
		*gap = UINT32_MAX;
	return true;
}
