/*
 * evaluate: many worlds, one table.
 *
 * For each seed the quiet world is run once to the end of the learning time, then the process forks: each child goes on
 * with one attack in it.  So an attack costs only its own days.  Workers write lines (R: an attack, F: a false alert,
 * W: a world without attacks), the parent makes the table of them.
 */
#include "evaluate.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacks.h"
#include "table.h"

enum { LEARN_DAYS = 7, CLEAN_DAYS = 21, DELAY_H = 30, GIVE_UP_DAYS = 12 };

/* One of those named: B04,B25,C01. */
static bool
is_named(const char *names, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = names; (p = strstr(p, name)) != NULL; p += n)
		if ((p == names || p[-1] == ',') && (p[n] == '\0' || p[n] == ','))
			return true;
	return false;
}

bool
wanted(const struct options *o, unsigned number)
{
	const struct attack *a = attack_at(number);
	char name[8];

	if (o->behaviour && !is_named(o->behaviour, behaviour_name(a->behaviour, name)))
		return false;
	return !o->variant || strcmp(o->variant, a->name) == 0;
}

int
attacks_list(void)
{
	char name[8];

	for (unsigned i = 0; i < attack_count(); i++) {
		const struct attack *a = attack_at(i);

		printf("%s  %-22s %-7s %-5s %s\n", behaviour_name(a->behaviour, name), a->name,
		       a->strong ? "strong" : "weak", a->told ? "told" : "", a->detectors);
	}
	return 0;
}

void
world_of_seed(struct world *w, struct judge *j, const struct options *o, uint64_t seed, uint32_t users, bool lookalikes)
{
	const struct world_config cfg = {.seed = seed,
					 .kind = (uint8_t)(o->kind < KINDS ? o->kind : seed % KINDS),
					 .users = users,
					 .loss_ppm = o->loss,
					 .one_sided_day = o->one_sided,
					 .duplicates = o->duplicates,
					 .lookalikes = lookalikes};
	struct world_sink to = judge_records(j);

	judge_begin(j, w);
	world_begin(w, &cfg, o->frames || o->loss || o->duplicates || o->one_sided ? &RENDER_FRAMES : &RENDER_RECORDS,
		    &to);
	judge_site(j);
}

/* Small offices, most organisations, and a university. */
static uint32_t
size_by_seed(uint64_t seed)
{
	static const uint32_t USERS[] = {30, 90, 200, 350, 500, 500, 800, 2000};
	struct rng r = rng_of(seed, 8888);

	return USERS[below(&r, sizeof(USERS) / sizeof(USERS[0]))];
}

/* On the way the sensor may be started anew, at eleven in the morning. */
static void
run_until(struct world *w, struct judge *j, const struct options *o, int64_t until)
{
	int64_t restart = WORLD_BEGIN + DAY(o->restart) + HOUR(11);

	if (o->restart && w->now < restart && restart < until) {
		world_run(w, restart);
		judge_restart(j, o->keep);
	}
	world_run(w, until);
}

/* To the end of learning; in its last hour there may be strangers. */
static void
run_to_attacks(struct world *w, struct judge *j, const struct options *o)
{
	if (o->strangers) {
		run_until(w, j, o, WORLD_BEGIN + DAY(LEARN_DAYS) - HOUR(1));
		strangers_come(j, w, o->strangers, WORLD_BEGIN + DAY(LEARN_DAYS));
	}
	run_until(w, j, o, WORLD_BEGIN + DAY(LEARN_DAYS));
}

/* When the attack begins: any time of the day and a bit, soon after learning. */
static int64_t
attack_time(uint64_t seed, unsigned number)
{
	struct rng r = rng_of(seed, 7777 + number);

	return WORLD_BEGIN + DAY(LEARN_DAYS) + MINUTE(10 + below(&r, DELAY_H * 60));
}

static int
attack_label(const struct world *w)
{
	for (int i = 0; i < w->labels; i++)
		if (w->label[i].kind == LABEL_ATTACK)
			return i;
	return -1;
}

/* Runs until the attack and its aftermath are over. */
static int
run_attack(struct world *w, struct judge *j, unsigned number)
{
	int64_t begin = attack_time(w->cfg.seed, number), until = begin + HOUR(1);
	int label = -1;

	attack_start(w, number, begin);
	j->least = attack_at(number)->least;
	while (w->now < begin + DAY(GIVE_UP_DAYS)) {
		world_run(w, until);
		label = attack_label(w);
		if (label >= 0 && w->label[label].end <= w->now)
			break;
		if (label >= 0 && j->hit[label].at && w->label[label].happened && !j->show)
			break;
		until += HOUR(1);
	}
	return label;
}

static void
report_attack(const struct world *w, const struct judge *j, unsigned number, int label, FILE *to)
{
	const struct label *l = &w->label[label];
	const struct hit *h = j->hit[label].at ? &j->hit[label] : &j->faint[label];
	int64_t delay = h->at ? h->at - (l->happened ? l->happened : l->start) : 0;

	fprintf(to, "R %llu %u %u %u %lld %u\n", (unsigned long long)w->cfg.seed, w->cfg.kind, number,
		j->hit[label].at   ? 2 :
		j->faint[label].at ? 1 :
				     0,
		(long long)(delay < 0 ? 0 : delay / NS_PER_S), h->exchanges);
}

static void
attacks_of_seed(const struct options *o, uint64_t seed, FILE *to)
{
	struct world w;
	struct judge j = {.report = NULL};

	world_of_seed(&w, &j, o, seed, o->users, false);
	run_to_attacks(&w, &j, o);
	for (unsigned i = 0; i < attack_count(); i++) {
		if (!wanted(o, i) || !attack_fits(attack_at(i), &w))
			continue;
		fflush(to);
		if (fork() == 0) {
			report_attack(&w, &j, i, run_attack(&w, &j, i), to);
			fflush(to);
			_exit(0);
		}
		wait(NULL);
	}
}

static void
clean_of_seed(const struct options *o, uint64_t seed, FILE *to)
{
	struct world w;
	struct judge j = {.report = to};
	uint32_t days = o->days ? o->days : CLEAN_DAYS;

	world_of_seed(&w, &j, o, seed, o->clean_users ? o->clean_users : size_by_seed(seed), true);
	run_until(&w, &j, o, WORLD_BEGIN + DAY(days));
	world_end(&w);
	fprintf(to, "W %llu %u %u %u %u %u\n", (unsigned long long)seed, w.cfg.kind, days, j.false_alerts, w.cfg.users,
		w.habits.rhythm);
}

static void
work(const struct options *o, unsigned job, FILE *to)
{
	if (job % 2)
		clean_of_seed(o, o->seed + job / 2, to);
	else
		attacks_of_seed(o, o->seed + job / 2, to);
	fflush(to);
	_exit(0);
}

int
evaluate(const struct options *o)
{
	unsigned jobs = o->seeds * 2, running = 0;
	FILE *lines = tmpfile();

	if (!lines)
		return 1;
	setvbuf(lines, NULL, _IOLBF, BUFSIZ); /* all workers write to it, a line at a time */
	for (unsigned next = 0; next < jobs; next++) {
		if (next % 2 ? o->behaviour != NULL || o->attacks_only : o->clean_only)
			continue;
		for (; running >= o->jobs; running--)
			wait(NULL);
		running++;
		fflush(NULL);
		if (fork() == 0)
			work(o, next, lines);
		fprintf(stderr, "\r%u of %u ", next + 1, jobs);
	}
	while (wait(NULL) > 0)
		;
	fprintf(stderr, "\r              \r");
	return table_print(lines, o);
}

static void
show_labels(const struct world *w)
{
	for (int i = 0; i < w->labels; i++) {
		const struct label *l = &w->label[i];

		if (l->kind != LABEL_ATTACK)
			continue;
		printf("label %s: ", l->name);
		judge_time(stdout, l->start);
		printf(" begins, ");
		judge_time(stdout, l->happened ? l->happened : l->start);
		printf(" has happened, ");
		judge_time(stdout, l->end);
		printf(" is over; %u exchanges; counts: %s\n", l->exchanges, l->detectors);
	}
}

static int
show_attacks(const struct options *o, struct world *w, struct judge *j)
{
	run_to_attacks(w, j, o);
	for (unsigned i = 0; i < attack_count(); i++) {
		int label;
		char name[8];

		if (!wanted(o, i) || !attack_fits(attack_at(i), w))
			continue;
		fflush(stdout);
		if (fork() == 0) {
			printf("\n%s %s, seed %u, gateway %s\n", behaviour_name(attack_at(i)->behaviour, name),
			       attack_at(i)->name, o->seed, KIND_NAMES[w->cfg.kind]);
			label = run_attack(w, j, i);
			show_labels(w);
			printf("%s\n", j->hit[label].at ? "FOUND" : j->faint[label].at ? "found, low only" : "MISSED");
			fflush(stdout);
			_exit(0);
		}
		wait(NULL);
	}
	return 0;
}

int
one_world(const struct options *o)
{
	struct world w;
	struct judge j = {.show = o->show};
	uint32_t days = o->days ? o->days : CLEAN_DAYS;

	world_of_seed(&w, &j, o, o->seed, o->users, o->lookalikes);
	if (o->behaviour)
		return show_attacks(o, &w, &j);
	run_until(&w, &j, o, WORLD_BEGIN + DAY(days));
	world_end(&w);
	printf("seed %u, gateway %s, %s, %u days: %u findings, %u alerts, %u false from medium on; %llu connections\n",
	       o->seed, KIND_NAMES[w.cfg.kind], RHYTHM_NAMES[w.habits.rhythm], days, j.findings, j.alerts,
	       j.false_alerts, (unsigned long long)w.conns);
	judge_end(&j);
	return 0;
}
