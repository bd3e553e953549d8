/*
 * sink_eve: EVE lines of sessions, findings and counters, against lines written by hand after Suricata's
 * schema, and Community ID against the vectors of its specification.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "sink/eve.h"

static char memory[1 << 16];
static struct eve_context context;

static struct eve_config
config_of(bool strict, const char *iface)
{
	return (struct eve_config){.strict = strict, .sensor = "sensor", .iface = iface, .version = "1"};
}

static struct addr
addr_of(const char *text)
{
	struct addr a;

	assert_true(addr_parse(&a, text));
	return a;
}

/* 2025-05-01T12:00:00 and some microseconds */
static struct when
noon(int64_t us)
{
	return (struct when){INT64_C(1746100800000000000) + us * NS_PER_US};
}

static struct session
plain_session(void)
{
	return (struct session){
		.id = 0x123456789abcdef0,
		.kind = SESSION_CLOSE,
		.time = noon(9000000),
		.start = noon(1),
		.last = noon(7000000),
		.src = addr_of("128.232.110.120"),
		.src_port = 34855,
		.dest = addr_of("66.35.250.204"),
		.dest_port = 80,
		.proto = PROTO_TCP,
		.packets_out = 5,
		.packets_in = 4,
		.bytes_out = 1000,
		.bytes_in = 2000,
		.end = FLOW_FIN,
		.flags_out = TCP_SYN | TCP_ACK | TCP_FIN,
		.flags_in = TCP_SYN | TCP_ACK,
	};
}

static struct session
tls_session(void)
{
	struct session s = plain_session();

	s.carrier = CARRIER_TCP;
	s.client_hello = s.server_hello = true;
	s.hello = noon(2500);
	s.version = 0x0303;
	s.cipher = 0xc02f;
	s.sni = TEXT_LIT("vpn.example \"org\"");
	s.ja3 = TEXT_LIT("00112233445566778899aabbccddeeff");
	s.ja3_string = TEXT_LIT("771,4865,0,29,0");
	s.ja4 = TEXT_LIT("t12d0102h1_aaaaaaaaaaaa_bbbbbbbbbbbb");
	s.alpns = TEXT_LIT("\002h2\010http/1.1");
	s.alpn = TEXT_LIT("h2");
	s.cert_sha1 = TEXT_LIT("00112233445566778899aabbccddeeff00112233");
	s.cert_sha256 = TEXT_LIT("0011");
	s.cert_subject = TEXT_LIT("CN=vpn.example");
	s.cert_san = TEXT_LIT("\003a.b");
	s.cert_not_before = noon(0);
	s.resumed = RESUMED_TICKET;
	s.vlan = 100;
	s.vlan_inner = 7;
	return s;
}

static const char *
session_lines(const struct eve_config *cfg, const char *capture, const struct session *s)
{
	struct out o = out_of(memory, sizeof(memory) - 1);

	eve_context_init(&context, cfg, capture, 0);
	eve_session(&o, &context, s);
	assert_false(o.full);
	*o.p = '\0';
	return memory;
}

static void
tls_line_strict(void **state)
{
	struct eve_config cfg = config_of(true, NULL);
	struct session s = tls_session();
	const char *want = "{\"timestamp\":\"2025-05-01T12:00:00.002500+0000\",\"flow_id\":640511947003803,"
			   "\"event_type\":\"tls\",\"vlan\":[100,7],\"src_ip\":\"128.232.110.120\",\"src_port\":34855,"
			   "\"dest_ip\":\"66.35.250.204\",\"dest_port\":80,\"proto\":\"TCP\",\"ip_v\":4,"
			   "\"community_id\":\"1:LQU9qZlK+B5F3KDmev6m5PMibrg=\","
			   "\"tls\":{\"subject\":\"CN=vpn.example\",\"subjectaltname\":[\"a.b\"],"
			   "\"fingerprint\":\"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33\","
			   "\"notbefore\":\"2025-05-01T12:00:00\",\"session_resumed\":true,"
			   "\"sni\":\"vpn.example \\\"org\\\"\",\"version\":\"TLS 1.2\","
			   "\"ja3\":{\"hash\":\"00112233445566778899aabbccddeeff\",\"string\":\"771,4865,0,29,0\"},"
			   "\"ja4\":\"t12d0102h1_aaaaaaaaaaaa_bbbbbbbbbbbb\",\"client_alpns\":[\"h2\",\"http/1.1\"],"
			   "\"server_alpns\":[\"h2\"]},\"host\":\"sensor\",\"pcap_filename\":\"a/b.pcap\"}\n";
	const char *got = session_lines(&cfg, "a/b.pcap", &s);

	(void)state;
	assert_int_equal(strncmp(got, want, strlen(want)), 0);
	assert_null(strstr(got, "gatewitness"));
}

static void
flow_line(void **state)
{
	struct eve_config cfg = config_of(true, "eth1");
	struct session s = plain_session();
	const char *got = session_lines(&cfg, NULL, &s);

	(void)state;
	assert_string_equal(
		got, "{\"timestamp\":\"2025-05-01T12:00:09.000000+0000\",\"flow_id\":640511947003803,"
		     "\"in_iface\":\"eth1\",\"event_type\":\"flow\",\"src_ip\":\"128.232.110.120\",\"src_port\":34855,"
		     "\"dest_ip\":\"66.35.250.204\",\"dest_port\":80,\"proto\":\"TCP\",\"ip_v\":4,"
		     "\"community_id\":\"1:LQU9qZlK+B5F3KDmev6m5PMibrg=\",\"flow\":{\"pkts_toserver\":5,"
		     "\"pkts_toclient\":4,\"bytes_toserver\":1000,\"bytes_toclient\":2000,"
		     "\"start\":\"2025-05-01T12:00:00.000001+0000\",\"end\":\"2025-05-01T12:00:07.000000+0000\","
		     "\"age\":6,\"state\":\"closed\",\"reason\":\"timeout\"},\"tcp\":{\"tcp_flags\":\"13\","
		     "\"tcp_flags_ts\":\"13\",\"tcp_flags_tc\":\"12\",\"syn\":true,\"fin\":true,\"ack\":true,"
		     "\"state\":\"closed\"},\"host\":\"sensor\"}\n");
}

static unsigned
lines_with(const char *lines, const char *word)
{
	unsigned n = 0;

	for (const char *end; (end = strchr(lines, '\n')) != NULL; lines = end + 1) {
		const char *at = strstr(lines, word);

		n += at && at < end;
	}
	return n;
}

/* A count of lines that name the server counts sessions; the flow line points at the record. */
static void
extended(void **state)
{
	struct eve_config cfg = config_of(false, NULL);
	struct session s = tls_session();
	const char *got = session_lines(&cfg, NULL, &s);

	(void)state;
	assert_int_equal(lines_with(got, "vpn.example"), 1);
	assert_int_equal(lines_with(got, "\"gatewitness\":{\"session\":\"123456789abcdef0\"}"), 1);
	assert_int_equal(lines_with(got, "\"gatewitness\":{\"id\":\"123456789abcdef0\""), 1);
	assert_non_null(strstr(got, "\"cipher\":\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\",\"alpn\":\"h2\""));
	assert_non_null(strstr(got, "\"fingerprint_sha256\":\"0011\""));
}

static void
quic_and_one_sided(void **state)
{
	struct eve_config cfg = config_of(true, NULL);
	struct session s = tls_session();
	const char *got;

	(void)state;
	s.carrier = CARRIER_QUIC;
	s.quic_version = TEXT_LIT("1");
	s.proto = PROTO_UDP;
	got = session_lines(&cfg, NULL, &s);
	assert_int_equal(lines_with(got, "\"event_type\":\"quic\""), 1);
	assert_int_equal(lines_with(got, "\"quic\":{\"version\":\"1\",\"sni\":"), 1);
	assert_null(strstr(got, "\"tcp\":"));
	s.client_hello = s.server_hello = false; /* nothing was said: a flow */
	got = session_lines(&cfg, NULL, &s);
	assert_int_equal(lines_with(got, "event_type"), 1);
	assert_int_equal(lines_with(got, "\"event_type\":\"flow\""), 1);
}

static void
kinds(void **state)
{
	struct eve_config strict = config_of(true, NULL), wide = config_of(false, NULL);
	struct session s = tls_session();

	(void)state;
	s.kind = SESSION_OPEN;
	assert_string_equal(session_lines(&wide, NULL, &s), "");
	s.kind = SESSION_UPDATE;
	assert_string_equal(session_lines(&wide, NULL, &s), "");
	wide.updates = strict.updates = true;
	assert_string_equal(session_lines(&strict, NULL, &s), "");
	assert_int_equal(lines_with(session_lines(&wide, NULL, &s), "\"event_type\":\"gatewitness\""), 1);
	s.kind = SESSION_CLOSE;
	s.bad_messages = 1;
	assert_int_equal(lines_with(session_lines(&strict, NULL, &s),
				    "\"anomaly\":{\"type\":\"applayer\",\"event\":\"invalid_handshake_message\""),
			 1);
}

/* What only a replay needs is written when it is asked for, and never for Suricata's readers. */
static void
for_a_replay(void **state)
{
	struct eve_config strict = config_of(true, NULL), wide = config_of(false, NULL);
	struct session s = tls_session();
	const struct pulse p = {.time = {INT64_C(1746100810) * NS_PER_S}, .gateway = 2, .strays = 3};

	(void)state;
	for (unsigned replay = 0; replay < 2; replay++) {
		wide.replay = strict.replay = replay;
		s.kind = SESSION_OPEN;
		assert_string_equal(session_lines(&strict, NULL, &s), "");
		assert_int_equal(lines_with(session_lines(&wide, NULL, &s), "\"kind\":\"open\""), replay);
		s.kind = SESSION_UPDATE;
		assert_int_equal(lines_with(session_lines(&wide, NULL, &s), "\"kind\":\"update\""), replay);
		for (unsigned i = 0; i < 2; i++) {
			struct out o = out_of(memory, sizeof(memory) - 1);

			eve_context_init(&context, i ? &wide : &strict, NULL, 0);
			eve_pulse(&o, &context, &p);
			*o.p = '\0';
			assert_int_equal(
				lines_with(memory, "\"gatewitness\":{\"event\":\"pulse\",\"pulse\":{\"time\":"),
				i && replay);
			assert_int_equal(lines_with(memory, "\"strays\":3"), i && replay);
		}
	}
}

/* What does not fit leaves nothing behind, and says so. */
static void
no_room_bad(void **state)
{
	struct eve_config cfg = config_of(false, NULL);
	struct session s = tls_session();

	(void)state;
	eve_context_init(&context, &cfg, NULL, 0);
	for (size_t room = 0; room < 1200; room += 7) {
		struct out o = out_of(memory, room);

		eve_session(&o, &context, &s);
		assert_true(o.full);
		assert_true(out_len(&o) == 0 || o.p[-1] == '\n');
	}
}

static void
community_of_udp(void **state)
{
	struct eve_config cfg = config_of(true, NULL);
	struct session s = plain_session();

	(void)state;
	s.src = addr_of("192.168.1.52");
	s.src_port = 54585;
	s.dest = addr_of("8.8.8.8");
	s.dest_port = 53;
	s.proto = PROTO_UDP;
	assert_non_null(strstr(session_lines(&cfg, NULL, &s), "\"1:d/FP5EW3wiY1vCndhwleRRKHowQ=\""));
	s.dest = addr_of("192.168.1.52"); /* the other direction: the same id */
	s.dest_port = 54585;
	s.src = addr_of("8.8.8.8");
	s.src_port = 53;
	assert_non_null(strstr(session_lines(&cfg, NULL, &s), "\"1:d/FP5EW3wiY1vCndhwleRRKHowQ=\""));
}

static struct finding
some_finding(uint8_t severity)
{
	struct finding f = {
		.id = 1,
		.incident = 2,
		.detector = DETECTORS[0].id,
		.severity = severity,
		.confidence = 80,
		.gateway = 1,
		.opens = true,
		.time = noon(5),
		.actor = addr_of("2001:db8::7"),
		.target = addr_of("2001:db8::1"),
		.target_port = 443,
		.proto = PROTO_TCP,
		.text = "12 requests of 213 bytes",
		.number_count = 1,
		.number = {{"requests", "count", 12}},
		.session_count = 1,
		.session = {0x123456789abcdef0},
		.benign = "a monitor",
	};

	return f;
}

static const char *
finding_lines(bool strict, const struct finding *f)
{
	struct eve_config cfg = config_of(strict, NULL);
	struct out o = out_of(memory, sizeof(memory) - 1);

	eve_context_init(&context, &cfg, NULL, 0);
	eve_finding(&o, &context, f, NULL);
	assert_false(o.full);
	*o.p = '\0';
	return memory;
}

static void
alerts(void **state)
{
	static const char *const EVE[] = {"", "\"severity\":3", "\"severity\":2", "\"severity\":1", "\"severity\":1"};
	const char *got;

	(void)state;
	for (uint8_t s = SEVERITY_LOW; s <= SEVERITY_CRITICAL; s++) {
		struct finding f = some_finding(s);

		got = finding_lines(false, &f);
		assert_int_equal(lines_with(got, "\"event_type\":\"alert\""), 1);
		assert_int_equal(lines_with(got, EVE[s]), 1);
		assert_int_equal(lines_with(got, "\"signature\":\"12 requests of 213 bytes\""), 1);
		assert_int_equal(lines_with(got, "\"src_ip\":\"2001:db8::7\",\"dest_ip\":\"2001:db8::1\","
						 "\"dest_port\":443,\"proto\":\"TCP\",\"ip_v\":6"),
				 1);
		assert_int_equal(lines_with(got, "\"requests\":{\"value\":12,\"unit\":\"count\"}"), 1);
		got = finding_lines(true, &f);
		assert_int_equal(lines_with(got, "\"context\":{\"gatewitness\":{\"event\":\"finding\""), 1);
	}
}

static void
no_alert_bad(void **state)
{
	struct finding f = some_finding(SEVERITY_INFO);

	(void)state;
	assert_string_equal(finding_lines(true, &f), "");
	assert_int_equal(lines_with(finding_lines(false, &f), "\"event_type\":\"gatewitness\""), 1);
	f = some_finding(SEVERITY_HIGH);
	f.opens = f.worsens = false;
	assert_string_equal(finding_lines(true, &f), "");
}

/* A suppressed finding keeps its severity and names its rule; in strict mode there is no place for it. */
static void
suppressed(void **state)
{
	struct finding f = some_finding(SEVERITY_HIGH);
	const char *got;

	(void)state;
	f.opens = false;
	f.suppressed = "our-scanner";
	f.expected = "patch-night";
	got = finding_lines(false, &f);
	assert_int_equal(lines_with(got, "\"event_type\":\"gatewitness\""), 1);
	assert_int_equal(lines_with(got, "\"severity\":\"high\""), 1);
	assert_int_equal(lines_with(got, "\"suppressed\":\"our-scanner\",\"expected\":\"patch-night\""), 1);
	assert_string_equal(finding_lines(true, &f), "");
}

static void
stats(void **state)
{
	struct eve_config cfg = config_of(false, "eth0");
	struct eve_capture live = {.now = noon(0), .uptime_s = 60, .live = true, .kernel_drops = 3};
	struct counts c = {.frames = 10, .frame_bytes = 1000, .flow_evicted = 4};
	struct out o = out_of(memory, sizeof(memory) - 1);

	(void)state;
	eve_context_init(&context, &cfg, NULL, 0);
	eve_stats(&o, &context, &c, &live);
	*o.p = '\0';
	assert_non_null(
		strstr(memory, "\"stats\":{\"uptime\":60,\"capture\":{\"kernel_packets\":0,\"kernel_drops\":3,"));
	assert_non_null(strstr(memory, "\"decoder\":{\"pkts\":10,\"bytes\":1000,"));
	assert_non_null(strstr(memory, "\"flow_evicted\":4"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls_line_strict), cmocka_unit_test(flow_line),
		cmocka_unit_test(extended),        cmocka_unit_test(quic_and_one_sided),
		cmocka_unit_test(kinds),           cmocka_unit_test(for_a_replay),
		cmocka_unit_test(no_room_bad),     cmocka_unit_test(community_of_udp),
		cmocka_unit_test(alerts),          cmocka_unit_test(no_alert_bad),
		cmocka_unit_test(suppressed),      cmocka_unit_test(stats),
	};

	if (!crypt_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
