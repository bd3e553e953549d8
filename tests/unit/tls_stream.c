/*
 * tls_stream: records over a byte stream.  However the bytes are cut into pieces, the same is told; what is lost costs
 * as little as it can; what is not TLS is soon left alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "../common/tls_wire.h"
#include "base/crypt.h"

enum { TRACE_MAX = 8192 };

struct trace {
	char text[TRACE_MAX];
	size_t n;
};

struct feed {
	struct drive d;
	struct trace t;
};

static void
note(struct trace *t, const struct tls_event *ev)
{
	int n = snprintf(t->text + t->n, TRACE_MAX - t->n, "%c%u:%u/%u%s+%u ", ev->kind == TLS_RECORD ? 'r' : 's',
			 ev->side, ev->type, ev->length, ev->application ? "a" : "", ev->plain);

	t->n += (size_t)n;
	assert_true(t->n < TRACE_MAX);
}

static void
piece_feed(struct feed *x, unsigned side, struct tls_piece piece)
{
	struct tls_event ev;

	piece.side = (uint8_t)side;
	piece.time = (struct when){NS_PER_S};
	while (tls_next(x->d.tls, &x->d.handle, &piece, &ev))
		note(&x->t, &ev);
}

static void
bytes_feed(struct feed *x, unsigned side, const uint8_t *b, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, b, n);
	piece_feed(x, side, (struct tls_piece){.bytes = cur_of(copy, n)});
	free(copy);
}

static void
feed_open(struct feed *x)
{
	drive_open(&x->d, 4);
	x->t.n = 0;
	x->t.text[0] = 0;
}

/* What must not depend on the cutting, as text. */
static void
facts_note(struct feed *x)
{
	const struct tls_facts *f = drive_facts(&x->d);
	int n = snprintf(x->t.text + x->t.n, TRACE_MAX - x->t.n,
			 "| %u %u %04x %04x %u %d%d%d%d %llx %llx %llx %u/%u %u/%u %u/%u %u %u %.*s %.*s %.*s",
			 f->carrier, f->client, f->version, f->cipher, f->group, f->established, f->settled,
			 f->client_hello, f->resumed, (unsigned long long)f->id_offered,
			 (unsigned long long)f->id_issued, (unsigned long long)f->client_random, f->records[0],
			 f->records[1], f->record_bytes[0], f->record_bytes[1], f->client_flight_bytes,
			 f->server_flight_bytes, f->bad, f->leftover, (int)f->sni.len, f->sni.p ? f->sni.p : "",
			 (int)f->ja3.len, f->ja3.p ? f->ja3.p : "", (int)f->ja3s.len, f->ja3s.p ? f->ja3s.p : "");

	x->t.n += (size_t)n;
	assert_true(x->t.n < TRACE_MAX);
	assert_int_equal(x->d.counts.tls_no_memory, 0);
	drive_close(&x->d);
}

static void
whole(struct feed *x, const struct talk_made *k)
{
	feed_open(x);
	for (unsigned i = 0; i < k->n; i++)
		bytes_feed(x, k->f[i].side, k->f[i].w.b, k->f[i].w.n);
	facts_note(x);
}

/* Flight `which` in two pieces, or (at == 0) in pieces of one byte. */
static void
split(struct feed *x, const struct talk_made *k, unsigned which, size_t at)
{
	feed_open(x);
	for (unsigned i = 0; i < k->n; i++) {
		const struct wire *w = &k->f[i].w;

		for (size_t b = 0; i == which && at == 0 && b < w->n; b++)
			bytes_feed(x, k->f[i].side, w->b + b, 1);
		if (i == which && at == 0)
			continue;
		bytes_feed(x, k->f[i].side, w->b, i == which ? at : w->n);
		if (i == which)
			bytes_feed(x, k->f[i].side, w->b + at, w->n - at);
	}
	facts_note(x);
}

static void
every_split(const struct talk_made *k, unsigned but)
{
	static struct feed a, b;

	whole(&a, k);
	for (unsigned i = 0; i < k->n; i++) {
		for (size_t at = i == but ? k->f[i].w.n : 0;
		     at<k->f[i].w.n; at += k->f[i].w.n> 1000 && at > 300 ? 37 : 1) {
			split(&b, k, i, at);
			assert_string_equal(a.t.text, b.t.text);
		}
	}
}

static struct talk_made k;

static void
splits_of_12(void **state)
{
	static struct feed x;

	(void)state;
	talk_12(&k);
	whole(&x, &k);
	assert_non_null(strstr(x.t.text, "s1:0/0"));
	assert_non_null(strstr(x.t.text, "r0:23/124a+100 r1:23/3024a+3000 r1:23/31a+7 r0:21/26+0"));
	every_split(&k, k.n);
}

/* But for the tickets: two equal ones are known by each other, within a segment. */
static void
splits_of_13(void **state)
{
	static struct feed x;

	(void)state;
	talk_13(&k);
	whole(&x, &k);
	assert_non_null(
		strstr(x.t.text, "r0:23/69+0 r0:23/517a+500 r1:23/250+0 s1:0/0+0 r1:23/250+0 r1:23/1217a+1200"));
	every_split(&k, 3);
}

static void
client_on_the_other_side(void **state)
{
	static struct feed x;
	const struct tls_facts *f;

	(void)state;
	talk_13(&k);
	feed_open(&x);
	for (unsigned i = 0; i < k.n; i++)
		bytes_feed(&x, k.f[i].side ^ 1, k.f[i].w.b, k.f[i].w.n);
	f = drive_facts(&x.d);
	assert_int_equal(f->client, 1);
	assert_true(f->established && f->settled && f->server_hello);
	assert_int_equal(f->records[1], 5);
	drive_close(&x.d);
}

/* Bytes missing inside bodies that nobody reads: every record is still told. */
static void
gap_in_application_data(void **state)
{
	static struct feed x;
	const struct wire *w;

	(void)state;
	talk_12(&k);
	feed_open(&x);
	for (unsigned i = 0; i + 2 < k.n; i++)
		bytes_feed(&x, k.f[i].side, k.f[i].w.b, k.f[i].w.n);
	w = &k.f[k.n - 2].w;
	bytes_feed(&x, 1, w->b, 50);
	piece_feed(&x, 1, (struct tls_piece){.bytes = cur_of(w->b + 2950, w->n - 2950), .lost = 2900});
	assert_non_null(strstr(x.t.text, "r1:23/3024a+3000 r1:23/31a+7 "));
	assert_int_equal(drive_facts(&x.d)->bad, 0);
	drive_close(&x.d);
}

/* The capture cut the end of a segment off: as a gap behind it. */
static void
cut_in_application_data(void **state)
{
	static struct feed x;
	const struct wire *w;

	(void)state;
	talk_12(&k);
	feed_open(&x);
	for (unsigned i = 0; i + 2 < k.n; i++)
		bytes_feed(&x, k.f[i].side, k.f[i].w.b, k.f[i].w.n);
	w = &k.f[k.n - 2].w;
	piece_feed(&x, 1, (struct tls_piece){.bytes = cur_of(w->b, 60), .cut_bytes = 2940});
	bytes_feed(&x, 1, w->b + 3000, w->n - 3000);
	assert_non_null(strstr(x.t.text, "r1:23/3024a+3000 r1:23/31a+7 "));
	drive_close(&x.d);
}

/* A gap over a record's end: found again where records make sense, and no false "resumed". */
static void
gap_in_handshake(void **state)
{
	static struct feed x;
	const struct tls_facts *f;
	const struct wire *w;

	(void)state;
	talk_12(&k);
	feed_open(&x);
	bytes_feed(&x, 0, k.f[0].w.b, k.f[0].w.n);
	w = &k.f[1].w;
	bytes_feed(&x, 1, w->b, 64);
	piece_feed(&x, 1, (struct tls_piece){.bytes = cur_of(w->b + w->n - 3, 3), .lost = (uint32_t)w->n - 67});
	for (unsigned i = 2; i < k.n; i++)
		bytes_feed(&x, k.f[i].side, k.f[i].w.b, k.f[i].w.n);
	f = drive_facts(&x.d);
	assert_true(f->server_hello && f->established);
	assert_int_equal(f->resumed, RESUMED_UNKNOWN);
	assert_non_null(strstr(x.t.text, "r1:23/3024a+3000 r1:23/31a+7 "));
	drive_close(&x.d);
}

/* Nonsense where a record should begin is counted once a side, and the talk goes on behind it. */
static void
nonsense_between_records_bad(void **state)
{
	static struct feed x;
	static const uint8_t junk[] = "hello, world: no record";

	(void)state;
	talk_12(&k);
	feed_open(&x);
	for (unsigned i = 0; i + 2 < k.n; i++)
		bytes_feed(&x, k.f[i].side, k.f[i].w.b, k.f[i].w.n);
	bytes_feed(&x, 1, junk, sizeof(junk));
	bytes_feed(&x, 1, junk, sizeof(junk));
	bytes_feed(&x, 1, k.f[k.n - 2].w.b, k.f[k.n - 2].w.n);
	assert_int_equal(drive_facts(&x.d)->bad, 1);
	assert_non_null(strstr(x.t.text, "r1:23/3024a+3000 r1:23/31a+7 "));
	drive_close(&x.d);
}

/* Picked up midway, inside a record: TLS from the first place where records follow each other. */
static void
picked_up_midway(void **state)
{
	static struct feed x;
	const struct wire *w;

	(void)state;
	talk_12(&k);
	feed_open(&x);
	w = &k.f[k.n - 2].w;
	bytes_feed(&x, 1, w->b + 1000, 500);
	assert_int_equal(drive_facts(&x.d)->carrier, CARRIER_NONE);
	bytes_feed(&x, 1, w->b + 1500, w->n - 1500);
	bytes_feed(&x, 0, k.f[k.n - 3].w.b, k.f[k.n - 3].w.n);
	assert_string_equal(x.t.text, "r1:23/31a+14 r0:23/124a+107 ");
	assert_int_equal(drive_facts(&x.d)->carrier, CARRIER_TCP);
	assert_false(drive_facts(&x.d)->client_hello);
	drive_close(&x.d);
}

/* Flights of k by the bits of `seen`, then records of both sides; `parted`: application data with its header in
   parts. */
static void
unseen_feed(struct feed *x, unsigned seen, bool parted)
{
	uint32_t seed = seen;

	feed_open(x);
	for (unsigned i = 0; i < k.n; i++)
		if (seen >> i & 1)
			bytes_feed(x, k.f[i].side, k.f[i].w.b, k.f[i].w.n);
	for (unsigned i = 0; i < 80; i++) {
		static struct wire w;
		uint32_t r = seed = seed * 1664525 + 1013904223;
		uint8_t type = i % 20 == 17 ? 21 : i % 20 == 18 ? 22 : 23;

		w.n = 0;
		wire_sealed(&w, type, type == 21 ? 26 : 20 + (r >> 16) % 1000);
		if (r >> 8 & 1)
			wire_sealed(&w, 23, 20 + (r >> 20) % 1000);
		if (parted && i > 8 && type == 23)
			for (size_t at = 0; at < w.n; at++)
				bytes_feed(x, r >> 31, w.b + at, 1);
		else
			bytes_feed(x, r >> 31, w.b, w.n);
	}
	facts_note(x);
}

/* Whatever was seen of a handshake of TLS 1.2, or of TLS 1.3 without its ServerHello: application data takes the short
   way in whole pieces, the long way when its header comes in parts, and the same is told. */
static void
unseen_handshake_both_ways(void **state)
{
	static struct feed a, b;

	(void)state;
	for (unsigned version = 2; version <= 3; version++) {
		if (version == 2)
			talk_12(&k);
		else
			talk_13(&k);
		for (unsigned seen = 0; seen < 1u << k.n; seen++) {
			if (version == 3 && seen & 2)
				continue;
			unseen_feed(&a, seen, false);
			unseen_feed(&b, seen, true);
			assert_string_equal(a.t.text, b.t.text);
		}
	}
}

static void
random_is_not_tls_bad(void **state)
{
	static struct feed x;
	uint8_t b[1000];
	uint32_t seed = 7;

	(void)state;
	feed_open(&x);
	for (unsigned i = 0; i < 130 && x.d.handle != TLS_NOT; i++) {
		for (unsigned j = 0; j < sizeof(b); j++) {
			seed = seed * 1664525 + 1013904223;
			b[j] = (uint8_t)(seed >> 24);
		}
		bytes_feed(&x, i & 1, b, sizeof(b));
	}
	assert_int_equal(x.d.handle, TLS_NOT);
	assert_int_equal(drive_facts(&x.d)->carrier, CARRIER_NONE);
	assert_string_equal(x.t.text, "");
	drive_close(&x.d);
}

/* It begins as a record may begin, and is none. */
static void
almost_a_record_bad(void **state)
{
	static struct feed x;
	static const uint8_t almost[] = {22, 3, 1, 0xff, 0xff, 1, 0, 0, 1};

	(void)state;
	feed_open(&x);
	for (unsigned i = 0; i < sizeof(almost); i++)
		bytes_feed(&x, 0, almost + i, 1);
	assert_int_equal(x.d.handle, TLS_NOT);
	drive_close(&x.d);
}

static void
http_is_not_tls_bad(void **state)
{
	static struct feed x;

	(void)state;
	feed_open(&x);
	bytes_feed(&x, 0, (const uint8_t *)"GET / HTTP/1.1\r\n", 16);
	assert_int_equal(x.d.handle, TLS_NOT);
	drive_close(&x.d);
}

static void
alerts_in_clear(void **state)
{
	static struct feed x;
	const struct tls_facts *f;
	struct make client = make_12(false);
	static struct wire w;

	(void)state;
	feed_open(&x);
	w.n = 0;
	wire_hello(&w, &client);
	bytes_feed(&x, 0, w.b, w.n);
	bytes_feed(&x, 1, (const uint8_t *)"\x15\x03\x03\x00\x02\x02", 6);
	bytes_feed(&x, 1, (const uint8_t *)"\x28", 1);
	f = drive_facts(&x.d);
	assert_int_equal(f->alerts, 1);
	assert_memory_equal(f->alert[0], "\x01\x02\x28", 3);
	assert_true(f->settled && !f->established && !f->server_hello);
	assert_non_null(strstr(x.t.text, "s1:0/0"));
	drive_close(&x.d);
}

/* ClientHello in SSLv2 framing, then an SSLv2 server: version, cipher specs, certificate, connection id. */
static void
sslv2(void **state)
{
	static struct feed x;
	static const uint8_t hello[] = {0x80, 28, 1, 0, 2, 0, 3, 0, 0,  0,  16, 1,  0,  0x80, 1,
					2,    3,  4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,   16};
	static const uint8_t server[] = {0x80, 22,   4, 0, 1, 0, 2, 0,    4, 0, 3, 0,
					 4,    0x30, 2, 5, 0, 1, 0, 0x80, 9, 9, 9, 9};
	const struct tls_facts *f;

	(void)state;
	for (size_t at = 12; at <= sizeof(hello); at++) {
		for (size_t to = 0; to < sizeof(server); to++) {
			feed_open(&x);
			bytes_feed(&x, 0, hello, at);
			bytes_feed(&x, 0, hello + at, sizeof(hello) - at);
			bytes_feed(&x, 1, server, to);
			bytes_feed(&x, 1, server + to, sizeof(server) - to);
			bytes_feed(&x, 0, hello, sizeof(hello));
			f = drive_facts(&x.d);
			assert_true(f->client_hello && f->sslv2_hello && f->server_hello);
			assert_int_equal(f->version, 2);
			assert_false(f->cipher_chosen);
			assert_int_equal(f->bad, 0);
			assert_true(f->server_cert.present);
			drive_close(&x.d);
		}
	}
}

/* The hello goes into the small item alone: nothing else is taken, and its segments wait in one block. */
static void
hello_alone_is_small(void **state)
{
	static struct feed x, y;
	struct make client = make_chrome(false);
	static struct wire w;

	(void)state;
	w.n = 0;
	wire_hello(&w, &client);
	feed_open(&x);
	bytes_feed(&x, 0, w.b, w.n);
	assert_false(tls_full(x.d.tls));
	assert_true(drive_facts(&x.d)->client_random != 0);
	assert_int_equal(drive_facts(&x.d)->resumed, RESUMED_UNKNOWN);
	assert_int_equal(drive_facts(&x.d)->id_offered, 0);
	feed_open(&y);
	bytes_feed(&y, 0, w.b, 200);
	bytes_feed(&y, 0, w.b + 200, w.n - 200);
	assert_true(drive_facts(&x.d)->client_random == drive_facts(&y.d)->client_random);
	assert_string_equal(x.t.text, y.t.text);
	drive_close(&x.d);
	drive_close(&y.d);
}

struct sums {
	unsigned events, shorts;
	uint64_t plain;
};

static struct sums
sums_feed(struct feed *x, const uint8_t *b, size_t n)
{
	struct tls_piece piece = {.bytes = cur_of(b, n), .side = 1, .time = {NS_PER_S}};
	struct sums s = {0, 0, 0};
	struct tls_event ev;

	while (tls_next(x->d.tls, &x->d.handle, &piece, &ev)) {
		s.events++;
		s.shorts += (ev.plain && ev.plain < 60) + ev.crowd;
		s.plain += ev.plain + ev.crowd_plain;
	}
	return s;
}

/* Of a session with a handshake, or of one of which only the hello was seen. */
static void
crowd(unsigned flights, uint8_t first)
{
	static struct feed together, apart;
	struct sums all, sum = {0, 0, 0};
	uint8_t b[4096], *p = b;

	for (unsigned i = 0; i < 80; i++) { /* none of a Finished's length, and empty ones between them */
		uint8_t body = i == 79 ? 200 : (uint8_t)(first + i % 17);

		memcpy(p, "\x17\x03\x03\x00", 4);
		p[4] = body;
		memset(p + 5, 0, body);
		p += 5 + body;
	}
	talk_12(&k);
	feed_open(&together);
	feed_open(&apart);
	for (unsigned i = 0; i < flights; i++) {
		bytes_feed(&together, k.f[i].side, k.f[i].w.b, k.f[i].w.n);
		bytes_feed(&apart, k.f[i].side, k.f[i].w.b, k.f[i].w.n);
	}
	all = sums_feed(&together, b, (size_t)(p - b));
	for (const uint8_t *q = b; q < p; q += 5 + q[4]) {
		struct sums one = sums_feed(&apart, q, 5u + q[4]);

		sum.events += one.events;
		sum.shorts += one.shorts;
		sum.plain += one.plain;
	}
	assert_int_equal(sum.events, 80);
	assert_true(all.events <= 7);
	assert_int_equal(all.shorts, sum.shorts);
	assert_int_equal(all.plain, sum.plain);
	assert_int_equal(drive_facts(&together.d)->records[1], drive_facts(&apart.d)->records[1]);
	assert_int_equal(drive_facts(&together.d)->record_bytes[1], drive_facts(&apart.d)->record_bytes[1]);
	drive_close(&together.d);
	drive_close(&apart.d);
}

/* An attack on whoever pays for each record: few events, and the same sums. */
static void
short_records_in_a_crowd(void **state)
{
	(void)state;
	talk_12(&k);
	crowd(k.n - 3, 24);
	crowd(k.n - 3, 0);
	crowd(1, 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_of_12),
		cmocka_unit_test(splits_of_13),
		cmocka_unit_test(client_on_the_other_side),
		cmocka_unit_test(gap_in_application_data),
		cmocka_unit_test(cut_in_application_data),
		cmocka_unit_test(gap_in_handshake),
		cmocka_unit_test(nonsense_between_records_bad),
		cmocka_unit_test(picked_up_midway),
		cmocka_unit_test(unseen_handshake_both_ways),
		cmocka_unit_test(random_is_not_tls_bad),
		cmocka_unit_test(almost_a_record_bad),
		cmocka_unit_test(http_is_not_tls_bad),
		cmocka_unit_test(alerts_in_clear),
		cmocka_unit_test(sslv2),
		cmocka_unit_test(hello_alone_is_small),
		cmocka_unit_test(short_records_in_a_crowd),
	};

	if (!crypt_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
