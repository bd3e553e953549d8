/*
 * tls_quic: the packets of RFC 9001 appendix A, and Initial packets made to be awkward: cut and shuffled CRYPTO
 * frames, Retry, version 2, coalesced packets, a flood of packets that do not decrypt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../common/quic_seal.h"
#include "../common/tls_drive.h"

static const uint8_t CID[8] = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08};
static const uint8_t SERVER_CID[8] = {0xf0, 0x67, 0xa5, 0x50, 0x2a, 0x42, 0x62, 0xb5};

/* RFC 9001 A.2: the CRYPTO frame of the client's Initial packet. */
static const char CLIENT_FRAME[] = "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
				   "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
				   "616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
				   "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
				   "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
				   "0d0010000e0403050306030203080408050806002d00020101001c0002400100"
				   "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
				   "75300901100f088394c8f03e51570806048000ffff";

/* A.3: the server's answer, as it is on the wire. */
static const char SERVER_PACKET[] = "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a"
				    "5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3"
				    "dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84"
				    "022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4"
				    "2158407dd074ee";

/* A.4: Retry, whose source connection id makes the next keys. */
static const char RETRY_PACKET[] = "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba";

enum { FRAME = 245, HELLO = 241, HELLO_AT = 4, PADDED = 1162 };

static size_t
unhex(const char *text, uint8_t *out)
{
	size_t n = 0;

	for (; text[0] && text[1]; text += 2, n++) {
		unsigned v = 0;

		for (int i = 0; i < 2; i++)
			v = v << 4 | (unsigned)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
		out[n] = (uint8_t)v;
	}
	return n;
}

static struct quic_seal
client_seal(uint32_t number)
{
	return (struct quic_seal){.version = 1,
				  .direction = QUIC_CLIENT,
				  .number = number,
				  .cid = CID,
				  .cid_len = 8,
				  .dcid = CID,
				  .dcid_len = 8,
				  .scid = CID};
}

/* A CRYPTO frame with part of the appendix's hello. */
static size_t
frame_put(uint8_t *out, unsigned from, unsigned n)
{
	uint8_t frame[PADDED];

	unhex(CLIENT_FRAME, frame);
	out[0] = 6;
	out[1] = (uint8_t)(0x40 | from >> 8);
	out[2] = (uint8_t)from;
	out[3] = (uint8_t)(0x40 | n >> 8);
	out[4] = (uint8_t)n;
	memcpy(out + 5, frame + HELLO_AT + from, n);
	return 5 + n;
}

static void
feed_sealed(struct drive *d, const struct quic_seal *s, const uint8_t *frames, size_t n)
{
	uint8_t packet[2048];

	drive_feed(d, s->direction == QUIC_SERVER, packet, quic_seal(s, frames, n, packet));
}

static void
feed_hello(struct drive *d, const struct quic_seal *s)
{
	uint8_t frames[PADDED] = {0};

	unhex(CLIENT_FRAME, frames);
	feed_sealed(d, s, frames, sizeof(frames));
}

static void
is_example(struct drive *d)
{
	const struct tls_facts *f = drive_facts(d);

	assert_int_equal(f->carrier, CARRIER_QUIC);
	assert_true(f->client_hello);
	assert_int_equal(f->client, 0);
	assert_true(text_is(f->sni, "example.com"));
	assert_int_equal(f->ja4.p[0], 'q');
	assert_int_equal(d->counts.tls_client_hello, 1);
	assert_int_equal(f->bad, 0);
}

/* A.1 */
static void
keys(void **state)
{
	struct quic_version v;
	struct quic_keys k;
	uint8_t want[16];

	(void)state;
	assert_true(quic_version_find(1, &v));
	quic_keys_derive(&k, &v, CID, 8, QUIC_CLIENT);
	unhex("1f369613dd76d5467730efcbe3b1a22d", want);
	assert_memory_equal(k.key, want, 16);
	unhex("fa044b2f42a3fd3b46fb255c", want);
	assert_memory_equal(k.iv, want, 12);
	unhex("9f50449e04a0e810283a1e9933adedd2", want);
	assert_memory_equal(k.hp, want, 16);
	quic_keys_derive(&k, &v, CID, 8, QUIC_SERVER);
	unhex("cf3a5331653c364c88f0f379b6067e37", want);
	assert_memory_equal(k.key, want, 16);
	unhex("c206b8d9b9f0f37644430b490eeaa314", want);
	assert_memory_equal(k.hp, want, 16);
}

/* RFC 9369 A.1 */
static void
keys_version_2(void **state)
{
	struct quic_version v;
	struct quic_keys k;
	uint8_t want[16];

	(void)state;
	assert_true(quic_version_find(0x6b3343cf, &v));
	quic_keys_derive(&k, &v, CID, 8, QUIC_CLIENT);
	unhex("8b1a0bc121284290a29e0971b5cd045d", want);
	assert_memory_equal(k.key, want, 16);
	unhex("91f73e2351d8fa91660e909f", want);
	assert_memory_equal(k.iv, want, 12);
	unhex("45b95e15235d6f45a6b19cbcb0294ba9", want);
	assert_memory_equal(k.hp, want, 16);
}

static void
versions(void **state)
{
	static const struct {
		uint32_t wire;
		const char *name;
	} known[] = {{1, "1"},
		     {0x6b3343cf, "2"},
		     {0xff000016, "draft-22"},
		     {0xff00001d, "draft-29"},
		     {0xff000022, "draft-34"},
		     {0xfaceb001, "mvfst-22"},
		     {0xfaceb002, "mvfst-27"}};
	static const uint32_t unknown[] = {0, 2, 0x51303433, 0x51303530, 0xff000015, 0xff000023, 0x0a0a0a0a};
	struct quic_version v;
	char buf[16];

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_true(quic_version_find(known[i].wire, &v));
		assert_int_equal(quic_version_print(v.code, buf), strlen(known[i].name));
		assert_memory_equal(buf, known[i].name, strlen(known[i].name));
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_false(quic_version_find(unknown[i], &v));
}

/* A.2 and A.3: what we seal is what the RFC prints, and both hellos are read. */
static void
appendix(void **state)
{
	uint8_t frames[PADDED] = {0}, packet[2048], want[32];
	struct quic_seal s = client_seal(2);
	struct drive d;
	const struct tls_facts *f;
	size_t n;

	(void)state;
	unhex(CLIENT_FRAME, frames);
	n = quic_seal(&s, frames, sizeof(frames), packet);
	assert_int_equal(n, 1200);
	unhex("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11", want);
	assert_memory_equal(packet, want, 32);
	unhex("e221af44860018ab0856972e194cd934", want);
	assert_memory_equal(packet + n - 16, want, 16);

	drive_open(&d, 4);
	drive_feed(&d, 0, packet, n);
	is_example(&d);
	drive_feed(&d, 1, packet, unhex(SERVER_PACKET, packet));
	f = drive_facts(&d);
	assert_true(f->server_hello);
	assert_int_equal(f->version, 0x0304);
	assert_int_equal(f->cipher, 0x1301);
	assert_true(text_is(f->quic_version, "1"));
	assert_int_equal(d.counts.quic_undecrypted, 0);
	drive_close(&d);
}

/* Chrome cuts its hello and shuffles the frames over two packets; with overlaps and PING, PADDING, ACK between. */
static void
shuffled(void **state)
{
	static const uint8_t between[] = {1, 0, 0, 0, 2, 5, 0, 1, 5, 0, 3, 3, 5, 0, 0, 0, 1, 2, 3};
	struct quic_seal s = client_seal(0);
	uint8_t frames[PADDED];
	struct drive d;
	size_t n;

	(void)state;
	drive_open(&d, 4);
	n = frame_put(frames, 200, 41);
	memcpy(frames + n, between, sizeof(between));
	n += sizeof(between);
	n += frame_put(frames + n, 3, 60);
	feed_sealed(&d, &s, frames, n);
	assert_false(drive_facts(&d)->client_hello);
	s.number = 1;
	n = frame_put(frames, 50, 170);
	feed_sealed(&d, &s, frames, n);
	feed_sealed(&d, &s, frames, n);
	assert_false(drive_facts(&d)->client_hello);
	s.number = 3;
	feed_sealed(&d, &s, frames, frame_put(frames, 0, 3));
	is_example(&d);
	feed_sealed(&d, &s, frames, frame_put(frames, 0, HELLO));
	is_example(&d);
	drive_close(&d);
}

/* The client's second packet names the server's id; keys stay those of the first (RFC 9001 5.2). */
static void
later_ids(void **state)
{
	struct quic_seal s = client_seal(0);
	uint8_t frames[PADDED];
	struct drive d;

	(void)state;
	drive_open(&d, 4);
	feed_sealed(&d, &s, frames, frame_put(frames, 0, 100));
	s.number = 1;
	s.dcid = SERVER_CID;
	feed_sealed(&d, &s, frames, frame_put(frames, 100, HELLO - 100));
	is_example(&d);
	assert_int_equal(d.counts.quic_undecrypted, 0);
	drive_close(&d);
}

/* After Retry the keys come from the id that the server chose, and the hello is sent again with a token. */
static void
retry(void **state)
{
	static const uint8_t token[300] = "token";
	struct quic_seal s = client_seal(0);
	struct drive d;
	uint8_t packet[64], frames[PADDED];

	(void)state;
	drive_open(&d, 4);
	feed_sealed(&d, &s, frames, frame_put(frames, 0, 100));
	drive_feed(&d, 1, packet, unhex(RETRY_PACKET, packet));
	s = (struct quic_seal){.version = 1,
			       .number = 1,
			       .cid = SERVER_CID,
			       .cid_len = 8,
			       .dcid = SERVER_CID,
			       .dcid_len = 8,
			       .scid = CID,
			       .token = token,
			       .token_len = sizeof(token)};
	feed_hello(&d, &s);
	is_example(&d);
	assert_int_equal(d.counts.quic_undecrypted, 0);
	s = (struct quic_seal){.version = 1,
			       .direction = QUIC_SERVER,
			       .cid = SERVER_CID,
			       .cid_len = 8,
			       .dcid = CID,
			       .scid = CID,
			       .scid_len = 8};
	feed_sealed(&d, &s, (const uint8_t *)"\1\1\1\1", 4);
	assert_int_equal(d.counts.quic_undecrypted, 0);
	drive_close(&d);
}

static void
version_2(void **state)
{
	struct quic_seal s = client_seal(0);
	struct drive d;

	(void)state;
	drive_open(&d, 4);
	s.version = 0x6b3343cf;
	feed_hello(&d, &s);
	is_example(&d);
	assert_true(text_is(drive_facts(&d)->quic_version, "2"));
	drive_close(&d);
}

/* Behind both Initials: Handshake packets are no application data, 1-RTT packets are. */
static void
lengths(void **state)
{
	static const uint8_t handshake[5 + 1 + 8 + 1 + 8 + 2 + 100] = {0xe0, 0, 0, 0, 1, 8, [14] = 8, [23] = 0x40, 100};
	uint8_t packet[2048], one[1 + 8 + 2 + 50 + 16] = {0x40};
	struct quic_seal s = client_seal(0);
	struct drive d;

	(void)state;
	drive_open(&d, 4);
	s.scid_len = 8;
	feed_hello(&d, &s);
	drive_feed(&d, 1, packet, unhex(SERVER_PACKET, packet));
	drive_feed(&d, 1, handshake, sizeof(handshake));
	assert_int_equal(d.records, 1);
	assert_int_equal(d.application, 0);
	assert_int_equal(d.last.length, 100);
	assert_int_equal(drive_facts(&d)->server_flight_bytes, 100);
	drive_feed(&d, 0, handshake, sizeof(handshake));
	assert_true(drive_facts(&d)->established);
	drive_feed(&d, 0, one, sizeof(one));
	assert_int_equal(d.application, 1);
	assert_int_equal(d.plain, 50);
	drive_feed(&d, 1, one, sizeof(one));
	assert_int_equal(d.plain, 100);
	feed_hello(&d, &s);
	is_example(&d);
	drive_close(&d);
}

/* A damaged packet is counted, and a flood of them is not decrypted for ever. */
static void
damaged_bad(void **state)
{
	uint8_t frames[PADDED] = {0}, packet[2048];
	struct quic_seal s = client_seal(0);
	struct drive d;
	size_t n;

	(void)state;
	unhex(CLIENT_FRAME, frames);
	n = quic_seal(&s, frames, sizeof(frames), packet);
	packet[n - 1] ^= 1;
	drive_open(&d, 4);
	for (int i = 0; i < 100; i++)
		drive_feed(&d, 0, packet, n);
	assert_false(drive_facts(&d)->client_hello);
	assert_int_equal(d.counts.quic_undecrypted, 32);
	drive_close(&d);
}

/* Cut anywhere, nothing is read that is not there. */
static void
short_bad(void **state)
{
	uint8_t frames[PADDED] = {0}, packet[2048];
	struct quic_seal s = client_seal(0);
	size_t n;

	(void)state;
	unhex(CLIENT_FRAME, frames);
	n = quic_seal(&s, frames, sizeof(frames), packet);
	for (size_t cut = 0; cut < n; cut++) {
		struct drive d;

		drive_open(&d, 1);
		drive_feed(&d, 0, packet, cut);
		assert_false(drive_facts(&d)->client_hello);
		drive_close(&d);
	}
}

/* Frames that claim more than there is. */
static void
frames_bad(void **state)
{
	static const uint8_t bad[][24] = {
		{6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1},
		{6, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		{6, 0x80, 0x01, 0xff, 0xff, 4, 1, 2, 3, 4},
		{2, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 1},
		{6, 0, 4, 1, 0xff, 0xff, 0xff},
		{0x1c, 0, 0, 0},
		{0xff},
	};
	struct quic_seal s = client_seal(0);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct drive d;

		drive_open(&d, 1);
		feed_sealed(&d, &s, bad[i], sizeof(bad[i]));
		feed_hello(&d, &s);
		drive_close(&d);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),        cmocka_unit_test(keys_version_2), cmocka_unit_test(versions),
		cmocka_unit_test(appendix),    cmocka_unit_test(shuffled),       cmocka_unit_test(later_ids),
		cmocka_unit_test(retry),       cmocka_unit_test(version_2),      cmocka_unit_test(lengths),
		cmocka_unit_test(damaged_bad), cmocka_unit_test(short_bad),      cmocka_unit_test(frames_bad),
	};

	if (!crypt_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
