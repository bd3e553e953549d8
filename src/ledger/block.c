/*
 * block: the memory of a block's rows, and what each is told by.  The same on both ways: a difference is only as good
 * as the base that the reader finds.
 */
#include <stdlib.h>

#include "ledger/block_parts.h"

const char BLOCK_MAGIC[7] = {'G', 'W', 'B', 'L', 'O', 'C', 'K'};

enum { CHUNK = 1 << 20 };

struct block_chunk {
	struct block_chunk *next;
	size_t size;
};

/* A chunk of at least this size: one that was used before, or a new one. */
static struct block_chunk *
chunk_of(struct block_rows *b, size_t size)
{
	struct block_chunk *c = b->spare;

	if (c && c->size >= size) {
		b->spare = c->next;
		return c;
	}
	if (size < CHUNK)
		size = CHUNK;
	c = malloc(sizeof(*c) + size);
	if (c)
		c->size = size;
	return c;
}

void *
block_keep(struct block_rows *b, size_t size)
{
	uint8_t *p;

	size = (size + 15) & ~(size_t)15;
	if (!b->chunk || b->chunk->size - b->used < size) {
		struct block_chunk *c = chunk_of(b, size);

		if (!c)
			return NULL;
		c->next = b->chunk;
		b->chunk = c;
		b->used = 0;
	}
	p = (uint8_t *)(b->chunk + 1) + b->used;
	b->used += size;
	return p;
}

static void
free_chunks(struct block_chunk *c)
{
	while (c) {
		struct block_chunk *next = c->next;

		free(c);
		c = next;
	}
}

void
block_free(struct block_rows *b)
{
	free_chunks(b->chunk);
	free_chunks(b->spare);
	memset(b, 0, sizeof(*b));
}

bool
block_room(struct block_rows *b, size_t rows)
{
	struct block_chunk *all = b->spare, *c, *next;

	for (c = b->chunk; c; c = next) { /* back to the spare ones, but what one large block took */
		next = c->next;
		if (c->size > CHUNK) {
			free(c);
			continue;
		}
		c->next = all;
		all = c;
	}
	memset(b, 0, sizeof(*b));
	b->spare = all;
	b->rows = rows;
	b->scratch = block_keep(b, (BLOCK_ROWS * EXCHANGES_KEPT + 1) * sizeof(*b->scratch));
	return b->scratch != NULL;
}

bool
block_is_first(unsigned column)
{
	switch (column) {
	case AT_kind:
	case AT_time:
	case AT_src:
	case AT_dest:
	case AT_dest_port:
	case AT_client_key:
		return true;
	default:
		return false;
	}
}

/* Whoever makes two of these collide makes their own records larger. */
static uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

struct last {
	uint64_t key;
	uint32_t session; /* 1 + its index */
};

/* The latest with this key, which is from now on `session`. */
static uint32_t
exchange_last(struct last *slot, size_t slots, uint64_t key, uint32_t session)
{
	size_t at = key >> 8 & (slots - 1);
	uint32_t was;

	while (slot[at].key && slot[at].key != key)
		at = (at + 1) & (slots - 1);
	was = slot[at].session;
	slot[at] = (struct last){key, session};
	return was;
}

static uint64_t
which_of(const struct block_rows *b, unsigned column, size_t i)
{
	return b->session[column].which ? b->session[column].which[i] : 0;
}

static bool
find_peers(struct block_rows *b)
{
	size_t slots = 16;
	struct last *slot;

	while (slots < 4 * b->sessions)
		slots *= 2;
	slot = calloc(slots, sizeof(*slot));
	b->peer = block_keep(b, (b->sessions + 1) * sizeof(*b->peer));
	for (size_t i = 0; slot && b->peer && i < b->sessions; i++) {
		uint64_t place = which_of(b, AT_dest, i) << 32 | block_number(b, AT_dest_port, i) << 8 |
				 block_number(b, AT_kind, i);
		uint64_t program = mix(mix(1, place), block_number(b, AT_client_key, i));
		uint64_t client = mix(program, which_of(b, AT_src, i) + 1);
		uint32_t me = (uint32_t)i + 1, of_client = exchange_last(slot, slots, client | 1, me),
			 of_program = exchange_last(slot, slots, program | 1, me);

		b->peer[i] = of_client ? of_client : of_program;
	}
	free(slot);
	return slot && b->peer;
}

bool
block_need_peers(struct block_rows *b)
{
	static const uint8_t MADE_OF[] = {AT_kind, AT_src, AT_dest, AT_dest_port, AT_client_key};
	bool fine = b->peer_state == BLOCK_PACKED;

	if (b->peer_state == BLOCK_READY)
		return true;
	for (unsigned i = 0; fine && i < sizeof(MADE_OF); i++)
		fine = block_need(b, MADE_OF[i]);
	fine = fine && find_peers(b);
	b->peer_state = fine ? BLOCK_READY : BLOCK_DAMAGED;
	return fine;
}

/* What other fields tell about one: numbers of the same row, each so many times; or what the exchanges that are kept
   add up to.  Several rows for one field are several ways, four at most.  Their order is for ever: a block says which. */
struct near {
	uint8_t column;
	uint8_t of; /* enum near_of */
	struct {
		uint8_t column;
		int8_t times; /* 0: none */
	} term[3];
};
enum near_of { OF_OLD /* of version 2, no longer written */, OF_ROW, OF_EXCHANGES };

/* What surrounds the payload: IP's and TCP's header without and with time stamps; of a record its head and what
   TLS 1.3 and AES-GCM under TLS 1.2 add to it.  Bytes are told first, and what is in them by them: they are what most
   ask for. */
enum { HEAD = 20, HEAD_STAMPED = 32, RECORD_HEAD = 5, TLS13_ADDS = 17, GCM_ADDS = 24 };
static const struct near NEARS[] = {
	{AT_start, OF_ROW, {{AT_time, 1}}},
	{AT_last, OF_ROW, {{AT_time, 1}}},
	{AT_hello, OF_ROW, {{AT_start, 1}}},
	{AT_packets_in, OF_ROW, {{AT_packets_out, 1}}},
	{AT_bytes_out, OF_OLD, {{AT_record_bytes_out, 1}, {AT_packets_out, HEAD}}},
	{AT_bytes_in, OF_OLD, {{AT_record_bytes_in, 1}, {AT_packets_in, HEAD}}},
	{AT_records_out, OF_ROW, {{AT_exchanges, 1}, {AT_small_out, 1}}},
	{AT_records_in, OF_ROW, {{AT_records_out, 1}}},
	{AT_record_bytes_out, OF_OLD, {{AT_request_bytes, 1}}},
	{AT_record_bytes_out, OF_ROW, {{AT_bytes_out, 1}, {AT_records_out, -RECORD_HEAD}, {AT_packets_out, -HEAD}}},
	{AT_record_bytes_out,
	 OF_ROW,
	 {{AT_bytes_out, 1}, {AT_records_out, -RECORD_HEAD}, {AT_packets_out, -HEAD_STAMPED}}},
	{AT_record_bytes_in, OF_OLD, {{AT_response_bytes, 1}}},
	{AT_record_bytes_in, OF_ROW, {{AT_bytes_in, 1}, {AT_records_in, -RECORD_HEAD}, {AT_packets_in, -HEAD}}},
	{AT_record_bytes_in, OF_ROW, {{AT_bytes_in, 1}, {AT_records_in, -RECORD_HEAD}, {AT_packets_in, -HEAD_STAMPED}}},
	{AT_exchanges, OF_EXCHANGES, {{0}}},
	{AT_request_bytes, OF_EXCHANGES, {{0}}},
	{AT_request_bytes, OF_ROW, {{AT_record_bytes_out, 1}, {AT_records_out, -TLS13_ADDS}}},
	{AT_request_bytes, OF_ROW, {{AT_record_bytes_out, 1}, {AT_records_out, -GCM_ADDS}}},
	{AT_response_bytes, OF_EXCHANGES, {{0}}},
	{AT_response_bytes, OF_ROW, {{AT_record_bytes_in, 1}, {AT_records_in, -TLS13_ADDS}}},
	{AT_response_bytes, OF_ROW, {{AT_record_bytes_in, 1}, {AT_records_in, -GCM_ADDS}}},
	{AT_request_min, OF_EXCHANGES, {{0}}},
	{AT_request_max, OF_EXCHANGES, {{0}}},
	{AT_response_min, OF_EXCHANGES, {{0}}},
	{AT_response_max, OF_EXCHANGES, {{0}}},
	{AT_request_squares, OF_EXCHANGES, {{0}}},
	{AT_response_squares, OF_EXCHANGES, {{0}}},
	{AT_idle_max_us, OF_EXCHANGES, {{0}}},
};
enum { NEAR_COUNT = sizeof(NEARS) / sizeof(NEARS[0]), TERMS = sizeof(NEARS[0].term) / sizeof(NEARS[0].term[0]) };

/* NULL: there is no such way. */
static const struct near *
near_of(unsigned column, unsigned way)
{
	for (unsigned i = 0; i < NEAR_COUNT; i++)
		if (NEARS[i].column == column && way-- == 0)
			return &NEARS[i];
	return NULL;
}

static uint64_t
larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What the exchanges that are kept add up to, for that field: the same for all rows, so that nothing is asked twice. */
static inline __attribute__((always_inline)) uint64_t
kept_sum(const struct exchange *e, uint32_t n, unsigned column)
{
	uint64_t sum = column == AT_request_min || column == AT_response_min ? UINT32_MAX : 0;

	if (column == AT_exchanges)
		return n;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t q = e[i].request, p = e[i].response;

		sum = column == AT_request_bytes    ? sum + q :
		      column == AT_response_bytes   ? sum + p :
		      column == AT_request_min      ? smaller(sum, q) :
		      column == AT_request_max      ? larger(sum, q) :
		      column == AT_response_min     ? smaller(sum, p) :
		      column == AT_response_max     ? larger(sum, p) :
		      column == AT_request_squares  ? sum + q * q :
		      column == AT_response_squares ? sum + p * p :
						      larger(sum, larger(e[i].think_us,
									 larger(e[i].server_us, e[i].reply_us)));
	}
	return n ? sum : 0;
}

#define SUM_KEPT(name)                                                                                                 \
	case AT_##name:                                                                                                \
		for (size_t i = 0; i < b->sessions; i++)                                                               \
			to[i] = kept_sum(m->exchange + m->at[i], block_count(m, i), AT_##name);                        \
		break

static void
sum_kept(const struct block_rows *b, unsigned column, uint64_t *to)
{
	const struct block_many *m = &b->exchanges;

	switch (column) {
		SUM_KEPT(exchanges);
		SUM_KEPT(request_bytes);
		SUM_KEPT(response_bytes);
		SUM_KEPT(request_min);
		SUM_KEPT(request_max);
		SUM_KEPT(response_min);
		SUM_KEPT(response_max);
		SUM_KEPT(request_squares);
		SUM_KEPT(response_squares);
		SUM_KEPT(idle_max_us);
	default:
		break;
	}
}

enum block_near
block_has_near(unsigned column, unsigned way)
{
	const struct near *n = near_of(column, way);

	return !n ? NEAR_NONE : n->of == OF_OLD ? NEAR_OLD : NEAR_IS;
}

bool
block_need_near(struct block_rows *b, unsigned column, unsigned way)
{
	const struct near *n = near_of(column, way);

	if (!n || n->of == OF_EXCHANGES)
		return n && block_need_exchanges(b);
	for (unsigned t = 0; t < TERMS && n->term[t].times; t++)
		if (!block_need(b, n->term[t].column))
			return false;
	return true;
}

static void
add_term(uint64_t *to, const uint64_t *v, int64_t times, size_t n)
{
	for (size_t i = 0; v && i < n; i++)
		to[i] += v[i] * (uint64_t)times;
}

void
block_near(const struct block_rows *b, unsigned column, unsigned way, uint64_t *to)
{
	const struct near *n = near_of(column, way);

	memset(to, 0, b->sessions * sizeof(*to));
	if (n->of == OF_EXCHANGES && b->exchanges.at)
		sum_kept(b, column, to);
	for (unsigned t = 0; t < TERMS && n->term[t].times; t++)
		add_term(to, b->session[n->term[t].column].v, n->term[t].times, b->sessions);
}

uint64_t
block_id(const struct block_rows *b, size_t i)
{
	struct session s;
	struct text src = block_text(b, AT_src, i), dest = block_text(b, AT_dest, i);

	s.start.ns = (int64_t)block_number(b, AT_start, i) * NS_PER_US;
	s.src = s.dest = (struct addr){{0}};
	if (src.p)
		memcpy(&s.src, src.p, sizeof(s.src));
	if (dest.p)
		memcpy(&s.dest, dest.p, sizeof(s.dest));
	s.src_port = (uint16_t)block_number(b, AT_src_port, i);
	s.dest_port = (uint16_t)block_number(b, AT_dest_port, i);
	s.vlan = (uint16_t)block_number(b, AT_vlan, i);
	s.proto = (uint8_t)block_number(b, AT_proto, i);
	return session_id(&s, b->sensor);
}
