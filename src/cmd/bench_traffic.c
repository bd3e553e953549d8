/*
 * bench_traffic: see the header.
 */
#include "cmd/bench_traffic.h"

#include <stdlib.h>
#include <string.h>

enum {
	HEADERS = 14 + 20 + 20,
	SEGMENT = 1400,
	FRAME = HEADERS + SEGMENT,
	SEGMENTS = 128,
	STREAM = 1 << 17,
	CONCURRENT = 256,
	EXCHANGES = 8,
	APART_NS = 10000, /* 100,000 frames a second */
	RANDOM_AT =
		11, /* in a record with a hello: after record header, handshake header and version (RFC 8446 4.1.2) */
	SESSION_ID_AT = 44,
	NOISE = 32
};

struct segment {
	uint8_t side, flags;
	bool hello; /* its random and session id are of each conversation */
	uint16_t len;
	uint32_t at; /* in the stream */
};

struct talk {
	uint32_t number;
	uint32_t seq[2];
	unsigned step;
};

struct bench_traffic {
	struct segment segment[SEGMENTS];
	unsigned segments;
	uint8_t stream[STREAM];
	uint32_t used;
	uint64_t noise, now_ns;
	uint32_t begun;
	unsigned turn;
	struct talk talk[CONCURRENT];
	struct frame frame[BENCH_CHUNK];
	uint8_t bytes[BENCH_CHUNK][FRAME];
};

/* TLS_AES_128_GCM_SHA256 and two others; SNI gw.example.org, X25519, ALPN http/1.1, as a browser asks. */
static const uint8_t CLIENT_HELLO[] = {0x16,
				       0x03,
				       0x01,
				       0x00,
				       0xbe,
				       0x01,
				       0x00,
				       0x00,
				       0xba,
				       0x03,
				       0x03,
				       [RANDOM_AT] = 0,
				       [SESSION_ID_AT - 1] = 32,
				       [SESSION_ID_AT + NOISE] = 0x00,
				       0x06,
				       0x13,
				       0x01,
				       0x13,
				       0x02,
				       0x13,
				       0x03,
				       0x01,
				       0x00,
				       0x00,
				       0x6b,
				       /* server_name */ 0x00,
				       0x00,
				       0x00,
				       0x13,
				       0x00,
				       0x11,
				       0x00,
				       0x00,
				       0x0e,
				       'g',
				       'w',
				       '.',
				       'e',
				       'x',
				       'a',
				       'm',
				       'p',
				       'l',
				       'e',
				       '.',
				       'o',
				       'r',
				       'g',
				       /* supported_groups */ 0x00,
				       0x0a,
				       0x00,
				       0x04,
				       0x00,
				       0x02,
				       0x00,
				       0x1d,
				       /* signature_algorithms */ 0x00,
				       0x0d,
				       0x00,
				       0x08,
				       0x00,
				       0x06,
				       0x04,
				       0x03,
				       0x08,
				       0x04,
				       0x04,
				       0x01,
				       /* supported_versions */ 0x00,
				       0x2b,
				       0x00,
				       0x03,
				       0x02,
				       0x03,
				       0x04,
				       /* alpn */ 0x00,
				       0x10,
				       0x00,
				       0x0b,
				       0x00,
				       0x09,
				       0x08,
				       'h',
				       't',
				       't',
				       'p',
				       '/',
				       '1',
				       '.',
				       '1',
				       /* key_share */ 0x00,
				       0x33,
				       0x00,
				       0x26,
				       0x00,
				       0x24,
				       0x00,
				       0x1d,
				       0x00,
				       0x20,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a,
				       0x5a};

static const uint8_t SERVER_HELLO[] = {0x16,
				       0x03,
				       0x03,
				       0x00,
				       0x7a,
				       0x02,
				       0x00,
				       0x00,
				       0x76,
				       0x03,
				       0x03,
				       [RANDOM_AT] = 0,
				       [SESSION_ID_AT - 1] = 32,
				       [SESSION_ID_AT + NOISE] = 0x13,
				       0x01,
				       0x00,
				       0x00,
				       0x2e,
				       /* supported_versions */ 0x00,
				       0x2b,
				       0x00,
				       0x02,
				       0x03,
				       0x04,
				       /* key_share */ 0x00,
				       0x33,
				       0x00,
				       0x24,
				       0x00,
				       0x1d,
				       0x00,
				       0x20,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5,
				       0xa5};

static const uint8_t CHANGE_CIPHER[] = {0x14, 0x03, 0x03, 0x00, 0x01, 0x01};

static uint8_t *
put(uint8_t *p, uint64_t v, unsigned n)
{
	while (n-- > 0)
		*p++ = (uint8_t)(v >> 8 * n);
	return p;
}

static uint64_t
noise(struct bench_traffic *t)
{
	t->noise ^= t->noise << 13;
	t->noise ^= t->noise >> 7;
	t->noise ^= t->noise << 17;
	return t->noise;
}

static void
say(struct bench_traffic *t, const void *bytes, size_t n)
{
	memcpy(t->stream + t->used, bytes, n);
	t->used += (uint32_t)n;
}

/* An application record, as ciphertext looks. */
static void
say_record(struct bench_traffic *t, size_t body)
{
	uint8_t head[] = {0x17, 0x03, 0x03, (uint8_t)(body >> 8), (uint8_t)body};

	say(t, head, sizeof(head));
	for (size_t i = 0; i < body; i++)
		t->stream[t->used++] = (uint8_t)noise(t);
}

static struct segment *
segment(struct bench_traffic *t, unsigned side, uint8_t flags, uint32_t at, size_t len)
{
	struct segment *s = &t->segment[t->segments++];

	*s = (struct segment){.side = (uint8_t)side, .flags = flags, .len = (uint16_t)len, .at = at};
	return s;
}

/* What was said since `at`, in segments. */
static struct segment *
send_from(struct bench_traffic *t, unsigned side, uint32_t at)
{
	struct segment *first = &t->segment[t->segments];

	for (; at < t->used; at += SEGMENT)
		segment(t, side, TCP_ACK | TCP_PSH, at, t->used - at < SEGMENT ? t->used - at : SEGMENT);
	return first;
}

static void
handshake(struct bench_traffic *t)
{
	uint32_t at = t->used;

	segment(t, 0, TCP_SYN, 0, 0);
	segment(t, 1, TCP_SYN | TCP_ACK, 0, 0);
	segment(t, 0, TCP_ACK, 0, 0);
	say(t, CLIENT_HELLO, sizeof(CLIENT_HELLO));
	send_from(t, 0, at)->hello = true;
	at = t->used;
	say(t, SERVER_HELLO, sizeof(SERVER_HELLO));
	say(t, CHANGE_CIPHER, sizeof(CHANGE_CIPHER));
	say_record(t, 2400); /* certificate and the rest, encrypted */
	send_from(t, 1, at)->hello = true;
	at = t->used;
	say(t, CHANGE_CIPHER, sizeof(CHANGE_CIPHER));
	say_record(t, 53); /* Finished */
	send_from(t, 0, at);
}

static void
exchange(struct bench_traffic *t, unsigned i)
{
	uint32_t at = t->used;

	say_record(t, 500 + 37 * i);
	send_from(t, 0, at);
	at = t->used;
	say_record(t, 6800 + 211 * i % 700);
	send_from(t, 1, at);
	segment(t, 0, TCP_ACK, 0, 0);
}

struct bench_traffic *
bench_traffic_new(void)
{
	struct bench_traffic *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->noise = UINT64_C(0x9e3779b97f4a7c15);
	t->now_ns = UINT64_C(1767225600) * NS_PER_S; /* 2026-01-01 */
	handshake(t);
	for (unsigned i = 0; i < EXCHANGES; i++)
		exchange(t, i);
	segment(t, 0, TCP_FIN | TCP_ACK, 0, 0);
	segment(t, 1, TCP_FIN | TCP_ACK, 0, 0);
	segment(t, 0, TCP_ACK, 0, 0);
	return t;
}

void
bench_traffic_free(struct bench_traffic *t)
{
	free(t);
}

static void
begin(struct bench_traffic *t, struct talk *k)
{
	*k = (struct talk){.number = t->begun++, .seq = {(uint32_t)noise(t), (uint32_t)noise(t)}};
}

static uint8_t *
put_headers(uint8_t *p, const struct talk *k, const struct segment *s)
{
	uint32_t client = UINT32_C(0xc6120000) + k->number % 5000, server = UINT32_C(0xc000020a);
	uint16_t port = (uint16_t)(10000 + k->number % 50000);

	p = put(put(put(p, UINT64_C(0x020000000001), 6), UINT64_C(0x020000000002), 6), 0x0800, 2);
	p = put(put(put(p, 0x4500, 2), HEADERS - 14u + s->len, 2), k->seq[s->side] & 0xffff, 2);
	p = put(p, UINT64_C(0x400040060000), 6);
	p = put(put(p, s->side ? server : client, 4), s->side ? client : server, 4);
	p = put(put(p, s->side ? 443 : port, 2), s->side ? port : 443, 2);
	p = put(put(p, k->seq[s->side], 4), s->flags & TCP_ACK ? k->seq[!s->side] : 0, 4);
	return put(put(put(put(p, 0x50, 1), s->flags, 1), 64240, 2), 0, 4);
}

static size_t
make_frame(struct bench_traffic *t, uint8_t *frame, struct talk *k)
{
	const struct segment *s = &t->segment[k->step++];
	uint8_t *p = put_headers(frame, k, s);

	memcpy(p, t->stream + s->at, s->len);
	if (s->hello) {
		put(p + RANDOM_AT, noise(t), 8);
		put(p + SESSION_ID_AT, k->number, 8);
	}
	k->seq[s->side] += s->len + (uint32_t)((s->flags & (TCP_SYN | TCP_FIN)) != 0);
	return HEADERS + s->len;
}

const struct frame *
bench_traffic_next(struct bench_traffic *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct talk *k = &t->talk[t->turn++ % CONCURRENT];
		size_t len;

		if (k->step == 0 || k->step == t->segments)
			begin(t, k);
		len = make_frame(t, t->bytes[i], k);
		t->now_ns += APART_NS;
		t->frame[i] = (struct frame){.bytes = cur_of(t->bytes[i], len),
					     .wire_len = (uint32_t)len,
					     .link = 1, /* LINKTYPE_ETHERNET */
					     .time = {(int64_t)t->now_ns}};
	}
	return t->frame;
}
