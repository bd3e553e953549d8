/*
 * sensor_capture: live, on veth pairs in a network namespace of its own: tags put back, two legs as one by time, a
 * connection with one member whatever is around it, an interface that goes away and comes back.
 * Skipped where it may not make a namespace.
 */
#include "packet_help.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sensor/capture.h"
#include "sensor/capture_port.h"

enum { BATCH = 64, SKIP = 77 };

static int sender; /* closing a packet socket takes some 20 ms, so that there is one */

static void
must(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

/* Each end without IPv6, so that nothing is on the wire but ours. */
static void
make_pair(const char *out, const char *in)
{
	char words[512];

	snprintf(words, sizeof(words),
		 "ip link add %s type veth peer name %s && ip link set %s up && ip link set %s arp off up", out, in,
		 out, in);
	must(words);
}

static int
make_wires(void **state)
{
	(void)state;
	must("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
	make_pair("out0", "in0");
	make_pair("out1", "in1");
	return 0;
}

static int
unmake_wires(void **state)
{
	(void)state;
	return system("ip link del out0; ip link del out1 2> /dev/null");
}

static void
send_bytes(const char *iface, const uint8_t *bytes, size_t n)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(iface)};

	assert_int_equal(sendto(sender, bytes, n, 0, (struct sockaddr *)&to, sizeof(to)), n);
}

static void
send_hex(const char *iface, const char *hex)
{
	static uint8_t bytes[HELP_FRAME];

	send_bytes(iface, bytes, unhex(hex, bytes));
}

static struct capture *
open_capture(const char *iface, struct capture_fan fan)
{
	const struct capture_config cfg = {.iface = iface, .buffer = 8 << 20, .promiscuous = true, .fan = fan};
	char error[CAPTURE_ERROR_MAX];
	struct capture *c = capture_open(&cfg, error);

	if (!c)
		fail_msg("%s", error);
	return c;
}

static struct capture *
open_alone(const char *iface)
{
	return open_capture(iface, (struct capture_fan){.members = 1});
}

struct seen {
	size_t n;
	struct when last;
	bool in_order;
	size_t len;
	uint8_t bytes[2048]; /* of the last */
};

/* Until there are so many; a turn waits for some. */
static struct seen
see(struct capture *c, size_t want)
{
	struct seen s = {.in_order = true};
	struct frame frames[BATCH];
	size_t n;

	for (unsigned turn = 0; turn < 200 && s.n < want; turn++) {
		assert_true(capture_frames(c, frames, BATCH, &n));
		for (size_t i = 0; i < n; i++) {
			s.in_order &= !when_before(frames[i].time, s.last);
			s.last = frames[i].time;
			s.len = cur_left(&frames[i].bytes);
			memcpy(s.bytes, frames[i].bytes.p, s.len < sizeof(s.bytes) ? s.len : sizeof(s.bytes));
		}
		s.n += n;
	}
	return s;
}

static void
comes_as(struct capture *c, const char *hex)
{
	static uint8_t bytes[HELP_FRAME];
	size_t n = unhex(hex, bytes);
	struct seen s;

	send_bytes("out0", bytes, n);
	s = see(c, 1);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.len, n);
	assert_memory_equal(s.bytes, bytes, n);
}

/* The kernel takes the outermost tag off every frame before anybody sees it. */
static void
tags_put_back(void **state)
{
	struct capture *c = open_alone("in0");

	(void)state;
	comes_as(c, ETHER("0800") INNER4);
	comes_as(c, ETHER("8100") "0007"
				  "0800" INNER4);
	comes_as(c, ETHER("8100") "e007"
				  "0800" INNER4);
	comes_as(c, ETHER("88a8") "0007"
				  "8100"
				  "0009"
				  "0800" INNER4);
	comes_as(c, ETHER("8100") "0007"
				  "8100"
				  "0009"
				  "0800" INNER4);
	capture_close(c);
}

/* A two-leg tap: each direction has its own wire. */
static void
two_legs(void **state)
{
	struct capture *c = open_alone("in0, in1");
	struct seen s;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		send_hex(i & 1 ? "out1" : "out0", ETHER("0800") INNER4);
		if (i % 50 == 49)
			usleep(70000); /* so that the rings hand over at different times */
	}
	s = see(c, 200);
	assert_true(s.in_order);
	assert_int_equal(capture_drops(c).packets, 200);
	send_hex("out0", ETHER("0800") INNER4); /* and one leg alone does not wait for ever */
	assert_int_equal(see(c, 1).n, 1);
	capture_close(c);
}

#define CARRY(proto) ETHER("0800") "450000ff1234000040" proto "0000"

/* What stands around the same packet. */
struct wrapping {
	const char *name, *outer;
	size_t swap; /* offset of the carrier's addresses, 0: none */
};

static const struct wrapping WRAPPINGS[] = {
	{"plain", ETHER("0800"), 0},
	{"VLAN",
	 ETHER("8100") "0007"
		       "0800",
	 0},
	{"QinQ",
	 ETHER("88a8") "0007"
		       "8100"
		       "0009"
		       "0800",
	 0},
	{"three tags",
	 ETHER("9100") "0007"
		       "8100"
		       "0009"
		       "8100"
		       "0005"
		       "0800",
	 0},
	{"MPLS",
	 ETHER("8847") "000100ff"
		       "000021ff",
	 0},
	{"PPPoE in VLAN",
	 ETHER("8100") "0007"
		       "8864"
		       "11000007"
		       "002c"
		       "0021",
	 0},
	{"GRE",
	 CARRY("2f") "0a000001"
		     "0a000002"
		     "0000"
		     "0800",
	 26},
	{"ERSPAN II",
	 CARRY("2f") "0a000001"
		     "0a000002"
		     "1000"
		     "88be"
		     "00000001"
		     "1007000100000000" ETHER("0800"),
	 26},
	{"ERSPAN III",
	 CARRY("2f") "0a000001"
		     "0a000002"
		     "1000"
		     "22eb"
		     "00000001"
		     "200700010000000000000000" ETHER("0800"),
	 26},
	{"IP in IP",
	 CARRY("04") "0a000001"
		     "0a000002",
	 26},
	{"VXLAN",
	 CARRY("11") "0a000001"
		     "0a000002" UDP("12b5", "0000") "0800000000000700" ETHER("0800"),
	 26},
	{"VXLAN in VLAN",
	 ETHER("8100") "0007"
		       "0800"
		       "450000ff1234000040"
		       "11"
		       "0000"
		       "0a000001"
		       "0a000002" UDP("12b5", "0000") "0800000000000700" ETHER("0800"),
	 30},
	{"GENEVE",
	 CARRY("11") "0a000001"
		     "0a000002" UDP("17c1", "0000") "0000655800000700" ETHER("0800"),
	 26},
	{"GTP-U",
	 CARRY("11") "0a000001"
		     "0a000002" UDP("0868", "0000") "30ff002a00000007",
	 26},
};

enum { MEMBERS = 3, CLIENTS = 24 };

/* Client i's packet, there or back; the carrier's ends differ by client, so that they cannot help. */
static size_t
make_frame(const struct wrapping *w, unsigned client, bool back, uint8_t *to)
{
	static const uint8_t gateway[4] = {192, 0, 2, 1};
	uint8_t caller[4] = {198, 51, 100, (uint8_t)client};
	size_t head = unhex(w->outer, to), n = head + unhex(INNER4, to + head);

	memcpy(to + head + 12, back ? gateway : caller, 4);
	memcpy(to + head + 16, back ? caller : gateway, 4);
	if (w->swap && back) { /* another pair of ends on the way back */
		to[w->swap + 3] = 77;
		to[w->swap + 7] = (uint8_t)(client + 100);
	}
	return n;
}

static void
open_members(struct capture *c[MEMBERS])
{
	for (unsigned i = 0; i < MEMBERS; i++)
		c[i] = open_capture("in0", (struct capture_fan){MEMBERS, 4711, 99});
}

static void
close_members(struct capture *c[MEMBERS])
{
	for (unsigned i = 0; i < MEMBERS; i++)
		capture_close(c[i]);
}

/* The members' counts, without waiting for the frames. */
static void
count_members(struct capture *c[MEMBERS], uint64_t n[MEMBERS])
{
	for (unsigned i = 0; i < MEMBERS; i++)
		n[i] = capture_drops(c[i]).packets;
}

static unsigned
who_counts(struct capture *c[MEMBERS], const uint8_t *frame, size_t n)
{
	uint64_t before[MEMBERS], after[MEMBERS];
	unsigned who = MEMBERS, times = 0;

	count_members(c, before);
	send_bytes("out0", frame, n);
	for (unsigned turn = 0; turn < 100 && times == 0; turn++) {
		count_members(c, after);
		for (unsigned i = 0; i < MEMBERS; i++)
			if (after[i] != before[i]) {
				who = i;
				times++;
			}
		if (times == 0)
			usleep(1000);
	}
	assert_int_equal(times, 1);
	return who;
}

/* Both directions of each client with one member, the same in every wrapping, and clients with different members. */
static void
no_connection_is_split(void **state)
{
	unsigned member[CLIENTS], used = 0;
	struct capture *c[MEMBERS];
	uint8_t frame[256];

	(void)state;
	open_members(c);
	for (size_t w = 0; w < sizeof(WRAPPINGS) / sizeof(WRAPPINGS[0]); w++)
		for (unsigned client = 0; client < CLIENTS; client++)
			for (unsigned back = 0; back < 2; back++) {
				size_t n = make_frame(&WRAPPINGS[w], client, back, frame);
				unsigned who = who_counts(c, frame, n);

				if (w == 0 && back == 0)
					member[client] = who;
				if (who != member[client])
					fail_msg("%s: client %u goes to %u, not %u", WRAPPINGS[w].name, client, who,
						 member[client]);
				used |= 1u << who;
			}
	assert_int_equal(used, (1u << MEMBERS) - 1);
	close_members(c);
}

/* A member that dies and is started again, while somebody holds its socket, takes its own place. */
static void
place_is_kept(void **state)
{
	unsigned before[CLIENTS];
	struct capture *c[MEMBERS], *again;
	int fds[CAPTURE_PORTS], held;
	uint8_t frame[256];

	(void)state;
	open_members(c);
	for (unsigned i = 0; i < CLIENTS; i++)
		before[i] = who_counts(c, frame, make_frame(&WRAPPINGS[0], i, false, frame));
	assert_int_equal(capture_sockets(c[0], fds), 1);
	held = dup(fds[0]);
	capture_close(c[0]);
	again = open_capture("in0", (struct capture_fan){MEMBERS, 4711, 99});
	close(held);
	c[0] = again;
	for (unsigned i = 0; i < CLIENTS; i++)
		assert_int_equal(who_counts(c, frame, make_frame(&WRAPPINGS[0], i, true, frame)), before[i]);
	close_members(c);
}

static bool
says(struct capture *c, const char *words)
{
	char line[CAPTURE_ERROR_MAX] = "";
	struct frame frames[BATCH];
	size_t n;

	for (unsigned turn = 0; turn < 40; turn++) {
		assert_true(capture_frames(c, frames, BATCH, &n));
		if (capture_news(c, line) && strstr(line, words))
			return true;
	}
	print_message("the last it said: %s\n", line);
	return false;
}

static void
down_and_up(void **state)
{
	struct capture *c = open_alone("in0");
	struct capture_drops d;

	(void)state;
	must("ip link set in0 down");
	assert_true(says(c, "in0: is down or has no link"));
	must("ip link set in0 up");
	assert_true(says(c, "in0: back after"));
	comes_as(c, ETHER("0800") INNER4);
	d = capture_drops(c);
	assert_true(d.loss.away > 0);
	capture_close(c);
}

static void
renamed_and_unplugged(void **state)
{
	struct capture *c = open_alone("in0");

	(void)state;
	must("ip link set in0 down; ip link set in0 name span7");
	assert_true(says(c, "in0: is down"));
	must("ip link set span7 up");
	assert_true(says(c, "named span7"));
	comes_as(c, ETHER("0800") INNER4);
	must("ip link del out0");
	assert_true(says(c, "waiting for it"));
	assert_true(capture_drops(c).packets >= 1);
	make_pair("out0", "in0");
	assert_true(says(c, "in0: back after"));
	comes_as(c, ETHER("8100") "0007"
				  "0800" INNER4);
	capture_close(c);
}

/* A board's port comes up after the sensor. */
static void
down_at_start(void **state)
{
	struct capture *c;

	(void)state;
	must("ip link set in0 down");
	c = open_alone("in0");
	assert_true(says(c, "waiting for it"));
	must("ip link set in0 up");
	assert_true(says(c, "back after"));
	comes_as(c, ETHER("0800") INNER4);
	capture_close(c);
}

static void
refused(void **state)
{
	struct capture_config cfg = {.iface = "nosuch0", .buffer = 1 << 20};
	char error[CAPTURE_ERROR_MAX];

	(void)state;
	assert_null(capture_open(&cfg, error));
	assert_non_null(strstr(error, "nosuch0: no such interface; there are: "));
	cfg.iface = "in0, nosuch0";
	assert_null(capture_open(&cfg, error));
	assert_non_null(strstr(error, "nosuch0: no such interface"));
	cfg.iface = " , ";
	assert_null(capture_open(&cfg, error));
	cfg.iface = "in0";
	cfg.filter = "tcp prot 443";
	assert_null(capture_open(&cfg, error));
	assert_non_null(strstr(error, "-f \"tcp prot 443\""));
}

static void
port_is_described(void **state)
{
	char line[PORT_WORDS], all[4 * PORT_WORDS] = "";
	struct port_state s;
	unsigned i = 0;

	(void)state;
	assert_false(port_state("nosuch0", &s));
	assert_true(port_state("in1", &s));
	assert_true(s.up && s.has_mac && !s.loopback);
	assert_false(s.addresses || s.ip6 || s.arp);
	must("ip addr add 192.0.2.77/24 dev in1; ip link set in1 arp on; sysctl -qw net.ipv6.conf.in1.disable_ipv6=0");
	must("ethtool -K in1 gro on");
	assert_true(port_state("in1", &s));
	while (port_warning("in1", &s, &i, line))
		strcat(strcat(all, line), "\n");
	assert_non_null(strstr(all, "ip addr flush dev in1"));
	assert_non_null(strstr(all, "net.ipv6.conf.in1.disable_ipv6=1"));
	assert_non_null(strstr(all, "ip link set dev in1 arp off"));
	assert_non_null(strstr(all, "ethtool -K in1 gro off"));
	assert_true(port_state("lo", &s));
	i = 0;
	assert_false(port_warning("lo", &s, &i, line));
}

static void
bridges(void **state)
{
	(void)state;
	/* 1 Gbit/s of the gateway mix in 192 MiB */
	assert_in_range(capture_bridges_ms(192u << 20, 182000, 125000000), 1300, 1600);
	/* next to nothing: a block is closed every 100 ms, full or not */
	assert_int_equal(capture_bridges_ms(8 << 20, 1, 60), 3200);
	assert_int_equal(capture_bridges_ms(1 << 20, 0, 0), 400);
}

static bool
own_namespace(void)
{
	return unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 && system("ip link set lo up 2> /dev/null") == 0 &&
	       system("mount --make-rprivate / 2> /dev/null && mount -t sysfs none /sys 2> /dev/null") == 0 &&
	       system("command -v ethtool > /dev/null") == 0 &&
	       system("ip link add probe0 type veth peer name probe1 2> /dev/null && ip link del probe0") == 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bridges),
		cmocka_unit_test_setup_teardown(tags_put_back, make_wires, unmake_wires),
		cmocka_unit_test_setup_teardown(two_legs, make_wires, unmake_wires),
		cmocka_unit_test_setup_teardown(no_connection_is_split, make_wires, unmake_wires),
		cmocka_unit_test_setup_teardown(place_is_kept, make_wires, unmake_wires),
		cmocka_unit_test_setup_teardown(down_and_up, make_wires, unmake_wires),
		cmocka_unit_test_setup_teardown(renamed_and_unplugged, make_wires, unmake_wires),
		cmocka_unit_test_setup_teardown(down_at_start, make_wires, unmake_wires),
		cmocka_unit_test_setup_teardown(refused, make_wires, unmake_wires),
		cmocka_unit_test_setup_teardown(port_is_described, make_wires, unmake_wires),
	};

	if (!own_namespace()) {
		printf("needs root and a network namespace of its own\n");
		return SKIP;
	}
	sender = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
