/*
 * bench: how fast this machine is at being a witness, without a wire and without files: frames made in memory go through
 * everything from frame to detectors, and only that is timed.
 *
 *	bench_traffic --frames--> watch        [clock, counters] --> a table
 */
#include "cmd/common.h"
#include "cmd/tables.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/bench_count.h"
#include "cmd/bench_traffic.h"

enum { OPT_PACKETS = 'n', OPT_BOARD = 'b', PACKETS_MAX = 1000000000 };

struct bench {
	struct common *common;
	struct bench_traffic *traffic;
	struct bench_count count;
	bool board, json;
	uint64_t packets, bytes, sessions;
	int64_t took_ns;
};

/* One line of the table. */
struct line {
	const char *name, *key;
	bool number;
	char value[160];
};

enum { LINES = 20 };

struct page {
	struct line line[LINES];
	unsigned lines;
};

static struct line *
line_add(struct page *p, const char *name, const char *key)
{
	struct line *l = &p->line[p->lines++];

	l->name = name;
	l->key = key;
	return l;
}

static void
line_text(struct page *p, const char *name, const char *key, const char *text)
{
	struct line *l = line_add(p, name, key);

	snprintf(l->value, sizeof(l->value), "%s", text);
}

static void
line_number(struct page *p, const char *name, const char *key, double v)
{
	struct line *l = line_add(p, name, key);

	l->number = true;
	snprintf(l->value, sizeof(l->value), v < 100 && v != (double)(int)v ? "%.2f" : "%.0f", v);
}

/* The first line of a file that begins with `key`, without it; else "unknown". */
static void
file_line(const char *path, const char *key, char *to, size_t size)
{
	FILE *f = fopen(path, "r");
	char line[256];

	snprintf(to, size, "unknown");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(to, size, "%s", line + strlen(key) + strspn(line + strlen(key), " \t:"));
			break;
		}
	if (f)
		fclose(f);
}

/* What it runs on: a device tree's board, or a PC's DMI. */
static void
describe(struct page *p)
{
	struct utsname u;
	char text[128];

	file_line("/proc/device-tree/model", "", text, sizeof(text));
	if (strcmp(text, "unknown") == 0)
		file_line("/sys/class/dmi/id/product_name", "", text, sizeof(text));
	line_text(p, "machine", "machine", text);
	file_line("/proc/cpuinfo", "model name", text, sizeof(text));
	if (strcmp(text, "unknown") == 0)
		file_line("/proc/cpuinfo", "CPU part", text, sizeof(text));
	line_text(p, "processor", "processor", text);
	line_number(p, "processors", "processors", (double)sysconf(_SC_NPROCESSORS_ONLN));
	line_number(p, "memory, MiB", "memory_mib",
		    (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / (1 << 20));
	if (uname(&u) == 0) {
		line_text(p, "architecture", "architecture", u.machine);
		line_text(p, "kernel", "kernel", u.release);
	}
	line_text(p, "gatewitness", "version", PROGRAM_VERSION);
}

static void
counted(struct page *p, const struct bench *b)
{
	static const struct {
		const char *name, *key;
	} OF[] = {
		[COUNT_INSTRUCTIONS] = {"instructions a packet", "instructions_per_packet"},
		[COUNT_CYCLES] = {"cycles a packet", "cycles_per_packet"},
		[COUNT_CACHE_MISSES] = {"cache misses a packet", "cache_misses_per_packet"},
	};
	uint64_t v;

	for (unsigned i = 0; i < BENCH_COUNTERS; i++)
		if (bench_count_read(&b->count, i, &v))
			line_number(p, OF[i].name, OF[i].key, (double)v / (double)b->packets);
		else if (i == COUNT_INSTRUCTIONS)
			line_text(p, "instructions a packet", "counters", "the kernel gives no counters here");
}

static void
measured(struct page *p, const struct bench *b)
{
	double s = (double)b->took_ns / 1e9, packets = (double)b->packets;
	struct rusage usage;

	line_number(p, "packets", "packets", packets);
	line_number(p, "sessions told", "sessions", (double)b->sessions);
	line_number(p, "bytes a packet", "bytes_per_packet", (double)b->bytes / packets);
	line_number(p, "packets a second, one core", "packets_per_second", packets / s);
	line_number(p, "ns a packet", "ns_per_packet", (double)b->took_ns / packets);
	line_number(p, "Mbit/s, one core", "mbit_per_second", (double)b->bytes * 8 / s / 1e6);
	counted(p, b);
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		line_number(p, "resident memory, MiB", "resident_mib", (double)usage.ru_maxrss / 1024);
}

static int
print(const struct bench *b, const struct page *p)
{
	char json[4096];
	struct out o = out_of(json, sizeof(json));

	json_open(&o, '{');
	for (unsigned i = 0; i < p->lines; i++) {
		const struct line *l = &p->line[i];

		if (!b->json) {
			printf("  %-28s %s\n", l->name, l->value);
			continue;
		}
		json_text(&o, l->key);
		OUT_LIT(&o, ":");
		if (l->number)
			out_text(&o, l->value);
		else
			json_text(&o, l->value);
	}
	json_close(&o, '}');
	if (b->json)
		printf("%.*s\n", (int)out_len(&o), json);
	return tables_finish();
}

static void
on_session(void *arg, const struct session *s)
{
	struct bench *b = arg;

	(void)s;
	b->sessions++;
}

/* Frames that are there already, or none: the end of all connections, whose records are told then. */
static void
timed(struct bench *b, const struct frame *frames, size_t n)
{
	struct watch *w = &b->common->watch;
	int64_t began = clock_now_ns();

	bench_count_on(&b->count);
	for (size_t i = 0; i < n; i += PIPELINE_BATCH)
		watch_frames(w, frames + i, n - i < PIPELINE_BATCH ? n - i : PIPELINE_BATCH);
	if (n == 0)
		watch_end(w);
	bench_count_off(&b->count);
	b->took_ns += clock_now_ns() - began;
}

static void
work(struct bench *b)
{
	struct progress progress;

	progress_begin(&progress, &b->common->err, !b->json);
	for (uint64_t done = 0; done < b->packets;) {
		size_t n = b->packets - done < BENCH_CHUNK ? (size_t)(b->packets - done) : BENCH_CHUNK;
		const struct frame *frames = bench_traffic_next(b->traffic, n);

		timed(b, frames, n);
		for (size_t i = 0; i < n; i++)
			b->bytes += frames[i].wire_len;
		progress_share(&progress, "packets", done += n, b->packets);
	}
	timed(b, NULL, 0);
	progress_clear(&progress);
}

static int
measure(struct bench *b)
{
	struct page page = {.lines = 0};

	bench_count_open(&b->count);
	work(b);
	if (b->board)
		describe(&page);
	measured(&page, b);
	bench_count_close(&b->count);
	return common_close(b->common, print(b, &page));
}

static int
take_packets(struct bench *b, const char *value)
{
	char *end;

	errno = 0;
	b->packets = strtoull(value, &end, 10);
	if (errno || *end || *value == '-' || b->packets < 1 || b->packets > PACKETS_MAX)
		return usage_error("bench", "--packets takes a number from 1 to 1000000000");
	return EXIT_DONE;
}

static int
take_option(void *arg, int id, const char *value)
{
	struct bench *b = arg;

	switch (id) {
	case OPT_PACKETS:
		return take_packets(b, value);
	case OPT_BOARD:
		b->board = true;
		return EXIT_DONE;
	case OPT_JSON:
		b->json = true;
		return EXIT_DONE;
	case ARGS_FILE:
		return usage_error("bench", "takes no files: it makes its packets itself");
	default:
		return common_option(b->common, id, value);
	}
}

static int
bench_run(int argc, char **argv)
{
	struct bench b = {.common = common_new(&CMD_BENCH), .traffic = bench_traffic_new(), .packets = 1000000};
	int status = b.common && b.traffic ? common_option(b.common, 'g', "192.0.2.10") : EXIT_IO;

	if (status == EXIT_DONE)
		status = args_take(&CMD_BENCH, argc, argv, take_option, &b);
	if (status == EXIT_DONE) {
		b.common->hears = (struct watch_tell){.arg = &b, .session = on_session};
		status = common_open(b.common, NULL);
	}
	if (status == EXIT_DONE)
		status = measure(&b);
	if (b.common)
		common_free(b.common);
	bench_traffic_free(b.traffic);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{OPT_BOARD, "board", NULL, "say what it ran on, too: a table ready to be sent in"},
	{OPT_PACKETS, "packets", "N", "so many: 1000000"},
	{OPT_SET, "set", "SECTION.OPTION=VALUE", "set one option; the later wins"},
	{OPT_JSON, "json", NULL, "one JSON object"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_BENCH = {
	"bench",
	"[--board] [--packets N]",
	"how fast this machine is, without a wire",
	OPTIONS,
	"Makes TLS conversations with a gateway in memory and times everything from frame to detectors,\n"
	"on one core; no wire, no files, nothing is kept. A million packets take a second or ten. The\n"
	"same packets each time, so two machines compare, and so do two versions. Instructions and\n"
	"cycles stand there where the kernel gives the processor's counters (kernel.perf_event_paranoid\n"
	"at most 2, no virtual machine).\n"
	"\n"
	"examples:\n"
	"  gatewitness bench --board\n"
	"  gatewitness bench --packets 10000000 --set ndpi.enabled=no\n"
	"\n"
	"exit code: 0 done; 1 no memory or output failed; 2 wrong usage\n",
	bench_run,
};
