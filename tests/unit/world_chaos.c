/*
 * world_chaos: worlds stream into a ledger whose writer is killed (kill -9) at random moments: at most the last commit
 * interval is gone, the rest is there, record for record, verifies, and the coverage shows where something is not.
 * KILLS=500: so many (make ledger-chaos).
 */
#include "ledger_help.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#undef DAY
#undef SECOND
#include "../world/attacks.h"
#include "../world/records.h"
#include "base/crypt.h"
#include "ledger/reading.h"
#include "ledger/row.h"

/* Time passes so much faster than in the world: many midnights, too. */
enum { USERS = 40, COMMIT_S = 60, IN_A_FOLDER = 8, TOLD_MAX = 1 << 22, FASTER = 40 };

/* What the writer told, as both see it. */
struct shared {
	uint64_t told;
	int64_t last_ns; /* the latest time */
	struct {
		uint64_t hash, writer;
		int64_t ns;
	} row[TOLD_MAX];
};
static struct shared *shared;

/* The writer's side. */
struct writer {
	struct ledger *ledger;
	int64_t begin_ns;
	uint64_t seed;
	struct bytes row;
	uint64_t frames;
};

static struct when
when_of(const struct writer *w, struct when t)
{
	return (struct when){(w->begin_ns + (t.ns - WORLD_BEGIN) * FASTER) / NS_PER_US * NS_PER_US};
}

static uint64_t
hash_of(const struct bytes *row)
{
	static const struct hash_key key = {3, 5};

	return hash_fast(&key, row->p, row->n);
}

/* Noted before the ledger hears of it: who is killed in between has told more than it wrote. */
static void
note(struct writer *w, struct when time)
{
	uint64_t i = shared->told;

	if (i == TOLD_MAX)
		_exit(0);
	shared->row[i].hash = hash_of(&w->row);
	if (shared->last_ns < time.ns)
		shared->last_ns = time.ns;
	shared->row[i].ns = shared->last_ns;
	shared->row[i].writer = w->seed;
	__atomic_store_n(&shared->told, i + 1, __ATOMIC_RELEASE);
	w->row.n = 0;
}

static void
got_session(void *arg, const struct session *s)
{
	struct writer *w = arg;
	struct session mine = *s;

	mine.time = when_of(w, s->time);
	mine.start = when_of(w, s->start);
	mine.last = when_of(w, s->last);
	row_put_session(&w->row, &mine);
	note(w, mine.time);
	ledger_session(w->ledger, &mine);
	ledger_time(w->ledger, mine.time, &(struct ledger_seen){.frames = ++w->frames});
}

static void
got_pulse(void *arg, const struct pulse *p)
{
	struct writer *w = arg;
	struct pulse mine = *p;

	mine.time = when_of(w, p->time);
	row_put_pulse(&w->row, &mine);
	note(w, mine.time);
	ledger_pulse(w->ledger, &mine);
	ledger_time(w->ledger, mine.time, &(struct ledger_seen){.frames = w->frames});
}

static void
got_end(void *arg)
{
	(void)arg;
}

/* Until it is killed. */
static void
write_on(uint64_t seed)
{
	static struct world w;
	const struct world_config cfg = {.seed = seed, .kind = (uint8_t)(seed % KINDS), .users = USERS};
	struct writer to = {.ledger = open_ledger(COMMIT_S, false), .seed = seed};
	struct world_sink sink = {.arg = &to, .session = got_session, .pulse = got_pulse, .over = got_end};

	to.begin_ns = shared->last_ns ? shared->last_ns + SECOND(1) : WORLD_BEGIN;
	world_begin(&w, &cfg, &RENDER_RECORDS, &sink);
	world_run(&w, WORLD_BEGIN + HOUR(24 * 60));
	_exit(0);
}

/* The reader's side: what is kept is what was told, but for the ends before each kill. */
struct check {
	uint64_t at, kept;
	int64_t lost_ns; /* the longest that was lost at once */
	struct bytes row;
	bool strange;
};

/* From that row on to c->at, by who told them.  With the last of each a commit was due, and it was killed meanwhile. */
static void
lost(struct check *c, uint64_t from)
{
	for (uint64_t i = from, first = from; i < c->at; i++) {
		bool last = i + 1 == c->at || shared->row[i + 1].writer != shared->row[i].writer;
		int64_t ns = shared->row[i].ns - shared->row[first].ns;

		if (!last)
			c->lost_ns = ns > c->lost_ns ? ns : c->lost_ns;
		else
			first = i + 1;
	}
}

static bool
meet(struct check *c)
{
	uint64_t hash = hash_of(&c->row), from = c->at;

	c->row.n = 0;
	while (c->at < shared->told && shared->row[c->at].hash != hash)
		c->at++;
	if (c->at == shared->told) {
		c->strange = true;
		return false;
	}
	lost(c, from);
	c->at++;
	c->kept++;
	return true;
}

static bool
on_session(void *arg, const struct session *s)
{
	struct check *c = arg;

	row_put_session(&c->row, s);
	return meet(c);
}

static bool
on_pulse(void *arg, const struct pulse *p)
{
	struct check *c = arg;

	row_put_pulse(&c->row, p);
	return meet(c);
}

struct events {
	unsigned started, stopped;
	int64_t rows; /* of the minutes that were watched */
};

static void
on_coverage(void *arg, const struct reading_minute *m)
{
	struct events *e = arg;

	if (m->cause) {
		e->started += strcmp(m->cause, "started") == 0;
		e->stopped += strcmp(m->cause, "stopped") == 0;
	} else {
		e->rows += m->rows;
	}
}

/* Killed before its first commit, and told for no longer than until that would have been due. */
static bool
nothing_yet(uint64_t kept)
{
	struct verify v = {.folder = folder, .say = on_said};

	said[0] = '\0';
	return kept == 0 && !verify_folder(&v) && shared->last_ns - shared->row[0].ns <= SECOND(COMMIT_S);
}

/* After `kills` of them. */
static uint64_t
check_all(unsigned kills)
{
	struct check c = {.at = 0};
	struct events e = {.started = 0};
	struct reading r = {.folder = folder, .since = {INT64_MIN}, .until = {INT64_MAX}, .arg = &c, .pulse = on_pulse};
	struct verify v = verify_now(NULL);

	if (v.count[VERIFY_ALTERED] || v.count[VERIFY_MISSING] || v.count[VERIFY_UNREADABLE])
		fail_msg("after %u kills: %s", kills, said);
	r.session = on_session;
	assert_true(reading_run(&r));
	if (!c.strange) {
		uint64_t from = c.at;

		c.at = shared->told;
		lost(&c, from);
	}
	if (c.strange)
		fail_msg("after %u kills: record %d was not told, or not in this order", kills, (int)c.kept);
	if (c.lost_ns > SECOND(COMMIT_S))
		fail_msg("after %u kills: %d s are gone at once", kills, (int)(c.lost_ns / NS_PER_S));
	assert_int_equal(v.rows, c.kept);
	assert_true(reading_coverage(folder, &e, on_coverage));
	/* a start that no stop came before is a kill, and no minute tells of more than there is */
	assert_true(e.started <= kills && e.stopped == 0 && e.rows <= (int64_t)c.kept);
	bytes_free(&c.row);
	return c.kept;
}

static void
kill_one(uint64_t seed)
{
	uint64_t before = shared->told;
	pid_t pid = fork();

	if (pid == 0)
		write_on(seed);
	/* some are killed while they open the day */
	for (unsigned i = 0; seed % 5 && shared->told == before && i < 20000; i++)
		usleep(500);
	usleep((useconds_t)(seed * UINT64_C(2654435761) % 300000));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
chaos(void **state)
{
	unsigned kills = getenv("KILLS") ? (unsigned)atoi(getenv("KILLS")) : 15;
	uint64_t kept = 0, last = 0;

	(void)state;
	for (unsigned n = 0; n < kills; n++) {
		if (n % IN_A_FOLDER == 0) {
			remove_matching("*");
			shared->told = 0;
			shared->last_ns = 0;
			last = 0;
		}
		kill_one(1000 + n);
		if (shared->told && !nothing_yet(last)) {
			uint64_t now = check_all(n % IN_A_FOLDER + 1);

			assert_true(now >= last); /* what was kept once stays */
			kept += now - last;
			last = now;
		}
	}
	printf("%u kills, %d records kept; the last folder has %d days\n", kills, (int)kept,
	       (int)verify_now(NULL).days);
	assert_true(kept > kills);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(chaos, make_folder, remove_folder)};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shared == MAP_FAILED || !crypt_init() || !programs_load("tests/golden"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
