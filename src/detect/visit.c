/*
 * visit: choreography of a stay at the gateway, over all connections of a client.  Must not judge.
 *
 * No sizes are built in but orders of magnitude; what is learnt of this gateway's own logins is login.c's.
 */
#include "detect/visit.h"

enum {
	PAGE = 8192,        /* an answer of this size is a page or a script */
	ASSET_SHAPES = 3,   /* sizes of answers */
	FORM_MIN = 40,      /* what a user name and a password add to a request, at least */
	HOLD_US = 1500000,  /* no portal computes that long; people and second factors do */
	USE_EXCHANGES = 24, /* more turns than a login takes */
	USE_BYTES = 4 << 20,
	TUNNEL_RECORDS = 200,
	TUNNEL_S = 30,
	LOGIN_AGE_S = 2 * 86400, /* a session cookie's life where it is long (ocserv's sample: 48 h) */
};

uint32_t
visit_payload(void)
{
	return sizeof(struct visit);
}

static struct memory_key
visit_key(const struct view *v, uint64_t program)
{
	return (struct memory_key){detect_net(&v->client, 32, 64), program, v->s->gateway};
}

static bool
is_data_channel(const struct session *s)
{
	return s->carrier == CARRIER_DTLS || s->carrier == CARRIER_QUIC || (s->proto == PROTO_UDP && s->packets_in);
}

/* The item of program 0 only tells which program at the address came last. */
static uint64_t
program_at(const struct detect *d, const struct view *v)
{
	const struct memory_key key = visit_key(v, 0);
	const struct visit *at = memory_find(&d->visits, &key);

	return at ? at->program : 0;
}

static struct visit *
visit_use(struct detect *d, const struct view *v, uint64_t program)
{
	const struct memory_key key = visit_key(v, program);
	bool fresh;
	struct visit *w = memory_use(&d->visits, &key, &fresh);
	struct when login = w->login;

	if (when_since(v->s->start, w->last) > VISIT_IDLE_S * NS_PER_S || fresh) {
		bool lasts = when_since(v->s->start, login) <= LOGIN_AGE_S * NS_PER_S;

		*w = (struct visit){
			.first = v->s->start, .last = v->s->start, .program = program, .gateway = v->s->gateway};
		if (lasts && !fresh)
			w->login = login;
	}
	return w;
}

static bool
is_tunnel(const struct session *s)
{
	uint64_t records = (uint64_t)s->records_out + s->records_in;
	uint64_t packets = (uint64_t)s->packets_out + s->packets_in;
	bool lasts = when_since(s->last, s->start) >= TUNNEL_S * NS_PER_S;

	if (is_data_channel(s))
		return lasts && packets >= TUNNEL_RECORDS && s->packets_out && s->packets_in;
	return lasts && records >= TUNNEL_RECORDS && s->records_out * UINT64_C(8) >= s->records_in &&
	       (s->small_out + (uint64_t)s->small_in) * 4 >= records;
}

/* After landing, a request that is larger than those before by a form's contents, with an answer of its own. */
static void
note_credentials(struct visit *w, const struct turn *t)
{
	bool grown = w->exchanges > 0 && t->request >= w->request_first + FORM_MIN && t->request >= w->request_max;

	if (grown || (w->exchanges > 0 && t->server_us >= HOLD_US)) {
		w->phases |= PHASE_CREDENTIALS | (t->server_us >= HOLD_US ? PHASE_HOLD : 0);
		w->login = t->time;
		w->hold_us = t->server_us;
		w->answer_login = t->answer;
	}
}

static void
note_turn(struct visit *w, const struct turn *t)
{
	if (t->request == 0)
		return;
	if (!(w->phases & (PHASE_USE | PHASE_TUNNEL)))
		note_credentials(w, t);
	if (w->exchanges == 0)
		w->request_first = t->request;
	w->exchanges += t->count;
	w->request_max = most(w->request_max, t->request);
	w->requests |= size_bit(t->request, VISIT_SHAPE_STEP);
	w->answers |= size_bit(t->answer, VISIT_SHAPE_STEP);
	w->bytes_up += (uint64_t)t->request * t->count;
	w->bytes_down += (uint64_t)t->answer * t->count;
	if (t->answer >= PAGE && w->pages < UINT16_MAX)
		w->pages++;
	w->phases |= PHASE_LANDED;
	if (set_count(w->answers) >= ASSET_SHAPES && w->pages)
		w->phases |= PHASE_ASSETS;
}

static void
note_use(struct visit *w, const struct session *s)
{
	uint8_t now = is_tunnel(s) ? PHASE_TUNNEL : 0;

	if (w->exchanges >= USE_EXCHANGES || w->bytes_down >= USE_BYTES)
		now |= PHASE_USE;
	if (now && !(w->phases & (PHASE_USE | PHASE_TUNNEL)))
		w->used = s->start;
	w->phases |= now;
}

/* A hello that nobody answered is no visit: a flood of them must not push out those that are. */
static bool
is_knock(const struct session *s)
{
	return s->records_in == 0 && s->records_out <= 1 && s->packets_in == 0;
}

struct visit *
visit_note(struct detect *d, const struct view *v)
{
	const struct session *s = v->s;
	uint64_t program = is_data_channel(s) ? program_at(d, v) : s->client_key;
	struct turns it = turns_of(v);
	struct visit *w;
	struct turn t;

	if (s->role != ROLE_INBOUND || program == 0 || is_knock(s))
		return NULL;
	if (!is_data_channel(s))
		visit_use(d, v, 0)->program = program;
	w = visit_use(d, v, program);
	w->sessions += v->first;
	w->resumed += v->first && s->resumed > RESUMED_UNKNOWN;
	while (!is_data_channel(s) && turns_next(&it, &t))
		note_turn(w, &t);
	note_use(w, s);
	if (when_before(w->last, s->last))
		w->last = s->last;
	return w;
}

bool
visit_before_login(const struct detect *d, const struct view *v, uint32_t index)
{
	enum { LOGIN_TURNS = 6, LOGIN_SHAPES = 4 };
	const struct session *s = v->s;
	uint64_t shapes = 0;

	(void)d;
	if (v->familiar)
		return false;
	for (uint32_t i = 0; i < index && i < s->exchange_count; i++)
		shapes |= size_bit(s->exchange[i].request, VISIT_SHAPE_STEP);
	return index < LOGIN_TURNS || set_count(shapes) < LOGIN_SHAPES;
}

bool
visit_logged_in(const struct detect *d, const struct view *v, int64_t window_s)
{
	(void)d;
	return v->visit && v->visit->login.ns && when_since(v->s->start, v->visit->login) <= window_s * NS_PER_S;
}
