/*
 * sensor_foreign: lines of Zeek and Suricata, in the forms that their documentation and their versions have; what is no
 * number, address or time is said and never taken; the join of both lines of a connection.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/join.h"
#include "sensor/foreign.h"

static struct foreign f;
static char why[FOREIGN_WHY];

static bool
take(const char *line)
{
	foreign_free(&f);
	*why = '\0';
	return foreign_line(&f, line, strlen(line), why);
}

static int
end(void **state)
{
	(void)state;
	foreign_free(&f);
	return 0;
}

static void
text_is(struct text t, const char *want)
{
	assert_non_null(t.p);
	assert_int_equal(t.len, strlen(want));
	assert_memory_equal(t.p, want, t.len);
}

#define ZEEK(rest)                                                                                                     \
	"{\"ts\":1763458126.681856,\"uid\":\"Cy4rVk3lxsm8DQh7R1\",\"id.orig_h\":\"192.168.0.109\",\"id.orig_p\":"      \
	"34284,"                                                                                                       \
	"\"id.resp_h\":\"192.0.78.212\",\"id.resp_p\":443" rest "}"
#define WHO  "\"uid\":\"C\",\"id.orig_h\":\"192.0.2.1\",\"id.orig_p\":7,\"id.resp_h\":\"192.0.2.10\",\"id.resp_p\":443"
#define CONN ",\"proto\":\"tcp\",\"conn_state\":\"SF\""

static void
zeek_conn(void **state)
{
	(void)state;
	assert_true(
		take(ZEEK(",\"proto\":\"tcp\",\"service\":\"ssl\",\"duration\":1.2656450271606445,\"orig_bytes\":94,"
			  "\"resp_bytes\":7278,\"conn_state\":\"RSTR\",\"missed_bytes\":7,\"history\":\"ShADadFr\","
			  "\"orig_pkts\":3,\"orig_ip_bytes\":214,\"resp_pkts\":17,\"resp_ip_bytes\":7754,\"vlan\":12,"
			  "\"ip_proto\":6")));
	assert_int_equal(f.part, FOREIGN_FLOW);
	assert_true(f.expects);
	assert_true(f.s.start.ns == INT64_C(1763458126681856000));
	assert_true(f.s.last.ns == INT64_C(1763458127947501000) && f.written.ns == f.s.last.ns);
	assert_int_equal(f.s.src_port, 34284);
	assert_int_equal(f.s.proto, PROTO_TCP);
	assert_int_equal(f.s.packets_out, 3);
	assert_int_equal(f.s.bytes_out, 214 - 3 * 20);
	assert_int_equal(f.s.bytes_in, 7754 - 17 * 20);
	assert_int_equal(f.s.gap_bytes_in, 7);
	assert_int_equal(f.s.vlan, 12);
	assert_int_equal(f.s.end, FLOW_RST);
	assert_false(f.s.ended_by_dest); /* the FIN was first */
	assert_int_equal(f.s.flags_out, 0x1b);
	assert_int_equal(f.s.flags_in, 0x1e);
	assert_true(take("{\"ts\":\"2025-11-18T09:28:46.681856Z\"," WHO CONN
			 ",\"history\":\"^dADf\",\"service\":\"-ssl,http\"}"));
	assert_true(f.s.start.ns == INT64_C(1763458126681856000));
	assert_true(f.s.midstream && f.s.ended_by_dest && !f.expects);
	assert_true(take(ZEEK(",\"proto\":\"udp\",\"conn_state\":\"SF\",\"service\":\"quic,ssl\"")) && f.expects);
	assert_true(take(ZEEK(",\"proto\":\"icmp\",\"conn_state\":\"OTH\"")) && f.part == FOREIGN_OTHER);
}

static void
zeek_ssl(void **state)
{
	(void)state;
	assert_true(take(
		ZEEK(",\"version\":\"TLSv13\",\"cipher\":\"TLS_AES_256_GCM_SHA384\",\"curve\":\"x25519\","
		     "\"server_name\":\"zeek.org\",\"resumed\":true,\"established\":true,\"ssl_history\":\"CjCsiI\"")));
	assert_int_equal(f.part, FOREIGN_TLS);
	assert_int_equal(f.s.version, 0x0304);
	assert_int_equal(f.s.cipher, 0x1302);
	assert_int_equal(f.s.group, 0x001d);
	text_is(f.s.sni, "zeek.org");
	assert_int_equal(f.s.resumed, RESUMED_PSK);
	assert_true(f.s.established && f.s.client_hello && f.s.server_hello && f.s.hello_retry);
	assert_null(f.s.cert_sha256.p);
	assert_true(take(ZEEK(",\"version\":\"TLSv12\",\"established\":false,\"ssl_history\":\"C\",\"cert_chain_fps\":["
			      "\"98F358cde2814cf83ca4db99321a67a240c552ad9d37801bca265f7e0f3d2518\",\"ab\"],"
			      "\"ja4\":\"t13d1516h2_8daaf6152771_e5627efa2ab1\"")));
	text_is(f.s.cert_sha256, "98f358cde2814cf83ca4db99321a67a240c552ad9d37801bca265f7e0f3d2518");
	assert_int_equal(f.s.cert_chain, 2);
	assert_true(f.s.client_key != 0 && !f.s.server_hello);
	assert_true(take(ZEEK(",\"version\":\"TLSv12\",\"ja4\":\"a\\\"b\"")));
	assert_null(f.s.ja4.p); /* printed as it is, it would be another record */
	assert_true(take(ZEEK(",\"version\":\"DTLSv12\"")) && f.s.carrier == CARRIER_DTLS);
	assert_true(take(ZEEK("")) && f.part == FOREIGN_OTHER); /* http.log, files.log ... */
}

#define EVE(type, rest)                                                                                                \
	"{\"timestamp\":\"2022-02-08T15:08:22.266264+0100\",\"flow_id\":127219202876190,\"event_type\":\"" type        \
	"\",\"src_ip\":\"2001:db8::7\",\"src_port\":49798,\"dest_ip\":\"2001:db8::10\",\"dest_port\":443,"             \
	"\"proto\":\"TCP\"" rest "}"

static void
suricata(void **state)
{
	(void)state;
	assert_true(
		take(EVE("tls", ",\"tls\":{\"subject\":\"CN=example.com\",\"issuerdn\":\"CN=CA\",\"serial\":\"0E:B4\","
				"\"fingerprint\":\"28:c1:5a:60:d5:cb:a4:89:4b:07:c6:4c:d8:67:e7:f1:76:ef:da:AA\","
				"\"sni\":\"x.example\",\"version\":\"TLS 1.2\",\"notbefore\":\"2022-01-31T20:50:00\","
				"\"ja3\":{\"hash\":\"51c64c77e60f3980eea90869b68c58a8\",\"string\":\"771,1\"},"
				"\"subjectaltname\":[\"a\",\"bc\"],\"session_resumed\":true}")));
	assert_int_equal(f.part, FOREIGN_TLS);
	assert_int_equal(f.key, 127219202876190);
	text_is(f.s.cert_sha1, "28c15a60d5cba4894b07c64cd867e7f176efdaaa");
	text_is(f.s.ja3, "51c64c77e60f3980eea90869b68c58a8");
	text_is(f.s.cert_san, "\001a\002bc");
	assert_true(f.s.cert_not_before.ns == INT64_C(1643662200) * NS_PER_S);
	assert_int_equal(f.s.version, 0x0303);
	assert_int_equal(f.s.resumed, RESUMED_UNKNOWN);
	assert_true(take(
		EVE("flow",
		    ",\"app_proto\":\"tls\",\"flow\":{\"pkts_toserver\":9,\"pkts_toclient\":7,"
		    "\"bytes_toserver\":1369,\"bytes_toclient\":5372,\"start\":\"2022-02-08T15:08:20.000001+0100\","
		    "\"end\":\"2022-02-08T15:08:21.5+0100\",\"age\":0,\"state\":\"closed\",\"reason\":\"timeout\"},"
		    "\"tcp\":{\"tcp_flags\":\"1f\",\"tcp_flags_ts\":\"1b\",\"tcp_flags_tc\":\"1e\"},\"vlan\":[7,8]")));
	assert_int_equal(f.part, FOREIGN_FLOW);
	assert_true(f.expects && f.s.ended_by_dest && !f.s.midstream);
	assert_int_equal(f.s.end, FLOW_RST);
	assert_int_equal(f.s.bytes_out, 1369 - 9 * 54);
	assert_int_equal(f.s.vlan, 7);
	assert_true(f.s.start.ns == INT64_C(1644329300000001000));
	assert_true(take(EVE("quic", ",\"quic\":{\"version\":\"1\",\"sni\":\"q.example\",\"ja3\":{\"hash\":\"x\"}}")));
	assert_int_equal(f.s.carrier, CARRIER_QUIC);
	assert_null(f.s.ja3.p);
	assert_true(take(EVE("alert", "")) && f.part == FOREIGN_OTHER);
}

static void
bad(const char *line, const char *what)
{
	assert_false(take(line));
	assert_non_null(strstr(why, what));
}

static void
bad_lines(void **state)
{
	(void)state;
	bad("", "is not JSON");
	bad("[1]", "is not JSON");
	bad("{\"id.orig_h\":\"192.0.2.1\"", "is not JSON");
	bad("{\"id.orig_h\":\"192.0.2.1\",\"conn_state\":\"SF\"}", "has no `uid`");
	bad("{\"id.orig_h\":\"192.0.2.1\",\"uid\":\"C\",\"conn_state\":\"SF\"}", "has no time in `ts`");
	bad("{\"id.orig_h\":\"192.0.2.1\",\"uid\":\"C\",\"ts\":-1,\"conn_state\":\"SF\"}", "has no time in `ts`");
	bad("{\"id.orig_h\":\"192.0.2.1\",\"uid\":\"C\",\"ts\":1e300,\"conn_state\":\"SF\"}", "has no time in `ts`");
	bad("{\"id.orig_h\":\"192.0.2.\",\"uid\":\"C\",\"ts\":1,\"conn_state\":\"SF\"}",
	    "has no address in `id.orig_h`");
	bad("{\"id.orig_h\":\"192.0.2.1\",\"uid\":\"C\",\"ts\":1,\"conn_state\":\"SF\",\"id.resp_h\":7}", "id.resp_h");
	bad("{\"id.orig_h\":\"192.0.2.1\",\"uid\":\"C\",\"ts\":1,\"conn_state\":\"SF\",\"id.resp_h\":\"::1\",\"id.resp_"
	    "p\":65536,"
	    "\"id.orig_p\":1}",
	    "has no port");
	bad("{\"id.orig_h\":\"192.0.2.1\",\"id.orig_h\":\"192.0.2.1\"}", "is not JSON"); /* which of them? */
	bad(ZEEK(CONN ",\"duration\":-1"), "duration");
	bad(ZEEK(CONN ",\"duration\":\"1\""), "duration");
	bad(EVE("flow", ""), "flow.start");
	bad("{\"event_type\":\"flow\",\"flow_id\":0}", "flow_id");
	bad("{\"event_type\":\"tls\",\"flow_id\":1,\"timestamp\":\"now\"}", "timestamp");
	bad("{\"event_type\":\"tls\",\"flow_id\":1,\"timestamp\":\"2022-02-08\",\"proto\":\"TCP\",\"src_ip\":\"192.0.2."
	    "1\\u0000\"}",
	    "src_ip");
	bad(EVE("tls", ",\"gatewitness\":{}"), "written by gatewitness");
}

/* The join. */
static struct session told[8];
static unsigned tellings;

static void
tell(void *arg, const struct session *s)
{
	(void)arg;
	told[tellings++ % 8] = *s;
}

static void
add(struct join *j, const char *uid, unsigned port, bool tls, const char *more)
{
	char line[512];

	snprintf(line, sizeof(line),
		 "{\"ts\":1763458126.5,\"uid\":\"%s\",\"id.orig_h\":\"192.0.2.1\",\"id.orig_p\":%u,\"id.resp_h\":"
		 "\"192.0.2.10\",\"id.resp_p\":443,%s%s}",
		 uid, port, tls ? "\"version\":\"TLSv12\"" : "\"proto\":\"tcp\",\"conn_state\":\"SF\",\"orig_pkts\":5",
		 more);
	assert_true(take(line));
	assert_true(join_add(j, &f));
}

static void
joins(void **state)
{
	struct join *j = join_new(2, NULL, tell);
	struct join_counts n;

	(void)state;
	tellings = 0;
	add(j, "C1", 1, true, ",\"server_name\":\"a.example\"");
	add(j, "C1", 1, false, ",\"service\":\"ssl\"");
	assert_int_equal(tellings, 1);
	assert_int_equal(told[0].packets_out, 5);
	text_is(told[0].sni, "a.example");
	assert_int_equal(told[0].lacks, LACKS_EXCHANGES | LACKS_IDENTITIES | LACKS_JA4);
	add(j, "C2", 2, false, ",\"service\":\"ssl\""); /* the other way round */
	add(j, "C2", 2, true, "");
	assert_int_equal(tellings, 2);
	add(j, "C3", 3, false, ""); /* nothing to wait for */
	assert_int_equal(tellings, 3);
	assert_int_equal(told[2].carrier, CARRIER_NONE);
	add(j, "C4", 4, true, "");
	add(j, "C4", 5, false, ",\"service\":\"ssl\""); /* the same uid, another connection */
	add(j, "C5", 6, true, "");                      /* no room: C4's hello goes on alone */
	assert_int_equal(tellings, 4);
	assert_true(told[3].lacks & LACKS_FLOW && told[3].src_port == 4);
	join_end(j);
	assert_int_equal(tellings, 6);
	n = join_counts(j);
	assert_true(n.both == 2 && n.plain == 1 && n.tls_alone == 2 && n.flow_alone == 1 && n.pushed_out == 1);
	join_free(j);
	j = join_new(2, NULL, tell);
	add(j, "C6", 6, true, "");
	join_free(j); /* what waits is let go of */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeek_conn), cmocka_unit_test(zeek_ssl), cmocka_unit_test(suricata),
		cmocka_unit_test(bad_lines), cmocka_unit_test(joins),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
