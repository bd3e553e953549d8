/*
 * ledger_make: a ledger of as many sessions as wanted: the records of worlds' days, played once, come back day after
 * day with other times, ids and hashes.  Prints what writing them took.
 *
 *	ledger_make DIR SESSIONS [COMMIT_SECONDS [DENSE]]	into an empty folder; 0 or none: commits of full blocks;
 *								so many days of 15,000 sessions go into one
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "../world/world.h"
#include "ledger/ledger.h"
#include "ledger/row.h"

enum { USERS = 240, SENSOR = 1 };

static const int64_t DAY_NS = 86400 * NS_PER_S;

struct day_rows {
	struct bytes rows;
	size_t sessions;
};

static void
got_session(void *arg, const struct session *s)
{
	struct day_rows *d = arg;

	row_put_session(&d->rows, s);
	d->sessions += s->kind == SESSION_CLOSE;
}

static void
got_pulse(void *arg, const struct pulse *p)
{
	row_put_pulse(&((struct day_rows *)arg)->rows, p);
}

static bool
play(struct day_rows *d, uint8_t kind)
{
	static struct world w;
	const struct world_config cfg = {.seed = 11u + kind, .kind = kind, .users = USERS, .lookalikes = true};
	struct world_sink to = {.arg = d, .session = got_session, .pulse = got_pulse};

	world_begin(&w, &cfg, &RENDER_RECORDS, &to);
	world_run(&w, WORLD_BEGIN + HOUR(24));
	world_end(&w);
	return !d->rows.failed;
}

static uint64_t
other(uint64_t v, uint64_t day)
{
	v ^= day * UINT64_C(0x9e3779b97f4a7c15);
	return v ? v * UINT64_C(0xbf58476d1ce4e5b9) | 1 : 0;
}

/* The time so many days later, where so many days lie in one. */
struct later {
	uint64_t day;
	int64_t dense;
};

static struct when
at(struct when t, struct later by)
{
	int64_t since = t.ns - WORLD_BEGIN + (int64_t)by.day * DAY_NS;

	return (struct when){t.ns ? WORLD_BEGIN + since / by.dense : 0};
}

static void
move(struct session *s, struct later by)
{
	uint64_t day = by.day;

	s->time = at(s->time, by);
	s->start = at(s->start, by);
	s->last = at(s->last, by);
	s->hello = at(s->hello, by);
	s->id_offered = s->id_offered ? other(s->id_offered, day) : 0;
	s->id_issued = s->id_issued ? other(s->id_issued, day) : 0;
	s->client_random = s->client_random ? other(s->client_random, day) : 0;
	s->id = session_id(s, SENSOR);
}

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What the kernel was asked to write for this process, and what went to the disk (proc(5): wchar, write_bytes). */
static void
print_written(size_t sessions)
{
	char line[128];
	FILE *f = fopen("/proc/self/io", "r");
	unsigned long long n;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "wchar: %llu", &n) == 1)
			printf("  handed to the kernel %.0f MB, %.0f bytes a session\n", (double)n / 1e6,
			       (double)n / (double)sessions);
		else if (sscanf(line, "write_bytes: %llu", &n) == 1)
			printf("  written to the disk  %.0f MB, %.0f bytes a session\n", (double)n / 1e6,
			       (double)n / (double)sessions);
	if (f)
		fclose(f);
}

struct totals {
	size_t sessions, records;
	double seconds;
};

/* One day's records into the ledger, minutes of coverage between them. */
static void
write_day(struct ledger *l, const struct day_rows *d, struct later by, struct totals *t, size_t most)
{
	static struct row r;
	struct ledger_seen seen = {.frames = 1};
	struct cur c = bytes_cur(&d->rows);
	int64_t minute = 0;

	while (cur_left(&c) && t->sessions < most && row_get(&c, &r)) {
		struct when now = r.kind == ROW_PULSE ? r.pulse.time : r.session.time;
		double begin;

		now = at(now, by);
		if (r.kind == ROW_PULSE)
			r.pulse.time = now;
		else
			move(&r.session, by);
		begin = cpu();
		if (now.ns / MINUTE(1) != minute || r.kind == ROW_PULSE)
			ledger_time(l, now, &seen);
		minute = now.ns / MINUTE(1);
		if (r.kind == ROW_PULSE)
			ledger_pulse(l, &r.pulse);
		else
			ledger_session(l, &r.session);
		t->seconds += cpu() - begin;
		t->sessions += r.kind == ROW_SESSION && r.session.kind == SESSION_CLOSE;
		t->records++;
	}
}

int
main(int argc, char **argv)
{
	size_t most = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	struct ledger_config cfg = {.folder = argv[1],
				    .key_folder = argv[1],
				    .sensor = SENSOR,
				    .commit_ns = argc > 3 ? strtoll(argv[3], NULL, 10) * NS_PER_S : 0,
				    .seal_last = false};
	char error[LEDGER_ERROR_MAX] = "";
	struct day_rows d = {.sessions = 0};
	struct totals t = {.sessions = 0};
	struct ledger *l;
	struct later by = {.dense = argc > 4 ? strtoll(argv[4], NULL, 10) : 1};
	double begin;

	if (most == 0 || by.dense < 1 || !programs_load("tests/golden"))
		return 2;
	if (!play(&d, KIND_PORTAL))
		return 1;
	l = ledger_open(&cfg, error);
	for (; l && t.sessions < most && !*ledger_error(l); by.day++)
		write_day(l, &d, by, &t, most);
	begin = cpu();
	if (!l || !ledger_close(l, error)) {
		fprintf(stderr, "ledger_make: %s\n", error);
		return 1;
	}
	t.seconds += cpu() - begin;
	printf("  %zu sessions, %zu records written, days of %zu sessions: %.2f us of CPU a record\n", t.sessions,
	       t.records, d.sessions * (size_t)by.dense, t.seconds * 1e6 / (double)t.records);
	print_written(t.sessions);
	bytes_free(&d.rows);
	return 0;
}
