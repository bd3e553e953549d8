/*
 * capture: libpcap on a Linux interface.
 * Must not lose frames silently: drops of ring and interface are counted by the kernel and told.
 */
#include "sensor/capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for a batch of the largest frames; only what is used is ever touched. */
enum { COPIES = 8 << 20 };

struct capture {
	pcap_t *pcap;
	int fd;
	uint32_t link;
	uint64_t ring, interface, packets; /* the kernel's 32-bit counts, unwrapped */
	struct pcap_stat last;
	/* of the call under way */
	struct frame *frames;
	size_t n, max, used;
	uint8_t *copies;
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

static void
open_failed(struct capture *c, const struct capture_config *cfg, int status)
{
	char names[256];

	if (status == PCAP_ERROR_NO_SUCH_DEVICE) {
		list_interfaces(names, sizeof(names));
		snprintf(c->error, sizeof(c->error), "%.64s: no such interface; there are: %s", cfg->iface,
			 *names ? names : "none that this user may see");
		return;
	}
	if (status == PCAP_ERROR_PERM_DENIED) {
		snprintf(c->error, sizeof(c->error),
			 "%.64s: no permission to capture; run as root or give the program CAP_NET_RAW: "
			 "setcap cap_net_raw+ep /path/to/gatewitness",
			 cfg->iface);
		return;
	}
	snprintf(c->error, sizeof(c->error), "%.64s: %.400s", cfg->iface,
		 *pcap_geterr(c->pcap) ? pcap_geterr(c->pcap) : pcap_statustostr(status));
}

static bool
configure(struct capture *c, const struct capture_config *cfg)
{
	int status;

	pcap_set_snaplen(c->pcap, CAPTURE_SNAPLEN);
	pcap_set_promisc(c->pcap, cfg->promiscuous);
	pcap_set_timeout(c->pcap, CAPTURE_TIMEOUT_MS);
	pcap_set_buffer_size(c->pcap, cfg->buffer > INT32_MAX ? INT32_MAX : (int)cfg->buffer);
	pcap_set_tstamp_precision(c->pcap, PCAP_TSTAMP_PRECISION_NANO);
	status = pcap_activate(c->pcap);
	if (status < 0)
		open_failed(c, cfg, status);
	return status >= 0;
}

static bool
set_filter(struct capture *c, const char *filter)
{
	struct bpf_program program;
	int status;

	if (!filter)
		return true;
	if (pcap_compile(c->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		snprintf(c->error, sizeof(c->error), "-f \"%.200s\": %.200s", filter, pcap_geterr(c->pcap));
		return false;
	}
	status = pcap_setfilter(c->pcap, &program);
	pcap_freecode(&program);
	if (status < 0)
		snprintf(c->error, sizeof(c->error), "-f \"%.200s\": %.200s", filter, pcap_geterr(c->pcap));
	return status >= 0;
}

static bool
start(struct capture *c, const struct capture_config *cfg)
{
	char why[PCAP_ERRBUF_SIZE] = "";

	c->copies = malloc(COPIES);
	c->pcap = pcap_create(cfg->iface, why);
	if (!c->copies || !c->pcap) {
		snprintf(c->error, sizeof(c->error), "%.64s: %.300s", cfg->iface, *why ? why : "no memory");
		return false;
	}
	if (!configure(c, cfg) || !set_filter(c, cfg->filter))
		return false;
	if (pcap_setnonblock(c->pcap, 1, why) < 0 || (c->fd = pcap_get_selectable_fd(c->pcap)) < 0) {
		snprintf(c->error, sizeof(c->error), "%.64s: cannot wait for frames: %.300s", cfg->iface, why);
		return false;
	}
	c->link = (uint32_t)pcap_datalink(c->pcap);
	return true;
}

struct capture *
capture_open(const struct capture_config *cfg, char error[CAPTURE_ERROR_MAX])
{
	struct capture *c = calloc(1, sizeof(*c));

	if (!c) {
		snprintf(error, CAPTURE_ERROR_MAX, "no memory");
		return NULL;
	}
	if (!start(c, cfg)) {
		memcpy(error, c->error, CAPTURE_ERROR_MAX);
		capture_close(c);
		return NULL;
	}
	return c;
}

void
capture_close(struct capture *c)
{
	if (c->pcap)
		pcap_close(c->pcap);
	free(c->copies);
	free(c);
}

static void
copy_frame(u_char *user, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct capture *c = (struct capture *)(void *)user;
	uint8_t *to = c->copies + c->used;

	if (c->n == c->max) /* libpcap gives no more than it was asked for */
		return;
	memcpy(to, bytes, h->caplen);
	c->frames[c->n++] = (struct frame){
		.bytes = cur_of(to, h->caplen),
		.wire_len = h->len,
		.link = c->link,
		.time = {(int64_t)h->ts.tv_sec * NS_PER_S + (int64_t)h->ts.tv_usec},
	};
	c->used += h->caplen;
}

/* Takes what is there, while there is room for another frame of any length. */
static int
dispatch(struct capture *c)
{
	while (c->n < c->max && COPIES - c->used >= CAPTURE_SNAPLEN) {
		size_t room = (COPIES - c->used) / CAPTURE_SNAPLEN, want = c->max - c->n;
		int got = pcap_dispatch(c->pcap, (int)(want < room ? want : room), copy_frame, (u_char *)c);

		if (got <= 0)
			return got;
	}
	return 0;
}

static bool
take(struct capture *c)
{
	int status = dispatch(c);

	if (status == PCAP_ERROR)
		snprintf(c->error, sizeof(c->error), "%.400s", pcap_geterr(c->pcap));
	return status != PCAP_ERROR;
}

bool
capture_frames(struct capture *c, struct frame *frames, size_t max, size_t *n)
{
	struct pollfd wait = {.fd = c->fd, .events = POLLIN};
	bool fine;

	c->frames = frames;
	c->max = max;
	c->n = c->used = 0;
	fine = take(c);
	if (fine && c->n == 0 && poll(&wait, 1, CAPTURE_TIMEOUT_MS) > 0)
		fine = take(c);
	*n = c->n;
	return fine || c->n > 0;
}

const char *
capture_error(const struct capture *c)
{
	return c->error;
}

uint32_t
capture_link(const struct capture *c)
{
	return c->link;
}

struct capture_drops
capture_drops(struct capture *c)
{
	struct pcap_stat now;

	if (pcap_stats(c->pcap, &now) == 0) {
		c->packets += now.ps_recv - c->last.ps_recv;
		c->ring += now.ps_drop - c->last.ps_drop;
		c->interface += now.ps_ifdrop - c->last.ps_ifdrop;
		c->last = now;
	}
	return (struct capture_drops){c->packets, c->ring, c->interface};
}
