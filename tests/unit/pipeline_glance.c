/*
 * pipeline_glance: the short way says what the long way says: every record, pulse, finding and counter, of every capture
 * there is, in batches of any size, also when memory is short and while payload is left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "every_capture.h"

#include "base/crypt.h"
#include "pipeline.h"
#include "sensor/input.h"

enum { LINE = 1 << 16, TOLD = 64 << 20 };

struct told {
	char *text;
	size_t len;
	struct counts counts;
	uint64_t shed;
};

struct way {
	bool long_way, ndpi;
	size_t batch;
	size_t memory;
	unsigned shed_every; /* batches, of which the second half is read with payload left out; 0: none */
};

static void
add(struct told *t, const struct out *o, const char *line)
{
	size_t n = out_len(o);

	assert_false(o->full);
	assert_true(t->len + n + 1 < TOLD);
	memcpy(t->text + t->len, line, n);
	t->text[t->len + n] = '\n';
	t->len += n + 1;
}

static void
on_session(void *arg, const struct session *s)
{
	static char line[LINE];
	struct recent recent = {.ready = NULL};
	struct out o = out_of(line, sizeof(line));

	session_json(&o, s, &recent);
	add(arg, &o, line);
}

static void
on_pulse(void *arg, const struct pulse *p)
{
	static char line[LINE];
	struct out o = out_of(line, sizeof(line));

	pulse_json(&o, p);
	add(arg, &o, line);
}

static void
on_finding(void *arg, const struct finding *f, const struct session *s)
{
	char line[64];
	struct out o = out_of(line, sizeof(line));

	out_u64(&o, f->id);
	out_char(&o, ' ');
	out_u64(&o, s ? s->id : 0);
	add(arg, &o, line);
}

static void
on_closed(void *arg, const struct incident *i)
{
	(void)arg, (void)i;
}

static void
choose_gateways(struct pipeline *p)
{
	static const char *const GATEWAYS[] = {"192.0.2.10", "2001:db8:0:1::10", "10.9.0.1", "203.0.113.10"};
	struct gateway_addr g[4];

	for (size_t i = 0; i < 4; i++) {
		g[i] = (struct gateway_addr){.gateway = 1, .listens = true, .calls = true};
		assert_true(addr_parse(&g[i].addr, GATEWAYS[i]));
	}
	pipeline_gateways(p, g, 4);
}

static void
read_frames(struct pipeline *p, const char *path, const struct way *w)
{
	struct frame frames[PIPELINE_BATCH];
	static struct input in;
	size_t n;

	assert_true(input_open(&in, path));
	for (unsigned batch = 0; (n = input_frames(&in, frames, w->batch)) > 0; batch++) {
		if (w->shed_every)
			pipeline_shed(p, batch % w->shed_every >= w->shed_every / 2 ? SHED_EXCHANGES : SHED_NOTHING);
		pipeline_frames(p, frames, n);
	}
	input_close(&in);
}

static void
play(struct told *t, const char *path, const struct way *w)
{
	const struct pipeline_sink to = {
		.arg = t, .session = on_session, .pulse = on_pulse, .finding = on_finding, .closed = on_closed};
	void *memory = aligned_alloc(64, w->memory);
	int64_t params[256];
	struct pipeline_config cfg = {.memory = w->memory,
				      .table = {7, 9},
				      .identity = {1, 2},
				      .update_ns = 4 * NS_PER_S,
				      .ndpi = w->ndpi,
				      .ndpi_calls = 1000000,
				      .long_way = w->long_way,
				      .detect = {.learn_ns = NS_PER_S, .incident_idle_ns = NS_PER_S, .params = params}};
	struct pipeline *p;

	assert_non_null(memory);
	assert_true(crypt_init());
	for (unsigned i = 0; i < DETECT_PARAM_COUNT; i++)
		params[i] = DETECT_PARAMS[i].value;
	p = pipeline_new(memory, &cfg, &to);
	choose_gateways(p);
	read_frames(p, path, w);
	pipeline_end(p);
	t->counts = *pipeline_counts(p);
	t->shed = pipeline_shed_bytes(p);
	pipeline_close(p);
	free(memory);
}

static struct told
told_of(const char *path, struct way w)
{
	struct told t = {.text = malloc(TOLD)};

	assert_non_null(t.text);
	play(&t, path, &w);
	return t;
}

/* Where two texts part, for whoever has to find out why. */
static void
assert_same_text(const struct told *a, const struct told *b, const char *path)
{
	size_t at = 0, from = 0;

	while (at < a->len && at < b->len && a->text[at] == b->text[at])
		from = a->text[at++] == '\n' ? at : from;
	if (at == a->len && at == b->len)
		return;
	print_error("%s\n%.*s\n%.*s\n", path, (int)(a->len - from > 3000 ? 3000 : a->len - from), a->text + from,
		    (int)(b->len - from > 3000 ? 3000 : b->len - from), b->text + from);
	fail();
}

static uint64_t evicted; /* in the run before */

static unsigned
same_both_ways(const char *path, struct way w)
{
	struct told a, b;

	w.long_way = true;
	a = told_of(path, w);
	w.long_way = false;
	b = told_of(path, w);
	assert_same_text(&a, &b, path);
	assert_memory_equal(&a.counts, &b.counts, sizeof(a.counts));
	assert_int_equal(a.shed, b.shed);
	evicted = a.counts.flow_evicted;
	free(a.text);
	free(b.text);
	return a.len != 0;
}

enum { ENOUGH = 64 << 20, SHORT = 4 << 20 };

static unsigned
every_batch(const char *path, const char *config)
{
	unsigned told = 0;

	(void)config;
	told += same_both_ways(path, (struct way){.batch = 1, .memory = ENOUGH});
	told += same_both_ways(path, (struct way){.batch = 7, .memory = ENOUGH});
	told += same_both_ways(path, (struct way){.batch = PIPELINE_BATCH, .memory = ENOUGH});
	return told;
}

static unsigned
payload_left_out(const char *path, const char *config)
{
	(void)config;
	return same_both_ways(path, (struct way){.batch = 4, .memory = ENOUGH, .shed_every = 6});
}

static void
every_capture_is_told_alike(void **state)
{
	(void)state;
	check_goldens(every_batch);
	assert_int_equal(every_batch("tests/demo/demo.pcap", NULL), 3);
	assert_int_equal(same_both_ways("tests/demo/demo.pcap", /* nDPI takes its time to start */
					(struct way){.batch = PIPELINE_BATCH, .memory = ENOUGH, .ndpi = true}),
			 1);
}

/* One packet of a connection: the turn says which. */
static size_t
crowd_frame(uint8_t *f, uint32_t client, uint32_t turn)
{
	static const struct {
		uint8_t server, flags, seq, ack;
		const char *says;
	} TURN[] = {
		{0, TCP_SYN, 0, 0, ""},
		{1, TCP_SYN | TCP_ACK, 0, 1, ""},
		{0, TCP_ACK, 1, 1, ""},
		{0, TCP_ACK | TCP_PSH, 1, 1, "GET / HTTP/1.1"},
		{1, TCP_ACK | TCP_PSH, 1, 15, "HTTP/1.1 200 OK"},
		{0, TCP_ACK, 15, 16, ""},
		{0, TCP_ACK | TCP_PSH, 15, 16, "GET /more"},
		{1, TCP_ACK, 16, 24, ""},
	};
	static const uint8_t head[54] = {
		[12] = 8, [14] = 0x45, [20] = 0x40, [22] = 64, [23] = 6, [46] = 0x50, [48] = 4};
	size_t n = strlen(TURN[turn].says), from = TURN[turn].server ? 30 : 26, to = 56 - from;

	memcpy(f, head, sizeof(head));
	f[17] = (uint8_t)(40 + n);
	f[18] = (uint8_t)turn;
	f[19] = (uint8_t)client;
	memcpy(f + to, (const uint8_t[]){192, 0, 2, 10}, 4);
	memcpy(f + from, (const uint8_t[]){198, 51, (uint8_t)(client >> 8), (uint8_t)client}, 4);
	memcpy(f + (TURN[turn].server ? 36 : 34), (const uint8_t[]){0x9c, 0x40}, 2);
	memcpy(f + (TURN[turn].server ? 34 : 36), (const uint8_t[]){0, 80}, 2);
	f[41] = TURN[turn].seq;
	f[45] = TURN[turn].ack;
	f[47] = TURN[turn].flags;
	memcpy(f + sizeof(head), TURN[turn].says, n);
	return sizeof(head) + n;
}

/* Many at once, each turn by turn. */
static void
write_crowd(FILE *to, uint32_t clients)
{
	const uint32_t file[6] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
	uint64_t us = UINT64_C(1700000000000000);
	uint8_t f[128];

	fwrite(file, sizeof(file), 1, to);
	for (uint32_t turn = 0; turn < 8; turn++)
		for (uint32_t c = 0; c < clients; c++, us += 37) {
			uint32_t n = (uint32_t)crowd_frame(f, c, turn);
			uint32_t h[4] = {(uint32_t)(us / 1000000), (uint32_t)(us % 1000000), n, n};

			fwrite(h, sizeof(h), 1, to);
			fwrite(f, n, 1, to);
		}
}

static void
so_it_is_without_memory(void **state)
{
	char path[] = "/tmp/pipeline_glance_XXXXXX";
	FILE *to = fdopen(mkstemp(path), "wb");

	(void)state;
	assert_non_null(to);
	write_crowd(to, 2000);
	assert_int_equal(fclose(to), 0);
	assert_int_equal(same_both_ways(path, (struct way){.batch = PIPELINE_BATCH, .memory = ENOUGH}), 1);
	assert_int_equal(evicted, 0);
	assert_int_equal(same_both_ways(path, (struct way){.batch = PIPELINE_BATCH, .memory = SHORT}), 1);
	assert_true(evicted > 0);
	unlink(path);
}

static void
so_it_is_while_payload_is_left_out(void **state)
{
	(void)state;
	check_goldens(payload_left_out);
	assert_int_equal(payload_left_out("tests/demo/demo.pcap", NULL), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_capture_is_told_alike),
					   cmocka_unit_test(so_it_is_without_memory),
					   cmocka_unit_test(so_it_is_while_payload_is_left_out)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
