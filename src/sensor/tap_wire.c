/*
 * tap_wire: see tap_wire.h.  Must not act on what it reads.
 */
#include "sensor/tap_wire.h"

enum {
	STAMP = 29,
	RECORD = STAMP + 18,
	COUNTS = sizeof(struct counts) + sizeof(struct losses) + 4 + 32, /* all of 8 bytes */
	PULSE_MAX = 24 * 20 + 16,
	GATEWAY = 18,
	GUESS = 34,
	PART = 8 + 1 + 4 + 8 + 16 + 8 + 8 + 16 + 16 + 8 + 8,
	PICKED = 8 + 1 + 4 + 4 + 8,
	PICKED_BYTES = 1 << 17, /* a frame of 64 KiB with all that may be around it */
	WANTED = 8 + 8 + 8 + 16 + 1,
	RECORD_MAX = 1 << 18,
	NOTE_MAX = 1024,
};

static const struct channel_kind KIND[] = {
	[TAP_FIRST] = {"first", STAMP, STAMP},
	[TAP_RECORD] = {"record", RECORD + 2, RECORD_MAX},
	[TAP_WINDOW] = {"window", STAMP + 16, STAMP + 16 + GATEWAYS_MAX *PULSE_MAX},
	[TAP_BEAT] = {"beat", STAMP + COUNTS, STAMP + COUNTS},
	[TAP_CAPTURE] = {"capture", STAMP + 4, STAMP + 4},
	[TAP_END] = {"end", STAMP + COUNTS, STAMP + COUNTS},
	[TAP_NOTE] = {"note", 1, NOTE_MAX},
	[TAP_PROGRESS] = {"progress", 33, 33},
	[TAP_GUESS] = {"guess", 0, GATEWAY_GUESSES *GUESS},
	[TAP_PICKED] = {"picked", PICKED, PICKED + PICKED_BYTES},
	[TAP_LAST] = {"last", 0, 0},
	[TAP_SETUP] = {"setup", PART, PART + GATEWAY_ADDRS_MAX *GATEWAY},
	[TAP_GATEWAYS] = {"gateways", 0, GATEWAY_ADDRS_MAX *GATEWAY},
	[TAP_WANTED] = {"wanted", WANTED, WANTED + PICK_SESSIONS * 8},
	[TAP_UNWANTED] = {"unwanted", 8, 8},
	[TAP_DONE] = {"done", 0, 0},
};
const struct channel_kinds TAP_WIRE = {KIND, sizeof(KIND) / sizeof(KIND[0])};

static int
order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

uint64_t
tap_counts_aside(const struct counts *c)
{
	return c->frames - c->frame_ok + c->icmp + c->duplicate + c->flow_outside;
}

uint64_t
tap_record_frames(const struct session *s)
{
	return s->kind == SESSION_CLOSE ? (uint64_t)s->packets_out + s->packets_in : 0;
}

int
tap_stamp_order(const struct tap_stamp *a, const struct tap_stamp *b)
{
	if (a->epoch != b->epoch)
		return order(a->epoch, b->epoch);
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->phase != b->phase)
		return order(a->phase, b->phase);
	return a->number != b->number ? order(a->number, b->number) : order(a->tie, b->tie);
}

void
tap_counts_add(struct tap_counts *to, const struct tap_counts *c)
{
	counts_add(&to->counts, &c->counts);
	to->kernel_packets += c->kernel_packets;
	to->kernel_drops += c->kernel_drops;
	to->interface_drops += c->interface_drops;
#define LOSS(name, unit, doc) to->loss.name += c->loss.name;
#include "base/loss.def"
#undef LOSS
}

static void
put_u32(struct bytes *to, uint32_t v)
{
	uint8_t own[4];

	for (unsigned i = 0; i < sizeof(own); i++)
		own[i] = (uint8_t)(v >> 8 * i);
	bytes_add(to, own, sizeof(own));
}

static void
put_time(struct bytes *to, struct when t)
{
	bytes_u64le(to, (uint64_t)t.ns);
}

static struct when
get_time(struct cur *c)
{
	return (struct when){(int64_t)cur_u64le(c)};
}

/* A byte that is 0 or 1. */
static bool
get_flag(struct cur *c)
{
	uint8_t v = cur_u8(c);

	c->bad |= v > 1;
	return v;
}

void
wire_stamp(struct bytes *to, const struct tap_stamp *s)
{
	uint8_t own[STAMP], *p = own;
	const uint64_t word[] = {(uint64_t)s->at, s->number, s->tie};

	for (unsigned i = 0; i < 4; i++)
		*p++ = (uint8_t)(s->epoch >> 8 * i);
	*p++ = s->phase;
	for (unsigned w = 0; w < 3; w++)
		for (unsigned i = 0; i < 8; i++)
			*p++ = (uint8_t)(word[w] >> 8 * i);
	bytes_add(to, own, sizeof(own));
}

bool
wire_get_stamp(struct cur *c, struct tap_stamp *s)
{
	s->epoch = cur_u32le(c);
	s->phase = cur_u8(c);
	s->at = (int64_t)cur_u64le(c);
	s->number = cur_u64le(c);
	s->tie = cur_u64le(c);
	return !c->bad && s->phase <= PHASE_FRAME;
}

void
wire_record(struct bytes *to, const struct tap_record *r, const struct session *s)
{
	bytes_u64le(to, r->said);
	bytes_u64le(to, r->shown);
	bytes_u8(to, (uint8_t)r->capture);
	bytes_u8(to, (uint8_t)(r->capture >> 8));
	row_put_session(to, s);
}

/* Nothing to escape in it.  Without a branch, so that the compiler takes many letters at once: they are two thousand. */
static bool
is_plain(struct text t)
{
	uint8_t bad = 0;

	for (uint32_t i = 0; i < t.len; i++) {
		uint8_t c = (uint8_t)t.p[i];

		bad |= (uint8_t)(c - ' ') > '~' - ' ';
		bad |= c == '"';
		bad |= c == '\\';
	}
	return !bad;
}

#define SOUND_BOOL(v)         true
#define SOUND_U8(v)           true
#define SOUND_U16(v)          true
#define SOUND_U32(v)          true
#define SOUND_U64(v)          true
#define SOUND_HEX64(v)        true
#define SOUND_TIME(v)         true
#define SOUND_US(v)           true
#define SOUND_ADDR(v)         true
#define SOUND_TEXT(v)         true
#define SOUND_PLAIN(v)        is_plain(v)
#define SOUND_LIST(v)         true
#define SOUND_LIST16(v)       true
#define SOUND_DIGESTS(v)      true
#define SOUND_VERSION(v)      true
#define SOUND_VERSIONS(v)     true
#define SOUND_CIPHER(v)       true
#define SOUND_GROUP(v)        true
#define SOUND_ENUM_kind(v)    ((v) <= SESSION_CLOSE)
#define SOUND_ENUM_role(v)    ((v) <= ROLE_OUTBOUND)
#define SOUND_ENUM_tunnel(v)  ((v) <= TUNNEL_PPPOE)
#define SOUND_ENUM_end(v)     ((v) <= FLOW_INPUT_END)
#define SOUND_ENUM_carrier(v) ((v) <= CARRIER_UDP)
#define SOUND_ENUM_resumed(v) ((v) <= RESUMED_PSK)

/* What the row's own form does not hold: nobody behind it checks again. */
static bool
is_sound(const struct session *s)
{
#define FIELD(id, name, type, group, unit, doc) &&SOUND_##type(s->name)
	return s->exchange_count <= EXCHANGES_KEPT && s->pair_count <= PAIRS_KEPT
#include "session/session.def"
		;
#undef FIELD
}

bool
wire_get_record(struct cur *c, struct tap_record *r, struct row *row)
{
	r->said = cur_u64le(c);
	r->shown = cur_u64le(c);
	r->capture = cur_u16le(c);
	if (c->bad || !row_get(c, row) || row->kind != ROW_SESSION || row->unknown || !cur_done(c))
		return false;
	row->session.said = r->said;
	row->session.shown = r->shown;
	row->session.capture = r->capture;
	return is_sound(&row->session);
}

void
wire_window(struct bytes *to, const struct pulse_window *w)
{
	put_time(to, w->end);
	put_u32(to, w->others);
	put_u32(to, w->count);
	for (uint32_t i = 0; i < w->count; i++)
		row_put_pulse(to, &w->pulse[i]);
}

/* Of so many gateways, each once, in the order of their numbers. */
bool
wire_get_window(struct cur *c, struct pulse_window *w)
{
	struct row row;
	uint8_t last = 0;

	w->end = get_time(c);
	w->others = cur_u32le(c);
	w->count = cur_u32le(c);
	if (c->bad || w->count > GATEWAYS_MAX)
		return false;
	for (uint32_t i = 0; i < w->count; i++) {
		if (!row_get(c, &row) || row.kind != ROW_PULSE || row.unknown || row.pulse.gateway <= last ||
		    row.pulse.gateway > GATEWAYS_MAX)
			return false;
		last = row.pulse.gateway;
		w->pulse[i] = row.pulse;
	}
	return cur_done(c);
}

void
wire_counts(struct bytes *to, const struct tap_counts *c)
{
#define COUNT(name, stratum, doc) bytes_u64le(to, c->counts.name);
#include "base/count.def"
#undef COUNT
	put_u32(to, c->open);
	bytes_u64le(to, c->kernel_packets);
	bytes_u64le(to, c->kernel_drops);
	bytes_u64le(to, c->interface_drops);
#define LOSS(name, unit, doc) bytes_u64le(to, c->loss.name);
#include "base/loss.def"
#undef LOSS
	put_time(to, c->now);
}

bool
wire_get_counts(struct cur *c, struct tap_counts *to)
{
#define COUNT(name, stratum, doc) to->counts.name = cur_u64le(c);
#include "base/count.def"
#undef COUNT
	to->open = cur_u32le(c);
	to->kernel_packets = cur_u64le(c);
	to->kernel_drops = cur_u64le(c);
	to->interface_drops = cur_u64le(c);
#define LOSS(name, unit, doc) to->loss.name = cur_u64le(c);
#include "base/loss.def"
#undef LOSS
	to->now = get_time(c);
	return cur_done(c);
}

void
wire_progress(struct bytes *to, const struct tap_progress *p)
{
	bytes_u64le(to, p->bytes);
	bytes_u64le(to, p->frames);
	put_time(to, p->first);
	put_time(to, p->last);
	bytes_u8(to, p->failed);
}

bool
wire_get_progress(struct cur *c, struct tap_progress *p)
{
	p->bytes = cur_u64le(c);
	p->frames = cur_u64le(c);
	p->first = get_time(c);
	p->last = get_time(c);
	p->failed = get_flag(c);
	return cur_done(c);
}

void
wire_guess(struct bytes *to, const struct gateway_guess *guess, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bytes_add(to, guess[i].addr.b, sizeof(guess[i].addr.b));
		bytes_u8(to, (uint8_t)guess[i].port);
		bytes_u8(to, (uint8_t)(guess[i].port >> 8));
		put_u32(to, guess[i].clients);
		bytes_u64le(to, guess[i].sessions);
		put_u32(to, guess[i].percent);
	}
}

bool
wire_get_guess(struct cur *c, struct gateway_guess *guess, size_t *n)
{
	for (*n = 0; cur_left(c) && *n < GATEWAY_GUESSES; ++*n) {
		struct gateway_guess *g = &guess[*n];

		*g = (struct gateway_guess){.port = 0};
		cur_copy(c, g->addr.b, sizeof(g->addr.b));
		g->port = cur_u16le(c);
		g->clients = cur_u32le(c);
		g->sessions = cur_u64le(c);
		g->percent = cur_u32le(c);
	}
	return cur_done(c);
}

void
wire_gateways(struct bytes *to, const struct gateway_addr *gateway, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bytes_add(to, gateway[i].addr.b, sizeof(gateway[i].addr.b));
		bytes_u8(to, gateway[i].gateway);
		bytes_u8(to, (uint8_t)(gateway[i].listens | gateway[i].calls << 1));
	}
}

bool
wire_get_gateways(struct cur *c, struct gateway_addr *gateway, size_t *n)
{
	for (*n = 0; cur_left(c) && *n < GATEWAY_ADDRS_MAX; ++*n) {
		struct gateway_addr *g = &gateway[*n];
		uint8_t does;

		cur_copy(c, g->addr.b, sizeof(g->addr.b));
		g->gateway = cur_u8(c);
		does = cur_u8(c);
		g->listens = does & 1;
		g->calls = does & 2;
		if (c->bad || g->gateway == 0 || g->gateway > GATEWAYS_MAX || does > 3)
			return false;
	}
	return cur_done(c);
}

enum { FLAG_SCOPE = 1, FLAG_NDPI = 2, FLAG_SETTLED = 4, FLAG_PRIVACY = 8, FLAG_PAYLOAD = 16, FLAGS_ALL = 31 };

void
wire_part(struct bytes *to, const struct tap_part *p)
{
	const struct pipeline_config *c = &p->pipeline;

	bytes_u64le(to, c->memory);
	bytes_u8(to, (uint8_t)((c->scope_gateway ? FLAG_SCOPE : 0) | (c->ndpi ? FLAG_NDPI : 0) |
			       (p->settled ? FLAG_SETTLED : 0) | (c->privacy ? FLAG_PRIVACY : 0) |
			       (p->payload ? FLAG_PAYLOAD : 0)));
	put_u32(to, c->ndpi_calls);
	bytes_u64le(to, (uint64_t)c->update_ns);
	bytes_u64le(to, c->identity.k0);
	bytes_u64le(to, c->identity.k1);
	bytes_u64le(to, c->identity_id);
	bytes_u64le(to, c->sensor);
	bytes_add(to, p->privacy.aes, sizeof(p->privacy.aes));
	bytes_add(to, p->privacy.pad, sizeof(p->privacy.pad));
	bytes_u64le(to, p->privacy.id);
	bytes_u64le(to, p->ring);
	wire_gateways(to, p->gateway, p->gateways);
}

bool
wire_get_part(struct cur *c, struct tap_part *p)
{
	uint8_t flags;

	*p = (struct tap_part){.pipeline = {.part = PIPELINE_TAP}};
	p->pipeline.memory = cur_u64le(c);
	flags = cur_u8(c);
	p->pipeline.scope_gateway = flags & FLAG_SCOPE;
	p->pipeline.ndpi = flags & FLAG_NDPI;
	p->settled = flags & FLAG_SETTLED;
	p->payload = flags & FLAG_PAYLOAD;
	p->pipeline.ndpi_calls = cur_u32le(c);
	p->pipeline.update_ns = (int64_t)cur_u64le(c);
	p->pipeline.identity.k0 = cur_u64le(c);
	p->pipeline.identity.k1 = cur_u64le(c);
	p->pipeline.identity_id = cur_u64le(c);
	p->pipeline.sensor = cur_u64le(c);
	cur_copy(c, p->privacy.aes, sizeof(p->privacy.aes));
	cur_copy(c, p->privacy.pad, sizeof(p->privacy.pad));
	p->privacy.id = cur_u64le(c);
	p->ring = cur_u64le(c);
	if (flags & FLAG_PRIVACY)
		p->pipeline.privacy = &p->privacy;
	return wire_get_gateways(c, p->gateway, &p->gateways) && flags <= FLAGS_ALL;
}

/* What does not fit is left out; the frame says how long it was. */
void
wire_picked(struct bytes *to, const struct evidence_picked *p)
{
	size_t n = cur_left(&p->frame.bytes);

	bytes_u64le(to, p->incident);
	bytes_u8(to, p->tells);
	put_u32(to, p->frame.wire_len);
	put_u32(to, p->frame.link);
	put_time(to, p->frame.time);
	bytes_add(to, p->frame.bytes.p, n < PICKED_BYTES ? n : PICKED_BYTES);
}

bool
wire_get_picked(struct cur *c, struct evidence_picked *p)
{
	*p = (struct evidence_picked){.incident = cur_u64le(c)};
	p->tells = get_flag(c);
	p->frame.wire_len = cur_u32le(c);
	p->frame.link = cur_u32le(c);
	p->frame.time = get_time(c);
	p->frame.bytes = cur_sub(c, cur_left(c));
	return !c->bad && cur_left(&p->frame.bytes) <= p->frame.wire_len;
}

enum { WANTS_PEER = 1, WANTS_COMES = 2, WANTS_ALL = 3 };

void
wire_wanted(struct bytes *to, const struct evidence_wanted *w)
{
	bytes_u64le(to, w->incident);
	put_time(to, w->time);
	bytes_u64le(to, w->most);
	bytes_add(to, w->peer.b, sizeof(w->peer.b));
	bytes_u8(to, (uint8_t)((w->has_peer ? WANTS_PEER : 0) | (w->comes ? WANTS_COMES : 0)));
	for (uint32_t i = 0; i < w->sessions; i++)
		bytes_u64le(to, w->session[i]);
}

bool
wire_get_wanted(struct cur *c, struct evidence_wanted *w)
{
	uint8_t flags;

	*w = (struct evidence_wanted){.incident = cur_u64le(c)};
	w->time = get_time(c);
	w->most = cur_u64le(c);
	cur_copy(c, w->peer.b, sizeof(w->peer.b));
	flags = cur_u8(c);
	w->has_peer = flags & WANTS_PEER;
	w->comes = flags & WANTS_COMES;
	while (cur_left(c) && w->sessions < PICK_SESSIONS)
		w->session[w->sessions++] = cur_u64le(c);
	return cur_done(c) && w->incident && flags <= WANTS_ALL;
}
