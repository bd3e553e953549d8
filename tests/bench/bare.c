/*
 * bare: the yardstick of the benchmarks: libpcap's pcap_next_ex in a loop, counting; and `write`: a plain copy of a
 * file with write(2), the yardstick for output.
 */
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
copy(const char *from, const char *to)
{
	static char buffer[1 << 20];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ssize_t n;

	if (in < 0 || out < 0)
		return 1;
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)n) != n)
			return 1;
	return n < 0;
}

int
main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *head;
	const u_char *bytes;
	unsigned long long packets = 0;
	pcap_t *p;

	if (argc == 4 && strcmp(argv[1], "write") == 0)
		return copy(argv[2], argv[3]);
	p = argc == 2 ? pcap_open_offline(argv[1], error) : NULL;
	if (!p) {
		fprintf(stderr, "usage: bare CAPTURE | bare write FROM TO\n");
		return 2;
	}
	while (pcap_next_ex(p, &head, &bytes) == 1)
		packets++;
	printf("%llu\n", packets);
	pcap_close(p);
	return 0;
}
