/*
 * twin: models in a few places, the later takes a place; compared whole, so that no hash decides.
 * Must not take two hellos for twins that differ in a byte which anybody reads, but for the drawn parts.
 */
#include "tls/twin.h"

enum { PLACES = 256, HOLES = 12, FIXED_MAX = 640, RANDOM_AT = 2, RANDOM_LEN = 32, SESSION_ID_AT = 35 };

struct span {
	uint16_t at, len;
};

struct twin {
	uint32_t len; /* of the whole body, 0: none */
	uint32_t client, sni;
	uint8_t flags, holes;
	bool has_ticket, has_psk;
	struct span session_id, ticket, psk_identity;
	struct span hole[HOLES];
	uint8_t fixed[FIXED_MAX]; /* what is between the holes */
};

struct twins {
	struct twin of[PLACES];
};

size_t
twins_bytes(void)
{
	return sizeof(struct twins);
}

struct twins *
twins_new(struct carve *c)
{
	struct twins *w = carve_take(c, sizeof(*w));

	for (unsigned i = 0; i < PLACES; i++)
		w->of[i].len = 0;
	return w;
}

static inline uint64_t
eight_at(const struct cur *body, size_t at)
{
	uint64_t v = 0;

	if (cur_left(body) >= at + sizeof(v))
		memcpy(&v, body->p + at, sizeof(v));
	return v;
}

/* By the first ciphers and, where the server's name comes first, by that. */
static unsigned
place_of(const struct cur *body)
{
	size_t ciphers = SESSION_ID_AT + (size_t)cur_peek(body, SESSION_ID_AT - 1) + 2;
	size_t extensions = ciphers + (size_t)(cur_peek(body, ciphers - 2) << 8 | cur_peek(body, ciphers - 1)) + 4;
	uint64_t mix = eight_at(body, ciphers + 8) + eight_at(body, extensions + 9) * UINT64_C(0x9e3779b97f4a7c15) +
		       cur_left(body);

	return (unsigned)(mix * UINT64_C(0xd6e8feb86659fd93) >> 56) % PLACES;
}

static bool
is_twin(const struct twin *m, const struct cur *body)
{
	const uint8_t *fixed = m->fixed;
	size_t at = 0;

	for (unsigned i = 0; i < m->holes; i++) {
		size_t n = m->hole[i].at - at;

		if (memcmp(fixed, body->p + at, n) != 0)
			return false;
		fixed += n;
		at += n + m->hole[i].len;
	}
	return memcmp(fixed, body->p + at, m->len - at) == 0;
}

static inline struct cur
span_of(const struct cur *body, struct span s)
{
	return cur_of(body->p + s.at, s.len);
}

bool
twin_find(const struct twins *w, struct prints *p, struct cur body, struct offer *o)
{
	const struct twin *m = &w->of[place_of(&body)];

	if (m->len == 0 || m->len != cur_left(&body) || !is_twin(m, &body))
		return false;
	print_again(p, m->client);
	print_again(p, m->sni);
	*o = (struct offer){.random = cur_of(body.p + RANDOM_AT, RANDOM_LEN),
			    .session_id = span_of(&body, m->session_id),
			    .client = m->client,
			    .sni = m->sni,
			    .flags = m->flags};
	if (m->has_ticket)
		o->ticket = span_of(&body, m->ticket);
	if (m->has_psk)
		o->psk_identity = span_of(&body, m->psk_identity);
	return true;
}

static bool
hole_add(struct twin *m, size_t at, size_t len)
{
	if (len == 0)
		return true;
	if (m->holes == HOLES)
		return false;
	m->hole[m->holes++] = (struct span){(uint16_t)at, (uint16_t)len};
	return true;
}

/* How many bytes of an extension's body somebody reads; the rest is drawn anew, or nobody's. */
static size_t
fixed_of(uint16_t type, size_t len)
{
	switch (type) {
	case EXT_PSK: /* lengths of the list and of its first identity */
		return len < 4 ? len : 4;
	case EXT_KEY_SHARE: /* length of the list */
		return len < 2 ? len : 2;
	case EXT_TICKET: /* whether it is empty */
		return 0;
	default:
		return hello_reads(type) ? len : 0;
	}
}

static bool
holes_of(struct twin *m, struct cur body, const struct hello *h)
{
	struct cur list = h->extensions;

	if (!hole_add(m, RANDOM_AT, RANDOM_LEN) || !hole_add(m, SESSION_ID_AT, cur_left(&h->session_id)))
		return false;
	while (cur_left(&list) >= 4) {
		const uint8_t *head = cur_take(&list, 4);
		size_t len = (size_t)(head[2] << 8 | head[3]);
		size_t fixed = fixed_of((uint16_t)(head[0] << 8 | head[1]), len);

		if (!cur_skip(&list, len) || !hole_add(m, (size_t)(head + 4 - body.p) + fixed, len - fixed))
			return false;
	}
	return true;
}

static bool
fixed_keep(struct twin *m, struct cur body)
{
	size_t at = 0, n = 0, part;

	for (unsigned i = 0; i <= m->holes; i++) {
		part = (i < m->holes ? m->hole[i].at : m->len) - at;
		if (n + part > FIXED_MAX)
			return false;
		memcpy(m->fixed + n, body.p + at, part);
		n += part;
		at += part + (i < m->holes ? m->hole[i].len : 0);
	}
	return true;
}

static struct span
span_in(struct cur body, struct cur part)
{
	if (!part.p)
		return (struct span){0};
	return (struct span){(uint16_t)(part.p - body.p), (uint16_t)cur_left(&part)};
}

static void
twin_drop(struct twin *m, struct prints *p)
{
	if (m->len == 0)
		return;
	print_drop(p, m->client);
	print_drop(p, m->sni);
	m->len = 0;
}

void
twin_keep(struct twins *w, struct prints *p, struct cur body, const struct hello *h, const struct offer *o)
{
	struct twin *m = &w->of[place_of(&body)];
	uint32_t len = (uint32_t)cur_left(&body);

	if (h->leftover || h->cut || len > UINT16_MAX || !o->client || (h->sni.p && !o->sni))
		return;
	twin_drop(m, p);
	m->holes = 0;
	if (!holes_of(m, body, h))
		return;
	m->len = len;
	if (!fixed_keep(m, body)) {
		m->len = 0;
		return;
	}
	m->client = o->client;
	m->sni = o->sni;
	m->flags = o->flags;
	m->session_id = span_in(body, h->session_id);
	m->ticket = span_in(body, h->ticket);
	m->psk_identity = span_in(body, h->psk_identity);
	m->has_ticket = h->ticket.p;
	m->has_psk = h->psk_identity.p;
	print_again(p, m->client);
	print_again(p, m->sni);
}
