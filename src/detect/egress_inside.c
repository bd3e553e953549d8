/*
 * egress_inside: calls to the networks that the gateway proxies to (gateway.inside): users' work as much as its own.
 *
 *	protocol and port -> usual inside, from learning on, or after as long a time
 *	address           -> has it ever answered?
 *
 * Where desktops come and go, a new address inside says nothing: what it is called for does.  So the addresses are no
 * part of the table of places, where they would wash out what the gateway calls by itself.
 */
#include "detect/egress_table.h"

/* A port, or an address. */
struct inside {
	struct when first;
	uint32_t answered; /* address: calls that were */
	uint8_t learnt;    /* port: called while learning */
	uint8_t reserved[3];
};

enum { TAG_PORT = 1, TAG_ADDRESS };

uint32_t
egress_inside_payload(void)
{
	return sizeof(struct inside);
}

static struct memory_key
port_key(const struct session *s)
{
	return (struct memory_key){.a = (uint64_t)TAG_PORT << 32 | (uint64_t)s->proto << 16 | s->dest_port,
				   .b = s->gateway};
}

static struct memory_key
address_key(const struct session *s)
{
	return (struct memory_key){s->dest, (uint64_t)TAG_ADDRESS << 32, s->gateway};
}

static const struct egress *
table(const struct detect *d)
{
	return d->state[DETECTOR_new_egress];
}

bool
egress_inside_usual(const struct detect *d, const struct view *v)
{
	const struct memory_key key = port_key(v->s);
	const struct inside *port = memory_find(&table(d)->inside, &key);

	return port && (port->learnt || when_since(v->s->start, port->first) > d->learn_ns);
}

bool
egress_was_answered(const struct session *s)
{
	bool refused = s->proto == PROTO_TCP && s->end == FLOW_RST && s->bytes_in == 0;

	return s->packets_in != 0 && !refused;
}

bool
egress_inside_odd(const struct detect *d, const struct view *v)
{
	const struct memory_key key = address_key(v->s);
	const struct inside *address = memory_find(&table(d)->inside, &key);
	bool answers = egress_was_answered(v->s) || (address && address->answered);

	return !egress_inside_usual(d, v) || !answers;
}

void
egress_inside_note(struct detect *d, const struct view *v)
{
	struct egress *e = d->state[DETECTOR_new_egress];
	const struct memory_key port = port_key(v->s), address = address_key(v->s);
	bool fresh;
	struct inside *i = memory_use(&e->inside, &port, &fresh);

	if (fresh)
		i->first = v->s->start;
	if (egress_learning(d, v))
		i->learnt = 1;
	if (i->learnt)
		memory_keep(&e->inside, i); /* as a scan of all ports would not */
	if (!egress_was_answered(v->s))
		return;
	i = memory_use(&e->inside, &address, &fresh);
	if (fresh)
		i->first = v->s->start;
	i->answered += i->answered != UINT32_MAX;
}
