/*
 * classify: nDPI behind a bound: pieces a flow, bytes a piece, flows at once, calls a second.
 *
 *	our ordered bytes -> made-up IP and TCP/UDP headers -> nDPI -> one of a few distinct answers, interned
 *
 * The only file that knows nDPI; linked beside core.a, because nDPI allocates.  Written against 4.2 (Debian 12)
 * and, by compile-time guards, what 4.6, 4.10, 4.12, 5 and 6 changed.  Must not decide anything: what it says is
 * advisory.  Guesses by port are switched off: they repeat the port number, and would call every HTTPS
 * port TLS.
 */
#include "flow/classify.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/out.h"
#include "flow/opinion.h"

#include <ndpi/ndpi_api.h>

#define NDPI_SINCE(major, minor) (NDPI_MAJOR > (major) || (NDPI_MAJOR == (major) && NDPI_MINOR >= (minor)))

enum { PIECES = 8, PIECE_BYTES = 4096, HEADERS = 60, ANSWERS = 4096 };

/* A flow under examination; nDPI's own state follows it. */
struct exam {
	uint64_t face; /* 0: no hello was read yet */
	uint32_t seq[2];
	uint32_t pieces;
	bool known;
	uint16_t master, app;
	uint64_t flow[]; /* struct ndpi_flow_struct */
};

struct classify {
	struct ndpi_detection_module_struct *module;
	struct counts *counts;
	struct pool exams;
	uint32_t flow_bytes;
	int64_t credit, depth; /* of the token bucket, in 10^-9 calls */
	int64_t rate;
	struct when refilled;
	struct map index; /* of the answers */
	uint32_t answers;
	struct classify_answer answer[ANSWERS];
	struct opinions opinions;
	void *memory;
	uint8_t packet[HEADERS + PIECE_BYTES];
};

#define RISK_AGREES(name, bit, theirs) _Static_assert((bit) == (int)(theirs), #theirs " has another number");
CLASSIFY_RISKS(RISK_AGREES)

/* Public: the index is bounded and its order is never seen. */
static const struct hash_key ANSWER_KEY = {1, 2};

static struct ndpi_detection_module_struct *
module_new(void)
{
	struct ndpi_detection_module_struct *m;

#if NDPI_SINCE(6, 0)
	m = ndpi_init_detection_module(NULL, NDPI_LICENSE_NOT_FOR_PROFIT_LGPL);
#elif NDPI_SINCE(4, 10)
	m = ndpi_init_detection_module(NULL);
#else
	m = ndpi_init_detection_module(ndpi_dont_load_tor_hosts); /* a list of 2022 */
#endif
	if (!m)
		return NULL;
#if !NDPI_SINCE(5, 0)
	NDPI_PROTOCOL_BITMASK all;

	NDPI_BITMASK_SET_ALL(all);
	ndpi_set_protocol_detection_bitmask2(m, &all);
#endif
#if NDPI_SINCE(4, 10)
	ndpi_set_config(m, NULL, "dpi.guess_on_giveup", "0x0");
#endif
	ndpi_finalize_initialization(m);
	return m;
}

static struct ndpi_flow_struct *
exam_flow(struct exam *e)
{
	return (struct ndpi_flow_struct *)e->flow;
}

static void
exam_take(struct exam *e, const ndpi_protocol *said)
{
#if NDPI_SINCE(4, 11)
	e->master = said->proto.master_protocol;
	e->app = said->proto.app_protocol;
#else
	e->master = said->master_protocol;
	e->app = said->app_protocol;
#endif
	e->known = e->master != NDPI_PROTOCOL_UNKNOWN || e->app != NDPI_PROTOCOL_UNKNOWN;
}

static void
exam_packet(struct classify *c, struct exam *e, size_t n, struct when time)
{
	uint64_t ms = (uint64_t)(time.ns / NS_PER_MS);
	ndpi_protocol said;

#if NDPI_SINCE(4, 6)
	said = ndpi_detection_process_packet(c->module, exam_flow(e), c->packet, (unsigned short)n, ms, NULL);
#else
	said = ndpi_detection_process_packet(c->module, exam_flow(e), c->packet, (unsigned short)n, ms);
#endif
	exam_take(e, &said);
}

/* Whether another piece would tell more. */
static bool
exam_goes_on(struct classify *c, struct exam *e)
{
#if NDPI_SINCE(5, 0)
	(void)c;
	return !e->known || exam_flow(e)->extra_packets_func != NULL;
#else
	return !e->known || ndpi_extra_dissection_possible(c->module, exam_flow(e));
#endif
}

static void
exam_give_up(struct classify *c, struct exam *e)
{
	ndpi_protocol said;
#if NDPI_SINCE(5, 0)
	said = ndpi_detection_giveup(c->module, exam_flow(e));
#else
	uint8_t guessed;
#if NDPI_SINCE(4, 10)
	said = ndpi_detection_giveup(c->module, exam_flow(e), &guessed);
#else
	said = ndpi_detection_giveup(c->module, exam_flow(e), 0, &guessed);
#endif
#endif
	exam_take(e, &said);
}

struct classify *
classify_new(const struct classify_config *cfg, struct counts *counts)
{
	uint32_t flow_bytes = ndpi_detection_get_sizeof_ndpi_flow_struct();
	size_t item = sizeof(struct exam) + (flow_bytes + 7) / 8 * 8;
	struct classify *c = calloc(1, sizeof(*c));
	int64_t depth = cfg->calls_per_s < PIECES ? PIECES : cfg->calls_per_s;

	if (!c)
		return NULL;
	c->counts = counts;
	c->flow_bytes = flow_bytes;
	c->rate = cfg->calls_per_s;
	c->depth = c->credit = depth * NS_PER_S;
	c->answers = 1; /* the first one says: not examined */
	c->memory = malloc(item * cfg->flows);
	c->index.slot = malloc(map_bytes(ANSWERS));
	c->module = module_new();
	if (!c->memory || !c->index.slot || !c->module) {
		classify_free(c);
		return NULL;
	}
	pool_init(&c->exams, c->memory, (uint32_t)item, cfg->flows);
	map_init(&c->index, c->index.slot, ANSWERS);
	return c;
}

void
classify_free(struct classify *c)
{
	if (!c)
		return;
	if (c->module)
		ndpi_exit_detection_module(c->module);
	free(c->index.slot);
	free(c->memory);
	free(c);
}

const char *
classify_version(void)
{
	return ndpi_revision();
}

static void
refill(struct classify *c, struct when now)
{
	int64_t passed = when_since(now, c->refilled);

	c->refilled = now;
	if (passed <= 0)
		return;
	c->credit += (passed < NS_PER_S ? passed : NS_PER_S) * c->rate;
	if (c->credit > c->depth)
		c->credit = c->depth;
}

/* All calls that a flow may need are set aside at its start, so that none is left in the middle; 0: skipped. */
static uint32_t
exam_start(struct classify *c, struct when now)
{
	uint32_t handle;
	struct exam *e;

	refill(c, now);
	if (c->credit < PIECES * NS_PER_S || !(handle = pool_get(&c->exams))) {
		c->counts->ndpi_skipped++;
		return 0;
	}
	c->credit -= PIECES * NS_PER_S;
	e = pool_at(&c->exams, handle);
	memset(e, 0, sizeof(*e) + c->flow_bytes);
	return handle;
}

static void
exam_end(struct classify *c, uint32_t handle)
{
	struct exam *e = pool_at(&c->exams, handle);

	c->credit += (int64_t)(PIECES - e->pieces) * NS_PER_S;
	ndpi_free_flow_data(exam_flow(e)); /* what nDPI allocated inside */
	pool_put(&c->exams, handle);
}

static bool
says_tls(uint16_t protocol)
{
	return protocol == NDPI_PROTOCOL_TLS || protocol == NDPI_PROTOCOL_DTLS || protocol == NDPI_PROTOCOL_QUIC;
}

/* The number of an equal answer, or of a new one; 0 when the table is full. */
static uint32_t
intern(struct classify *c, const struct classify_answer *a)
{
	const uint64_t word[2] = {(uint64_t)a->master << 16 | a->app, a->risks};
	uint64_t hash = hash_words(&ANSWER_KEY, word, 2);

	for (struct map_at at = map_first(&c->index, hash); map_found(&at); map_next(&c->index, &at)) {
		const struct classify_answer *b = &c->answer[at.handle];

		if (a->master == b->master && a->app == b->app && a->risks == b->risks)
			return at.handle;
	}
	if (c->answers == ANSWERS)
		return 0;
	c->answer[c->answers] = *a;
	map_add(&c->index, hash, c->answers);
	return c->answers++;
}

static uint32_t
exam_finish(struct classify *c, uint32_t handle, struct when now)
{
	struct exam *e = pool_at(&c->exams, handle);
	struct classify_answer a = {.answered = true};
	uint64_t face = e->face;
	uint32_t answer;

	if (!e->known)
		exam_give_up(c, e);
	a.master = e->master;
	a.app = e->app;
	a.risks = exam_flow(e)->risk;
	a.is_tls = says_tls(a.master) || says_tls(a.app);
	exam_end(c, handle);
	answer = intern(c, &a);
	if (face)
		opinion_keep(&c->opinions, face, answer, now);
	return CLASSIFY_DONE | answer;
}

static uint8_t *
put_16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *
put_32(uint8_t *p, uint32_t v)
{
	return put_16(put_16(p, v >> 16), v & 0xffff);
}

static uint8_t *
put_raw(uint8_t *p, const void *from, size_t n)
{
	memcpy(p, from, n);
	return p + n;
}

/* RFC 791, RFC 8200; nDPI looks at neither checksum. */
static uint8_t *
put_ip(uint8_t *p, const struct flow *f, unsigned side, uint32_t rest)
{
	const struct addr *src = &f->addr[side], *dst = &f->addr[!side];

	if (addr_is_v4(src) && addr_is_v4(dst)) {
		p = put_16(put_16(put_32(p, UINT32_C(0x45000000) | (20 + rest)), 0), 0x4000);
		p = put_16(p, 64u << 8 | f->proto);
		return put_raw(put_raw(put_16(p, 0), src->b + 12, 4), dst->b + 12, 4);
	}
	p = put_16(put_32(p, UINT32_C(6) << 28), rest);
	p = put_16(p, (uint32_t)f->proto << 8 | 64);
	return put_raw(put_raw(p, src->b, 16), dst->b, 16);
}

static uint8_t *
put_transport(uint8_t *p, const struct exam *e, const struct flow *f, unsigned side, uint32_t n)
{
	p = put_16(put_16(p, f->port[side]), f->port[!side]);
	if (f->proto != PROTO_TCP)
		return put_16(put_16(p, n), 0);
	p = put_32(put_32(p, e->seq[side] + 1), e->seq[!side] + 1);
	p = put_16(put_16(p, 0x5000 | TCP_PSH | TCP_ACK), 0xffff);
	return put_32(p, 0);
}

static void
examine(struct classify *c, struct exam *e, const struct flow *f, const struct chunk *piece)
{
	struct cur bytes = piece->bytes;
	uint32_t n = (uint32_t)(cur_left(&bytes) < PIECE_BYTES ? cur_left(&bytes) : PIECE_BYTES);
	uint32_t l4 = n + (f->proto == PROTO_TCP ? 20u : 8u);
	uint8_t *p = put_transport(put_ip(c->packet, f, piece->side, l4), e, f, piece->side, l4);

	p += cur_copy(&bytes, p, n);
	e->seq[piece->side] += n;
	e->pieces++;
	c->counts->ndpi_calls++;
	exam_packet(c, e, (size_t)(p - c->packet), piece->time);
}

/* Somebody else's answer; an examination going on ends with it. */
static bool
take_known(struct classify *c, uint64_t face, struct when now, uint32_t *handle)
{
	uint32_t answer = opinion_of(&c->opinions, face, now);

	if (!answer)
		return false;
	classify_end(c, *handle);
	*handle = CLASSIFY_DONE | answer;
	return true;
}

void
classify_feed(struct classify *c, const struct flow *f, const struct chunk *piece, uint32_t *handle)
{
	struct exam *e;

	if (*handle & CLASSIFY_DONE || !cur_left(&piece->bytes))
		return;
	if (!*handle && !(*handle = exam_start(c, piece->time))) {
		*handle = CLASSIFY_DONE;
		return;
	}
	e = pool_at(&c->exams, *handle);
	if (e->face && take_known(c, e->face, piece->time, handle))
		return;
	if (!piece->lost) /* nDPI cannot read on behind a hole */
		examine(c, e, f, piece);
	if (piece->lost || e->pieces == PIECES || !exam_goes_on(c, e))
		*handle = exam_finish(c, *handle, piece->time);
}

/* What nDPI makes of an address alone; later versions keep that look-up to themselves. */
static uint64_t
place_of(struct classify *c, const struct addr *a)
{
	uint64_t word[2];
#if !NDPI_SINCE(4, 6)
	struct in_addr v4;

	if (!addr_is_v4(a))
		return 0;
	memcpy(&v4, a->b + 12, sizeof(v4));
	return ndpi_network_ptree_match(c->module, &v4);
#else
	(void)c;
#endif
	memcpy(word, a, sizeof(word));
	return hash_words(&ANSWER_KEY, word, 2);
}

/* The opener's port is drawn anew each time, unless it is one of those that mean something. */
static uint64_t
face_of(struct classify *c, const struct flow *f, uint64_t hello)
{
	uint16_t port = f->port[0] < IPPORT_RESERVED ? f->port[0] : 0;
	uint64_t word[5] = {hello, (uint64_t)f->proto << 32 | (uint32_t)port << 16 | f->port[1],
			    place_of(c, &f->addr[0])};

	memcpy(word + 3, &f->addr[1], sizeof(f->addr[1]));
	return hash_words(&ANSWER_KEY, word, 5);
}

void
classify_hello(struct classify *c, const struct flow *f, const struct chunk *piece, uint64_t hello, uint32_t *handle)
{
	uint64_t face = face_of(c, f, hello);

	if (take_known(c, face, piece->time, handle))
		return;
	if (!*handle)
		*handle = exam_start(c, piece->time);
	if (*handle)
		((struct exam *)pool_at(&c->exams, *handle))->face = face;
	else
		*handle = CLASSIFY_DONE;
	classify_feed(c, f, piece, handle);
}

void
classify_server(struct classify *c, const struct flow *f, uint64_t hello, uint64_t server)
{
	opinion_server(&c->opinions, face_of(c, f, hello), server);
}

void
classify_answer(struct classify *c, const struct flow *f, uint32_t *handle, struct classify_answer *a)
{
	if (*handle && !(*handle & CLASSIFY_DONE))
		*handle = exam_finish(c, *handle, f->last);
	*a = c->answer[*handle & ~CLASSIFY_DONE];
}

void
classify_end(struct classify *c, uint32_t handle)
{
	if (handle && !(handle & CLASSIFY_DONE))
		exam_end(c, handle);
}

const char *
classify_protocol(struct classify *c, uint16_t master, uint16_t app, char *buf, size_t n)
{
	struct out o = out_of(buf, n);

	if (master != NDPI_PROTOCOL_UNKNOWN && master != app) {
		out_text(&o, ndpi_get_proto_name(c->module, master));
		if (app != NDPI_PROTOCOL_UNKNOWN)
			out_char(&o, '.');
	}
	if (app != NDPI_PROTOCOL_UNKNOWN || master == NDPI_PROTOCOL_UNKNOWN || master == app)
		out_text(&o, ndpi_get_proto_name(c->module, app));
	out_char(&o, '\0');
	return o.full ? NULL : buf;
}

const char *
classify_risk(unsigned bit)
{
	return bit < NDPI_MAX_RISK ? ndpi_risk2str((ndpi_risk_enum)bit) : NULL;
}
