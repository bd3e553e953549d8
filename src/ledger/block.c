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

/* What other fields tell about one: the least or most of the exchanges that are kept, or numbers of the same row. */
struct near {
	uint8_t column, of[2];
	bool exchanges;
};

static const struct near NEARS[] = {
	{AT_start, {AT_time}, false},
	{AT_last, {AT_time}, false},
	{AT_hello, {AT_start}, false},
	{AT_packets_in, {AT_packets_out}, false},
	{AT_bytes_out, {AT_record_bytes_out, AT_packets_out}, false},
	{AT_bytes_in, {AT_record_bytes_in, AT_packets_in}, false},
	{AT_records_in, {AT_records_out}, false},
	{AT_record_bytes_out, {AT_request_bytes}, false},
	{AT_record_bytes_in, {AT_response_bytes}, false},
	{AT_exchanges, {0}, true},
	{AT_request_bytes, {0}, true},
	{AT_response_bytes, {0}, true},
	{AT_request_min, {0}, true},
	{AT_request_max, {0}, true},
	{AT_response_min, {0}, true},
	{AT_response_max, {0}, true},
	{AT_request_squares, {0}, true},
	{AT_response_squares, {0}, true},
	{AT_idle_max_us, {0}, true},
};
enum { NEAR_COUNT = sizeof(NEARS) / sizeof(NEARS[0]), HEAD_BYTES = 20 /* of a packet, more or less */ };

static const struct near *
near_of(unsigned column)
{
	for (unsigned i = 0; i < NEAR_COUNT; i++)
		if (NEARS[i].column == column)
			return &NEARS[i];
	return NULL;
}

bool
block_has_near(unsigned column)
{
	return near_of(column) != NULL;
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

/* What the exchanges that are kept add up to, for that field. */
static uint64_t
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

bool
block_near(struct block_rows *b, unsigned column, uint64_t *to)
{
	const struct near *n = near_of(column);
	const struct block_many *m = &b->exchanges;

	if (n->exchanges) {
		if (!block_need_exchanges(b))
			return false;
		for (size_t i = 0; i < b->sessions; i++)
			to[i] = m->at ? kept_sum(m->exchange + m->at[i], block_count(m, i), column) : 0;
		return true;
	}
	if (!block_need(b, n->of[0]) || (n->of[1] && !block_need(b, n->of[1])))
		return false;
	for (size_t i = 0; i < b->sessions; i++)
		to[i] = block_number(b, n->of[0], i) + (n->of[1] ? block_number(b, n->of[1], i) * HEAD_BYTES : 0);
	return true;
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
