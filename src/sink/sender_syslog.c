/*
 * sender_syslog: syslog (RFC 5424) over UDP (RFC 5426), TCP (RFC 6587 3.4.1: octet counting) and TLS (RFC 5425).
 *
 *	<166>1 2025-05-01T08:00:00.000000Z SENSOR gatewitness - alert [gatewitness@32473 id="..." ...] LINE
 *
 * Syslog has no acknowledgement.  Over a stream each batch is a connection that is closed by us and then by the receiver:
 * who reads to its end has read all of it (link.h).  When that fails the batch is sent again in halves, down to one event,
 * so that a receiver that is slow, or closes after each message, gets on.  syslog.md says what can be lost.
 */
#include "sink/sender.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/out.h"
#include "detect/detect.h"
#include "sink/endpoint.h"
#include "sink/link.h"

/* local5, as Suricata's syslog outputs have it; 32473 is the number of documentation (RFC 5612). */
enum {
	FACILITY = 21,
	HEAD_MAX = 1024,
	COUNT_MAX = 12,
	LINE_MOST = 1 << 18,
	DATAGRAM_MOST = 65000,
	BATCH_BYTES = 1 << 20,
	BARE_MOST = 3,
};
#define SD_ID "gatewitness@32473"

struct syslog {
	const struct sender_config *cfg;
	struct link_tls *tls; /* NULL: no TLS */
	int udp;              /* -1: none */
	size_t batch;         /* events of one connection */
	unsigned bare;        /* so often in a row it took one event and closed without close_notify */
	char *bytes;          /* BATCH_BYTES, and a message */
};

/* What people see first: RFC 5424's severities. */
static unsigned
priority(const struct sender_event *e)
{
	static const uint8_t OF[] = {[SEVERITY_INFO] = 6,
				     [SEVERITY_LOW] = 5,
				     [SEVERITY_MEDIUM] = 4,
				     [SEVERITY_HIGH] = 3,
				     [SEVERITY_CRITICAL] = 2};
	bool judged = e->kind == EVENT_ALERT || e->kind == EVENT_INCIDENT;

	return FACILITY * 8u + (judged && e->severity < sizeof(OF) ? OF[e->severity] : 6u);
}

/* HOSTNAME: 1 to 255 printable characters without blanks (6.2.4). */
static void
put_host(struct out *o, const char *name)
{
	if (!*name)
		out_char(o, '-');
	for (size_t i = 0; i < 255 && name[i]; i++)
		out_char(o, name[i] > ' ' && name[i] < 0x7f ? name[i] : '_');
}

/* 6.3.3: these three are escaped. */
static void
put_param(struct out *o, const char *name, const char *value)
{
	out_char(o, ' ');
	out_text(o, name);
	OUT_LIT(o, "=\"");
	for (; *value; value++) {
		if (*value == '"' || *value == '\\' || *value == ']')
			out_char(o, '\\');
		out_char(o, *value);
	}
	out_char(o, '"');
}

static void
put_time(struct out *o, struct when t)
{
	time_t seconds = t.ns / NS_PER_S - (t.ns % NS_PER_S < 0);
	char text[48];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	out_text(o, text);
	snprintf(text, sizeof(text), ".%06uZ", (unsigned)((t.ns - (int64_t)seconds * NS_PER_S) / NS_PER_US));
	out_text(o, text);
}

/* Up to the message.  Without a byte order mark (6.4): what reads JSON or CEF from it would stumble. */
static size_t
put_head(char to[HEAD_MAX], const struct sender_config *cfg, const struct sender_event *e)
{
	struct out o = out_of(to, HEAD_MAX);
	char id[24];

	out_char(&o, '<');
	out_u64(&o, priority(e));
	OUT_LIT(&o, ">1 ");
	put_time(&o, e->time);
	out_char(&o, ' ');
	put_host(&o, cfg->sensor);
	OUT_LIT(&o, " gatewitness - ");
	out_text(&o, event_words(e->kind).one);
	OUT_LIT(&o, " [" SD_ID);
	snprintf(id, sizeof(id), "%llu", (unsigned long long)e->id);
	put_param(&o, "id", id);
	if (*e->gateway)
		put_param(&o, "gateway", e->gateway);
	OUT_LIT(&o, "] ");
	return out_len(&o);
}

/* The whole message, behind its length where a stream needs it; how many bytes, 0: they do not fit. */
static size_t
put_message(const struct syslog *s, char *to, size_t room, const struct sender_event *e, bool counted)
{
	char head[HEAD_MAX], count[COUNT_MAX];
	size_t n = put_head(head, s->cfg, e);
	size_t c = counted ? (size_t)snprintf(count, sizeof(count), "%zu ", n + e->n) : 0;

	if (c + n + e->n > room)
		return 0;
	memcpy(to, count, c);
	memcpy(to + c, head, n);
	memcpy(to + c + n, e->line, e->n);
	return c + n + e->n;
}

/* Connected, so that an unreachable port is told (RFC 1122 4.1.3.3). */
static int
udp_socket(const struct sender_config *cfg, char words[SENDER_WORDS])
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	const char *list = cfg->address;
	struct addrinfo *a = NULL;
	struct endpoint e;
	int fd = -1, why = endpoint_next(&e, &list) ? getaddrinfo(e.host, e.port, &hints, &a) : EAI_NONAME;

	if (why) {
		snprintf(words, SENDER_WORDS, "%.200s: no address: %s", cfg->address, gai_strerror(why));
		return -1;
	}
	fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
	if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		snprintf(words, SENDER_WORDS, "%.200s: %s", cfg->address, strerror(errno));
	freeaddrinfo(a);
	return fd;
}

static void
syslog_close(void *state)
{
	struct syslog *s = state;

	link_tls_free(s->tls);
	if (s->udp >= 0)
		close(s->udp);
	free(s->bytes);
	free(s);
}

static void *
syslog_open(const struct sender_config *cfg, char words[SENDER_WORDS])
{
	struct syslog *s = calloc(1, sizeof(*s));

	if (strchr(cfg->address, ',')) {
		snprintf(words, SENDER_WORDS, "address: syslog has one receiver; make a sink for each");
		free(s);
		return NULL;
	}
	if (!s || !(s->bytes = malloc(BATCH_BYTES + LINE_MOST + HEAD_MAX))) {
		snprintf(words, SENDER_WORDS, "no memory");
		free(s);
		return NULL;
	}
	s->cfg = cfg;
	s->udp = -1;
	s->batch = cfg->batch;
	if (cfg->transport == SENDER_TLS && !(s->tls = link_tls_new(cfg, words))) {
		syslog_close(s);
		return NULL;
	}
	return s;
}

/* Events that fit one connection: how many, and their bytes. */
static size_t
pack(struct syslog *s, const struct sender_event *e, size_t n, size_t *bytes)
{
	size_t i, most = n < s->batch ? n : s->batch;

	*bytes = 0;
	for (i = 0; i < most && (i == 0 || *bytes + e[i].n < BATCH_BYTES); i++)
		*bytes += put_message(s, s->bytes + *bytes, LINE_MOST + BATCH_BYTES + HEAD_MAX - *bytes, &e[i], true);
	return i;
}

static enum link_end
send_connection(struct syslog *s, size_t bytes, int64_t deadline, bool *connected, char words[SENDER_WORDS])
{
	struct link *l = link_connect(s->cfg, s->tls, deadline, words);
	enum link_end end = LINK_BROKEN;

	*connected = l != NULL;
	if (l && link_write(l, s->bytes, bytes, deadline, words))
		end = link_end(l, deadline, words);
	link_free(l);
	return end;
}

/* RFC 5425 wants a close_notify of the receiver.  Who never sends one is believed all the same, after some tries: who died
   would not take three connections in a row. */
static bool
is_taken(struct syslog *s, enum link_end end, size_t events, char words[SENDER_WORDS])
{
	if (end == LINK_EARLY && events > 1)
		snprintf(words, SENDER_WORDS, "the receiver closes before it is sent all");
	if (end == LINK_READ)
		s->bare = 0;
	if (end != LINK_BARE)
		return end == LINK_READ || (end == LINK_EARLY && events == 1);
	snprintf(words, SENDER_WORDS, "the receiver closed without a close_notify");
	s->bare += events == 1 && s->bare < BARE_MOST;
	return s->bare == BARE_MOST;
}

static void
send_stream(struct syslog *s, const struct sender_event *e, size_t n, struct sender_result *r)
{
	const int64_t deadline = link_clock_ns() + s->cfg->timeout_ns;

	while (r->acknowledged < n) {
		/* half of what is left: when a batch did not get through, there must be time for less of it */
		int64_t now = link_clock_ns(), until = now + (deadline - now) / 2;
		size_t bytes, events = pack(s, e + r->acknowledged, n - r->acknowledged, &bytes);
		bool connected;
		enum link_end end = send_connection(s, bytes, until, &connected, r->words);

		if (is_taken(s, end, events, r->words)) {
			r->acknowledged += events;
			s->batch = 2 * s->batch < s->cfg->batch ? 2 * s->batch : s->cfg->batch;
			continue;
		}
		if (connected)
			s->batch = events > 1 ? events / 2 : 1;
		if (!connected || (events == 1 && end != LINK_BARE) || deadline - now < s->cfg->timeout_ns / 16)
			return;
	}
	r->outcome = SENDER_DONE;
	snprintf(r->words, sizeof(r->words), "%s",
		 s->bare ? "read, and closed without a close_notify" : "read to its end");
}

static void
send_datagrams(struct syslog *s, const struct sender_event *e, size_t n, struct sender_result *r)
{
	if (s->udp < 0)
		s->udp = udp_socket(s->cfg, r->words);
	for (; s->udp >= 0 && r->acknowledged < n; r->acknowledged++) {
		size_t bytes = put_message(s, s->bytes, DATAGRAM_MOST, &e[r->acknowledged], false);

		if (bytes == 0) {
			r->outcome = SENDER_REFUSED;
			snprintf(r->words, sizeof(r->words),
				 "an event of %zu bytes is no datagram's; take transport = tcp or tls",
				 e[r->acknowledged].n);
			return;
		}
		if (send(s->udp, s->bytes, bytes, MSG_NOSIGNAL) < 0) {
			snprintf(r->words, sizeof(r->words), "%.200s: %s", s->cfg->address, strerror(errno));
			return;
		}
	}
	if (r->acknowledged == n) {
		r->outcome = SENDER_DONE;
		snprintf(r->words, sizeof(r->words), "nothing: it is UDP, and nobody knows whether it arrived");
	}
}

static void
syslog_send(void *state, const struct sender_event *e, size_t n, struct sender_result *r)
{
	struct syslog *s = state;

	*r = (struct sender_result){.outcome = SENDER_AGAIN};
	(s->cfg->transport == SENDER_UDP ? send_datagrams : send_stream)(s, e, n, r);
}

const struct sender_calls SENDER_SYSLOG = {syslog_open, syslog_send, syslog_close};
