/* evidence_ring: the oldest make room, handshakes are whole and what follows is cut, pieces find their connection. */
#include "packet_help.h"

#include "sensor/evidence_ring.h"

enum { SENSOR = 77, ETHER_IP4 = 34, ETHER_IP6 = 54 };

struct ringing {
	struct bench b;
	struct flows *flows;
	void *flow_memory, *memory;
	struct ring *ring;
	struct counts counts;
	size_t size;
};

static void
begin(struct ringing *r, size_t size, bool payload)
{
	const struct flows_config cfg = {.flows = 20000, .segment_bytes = 1 << 16, .key = {1, 2}};
	size_t need = flows_bytes(&cfg) + 64;
	struct carve c;

	memset(r, 0, sizeof(*r));
	bench_open(&r->b, 1 << 20);
	r->flow_memory = malloc(need);
	c = (struct carve){r->flow_memory, (uint8_t *)r->flow_memory + need};
	r->flows = flows_new(&c, &cfg, &r->counts);
	r->size = size;
	r->memory = malloc(size);
	r->ring = ring_new(r->memory, size, SENSOR, payload);
}

static void
end(struct ringing *r)
{
	free(r->memory);
	free(r->flow_memory);
	bench_close(&r->b);
}

/* One frame through decoder and flow table into the ring. */
static struct ring_kept
put(struct ringing *r, const uint8_t *bytes, size_t n, bool settled)
{
	struct frame f = {.wire_len = (uint32_t)n, .link = LINK_ETHER, .time = {r->b.ms++ * NS_PER_MS}};
	struct told_frame t = {.frame = &f, .packet = &r->b.p, .settled = settled};
	struct ring_kept kept;

	uint8_t *own = malloc(n);

	memcpy(own, bytes, n);
	f.bytes = cur_of(own, n);
	if (packet_decode(r->b.d, &f, &r->b.p)) {
		t.hash = flow_hash(r->flows, &r->b.p);
		t.flow = flow_feed(r->flows, &r->b.p, t.hash, NULL).flow;
		assert_non_null(t.flow);
	}
	kept = ring_put(r->ring, &t);
	free(own);
	return kept;
}

/* A segment with `len` bytes of payload from 192.0.2.1 or 2001:db8::1, by this port. */
static struct ring_kept
segment(struct ringing *r, bool v6, uint16_t port, size_t len, bool settled)
{
	static uint8_t frame[HELP_FRAME];
	size_t head = v6 ? unhex(ETHER("86dd") INNER6, frame) - 2 : unhex(ETHER("0800") INNER4, frame) - 2;
	size_t ip = v6 ? 14 + 4 : 14 + 2, total = v6 ? 20 + len : 40 + len, tcp = v6 ? ETHER_IP6 : ETHER_IP4;

	frame[ip] = (uint8_t)(total >> 8);
	frame[ip + 1] = (uint8_t)total;
	frame[tcp] = (uint8_t)(port >> 8);
	frame[tcp + 1] = (uint8_t)port;
	frame[tcp + 7] = (uint8_t)r->b.ms; /* else it is a duplicate */
	frame[tcp + 6] = (uint8_t)(r->b.ms >> 8);
	frame[tcp + 5] = (uint8_t)(r->b.ms >> 16);
	memset(frame + head, 0x5a, len);
	return put(r, frame, head + len, settled);
}

static size_t
count(const struct ringing *r, uint32_t session, uint64_t from)
{
	struct ring_frame f;
	size_t n = 0;

	while (ring_next(r->ring, &from, &f))
		n += f.session == session;
	return n;
}

static uint32_t
kept_len(const struct ringing *r, uint64_t at)
{
	struct ring_frame f;

	assert_true(ring_next(r->ring, &at, &f));
	return (uint32_t)cur_left(&f.frame.bytes);
}

static void
handshake_whole_then_headers(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct ringing r;
		struct ring_kept k;
		struct ring_frame f;
		uint32_t head = v6 ? 74 : 54;
		uint64_t at;

		begin(&r, RING_MIN, false);
		k = segment(&r, v6, 40000, 500, false);
		assert_true(k.is_new && k.session);
		assert_int_equal(kept_len(&r, k.from), head + 500);
		k = segment(&r, v6, 40000, 300, true); /* it ends the handshake: still part of it */
		assert_false(k.is_new);
		assert_int_equal(kept_len(&r, k.from), head + 300);
		k = segment(&r, v6, 40000, 900, true);
		at = k.from;
		assert_true(ring_next(r.ring, &at, &f));
		assert_int_equal(cur_left(&f.frame.bytes), head);
		assert_int_equal(f.frame.wire_len, head + 900); /* how long it was is kept */
		assert_false(ring_next(r.ring, &at, &f));
		end(&r);
	}
}

static void
payload_when_asked_for(void **state)
{
	struct ringing r;
	struct ring_kept k;

	(void)state;
	begin(&r, RING_MIN, true);
	segment(&r, false, 40000, 500, true);
	k = segment(&r, false, 40000, 900, true);
	assert_int_equal(kept_len(&r, k.from), 54 + 900);
	end(&r);
}

/* What is no TLS and never answered is not kept whole for ever. */
static void
whole_up_to_a_bound(void **state)
{
	struct ringing r;
	uint64_t at = 0;
	struct ring_frame f;
	size_t payload = 0;

	(void)state;
	begin(&r, RING_MIN, false);
	for (int i = 0; i < 200; i++)
		segment(&r, false, 40000, 1000, false);
	while (ring_next(r.ring, &at, &f))
		payload += cur_left(&f.frame.bytes) - 54;
	assert_true(payload >= RING_WHOLE_MAX && payload < RING_WHOLE_MAX + 1000);
	end(&r);
}

/* Ten times round: what is there is the latest, in order, and nothing of a session that left. */
static void
wraps(void **state)
{
	struct ringing r;
	struct ring_kept first, k = {0};
	struct ring_frame f;
	int64_t last = -1;
	uint64_t at = 0;
	size_t n = 0, bytes = 0;

	(void)state;
	begin(&r, RING_MIN, true);
	first = segment(&r, false, 39999, 700, false);
	for (int i = 0; i < 20000; i++)
		k = segment(&r, i % 3 == 0, (uint16_t)(40000 + i % 7), (size_t)(i * 37 % 1400), false);
	assert_int_equal(count(&r, k.session, k.from), 1);
	while (ring_next(r.ring, &at, &f)) {
		assert_true(f.frame.time.ns > last);
		last = f.frame.time.ns;
		bytes += cur_left(&f.frame.bytes);
		n++;
	}
	assert_int_equal(last, 20000 * NS_PER_MS); /* the latest is there */
	assert_true(n > 500 && bytes > RING_MIN / 2 && bytes < RING_MIN);
	assert_true(ring_since(r.ring).ns > 10000 * NS_PER_MS);
	assert_true(ring_session(r.ring, first.session)->last == 0 ||
		    ring_session(r.ring, first.session)->port[0] != 39999);
	end(&r);
}

/* As many connections as do not fit: the oldest make room, and a frame is never given to another's session. */
static void
more_sessions_than_fit(void **state)
{
	struct ringing r;
	uint32_t living = 0;

	(void)state;
	begin(&r, RING_MIN, false);
	for (int i = 0; i < 15000; i++) {
		struct ring_kept k = segment(&r, false, (uint16_t)(2000 + i), 0, false);
		const struct ring_session *s = ring_session(r.ring, k.session);

		assert_true(k.is_new);
		assert_int_equal(s->port[0] == 443 ? s->port[1] : s->port[0], 2000 + i);
		assert_int_equal(s->last, k.from);
	}
	assert_int_equal(ring_sessions(r.ring), RING_MIN / 1024);
	for (uint32_t h = 1; h <= ring_sessions(r.ring); h++)
		living += ring_session(r.ring, h)->last != 0;
	assert_int_equal(living, RING_MIN / 1024);
	end(&r);
}

static struct ring_kept
fragment(struct ringing *r, bool v6, unsigned offset, size_t len, bool last, bool settled)
{
	static uint8_t frame[HELP_FRAME];
	size_t n;

	if (v6) {
		n = unhex(ETHER("86dd") IP6("0000", "2c") "1100000000000000", frame);
		frame[18] = (uint8_t)((len + 8) >> 8);
		frame[19] = (uint8_t)(len + 8);
		frame[56] = (uint8_t)(offset >> 8);
		frame[57] = (uint8_t)(offset | !last);
	} else {
		n = unhex(ETHER("0800") IP4("0000", "11"), frame);
		frame[16] = (uint8_t)((len + 20) >> 8);
		frame[17] = (uint8_t)(len + 20);
		frame[20] = (uint8_t)((last ? 0 : 0x20) | offset / 8 >> 8);
		frame[21] = (uint8_t)(offset / 8);
	}
	memset(frame + n, 0x5a, len);
	if (offset == 0) {
		unhex("c00001bb07d80000", frame + n); /* UDP, 2008 bytes */
		frame[n + 8] = (uint8_t)r->b.ms;      /* else it is a duplicate */
	}
	return put(r, frame, n + len, settled);
}

static void
pieces_find_their_connection(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct ringing r;
		struct ring_kept k;
		uint64_t at;
		struct ring_frame f;

		begin(&r, RING_MIN, false);
		assert_int_equal(fragment(&r, v6, 0, 1000, false, false).session, 0);
		segment(&r, false, 40000, 10, false); /* another's, between */
		k = fragment(&r, v6, 1000, 1008, true, false);
		assert_true(k.session && k.is_new);
		assert_int_equal(count(&r, k.session, k.from), 2);
		assert_int_equal(count(&r, 0, 0), 0);
		at = k.from;
		assert_true(ring_next(r.ring, &at, &f));
		assert_int_equal(cur_left(&f.frame.bytes), (v6 ? 62 : 34) + 1000);
		end(&r);
	}
}

/* After the handshake nothing of a piece is left but the headers before it. */
static void
pieces_are_cut(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct ringing r;
		struct ring_kept k;
		struct ring_frame f;

		begin(&r, RING_MIN, false);
		fragment(&r, v6, 0, 1000, false, false);
		fragment(&r, v6, 1000, 1008, true, true);
		r.b.ms += 40000; /* the same numbers again, much later */
		fragment(&r, v6, 0, 1000, false, false);
		k = fragment(&r, v6, 1000, 1008, true, true);
		assert_int_equal(count(&r, k.session, k.from), 2);
		for (uint64_t at = k.from; ring_next(r.ring, &at, &f);) {
			assert_int_equal(cur_left(&f.frame.bytes), v6 ? 62 : 34);
			assert_null(memchr(f.frame.bytes.p, 0x5a, cur_left(&f.frame.bytes)));
		}
		end(&r);
	}
}

/* A session's id is that of the records that tell of it. */
static void
ids_are_those_of_records(void **state)
{
	struct ringing r;
	struct ring_kept k;
	const struct ring_session *s;
	struct session record = {.proto = PROTO_TCP};

	(void)state;
	begin(&r, RING_MIN, false);
	r.b.ms = 5;
	k = segment(&r, true, 40000, 10, false);
	s = ring_session(r.ring, k.session);
	record.start = s->first;
	record.src = s->addr[1];
	record.dest = s->addr[0];
	record.src_port = s->port[1];
	record.dest_port = s->port[0];
	assert_true(s->id == session_id(&record, SENSOR));
	assert_false(s->id == session_id(&record, SENSOR + 1));
	end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake_whole_then_headers),
		cmocka_unit_test(payload_when_asked_for),
		cmocka_unit_test(whole_up_to_a_bound),
		cmocka_unit_test(wraps),
		cmocka_unit_test(more_sessions_than_fit),
		cmocka_unit_test(pieces_find_their_connection),
		cmocka_unit_test(pieces_are_cut),
		cmocka_unit_test(ids_are_those_of_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
