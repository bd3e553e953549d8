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

#define EIGHT(c) c c c c c c c c
#define KEY(c)   EIGHT(c) EIGHT(c) EIGHT(c) EIGHT(c) /* 32 bytes of it */

/* clang-format off */

/* TLS_AES_128_GCM_SHA256 and two others; SNI gw.example.org, X25519, ALPN http/1.1, as a browser asks. */
static const char CLIENT_HELLO[] =
	"\x16\x03\x01\x00\xbe\x01\x00\x00\xba\x03\x03"          /* record, handshake, version */
	KEY("\x00")                                             /* random */
	"\x20" KEY("\x00")                                      /* session id */
	"\x00\x06\x13\x01\x13\x02\x13\x03\x01\x00"              /* ciphers, compression */
	"\x00\x6b"                                              /* extensions */
	"\x00\x00\x00\x13\x00\x11\x00\x00\x0e" "gw.example.org" /* server_name */
	"\x00\x0a\x00\x04\x00\x02\x00\x1d"                      /* supported_groups */
	"\x00\x0d\x00\x08\x00\x06\x04\x03\x08\x04\x04\x01"      /* signature_algorithms */
	"\x00\x2b\x00\x03\x02\x03\x04"                          /* supported_versions */
	"\x00\x10\x00\x0b\x00\x09\x08" "http/1.1"               /* alpn */
	"\x00\x33\x00\x26\x00\x24\x00\x1d\x00\x20" KEY("\x5a")  /* key_share */;

static const char SERVER_HELLO[] =
	"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" /* record, handshake, version */
	KEY("\x00")                                    /* random */
	"\x20" KEY("\x00")                             /* session id */
	"\x13\x01\x00"                                 /* cipher, compression */
	"\x00\x2e"                                     /* extensions */
	"\x00\x2b\x00\x02\x03\x04"                     /* supported_versions */
	"\x00\x33\x00\x24\x00\x1d\x00\x20" KEY("\xa5") /* key_share */;

/* clang-format on */

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
	say(t, CLIENT_HELLO, sizeof(CLIENT_HELLO) - 1);
	send_from(t, 0, at)->hello = true;
	at = t->used;
	say(t, SERVER_HELLO, sizeof(SERVER_HELLO) - 1);
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
