/*
 * visit: choreography of a stay at the gateway, over all connections of a client.  Must not judge.
 *
 * No sizes are built in but orders of magnitude; what is learnt of this gateway's own logins is login.c's.
 */
#include "detect/familiar.h"
#include "detect/login.h"

enum {
	PAGE = 8192,      /* an answer of this size is a page or a script */
	ASSET_SHAPES = 3, /* sizes of answers */
	LATE_S = 60,      /* a landing page and its objects have come by then */
	USE_EXCHANGES = 16,
	USE_SHAPES = 8, /* whoever is refused over and over sees few sizes */
	USE_BYTES = 4 << 20,
	TUNNEL_RECORDS = 200,
	TUNNEL_S = 30,
	TUNNEL_STEPS = 6,        /* exchanges before the tunnel, in its own connection */
	LOGIN_AGE_S = 2 * 86400, /* a session cookie's life where it is long (ocserv's sample: 48 h) */
	FRESH_S = 12 * 3600,     /* who comes back later logs in again nearly everywhere */
};

/* An address, or a network, over all programs. */
struct place {
	uint64_t program[2]; /* the latest ones with a fingerprint */
	struct when login, used;
};

/* Waits to be told. */
struct stay {
	struct when due;
	struct memory_key visit;
};

static bool
visit_sound(const void *bytes)
{
	const struct visit *w = bytes;

	return w->steps < VISIT_STEPS && w->gateway > 0 && w->gateway <= GATEWAYS_MAX && sound_bool(&w->returned) &&
	       sound_bool(&w->degraded) && sound_bool(&w->suspect) && sound_bool(&w->learning) &&
	       sound_bool(&w->told) && sound_bool(&w->part) && sound_bool(&w->first_data) && sound_bool(&w->counted);
}

void
visit_init(struct detect *d, struct carve *c, size_t bytes)
{
	size_t part;

	d->logins = login_init(d, c);
	part = (bytes - login_bytes()) / 16;
	detect_memory(d, &d->visits, c,
		      &(struct memory_plan){.bytes = part * 12, .payload = sizeof(struct visit), .version = 2});
	detect_sound(d, visit_sound);
	detect_memory(d, &d->places, c, &(struct memory_plan){.bytes = part * 3, .payload = sizeof(struct place)});
	detect_memory(d, &d->stays, c, &(struct memory_plan){.bytes = part, .payload = sizeof(struct stay)});
}

bool
session_data_channel(const struct session *s)
{
	return s->carrier == CARRIER_DTLS || s->carrier == CARRIER_QUIC || (s->proto == PROTO_UDP && s->packets_in);
}

bool
session_tunnels(const struct session *s)
{
	uint64_t records = (uint64_t)s->records_out + s->records_in;
	uint64_t packets = (uint64_t)s->packets_out + s->packets_in, small = (uint64_t)s->small_out + s->small_in;

	if (when_since(s->last, s->start) < TUNNEL_S * NS_PER_S)
		return false;
	if (session_data_channel(s))
		return packets >= TUNNEL_RECORDS && s->packets_out && s->packets_in;
	if (records >= TUNNEL_RECORDS && s->records_out * UINT64_C(8) >= s->records_in && small * 4 >= records)
		return true;
	/* also when downloads in it have long outnumbered what made it one */
	return s->small_out * UINT64_C(2) >= most(s->records_out, TUNNEL_RECORDS) &&
	       s->small_in * UINT64_C(32) >= s->small_out;
}

bool
session_lasts(const struct session *s)
{
	enum { LASTS_S = 600 };

	return s->small_out >= TUNNEL_RECORDS && s->small_out * UINT64_C(3) >= s->records_out &&
	       when_since(s->last, s->start) >= LASTS_S * NS_PER_S;
}

static struct memory_key
visit_key(const struct addr *client, uint64_t program, uint8_t gateway)
{
	return (struct memory_key){detect_net(client, 32, 64), program, gateway};
}

/* A network's place has a mark that no address has. */
static struct memory_key
place_key(const struct addr *client, uint8_t gateway, bool network)
{
	return (struct memory_key){network ? detect_net(client, 24, 48) : detect_net(client, 32, 64), network, gateway};
}

static struct place *
place_find(const struct detect *d, const struct addr *client, uint8_t gateway, bool network)
{
	const struct memory_key key = place_key(client, gateway, network);

	return memory_find(&d->places, &key);
}

/* Somebody logged in, or went on, there. */
static void
place_mark(struct detect *d, const struct visit *w, struct when login, struct when used)
{
	for (unsigned network = 0; network < 2; network++) {
		const struct memory_key key = place_key(&w->client, w->gateway, network);
		bool fresh;
		struct place *p = memory_use(&d->places, &key, &fresh);

		if (when_before(p->login, login))
			p->login = login;
		if (when_before(p->used, used))
			p->used = used;
		memory_keep(&d->places, p);
	}
}

static uint64_t
program_of(const struct detect *d, const struct view *v)
{
	const struct place *p;

	if (!session_data_channel(v->s))
		return v->s->client_key;
	p = place_find(d, &v->client, v->s->gateway, false);
	return p ? p->program[0] : 0;
}

static void
place_program(struct detect *d, const struct view *v, uint64_t program)
{
	bool fresh;
	struct place *p = memory_use_hashed(&d->places, &v->by_source, &fresh);

	if (p->program[0] != program) {
		p->program[1] = p->program[0];
		p->program[0] = program;
	}
}

static bool
is_over(const struct visit *w, struct when t)
{
	return when_since(t, w->last) > VISIT_IDLE_S * NS_PER_S;
}

/* Mostly the record's own program at its source. */
static struct memory_hashed
visit_hashed(const struct detect *d, const struct view *v, uint64_t program)
{
	const struct memory_key key = {v->source, program, v->s->gateway};

	return !v->knock && program == v->s->client_key ? v->by_client : memory_hashed(&d->secret, &key);
}

struct visit *
visit_find(const struct detect *d, const struct view *v)
{
	uint64_t program = program_of(d, v);
	struct memory_hashed key = visit_hashed(d, v, program);
	struct visit *w = program && v->s->role == ROLE_INBOUND ? memory_find_hashed(&d->visits, &key) : NULL;

	return w && !is_over(w, v->s->start) ? w : NULL;
}

bool
visit_came(const struct detect *d, const struct addr *client, uint8_t gateway)
{
	const struct place *p = place_find(d, client, gateway, false);

	return p && p->program[0];
}

static void
visit_over(struct detect *d, const struct visit *w)
{
	if (!w->used.ns && !w->degraded && w->steps)
		login_learn_off(d, w);
}

static struct visit *
visit_use(struct detect *d, const struct view *v, uint64_t program)
{
	const struct session *s = v->s;
	struct visit *w = v->visit;
	struct memory_hashed key;
	struct when login;
	bool fresh;

	if (w) {
		memory_touch(&d->visits, w);
		return w;
	}
	key = visit_hashed(d, v, program);
	w = memory_use_hashed(&d->visits, &key, &fresh);
	login = w->login;
	if (!fresh)
		visit_over(d, w);
	*w = (struct visit){.first = s->start,
			    .last = s->start,
			    .client = v->client,
			    .program = program,
			    .port = s->dest_port,
			    .gateway = s->gateway,
			    .learning = v->learning,
			    .returned = s->resumed > RESUMED_UNKNOWN};
	if (!fresh && when_since(s->start, login) <= LOGIN_AGE_S * NS_PER_S)
		w->login = login;
	return w;
}

static void
note_late(struct visit *w, const struct turn *t)
{
	if (when_since(t->time, w->first) < LATE_S * NS_PER_S)
		return;
	w->late += t->count;
	w->late_answers |= size_bit(t->answer, VISIT_SHAPE_STEP);
	w->late_bytes += (uint64_t)t->answer * t->count;
	if (t->answer >= PAGE && w->late_pages < UINT16_MAX)
		w->late_pages++;
}

static void
note_turn(struct visit *w, const struct turn *t)
{
	if (t->request == 0)
		return;
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
	note_late(w, t);
	w->phases |= PHASE_LANDED;
}

/* A connection has more exchanges than are kept with their times. */
static void
note_hidden(struct visit *w, const struct session *s, struct when t)
{
	w->hidden_in = !w->hidden.ns || w->hidden_in == s->id ? s->id : 0;
	if (!w->hidden.ns || when_before(t, w->hidden))
		w->hidden = t;
}

static void
note_turns(struct visit *w, const struct view *v)
{
	const struct session *s = v->s;

	for (const struct turn *t = v->turn, *end = t + v->turns; t < end; t++) {
		note_turn(w, t);
		if (t->index == EXCHANGES_KEPT - 1 && !v->tunnels)
			note_hidden(w, s, t->time);
	}
	if (!w->told)
		steps_add(w, v, v->tunnels ? TUNNEL_STEPS : EXCHANGES_KEPT);
	/* what looked like pages was the beginning of a tunnel, and nobody logs in within one */
	if (v->tunnels && w->hidden_in == s->id)
		w->hidden = (struct when){0};
	if (w->pages && set_count(w->answers) >= ASSET_SHAPES)
		w->phases |= PHASE_ASSETS;
}

static void
note_login(struct detect *d, struct visit *w)
{
	enum { HOLD_MS = 1500 };
	int i = w->told ? -1 : login_step(d, w);
	const struct step *s = &w->step[i < 0 ? 0 : i];
	struct when before = w->login;

	if (i < 0)
		return;
	w->phases |= PHASE_CREDENTIALS | (s->server_ms >= HOLD_MS ? PHASE_HOLD : 0);
	w->login = s->time;
	w->hold_us = s->server_ms * 1000;
	w->answer_login = s->answer;
	if (login_state(d, w->gateway) == LOGIN_LEARNT)
		memory_keep(&d->visits, w);
	if (before.ns != w->login.ns)
		place_mark(d, w, w->login, (struct when){0});
}

/* It went on: it will be told when the records of all its connections are in. */
static void
visit_went_on(struct detect *d, struct visit *w, const struct session *s)
{
	const struct memory_key key = visit_key(&w->client, w->program, w->gateway);
	bool fresh;
	struct stay *stay = memory_use(&d->stays, &key, &fresh);

	w->used = w->phases & PHASE_TUNNEL ? s->start : s->last;
	w->session = s->id;
	*stay = (struct stay){when_add(d->now, VISIT_SETTLE_S * NS_PER_S), key};
	memory_keep(&d->visits, w);
}

/* A program that came with a tunnel and nothing before it: what the other program at this address did, a moment
   ago, went on with it. */
static void
note_part(struct detect *d, struct visit *w, const struct session *s)
{
	const struct place *p = place_find(d, &w->client, w->gateway, false);
	uint64_t other = !p ? 0 : p->program[0] != w->program ? p->program[0] : p->program[1];
	const struct memory_key key = visit_key(&w->client, other, w->gateway);
	struct visit *before = other ? memory_find(&d->visits, &key) : NULL;
	bool own = w->phases & PHASE_CREDENTIALS && login_state(d, w->gateway) == LOGIN_LEARNT;

	if (!before || is_over(before, s->start) || own || when_before(w->first, s->start) ||
	    !(before->phases & PHASE_LANDED) || !when_before(before->first, w->first))
		return;
	w->part = true;
	if (!(before->phases & (PHASE_USE | PHASE_TUNNEL))) {
		before->phases |= PHASE_TUNNEL;
		visit_went_on(d, before, s);
	}
}

static void
note_use(struct detect *d, struct visit *w, const struct view *v)
{
	const struct session *s = v->s;
	uint8_t had = w->phases & (PHASE_USE | PHASE_TUNNEL), now = v->tunnels ? PHASE_TUNNEL : 0;
	bool varied = w->late >= USE_EXCHANGES && w->late_pages && set_count(w->late_answers) >= USE_SHAPES;

	if (varied || w->late_bytes >= USE_BYTES)
		now |= PHASE_USE;
	w->phases |= now;
	if (had || !now)
		return;
	if (now & PHASE_TUNNEL && !session_data_channel(s))
		note_part(d, w, s);
	visit_went_on(d, w, s);
}

static void
note_session(struct visit *w, const struct view *v)
{
	const struct session *s = v->s;

	w->sessions += v->first;
	w->resumed += v->first && s->resumed > RESUMED_UNKNOWN;
	w->degraded |= v->degraded;
	w->suspect |= v->suspect;
	w->first_data |= session_data_channel(s);
	if (s->rtt_src_us && (!w->rtt_us || s->rtt_src_us < w->rtt_us))
		w->rtt_us = s->rtt_src_us;
	if (s->src_as)
		w->as = s->src_as;
	if (s->src_country.len == 2)
		w->country = (uint16_t)((uint8_t)s->src_country.p[0] << 8 | (uint8_t)s->src_country.p[1]);
	if (when_before(s->start, w->first))
		w->first = s->start;
	if (when_before(w->last, s->last))
		w->last = s->last;
}

struct visit *
visit_note(struct detect *d, const struct view *v)
{
	const struct session *s = v->s;
	uint64_t program;
	uint32_t steps;
	struct visit *w;

	if (s->role != ROLE_INBOUND || (program = program_of(d, v)) == 0)
		return NULL;
	if (!session_data_channel(s))
		place_program(d, v, program);
	w = visit_use(d, v, program);
	note_session(w, v);
	steps = w->exchanges;
	if (!session_data_channel(s))
		note_turns(w, v);
	if (w->exchanges != steps)
		note_login(d, w);
	note_use(d, w, v);
	return w;
}

/* Half a day after anyone went on from there, and not by a resumed session: a login is due. */
static bool
is_fresh(const struct detect *d, const struct visit *w)
{
	const struct place *p = place_find(d, &w->client, w->gateway, false);

	return !w->part && !w->returned && !w->degraded && !w->suspect &&
	       (!p || !p->used.ns || when_since(w->first, p->used) > FRESH_S * NS_PER_S);
}

struct visit *
visit_due(struct detect *d)
{
	struct stay *stay = memory_oldest(&d->stays);
	struct visit *w;

	while (stay && !when_before(d->now, stay->due)) {
		struct memory_key key = stay->visit;

		memory_drop(&d->stays, stay);
		w = memory_find(&d->visits, &key);
		if (w && w->used.ns && !w->told) {
			if (is_fresh(d, w) && !familiar_follows(d, w))
				login_learn_on(d, w);
			note_login(d, w);
			place_mark(d, w, (struct when){0}, w->used);
			w->told = true;
			return w;
		}
		stay = memory_oldest(&d->stays);
	}
	return NULL;
}

void
visits_pass(struct detect *d)
{
	struct visit *w = memory_oldest(&d->visits);

	for (; w && is_over(w, d->now); w = memory_oldest(&d->visits)) {
		visit_over(d, w);
		memory_drop(&d->visits, w);
	}
}

bool
visit_login_near(const struct detect *d, const struct visit *w, struct when t, int64_t window_s)
{
	for (unsigned network = 0; network < 2; network++) {
		const struct place *p = place_find(d, &w->client, w->gateway, network);

		if (p && p->login.ns && when_since(t, p->login) <= window_s * NS_PER_S)
			return true;
	}
	return false;
}

bool
visit_moved(const struct detect *d, const struct visit *w, int64_t within_s)
{
	const struct visit *o = memory_oldest_kept(&d->visits);

	for (; o; o = memory_newer(&d->visits, o)) {
		int64_t silent = when_since(w->used, o->last);

		if (o != w && o->program == w->program && o->gateway == w->gateway && o->phases & PHASE_TUNNEL &&
		    silent >= -60 * NS_PER_S && silent <= within_s * NS_PER_S)
			return true;
	}
	return false;
}

void
finding_begin_stay(struct finding *f, const struct detect *d, enum detector_id id, const struct visit *w)
{
	finding_begin_gateway(f, d, id, w->gateway);
	f->time = w->last;
	f->learning = w->learning;
	f->degraded |= w->degraded;
	f->actor = w->client;
	f->program = w->program;
	f->target_port = w->port;
	f->proto = PROTO_TCP;
	finding_session(f, w->session);
}

struct actor
actor_of_stay(const struct visit *w)
{
	return (struct actor){.net = detect_net(&w->client, 32, 64)};
}

/* More than sixteen exchanges of a connection: a login may be among those without times. */
bool
visit_hides_login(const struct visit *w)
{
	return w->hidden.ns && when_before(w->hidden, w->used);
}
