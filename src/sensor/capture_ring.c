/*
 * capture_ring: libpcap on one Linux interface.
 * Must not lose frames silently: drops of ring, queue and card are counted by the kernel and told.  Once it is open it
 * opens no file and no socket, so that its process can be confined.
 */
#include "sensor/capture_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sensor/capture_fanout.h"
#include "sensor/clock.h"

/* The kernel's counts of an interface; several may be of one cause. */
static const struct {
	const char *file;
	size_t loss;
} STATISTICS[] = {
	{"rx_missed_errors", offsetof(struct losses, nic)},
	{"rx_fifo_errors", offsetof(struct losses, nic)},
	{"rx_dropped", offsetof(struct losses, backlog)},
};

enum { STATISTICS_N = sizeof(STATISTICS) / sizeof(STATISTICS[0]) };

struct ring {
	pcap_t *pcap;
	int fd;
	uint32_t link;
	struct capture_drops drops;
	struct {
		int fd; /* -1: there is no such count */
		uint64_t last;
	} statistic[STATISTICS_N];
	int64_t failing; /* monotonic, since when libpcap says so; 0: it does not */
	/* of the call under way */
	struct frame *frames;
	size_t n, max, used;
	uint8_t *copies, *own; /* own: NULL where they are the caller's */
	char error[CAPTURE_ERROR_MAX];
};

/* "there are: eth0, lo" */
static void
list_interfaces(char *to, size_t n)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_if_t *all = NULL;
	size_t used = 0;

	to[0] = '\0';
	if (pcap_findalldevs(&all, why) < 0)
		return;
	for (pcap_if_t *i = all; i && used < n; i = i->next) {
		if ((i->flags & PCAP_IF_WIRELESS) == 0 && !(i->flags & PCAP_IF_UP) && !(i->flags & PCAP_IF_LOOPBACK))
			continue;
		used += (size_t)snprintf(to + used, n - used, "%s%s", used ? ", " : "", i->name);
	}
	pcap_freealldevs(all);
}

static enum ring_end
open_failed(struct ring *r, const char *name, int status)
{
	char names[256];

	if (status == PCAP_ERROR_NO_SUCH_DEVICE) {
		list_interfaces(names, sizeof(names));
		snprintf(r->error, sizeof(r->error), "%.64s: no such interface; there are: %s", name,
			 *names ? names : "none that this user may see");
		return RING_NONE;
	}
	if (status == PCAP_ERROR_PERM_DENIED) {
		snprintf(r->error, sizeof(r->error),
			 "%.64s: no permission to capture; run as root or give the program CAP_NET_RAW: "
			 "setcap cap_net_raw+ep /path/to/gatewitness",
			 name);
		return RING_REFUSED;
	}
	snprintf(r->error, sizeof(r->error), "%.64s: %.400s", name,
		 *pcap_geterr(r->pcap) ? pcap_geterr(r->pcap) : pcap_statustostr(status));
	return status == PCAP_ERROR_IFACE_NOT_UP ? RING_DOWN : RING_REFUSED;
}

static enum ring_end
activate(struct ring *r, const struct ring_config *cfg)
{
	int status;

	pcap_set_snaplen(r->pcap, CAPTURE_SNAPLEN);
	pcap_set_promisc(r->pcap, cfg->promiscuous);
	pcap_set_timeout(r->pcap, CAPTURE_TIMEOUT_MS);
	pcap_set_buffer_size(r->pcap, cfg->buffer > INT32_MAX ? INT32_MAX : (int)cfg->buffer);
	pcap_set_tstamp_precision(r->pcap, PCAP_TSTAMP_PRECISION_NANO);
	status = pcap_activate(r->pcap);
	return status < 0 ? open_failed(r, cfg->name, status) : RING_OPEN;
}

static bool
set_filter(struct ring *r, const char *filter)
{
	struct bpf_program program;
	int status;

	if (!filter)
		return true;
	if (pcap_compile(r->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		snprintf(r->error, sizeof(r->error), "-f \"%.200s\": %.200s", filter, pcap_geterr(r->pcap));
		return false;
	}
	status = pcap_setfilter(r->pcap, &program);
	pcap_freecode(&program);
	if (status < 0)
		snprintf(r->error, sizeof(r->error), "-f \"%.200s\": %.200s", filter, pcap_geterr(r->pcap));
	return status >= 0;
}

static bool
join(struct ring *r, const struct ring_config *cfg)
{
	static const char words[] = "%.64s: cannot share it between %u taps: %s%s";
	struct fanout f;

	if (cfg->fan.members < 2)
		return true;
	fanout_live(&f, r->link, cfg->fan.seed);
	if (fanout_join(r->fd, cfg->fan.group, &f))
		return true;
	snprintf(r->error, sizeof(r->error), words, cfg->name, cfg->fan.members, strerror(errno),
		 errno == EINVAL ? "; another program may have a group of that number" : "");
	return false;
}

/* They are read again and again through the same descriptors. */
static void
open_statistics(struct ring *r, const char *name)
{
	char path[192];

	for (size_t i = 0; i < STATISTICS_N; i++) {
		snprintf(path, sizeof(path), "/sys/class/net/%.64s/statistics/%s", name, STATISTICS[i].file);
		r->statistic[i].fd = open(path, O_RDONLY | O_CLOEXEC);
	}
}

static bool
read_statistic(int fd, uint64_t *value)
{
	char text[24];
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	*value = strtoull(text, NULL, 10);
	return true;
}

/* A count that went back was begun anew by the driver. */
static void
take_statistics(struct ring *r, bool first)
{
	for (size_t i = 0; i < STATISTICS_N; i++) {
		uint64_t now, *to = (uint64_t *)(void *)((char *)&r->drops.loss + STATISTICS[i].loss);

		if (!read_statistic(r->statistic[i].fd, &now))
			continue;
		if (!first && now > r->statistic[i].last)
			*to += now - r->statistic[i].last;
		r->statistic[i].last = now;
	}
}

static enum ring_end
start(struct ring *r, const struct ring_config *cfg)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	enum ring_end end;

	r->own = cfg->copies ? NULL : malloc(CAPTURE_COPIES);
	r->copies = cfg->copies ? cfg->copies : r->own;
	r->pcap = pcap_create(cfg->name, why);
	if (!r->copies || !r->pcap) {
		snprintf(r->error, sizeof(r->error), "%.64s: %.300s", cfg->name, *why ? why : "no memory");
		return RING_REFUSED;
	}
	end = activate(r, cfg);
	if (end != RING_OPEN)
		return end;
	if (!set_filter(r, cfg->filter))
		return RING_REFUSED;
	if (pcap_setnonblock(r->pcap, 1, why) < 0 || (r->fd = pcap_get_selectable_fd(r->pcap)) < 0) {
		snprintf(r->error, sizeof(r->error), "%.64s: cannot wait for frames: %.300s", cfg->name, why);
		return RING_REFUSED;
	}
	r->link = (uint32_t)pcap_datalink(r->pcap);
	if (!join(r, cfg))
		return RING_REFUSED;
	if (!cfg->beside)
		open_statistics(r, cfg->name);
	take_statistics(r, true);
	return RING_OPEN;
}

struct ring *
ring_open(const struct ring_config *cfg, enum ring_end *end, char error[CAPTURE_ERROR_MAX])
{
	struct ring *r = calloc(1, sizeof(*r));

	*end = RING_REFUSED;
	if (!r) {
		snprintf(error, CAPTURE_ERROR_MAX, "no memory");
		return NULL;
	}
	for (size_t i = 0; i < STATISTICS_N; i++)
		r->statistic[i].fd = -1;
	*end = start(r, cfg);
	if (*end == RING_OPEN)
		return r;
	memcpy(error, r->error, CAPTURE_ERROR_MAX);
	ring_close(r);
	return NULL;
}

void
ring_close(struct ring *r)
{
	if (r->pcap)
		pcap_close(r->pcap);
	for (size_t i = 0; i < STATISTICS_N; i++)
		if (r->statistic[i].fd >= 0)
			close(r->statistic[i].fd);
	free(r->own);
	free(r);
}

static void
copy_frame(u_char *user, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct ring *r = (struct ring *)(void *)user;
	uint8_t *to = r->copies + r->used;

	if (r->n == r->max) /* libpcap gives no more than it was asked for */
		return;
	memcpy(to, bytes, h->caplen);
	r->drops.loss.cut += h->caplen < h->len;
	r->frames[r->n++] = (struct frame){
		.bytes = cur_of(to, h->caplen),
		.wire_len = h->len,
		.link = r->link,
		.time = {(int64_t)h->ts.tv_sec * NS_PER_S + (int64_t)h->ts.tv_usec},
	};
	r->used += h->caplen;
}

/* Takes what is there, while there is room for another frame of any length. */
static int
dispatch(struct ring *r)
{
	while (r->n < r->max && CAPTURE_COPIES - r->used >= CAPTURE_SNAPLEN) {
		size_t room = (CAPTURE_COPIES - r->used) / CAPTURE_SNAPLEN, want = r->max - r->n;
		int got = pcap_dispatch(r->pcap, (int)(want < room ? want : room), copy_frame, (u_char *)r);

		if (got <= 0)
			return got;
	}
	return 0;
}

/*
 * An interface that goes away leaves frames in a block that the kernel hands over when its time is up: an error counts
 * when it is still there then.
 */
static bool
failed(struct ring *r)
{
	const int64_t patience = 2 * CAPTURE_TIMEOUT_MS * NS_PER_MS;
	int64_t now = clock_now_ns();

	if (!r->failing)
		r->failing = now;
	snprintf(r->error, sizeof(r->error), "%.400s", pcap_geterr(r->pcap));
	return now - r->failing > patience;
}

bool
ring_take(struct ring *r, struct frame *frames, size_t max, size_t *n)
{
	int status;

	r->frames = frames;
	r->max = max;
	r->n = r->used = 0;
	status = dispatch(r);
	*n = r->n;
	if (status == PCAP_ERROR && r->n == 0)
		return !failed(r);
	r->failing = 0;
	return true;
}

const char *
ring_error(const struct ring *r)
{
	return r->error;
}

int
ring_fd(const struct ring *r)
{
	return r->fd;
}

uint32_t
ring_link(const struct ring *r)
{
	return r->link;
}

/* Not by pcap_stats: that opens files to ask the interface.  The kernel begins its counts anew when they are read. */
void
ring_count(struct ring *r, struct capture_drops *to)
{
	struct tpacket_stats_v3 now;
	socklen_t size = sizeof(now);

	if (getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &now, &size) == 0) {
		r->drops.packets += now.tp_packets;
		r->drops.loss.ring += now.tp_drops;
	}
	take_statistics(r, false);
	to->packets += r->drops.packets;
	to->loss.nic += r->drops.loss.nic;
	to->loss.backlog += r->drops.loss.backlog;
	to->loss.ring += r->drops.loss.ring;
	to->loss.cut += r->drops.loss.cut;
}
