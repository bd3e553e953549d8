/*
 * listen: libpcap's loop that only counts: what a live capture costs before anybody looks at a frame.
 *	listen IFACE BUFFER_BYTES	until SIGINT
 */
#include <pcap/pcap.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static pcap_t *pcap;

static void
on_signal(int number)
{
	(void)number;
	pcap_breakloop(pcap);
}

static void
count(u_char *user, const struct pcap_pkthdr *h, const u_char *bytes)
{
	(void)h;
	(void)bytes;
	++*(unsigned long long *)(void *)user;
}

int
main(int argc, char **argv)
{
	struct sigaction act = {.sa_handler = on_signal};
	char why[PCAP_ERRBUF_SIZE];
	unsigned long long n = 0;

	if (argc != 3 || !(pcap = pcap_create(argv[1], why)))
		return 2;
	pcap_set_snaplen(pcap, 1 << 18);
	pcap_set_promisc(pcap, 1);
	pcap_set_timeout(pcap, 100);
	pcap_set_buffer_size(pcap, atoi(argv[2]));
	if (pcap_activate(pcap) < 0) {
		pcap_perror(pcap, "listen");
		return 1;
	}
	sigaction(SIGINT, &act, NULL);
	while (pcap_dispatch(pcap, -1, count, (u_char *)&n) >= 0)
		;
	printf("%llu\n", n);
	return 0;
}
