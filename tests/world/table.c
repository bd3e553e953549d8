/*
 * table: the lines of all workers as one table: per behaviour how many were found and how soon; false alerts by
 * detector and by what set them off.
 */
#include "table.h"

#include <stdlib.h>

#include "attacks.h"

enum {
	BEHAVIOURS = 64,
	ROWS_MAX = 512,
	NAME = 32,
	SEEDS_SHOWN = 6,
	BUDGET_PER_MILLE = 1000,
	ATTACKS_MAX = 256,
	WORLDS_MAX = 1024
};

/* What was found of one attack variant. */
struct tally {
	unsigned tried, found, faint;
	int64_t *delay;
	uint32_t *exchanges, missed[SEEDS_SHOWN], misses;
};

struct false_row {
	char detector[NAME], cause[NAME], text[200];
	unsigned severity, count, seed, kind;
	int64_t at;
};

struct table {
	struct tally attack[ATTACKS_MAX];
	struct false_row row[ROWS_MAX];
	unsigned rows, clean_worlds, clean_days, clean_false;
	struct quiet {
		unsigned seed, kind, days, alerts, users, rhythm;
	} quiet[WORLDS_MAX];
};

static int
compare_i64(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int
compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The lowest seeds, in order: worlds come to their end in any. */
static void
note_miss(struct tally *k, uint32_t seed)
{
	unsigned i = k->misses < SEEDS_SHOWN ? k->misses : SEEDS_SHOWN;

	for (; i > 0 && k->missed[i - 1] > seed; i--)
		if (i < SEEDS_SHOWN)
			k->missed[i] = k->missed[i - 1];
	if (i < SEEDS_SHOWN)
		k->missed[i] = seed;
	k->misses++;
}

static void
take_result(struct table *t, const char *line)
{
	unsigned long long seed;
	long long delay;
	unsigned kind, number, found, exchanges;
	struct tally *k;

	if (sscanf(line, "R %llu %u %u %u %lld %u", &seed, &kind, &number, &found, &delay, &exchanges) != 6 ||
	    number >= ATTACKS_MAX)
		return;
	k = &t->attack[number];
	k->tried++;
	k->faint += found == 1;
	if (found < 2) {
		note_miss(k, (uint32_t)seed);
		return;
	}
	k->delay = realloc(k->delay, (k->found + 1) * sizeof(*k->delay));
	k->exchanges = realloc(k->exchanges, (k->found + 1) * sizeof(*k->exchanges));
	k->delay[k->found] = delay;
	k->exchanges[k->found++] = exchanges;
}

static void
take_false(struct table *t, const char *line)
{
	struct false_row r = {.count = 1};
	unsigned long long seed;
	long long at;

	if (sscanf(line, "F %llu %u %31s %31s %u %lld %199[^\n]", &seed, &r.kind, r.detector, r.cause, &r.severity, &at,
		   r.text) < 6)
		return;
	r.seed = (unsigned)seed;
	r.at = at;
	for (unsigned i = 0; i < t->rows; i++)
		if (strcmp(t->row[i].detector, r.detector) == 0 && strcmp(t->row[i].cause, r.cause) == 0 &&
		    t->row[i].severity == r.severity) {
			t->row[i].count++;
			return;
		}
	if (t->rows < ROWS_MAX)
		t->row[t->rows++] = r;
}

static void
take_world(struct table *t, const char *line)
{
	struct quiet q;

	if (sscanf(line, "W %u %u %u %u %u %u", &q.seed, &q.kind, &q.days, &q.alerts, &q.users, &q.rhythm) != 6 ||
	    t->clean_worlds == WORLDS_MAX || q.kind >= KINDS || q.rhythm >= RHYTHMS)
		return;
	t->quiet[t->clean_worlds++] = q;
	t->clean_days += q.days;
	t->clean_false += q.alerts;
}

static void
take_all(struct table *t, FILE *lines)
{
	char line[1024];

	rewind(lines);
	while (fgets(line, sizeof(line), lines)) {
		if (line[0] == 'R')
			take_result(t, line);
		else if (line[0] == 'F')
			take_false(t, line);
		else if (line[0] == 'W')
			take_world(t, line);
	}
}

/* In which worlds, to look at them. */
static void
print_missed(const struct tally *k, bool strong)
{
	if (!k->misses)
		return;
	printf("  %s", strong ? "MISSED" : "missed");
	for (unsigned i = 0; i < k->misses && i < SEEDS_SHOWN; i++)
		printf(" %u", k->missed[i]);
	if (k->misses > SEEDS_SHOWN)
		printf(" and %u", k->misses - SEEDS_SHOWN);
}

/* Found, but later than five minutes after it has happened. */
static unsigned
count_late(const struct tally *k)
{
	enum { SOON_S = 300 };
	unsigned late = 0;

	for (unsigned i = 0; i < k->found; i++)
		late += k->delay[i] > SOON_S;
	return late;
}

/* Behaviours in the order of their numbers; true: a strong one was missed. */
static bool
print_attack(const struct table *t, unsigned i)
{
	const struct attack *a = attack_at(i);
	const struct tally *k = &t->attack[i];
	bool missed = a->strong && k->found < k->tried;
	char name[8];

	printf("  %s  %-20s %-6s %-4s %3u of %-3u", behaviour_name(a->behaviour, name), a->name,
	       a->strong ? "strong" : "", a->told ? "told" : "", k->found, k->tried);
	if (k->found) {
		qsort(k->delay, k->found, sizeof(*k->delay), compare_i64);
		qsort(k->exchanges, k->found, sizeof(*k->exchanges), compare_u32);
		printf(" %8.1f %8.1f %8u %8u", (double)k->delay[k->found / 2] / 60, (double)k->delay[k->found - 1] / 60,
		       k->exchanges[k->found / 2], k->exchanges[k->found - 1]);
	} else {
		printf(" %8s %8s %8s %8s", "-", "-", "-", "-");
	}
	if (count_late(k))
		printf("  %u late", count_late(k));
	if (k->faint)
		printf("  %u low only", k->faint);
	print_missed(k, a->strong);
	printf("\n");
	return missed;
}

static unsigned
print_attacks(const struct table *t)
{
	unsigned missed = 0;

	printf("Attacks: found at severity medium or above; minutes from when it has happened to the alert (late: over "
	       "5); exchanges of the actor until then\n"
	       "told: the operator's facts are needed\n"
	       "  %-27s %-11s %-10s %8s %8s %8s %8s\n",
	       "", "", "found", "median", "worst", "exchanges", "most");
	for (unsigned b = 0; b < BEHAVIOURS; b++)
		for (unsigned i = 0; i < attack_count() && i < ATTACKS_MAX; i++)
			if (attack_at(i)->behaviour == b && t->attack[i].tried)
				missed += print_attack(t, i);
	return missed;
}

static int
compare_rows(const void *a, const void *b)
{
	const struct false_row *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity < y->severity ? 1 : -1;
	return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->detector, y->detector);
}

static void
print_false(struct table *t)
{
	static const char *const SEVERITY[] = {"info", "low", "medium", "high", "critical"};

	if (!t->clean_worlds)
		return;
	printf("\nQuiet worlds: %u, %u weeks in all; alerts a week from medium on: %.2f (goal: at most 1)\n",
	       t->clean_worlds, t->clean_days / 7, t->clean_days ? 7.0 * t->clean_false / t->clean_days : 0);
	qsort(t->row, t->rows, sizeof(t->row[0]), compare_rows);
	if (t->rows)
		printf("  %-9s %-20s %-20s %6s %7s  for example\n", "severity", "detector", "set off by", "alerts",
		       "a week");
	for (unsigned i = 0; i < t->rows; i++) {
		const struct false_row *r = &t->row[i];

		printf("  %-9s %-20s %-20s %6u %7.2f  seed %u ", SEVERITY[r->severity], r->detector, r->cause, r->count,
		       7.0 * r->count / t->clean_days, r->seed);
		judge_time(stdout, r->at);
		printf(" %.110s\n", r->text);
	}
}

/* Every world has to keep the budget, not only the mean of them. */
static void
print_quiet(const struct table *t)
{
	for (unsigned i = 0; i < t->clean_worlds; i++) {
		const struct quiet *q = &t->quiet[i];

		if (q->alerts)
			printf("  seed %u (%s, %u users, %s): %u in %u days\n", q->seed, KIND_NAMES[q->kind], q->users,
			       RHYTHM_NAMES[q->rhythm], q->alerts, q->days);
	}
}

int
table_print(FILE *lines, const struct options *o)
{
	struct table *t = calloc(1, sizeof(*t));
	unsigned missed;
	bool over;

	(void)o;
	take_all(t, lines);
	missed = print_attacks(t);
	print_false(t);
	print_quiet(t);
	over = (uint64_t)t->clean_false * 7 * 1000 > (uint64_t)t->clean_days * BUDGET_PER_MILLE;
	printf("\n%u strong variants missed; budget of quiet weeks %s\n", missed, over ? "EXCEEDED" : "kept");
	return missed || over;
}
