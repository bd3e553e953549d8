/*
 * capture_port: flags by ioctl, addresses by netlink (getifaddrs), IPv6 by its sysctl.  Must not change anything.
 */
#include "sensor/capture_port.h"

#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert((int)PORT_NAME == IFNAMSIZ, "as the kernel has them");

static bool
ask(int fd, unsigned long what, const char *name, struct ifreq *r)
{
	snprintf(r->ifr_name, sizeof(r->ifr_name), "%.*s", IFNAMSIZ - 1, name);
	return ioctl(fd, what, r) == 0;
}

static uint32_t
ask_ethtool(int fd, uint32_t what, const char *name)
{
	struct ethtool_value value = {.cmd = what};
	struct ifreq r = {.ifr_data = (char *)&value};

	return ask(fd, SIOCETHTOOL, name, &r) ? value.data : 0;
}

static unsigned
count_addresses(const char *name)
{
	struct ifaddrs *all = NULL;
	unsigned n = 0;

	if (getifaddrs(&all) < 0)
		return 0;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		n += i->ifa_addr && strcmp(i->ifa_name, name) == 0 &&
		     (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6);
	freeifaddrs(all);
	return n;
}

/* A kernel without IPv6 has no such file. */
static bool
speaks_ip6(const char *name)
{
	char path[128];
	int disabled = 1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%.*s/disable_ipv6", IFNAMSIZ, name);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (fscanf(f, "%d", &disabled) != 1)
		disabled = 1;
	fclose(f);
	return disabled == 0;
}

bool
port_state(const char *name, struct port_state *s)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = {.ifr_flags = 0};
	bool there;

	*s = (struct port_state){.up = false};
	there = fd >= 0 && ask(fd, SIOCGIFFLAGS, name, &r);
	if (there) {
		unsigned flags = (uint16_t)r.ifr_flags;

		s->up = flags & IFF_UP;
		s->link = flags & IFF_RUNNING;
		s->loopback = flags & IFF_LOOPBACK;
		s->arp = !(flags & IFF_NOARP);
		s->gro = ask_ethtool(fd, ETHTOOL_GGRO, name) != 0;
		s->lro = ask_ethtool(fd, ETHTOOL_GFLAGS, name) & ETH_FLAG_LRO;
		s->ip6 = speaks_ip6(name);
		s->addresses = count_addresses(name);
		s->has_address = s->addresses != 0;
		s->has_mac = ask(fd, SIOCGIFHWADDR, name, &r) && r.ifr_hwaddr.sa_family == ARPHRD_ETHER;
		memcpy(s->mac, r.ifr_hwaddr.sa_data, sizeof(s->mac));
	}
	if (fd >= 0)
		close(fd);
	return there;
}

/* "ip addr flush dev %s" with the interface in its place. */
static void
port_mend(const char *words, const char *name, char *to, size_t n)
{
	size_t before = strcspn(words, "%");

	snprintf(to, n, "%.*s%.64s%s", (int)before, words, name, words + before + 2);
}

/* What is not as it should be, and the command that mends it; %s is the interface. */
static const struct {
	size_t flag; /* of struct port_state, a bool or a count */
	const char *words, *mend;
} WARNINGS[] = {
	{offsetof(struct port_state, has_address), "it has an address, and a port that listens needs none",
	 "ip addr flush dev %s"},
	{offsetof(struct port_state, ip6), "IPv6 takes an address by itself and announces it",
	 "sysctl -w net.ipv6.conf.%s.disable_ipv6=1"},
	{offsetof(struct port_state, arp), "ARP is answered there for every address of this machine",
	 "ip link set dev %s arp off"},
	{offsetof(struct port_state, gro), "GRO merges segments: their sizes and times are not those of the wire",
	 "ethtool -K %s gro off"},
	{offsetof(struct port_state, lro), "LRO merges segments: their sizes and times are not those of the wire",
	 "ethtool -K %s lro off"},
};

/* A loopback is nobody's mirror. */
bool
port_warning(const char *name, const struct port_state *s, unsigned *i, char line[PORT_WORDS])
{
	for (; !s->loopback && *i < sizeof(WARNINGS) / sizeof(WARNINGS[0]); ++*i) {
		char mend[128];

		if (!*((const bool *)s + WARNINGS[*i].flag))
			continue;
		port_mend(WARNINGS[*i].mend, name, mend, sizeof(mend));
		snprintf(line, PORT_WORDS, "%.64s: %s: %s", name, WARNINGS[*i].words, mend);
		++*i;
		return true;
	}
	return false;
}

enum port_carries
port_carries(int socket, unsigned index, char name[PORT_NAME])
{
	struct ifreq r = {.ifr_ifindex = (int)index};

	if (ioctl(socket, SIOCGIFNAME, &r) < 0)
		return PORT_GONE;
	memcpy(name, r.ifr_name, PORT_NAME);
	name[PORT_NAME - 1] = '\0';
	if (ioctl(socket, SIOCGIFFLAGS, &r) < 0)
		return PORT_GONE;
	return (unsigned)r.ifr_flags & IFF_UP && (unsigned)r.ifr_flags & IFF_RUNNING ? PORT_UP : PORT_DOWN;
}

uint64_t
port_came(int socket)
{
	struct tpacket_stats_v3 s = {.tp_packets = 0};
	socklen_t n = sizeof(s);

	return getsockopt(socket, SOL_PACKET, PACKET_STATISTICS, &s, &n) < 0 ? 0 : s.tp_packets;
}
