/*
 * capture: one or several interfaces, by time; and an interface that went away is waited for.
 *
 * Two interfaces have their frames in order each, but a ring hands over what it has up to CAPTURE_TIMEOUT_MS late.  A
 * frame may go on when the others have a later one, or when they had none although they would have shown one by now.
 *
 * The wall clock has one use: to compare it with stamps, which the kernel took from the same clock.
 */
#include "sensor/capture.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sensor/capture_port.h"
#include "sensor/capture_ring.h"

enum { BATCH = 64, RING_LEAST = 1 << 20 };

/* A ring's block is handed over at the latest then. */
static const int64_t LATE_NS = (CAPTURE_TIMEOUT_MS + 20) * NS_PER_MS;
static const int64_t LOOK_NS = 500 * NS_PER_MS;
static const int64_t RETRY_FIRST_NS = 100 * NS_PER_MS, RETRY_MOST_NS = 2 * NS_PER_S;

struct port {
	char name[CAPTURE_NAME]; /* what it was opened as last */
	char wanted[CAPTURE_NAME];
	unsigned index;
	struct ring *ring; /* NULL: away */
	struct frame frame[BATCH];
	size_t at, n;                     /* of frame: not yet given; used with several ports */
	int64_t since, retry_at, wait_ns; /* away or down: monotonic */
	bool down;                        /* the ring is there, but nothing can arrive */
	int64_t look_at;                  /* monotonic: when to look next whether that is so */
	struct capture_drops past;        /* of rings that were closed */
};

struct capture {
	struct capture_config cfg;
	char *filter;
	uint32_t link;
	unsigned ports;
	struct port port[CAPTURE_PORTS];
	char error[CAPTURE_ERROR_MAX], news[CAPTURE_ERROR_MAX];
};

static int64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static size_t
ring_bytes(const struct capture *c)
{
	size_t members = c->cfg.fan.members ? c->cfg.fan.members : 1, bytes = c->cfg.buffer / members / c->ports;

	return bytes < RING_LEAST ? RING_LEAST : bytes;
}

static enum ring_end
open_port(struct capture *c, struct port *p)
{
	struct ring_config cfg = {
		.name = p->name,
		.filter = c->filter,
		.buffer = ring_bytes(c),
		.promiscuous = c->cfg.promiscuous,
		.beside = c->cfg.beside,
		.fan = c->cfg.fan,
	};
	enum ring_end end;

	if (c->cfg.copies)
		cfg.copies = (char *)c->cfg.copies + (size_t)(p - c->port) * CAPTURE_COPIES;

	cfg.fan.group = (uint16_t)(cfg.fan.group + (p - c->port));
	p->ring = ring_open(&cfg, &end, c->error);
	if (p->ring)
		p->index = if_nametoindex(p->name);
	return end;
}

static void
end_away(struct port *p, int64_t now)
{
	p->past.loss.away += (uint64_t)((now - p->since) / NS_PER_MS);
}

/* It is away from now on, and was or was not there before. */
static void
lose_port(struct capture *c, struct port *p, const char *why)
{
	int64_t now = clock_ns(CLOCK_MONOTONIC);

	snprintf(c->news, sizeof(c->news), "%.64s: %.200s; waiting for it, what passes meanwhile is not seen", p->name,
		 why);
	if (p->ring) {
		ring_count(p->ring, &p->past);
		ring_close(p->ring);
		p->ring = NULL;
	}
	if (p->down)
		end_away(p, now);
	p->down = false;
	p->since = now;
	p->wait_ns = RETRY_FIRST_NS;
	p->retry_at = now + p->wait_ns;
}

/* A port that is renamed keeps its number, one that is plugged in again its name. */
static void
find_name(struct port *p)
{
	char now[IF_NAMESIZE];

	if (p->index && if_indextoname(p->index, now))
		snprintf(p->name, sizeof(p->name), "%s", now);
	else
		memcpy(p->name, p->wanted, sizeof(p->name));
}

static void
say_back(struct capture *c, const struct port *p, int64_t away_ns)
{
	bool renamed = strcmp(p->name, p->wanted) != 0;

	snprintf(c->news, sizeof(c->news), "%.64s: back after %lld.%01lld s%s%.64s", p->wanted,
		 (long long)(away_ns / NS_PER_S), (long long)(away_ns / (100 * NS_PER_MS) % 10),
		 renamed ? ", named " : "", renamed ? p->name : "");
}

/* False: it is there, but cannot be what it was. */
static bool
try_port(struct capture *c, struct port *p)
{
	int64_t now = clock_ns(CLOCK_MONOTONIC);

	if (now < p->retry_at)
		return true;
	find_name(p);
	if (open_port(c, p) != RING_OPEN) {
		p->wait_ns = p->wait_ns * 2 < RETRY_MOST_NS ? p->wait_ns * 2 : RETRY_MOST_NS;
		p->retry_at = now + p->wait_ns;
		return true;
	}
	end_away(p, now);
	if (ring_link(p->ring) != c->link) {
		snprintf(c->error, sizeof(c->error), "%.64s: came back with another link type", p->name);
		return false;
	}
	say_back(c, p, now - p->since);
	return true;
}

/* libpcap goes on in silence when an interface is down or its cable is out; the socket lives through it. */
static void
look_at_port(struct capture *c, struct port *p, bool quiet)
{
	int64_t now = clock_ns(CLOCK_MONOTONIC);
	char name[PORT_NAME];
	bool down;

	if (quiet && now < p->look_at)
		return;
	p->look_at = now + LOOK_NS;
	down = port_carries(ring_fd(p->ring), p->index, name) == PORT_DOWN && quiet;
	if (down == p->down)
		return;
	p->down = down;
	if (!down) {
		snprintf(p->name, sizeof(p->name), "%s", name);
		end_away(p, now);
		say_back(c, p, now - p->since);
		return;
	}
	p->since = now;
	snprintf(c->news, sizeof(c->news), "%.64s: is down or has no link; what passes meanwhile is not seen", p->name);
}

/* libpcap looks for a name that the interface no longer has: the socket is that of its number, and goes on. */
static bool
is_renamed(const struct port *p)
{
	char name[PORT_NAME];

	return port_carries(ring_fd(p->ring), p->index, name) != PORT_GONE;
}

/* "eth1, eth2" */
const char *
capture_name(const char *names, char name[CAPTURE_NAME])
{
	const char *begin = names + strspn(names, ", ");
	size_t n = strcspn(begin, ", ");

	if (n == 0 || n >= CAPTURE_NAME)
		return NULL;
	memset(name, 0, CAPTURE_NAME);
	memcpy(name, begin, n);
	return begin + n;
}

static bool
take_names(struct capture *c, const char *names)
{
	char name[CAPTURE_NAME];
	const char *rest = names, *next;

	while ((next = capture_name(rest, name))) {
		struct port *p = &c->port[c->ports];

		if (c->ports == CAPTURE_PORTS) {
			snprintf(c->error, sizeof(c->error), "%.200s: more than %d interfaces", names, CAPTURE_PORTS);
			return false;
		}
		memcpy(p->wanted, name, sizeof(p->wanted));
		memcpy(p->name, name, sizeof(p->name));
		c->ports++;
		rest = next;
	}
	if (c->ports == 0 || rest[strspn(rest, ", ")])
		snprintf(c->error, sizeof(c->error), "%.200s: not a name of an interface", rest);
	return c->ports > 0 && !rest[strspn(rest, ", ")];
}

/* All at once: an interface that is down will come up, one that is not there was misspelt. */
static bool
open_ports(struct capture *c)
{
	enum { DLT_ETHERNET = 1 };
	bool linked = false;

	c->link = DLT_ETHERNET;
	for (struct port *p = c->port; p < c->port + c->ports; p++) {
		enum ring_end end = open_port(c, p);

		if (end == RING_DOWN && !c->cfg.once) {
			p->index = if_nametoindex(p->name);
			lose_port(c, p, "is down");
			continue;
		}
		if (end != RING_OPEN)
			return false;
		if (linked && ring_link(p->ring) != c->link) {
			snprintf(c->error, sizeof(c->error), "%.64s: its link type is not that of the others", p->name);
			return false;
		}
		c->link = ring_link(p->ring);
		linked = true;
	}
	return true;
}

static bool
start(struct capture *c, const struct capture_config *cfg)
{
	c->cfg = *cfg;
	c->filter = cfg->filter ? strdup(cfg->filter) : NULL;
	return take_names(c, cfg->iface) && open_ports(c);
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
	for (struct port *p = c->port; p < c->port + c->ports; p++)
		if (p->ring)
			ring_close(p->ring);
	free(c->filter);
	free(c);
}

/* False: the capture is over. */
static bool
take(struct capture *c, struct port *p, struct frame *frames, size_t max, size_t *n)
{
	*n = 0;
	if (!p->ring)
		return try_port(c, p);
	if (ring_take(p->ring, frames, max, n) || is_renamed(p)) {
		if (*n == 0 || p->down)
			look_at_port(c, p, *n == 0);
		return true;
	}
	if (c->cfg.once) {
		snprintf(c->error, sizeof(c->error), "%.64s: %.400s", p->name, ring_error(p->ring));
		return false;
	}
	lose_port(c, p, ring_error(p->ring));
	return true;
}

static bool
fill(struct capture *c)
{
	for (struct port *p = c->port; p < c->port + c->ports; p++) {
		if (p->at < p->n)
			continue;
		p->at = 0;
		if (!take(c, p, p->frame, BATCH, &p->n))
			return false;
	}
	return true;
}

/* The port with the earliest frame, when no other can have an earlier one; NULL: there is none yet. */
static struct port *
earliest(struct capture *c, int64_t now)
{
	struct port *first = NULL;
	bool ran_out = false, empty = false;

	for (struct port *p = c->port; p < c->port + c->ports; p++) {
		if (p->at < p->n && (!first || when_before(p->frame[p->at].time, first->frame[first->at].time)))
			first = p;
		ran_out |= p->n && p->at == p->n;
		empty |= p->ring && !p->down && p->n == 0;
	}
	if (!first || ran_out)
		return NULL;
	return !empty || first->frame[first->at].time.ns < now - LATE_NS || first->frame[first->at].time.ns > now ?
		       first :
		       NULL;
}

static bool
take_merged(struct capture *c, struct frame *frames, size_t max, size_t *n)
{
	int64_t now = clock_ns(CLOCK_REALTIME); /* before the rings are asked */
	struct port *p;

	*n = 0;
	if (!fill(c))
		return false;
	while (*n < max && (p = earliest(c, now)))
		frames[(*n)++] = p->frame[p->at++];
	return true;
}

static bool
take_some(struct capture *c, struct frame *frames, size_t max, size_t *n)
{
	return c->ports == 1 ? take(c, c->port, frames, max, n) : take_merged(c, frames, max, n);
}

/* For frames where there are none, or for those that are there to be late enough. */
static void
wait_for_some(struct capture *c)
{
	enum { HELD_MS = 10 };
	struct pollfd fds[CAPTURE_PORTS];
	bool holds = false;
	nfds_t n = 0;

	for (struct port *p = c->port; p < c->port + c->ports; p++) {
		holds |= p->at < p->n;
		if (p->ring && p->at == p->n)
			fds[n++] = (struct pollfd){.fd = ring_fd(p->ring), .events = POLLIN};
	}
	(void)poll(fds, n, holds ? HELD_MS : CAPTURE_TIMEOUT_MS);
}

bool
capture_frames(struct capture *c, struct frame *frames, size_t max, size_t *n)
{
	if (!take_some(c, frames, max, n))
		return false;
	if (*n)
		return true;
	wait_for_some(c);
	return take_some(c, frames, max, n);
}

const char *
capture_error(const struct capture *c)
{
	return c->error;
}

bool
capture_news(struct capture *c, char line[CAPTURE_ERROR_MAX])
{
	if (!*c->news)
		return false;
	memcpy(line, c->news, CAPTURE_ERROR_MAX);
	*c->news = '\0';
	return true;
}

uint32_t
capture_link(const struct capture *c)
{
	return c->link;
}

static void
add_drops(struct capture_drops *to, const struct capture_drops *more)
{
	to->packets += more->packets;
#define LOSS(name, unit, doc) to->loss.name += more->loss.name;
#include "base/loss.def"
#undef LOSS
}

struct capture_drops
capture_drops(struct capture *c)
{
	struct capture_drops sum = {.packets = 0};

	for (struct port *p = c->port; p < c->port + c->ports; p++) {
		add_drops(&sum, &p->past);
		if (p->ring)
			ring_count(p->ring, &sum);
		if (!p->ring || p->down)
			sum.loss.away += (uint64_t)((clock_ns(CLOCK_MONOTONIC) - p->since) / NS_PER_MS);
	}
	sum.ring = sum.loss.ring;
	sum.interface = sum.loss.nic + sum.loss.backlog;
	return sum;
}

size_t
capture_sockets(const struct capture *c, int fds[CAPTURE_PORTS])
{
	size_t n = 0;

	for (const struct port *p = c->port; p < c->port + c->ports; p++)
		if (p->ring)
			fds[n++] = ring_fd(p->ring);
	return n;
}

/* Each frame has a header of the kernel's in front: 48 bytes, an address, and what aligns them. */
uint64_t
capture_bridges_ms(size_t buffer, uint64_t frames_s, uint64_t bytes_s)
{
	enum { HEADER = 96, BLOCK = 1 << 18 };
	uint64_t rate = bytes_s + frames_s * HEADER, slow = buffer / BLOCK * CAPTURE_TIMEOUT_MS,
		 fast = rate ? buffer * UINT64_C(1000) / rate : slow;

	return fast < slow ? fast : slow;
}
