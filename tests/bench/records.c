/*
 * records: what detectors take for a record: the records and pulses of a capture go through the record door again and
 * again, each time to detectors that know nothing yet, and then as records of no gateway, which nobody judges.
 *	records ROUNDS CAPTURE GATEWAY...
 * Prints their number and the nanoseconds of CPU for one: the median of the rounds' differences.
 */
#include "pipeline.h"

#include "packet/savefile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

enum { MEMORY = 256 << 20, RECORDS = 1 << 17, ROUNDS = 99 };

struct kept {
	struct session session;
	struct pulse pulse;
	bool is_pulse;
};

struct tape {
	struct kept *at;
	size_t n;
};

static _Noreturn void
fail(const char *why)
{
	fprintf(stderr, "records: %s\n", why);
	exit(1);
}

static void
keep_text(void *field)
{
	struct text *t = field;
	char *copy = t->p ? malloc(t->len + 1u) : NULL;

	if (copy)
		t->p = memcpy(copy, t->p, t->len);
}

static void
keep_value(void *field)
{
	(void)field;
}

static struct kept *
tape_add(struct tape *t)
{
	struct kept *k = t->n < RECORDS ? &t->at[t->n++] : NULL;

	if (!k)
		fail("more records than there is room for");
	return k;
}

static void
session_kept(void *arg, const struct session *s)
{
	struct kept *k = tape_add(arg);

	k->session = *s;
#define FIELD(id, name, ...) _Generic(k->session.name, struct text : keep_text, default : keep_value)(&k->session.name);
#include "session/session.def"
#undef FIELD
}

static void
pulse_kept(void *arg, const struct pulse *p)
{
	struct kept *k = tape_add(arg);

	k->pulse = *p;
	k->is_pulse = true;
}

static void
finding_ignored(void *arg, const struct finding *f, const struct session *s)
{
	(void)arg, (void)f, (void)s;
}

static struct pipeline *
begin(void *memory, struct tape *t)
{
	const struct pipeline_config cfg = {
		.memory = MEMORY,
		.table = {1, 2},
		.update_ns = 240 * NS_PER_S,
		.detect = {.memory = MEMORY / 16,
			   .table = {3, 4},
			   .learn_ns = 7 * 86400 * NS_PER_S,
			   .incident_idle_ns = 6 * 3600 * NS_PER_S},
	};
	const struct pipeline_sink to = {
		.arg = t, .session = session_kept, .pulse = pulse_kept, .finding = finding_ignored};
	struct pipeline *p;

	memset(memory, 0, MEMORY);
	p = pipeline_new(memory, &cfg, &to);
	if (!p)
		fail("no memory");
	return p;
}

static int64_t
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Pulses come in between, beside the clock. */
static int64_t
play(void *memory, struct tape *t, bool judged)
{
	struct pipeline *p = begin(memory, NULL);
	int64_t begun = cpu_ns(), took = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct kept *k = &t->at[i];
		uint8_t gateway = k->session.gateway;

		if (k->is_pulse) {
			took += cpu_ns() - begun;
			pipeline_pulse(p, &k->pulse);
			begun = cpu_ns();
			continue;
		}
		k->session.gateway = judged ? gateway : 0;
		pipeline_record(p, &k->session);
		k->session.gateway = gateway;
	}
	took += cpu_ns() - begun;
	pipeline_close(p);
	return took;
}

static struct cur
mapped(const char *path)
{
	int fd = open(path, O_RDONLY);
	void *bytes = MAP_FAILED;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0)
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		fail("cannot read the capture");
	return cur_of(bytes, (size_t)st.st_size);
}

static void
record(void *memory, struct tape *t, const char *capture, const struct gateway_addr *gateways, size_t n)
{
	struct pipeline *p = begin(memory, t);
	static struct savefile file;
	struct cur c = mapped(capture);
	struct frame frame;
	const char *why;

	pipeline_gateways(p, gateways, n);
	for (enum savefile_verdict v; (v = savefile_next(&file, &c, &frame, &why)) <= SAVEFILE_OTHER;)
		if (v == SAVEFILE_FRAME)
			pipeline_frames(p, &frame, 1);
	pipeline_end(p);
	pipeline_close(p);
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	struct gateway_addr gateways[GATEWAY_ADDRS_MAX];
	struct tape t = {calloc(RECORDS, sizeof(struct kept)), 0};
	void *memory = malloc(MEMORY);
	int64_t cost[ROUNDS];
	size_t rounds = argc > 3 ? strtoul(argv[1], NULL, 10) : 0, n = 0, records = 0;

	for (int i = 3; i < argc && n < GATEWAY_ADDRS_MAX; i++, n++) {
		gateways[n] = (struct gateway_addr){.gateway = 1, .listens = true, .calls = true};
		if (!addr_parse(&gateways[n].addr, argv[i]))
			fail("no address of a gateway");
	}
	if (rounds < 1 || rounds > ROUNDS)
		fail("usage: records ROUNDS CAPTURE GATEWAY...");
	if (!t.at || !memory)
		fail("no memory");
	record(memory, &t, argv[2], gateways, n);
	for (size_t i = 0; i < t.n; i++)
		records += !t.at[i].is_pulse;
	for (size_t i = 0; i < rounds; i++)
		cost[i] = play(memory, &t, true) - play(memory, &t, false);
	qsort(cost, rounds, sizeof(cost[0]), compare);
	printf("%zu %.0f\n", records, (double)cost[rounds / 2] / (double)records);
	return 0;
}
