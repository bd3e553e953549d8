/*
 * block_rows: the rows of a block in memory, and what each is told by.  The same on both ways: a difference is only as
 * good as the base that the reader finds.
 */
#include "ledger/block_parts.h"

#include <stdlib.h>

#include "base/crypt.h"
#include "base/hash.h"
#include "session/talk.h"

const char BLOCK_MAGIC[7] = {'G', 'W', 'B', 'L', 'O', 'C', 'K'};
/* What others are told by goes first; the rest follows from the last field of session.def to the first. */
static const uint16_t ORDER[] = {ID_kind,       ID_time,  ID_src,         ID_dest,       ID_dest_port,
				 ID_client_key, ID_start, ID_packets_out, ID_packets_in, ID_records_out};
enum { ORDERED = sizeof(ORDER) / sizeof(ORDER[0]) };

unsigned
block_order(unsigned at)
{
	unsigned left = SESSION_TABLE.count;

	if (at < ORDERED)
		return field_find(&SESSION_TABLE, ORDER[at]);
	for (unsigned skip = at - ORDERED; left-- > 0;) {
		unsigned i = 0;

		while (i < ORDERED && ORDER[i] != SESSION_TABLE.field[left].id)
			i++;
		if (i == ORDERED && skip-- == 0)
			break;
	}
	return left;
}

void *
block_keep(struct block_rows *b, size_t size)
{
	struct block_chunk *c = malloc(sizeof(*c) + size);

	if (!c)
		return NULL;
	c->next = b->texts;
	b->texts = c;
	return c + 1;
}

void
block_free(struct block_rows *b)
{
	struct block_chunk *c = b->texts;

	free(b->is_pulse);
	free(b->session);
	free(b->pulse);
	free(b->exchange);
	free(b->pair);
	free(b->before);
	free(b->peer);
	while (c) {
		struct block_chunk *next = c->next;

		free(c);
		c = next;
	}
	*b = (struct block_rows){.rows = 0};
}

bool
block_room(struct block_rows *b, size_t rows)
{
	size_t n = rows ? rows : 1;

	*b = (struct block_rows){.rows = rows};
	b->is_pulse = calloc(n, sizeof(*b->is_pulse));
	b->session = calloc(n, sizeof(*b->session));
	b->pulse = calloc(n, sizeof(*b->pulse));
	b->exchange = calloc(n, sizeof(*b->exchange));
	b->pair = calloc(n, sizeof(*b->pair));
	b->before = calloc(n, sizeof(*b->before));
	b->peer = calloc(n, sizeof(*b->peer));
	if (b->is_pulse && b->session && b->pulse && b->exchange && b->pair && b->before && b->peer)
		return true;
	block_free(b);
	return false;
}

/* The key is public: whoever makes theirs collide makes their own records larger. */
static uint64_t
peer_key(const struct session *s, bool of_client)
{
	static const struct hash_key KEY = {7, 8};
	struct {
		struct addr src, dest;
		uint64_t client_key;
		uint32_t port, kind;
	} key = {s->src, s->dest, s->client_key, s->dest_port, s->kind | (of_client ? 1u << 8 : 0)};

	if (!of_client)
		key.src = (struct addr){{0}};
	return hash_fast(&KEY, &key, sizeof(key)) | 1;
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

bool
block_peers(struct block_rows *b)
{
	size_t slots = 16;
	struct last *slot;

	while (slots < 4 * b->sessions)
		slots *= 2;
	slot = calloc(slots, sizeof(*slot));
	for (size_t i = 0; slot && i < b->sessions; i++) {
		const struct session *s = &b->session[i];
		uint32_t me = (uint32_t)i + 1, client = exchange_last(slot, slots, peer_key(s, true), me),
			 program = exchange_last(slot, slots, peer_key(s, false), me);

		b->peer[i] = client ? client : program;
	}
	free(slot);
	return slot != NULL;
}

bool
block_has_near(uint16_t id)
{
	switch (id) {
	case ID_start:
	case ID_last:
	case ID_hello:
	case ID_bytes_out:
	case ID_bytes_in:
	case ID_packets_in:
	case ID_record_bytes_out:
	case ID_record_bytes_in:
	case ID_records_in:
	case ID_exchanges:
	case ID_request_bytes:
	case ID_response_bytes:
	case ID_request_min:
	case ID_request_max:
	case ID_response_min:
	case ID_response_max:
	case ID_request_squares:
	case ID_response_squares:
	case ID_idle_max_us:
		return true;
	default:
		return false;
	}
}

static uint64_t
smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What the exchanges that are kept add up to, for the field of that number. */
static uint64_t
kept_sum(const struct session *s, uint16_t id)
{
	uint64_t sum = id == ID_request_min || id == ID_response_min ? UINT32_MAX : 0;

	for (uint32_t i = 0; i < s->exchange_count; i++) {
		const struct exchange *e = &s->exchange[i];
		uint64_t q = e->request, p = e->response;

		sum = id == ID_request_bytes    ? sum + q :
		      id == ID_response_bytes   ? sum + p :
		      id == ID_request_min      ? smaller(sum, q) :
		      id == ID_request_max      ? larger(sum, q) :
		      id == ID_response_min     ? smaller(sum, p) :
		      id == ID_response_max     ? larger(sum, p) :
		      id == ID_request_squares  ? sum + q * q :
		      id == ID_response_squares ? sum + p * p :
						  larger(sum, larger(e->think_us, larger(e->server_us, e->reply_us)));
	}
	return s->exchange_count ? sum : 0;
}

/* Bytes on the wire less what their packets' heads and the heads of their records take. */
static uint64_t
wire_bytes(uint64_t record_bytes, uint64_t packets)
{
	return record_bytes + packets * 20;
}

uint64_t
block_near(const struct block_rows *b, uint16_t id, size_t i)
{
	const struct session *s = &b->session[i];

	switch (id) {
	case ID_start:
	case ID_last:
		return (uint64_t)(s->time.ns / NS_PER_US);
	case ID_hello:
		return (uint64_t)(s->start.ns / NS_PER_US);
	case ID_packets_in:
		return s->packets_out;
	case ID_bytes_out:
		return wire_bytes(s->record_bytes_out, s->packets_out);
	case ID_bytes_in:
		return wire_bytes(s->record_bytes_in, s->packets_in);
	case ID_records_in:
		return s->records_out;
	case ID_record_bytes_out:
		return s->request_bytes;
	case ID_record_bytes_in:
		return s->response_bytes;
	case ID_exchanges:
		return s->exchange_count;
	default:
		return kept_sum(s, id);
	}
}

bool
block_base(const struct block_rows *b, const struct field *f, unsigned mode, size_t i, uint64_t *base)
{
	uint32_t of = mode & MODE_BEFORE ? b->before[i] : 0;

	switch (of ? BASES : (enum block_base)(mode & (MODE_BEFORE - 1))) {
	case BASE_NEAR:
		*base = block_near(b, f->id, i);
		return true;
	case BASE_ROW:
		of = (uint32_t)i;
		break;
	case BASE_PEER:
		of = b->peer[i];
		break;
	case BASE_NONE:
	case BASES:
		break;
	}
	*base = of ? field_load(f, &b->session[of - 1]) : 0;
	return of != 0;
}

enum { PAIR_BYTES = (1 << PAIR_SIZE_BITS) - 1 };

/* As session/talk.c counts them: a newcomer takes over the rarest and its count. */
static uint32_t
count_pair(struct exchange_pair to[PAIRS_KEPT], uint32_t n, const struct exchange *e)
{
	uint32_t request = e->request < PAIR_BYTES ? e->request : PAIR_BYTES,
		 response = e->response < PAIR_BYTES ? e->response : PAIR_BYTES, rarest = 0, k;

	for (k = 0; k < n && (to[k].request != request || to[k].response != response); k++)
		if (to[k].count < to[rarest].count)
			rarest = k;
	if (k == PAIRS_KEPT)
		k = rarest;
	to[k] = (struct exchange_pair){request, response, to[k].count + 1};
	return k == n ? n + 1 : n;
}

uint32_t
block_pairs(const struct session *s, struct exchange_pair to[PAIRS_KEPT])
{
	uint32_t n = 0, at;

	memset(to, 0, PAIRS_KEPT * sizeof(*to));
	for (uint32_t i = 0; i < s->exchange_count; i++)
		n = count_pair(to, n, &s->exchange[i]);
	for (uint32_t k = 1; k < n; k++) {
		struct exchange_pair p = to[k];

		for (at = k; at > 0 && to[at - 1].count < p.count; at--)
			to[at] = to[at - 1];
		to[at] = p;
	}
	return n;
}

uint32_t
block_pair_base(const struct block_rows *b, size_t i, uint32_t k, unsigned part)
{
	const struct session *of = b->before[i] ? &b->session[b->before[i] - 1] : NULL;

	if (!of || k >= of->pair_count)
		return 0;
	return part == 0 ? of->pair[k].request : part == 1 ? of->pair[k].response : of->pair[k].count;
}

void
block_ja3(struct text string, char to[32])
{
	uint8_t digest[CRYPT_MD5];
	struct out o = out_of(to, 32);

	crypt_md5(string.p, string.len, digest);
	out_hex(&o, digest, sizeof(digest));
}

void
block_rows(struct bytes *to, const struct block_rows *b)
{
	size_t session = 0, pulse = 0;

	for (size_t i = 0; i < b->rows; i++)
		if (b->is_pulse[i])
			row_put_pulse(to, &b->pulse[pulse++]);
		else
			row_put_session(to, &b->session[session++]);
}
