/*
 * send: a capture's frames onto a wire, over and over, at a set rate; says how many left.
 *	send IFACE FILE.pcap FRAMES_A_SECOND SECONDS		0 frames a second: as fast as it goes
 * Past the queueing discipline, in batches.  For a veth pair in a namespace of one's own, and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, FILE_HEAD = 24, FRAME_HEAD = 16 };

struct source {
	const uint8_t *bytes;
	size_t n, at;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
mistake(const char *what)
{
	fprintf(stderr, "send: %s: %s\n", what, strerror(errno));
	return 1;
}

static int
open_wire(const char *iface)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(iface)};
	int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -1;
	return fd;
}

static int
open_source(const char *path, struct source *s)
{
	int fd = open(path, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	s->n = (size_t)st.st_size;
	s->at = FILE_HEAD;
	s->bytes = mmap(NULL, s->n, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	return s->bytes == MAP_FAILED || s->n <= FILE_HEAD + FRAME_HEAD ? -1 : 0;
}

static struct iovec
next_frame(struct source *s)
{
	struct iovec v;
	uint32_t n;

	if (s->at + FRAME_HEAD >= s->n)
		s->at = FILE_HEAD;
	memcpy(&n, s->bytes + s->at + 8, sizeof(n));
	v = (struct iovec){(void *)(uintptr_t)(s->bytes + s->at + FRAME_HEAD), n};
	s->at += FRAME_HEAD + n;
	return v;
}

/* How many left; a full queue is tried again. */
static int
send_batch(int fd, struct source *s)
{
	static struct mmsghdr m[BATCH];
	static struct iovec v[BATCH];
	int sent = 0;

	for (int i = 0; i < BATCH; i++) {
		v[i] = next_frame(s);
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	while (sent < BATCH) {
		int n = sendmmsg(fd, m + sent, (unsigned)(BATCH - sent), 0);

		if (n > 0)
			sent += n;
		else if (errno != ENOBUFS && errno != EAGAIN)
			return -1;
	}
	return sent;
}

int
main(int argc, char **argv)
{
	struct source s;
	unsigned long long sent = 0;
	double rate, seconds, began, t;
	int fd;

	if (argc != 5) {
		fprintf(stderr, "usage: send IFACE FILE.pcap FRAMES_A_SECOND SECONDS\n");
		return 2;
	}
	rate = atof(argv[3]);
	seconds = atof(argv[4]);
	if ((fd = open_wire(argv[1])) < 0)
		return mistake(argv[1]);
	if (open_source(argv[2], &s) < 0)
		return mistake(argv[2]);
	for (began = now(); (t = now()) - began < seconds;) {
		int n;

		if (rate > 0 && (double)sent > (t - began) * rate) {
			usleep(50);
			continue;
		}
		if ((n = send_batch(fd, &s)) < 0)
			return mistake("sendmmsg");
		sent += (unsigned)n;
	}
	printf("%llu %.3f\n", sent, t - began);
	return 0;
}
