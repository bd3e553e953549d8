/*
 * enrich: lists and places in force, and the thread that makes the next ones.
 * Must not free what the pipeline may still look at.
 */
#include "sensor/enrich.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { TOLD_MAX = 2 * INDICATOR_LISTS + 4, TOLD_LINE = 1024 };

/* What the thread has to say, kept until somebody may write. */
struct told {
	unsigned lines;
	bool bad[TOLD_MAX];
	char line[TOLD_MAX][TOLD_LINE];
};

struct enrich {
	struct enrich_wanted want;
	struct lists *lists;
	struct places *places;
	/* the thread's, until `done` */
	struct lists *next_lists;
	struct places *next_places;
	struct told told;
	pthread_t thread;
	bool reads, again;
	atomic_bool done;
};

static void
keep_line(void *arg, bool bad, const char *line)
{
	struct told *t = arg;

	if (t->lines == TOLD_MAX)
		return;
	t->bad[t->lines] = bad;
	snprintf(t->line[t->lines++], TOLD_LINE, "%s", line);
}

static void
tell(const struct enrich *e, bool bad, const char *line)
{
	if (e->want.tell.line)
		e->want.tell.line(e->want.tell.arg, bad, line);
}

struct enrich *
enrich_new(const struct enrich_wanted *want)
{
	struct enrich *e = calloc(1, sizeof(*e));
	char error[PLACES_ERROR_MAX];

	if (!e) {
		want->tell.line(want->tell.arg, true, "lists: no memory");
		return NULL;
	}
	e->want = *want;
	e->lists = lists_new(&e->want.lists, NULL, &e->want.tell);
	if (e->lists && places_open(&e->places, want->country, want->asn, error))
		return e;
	if (e->lists)
		tell(e, true, error);
	enrich_free(e);
	return NULL;
}

void
enrich_use(const struct enrich *e, struct pipeline *p)
{
	const struct place_lookup from = places_lookup(e->places);

	pipeline_indicators(p, lists_table(e->lists));
	pipeline_places(p, &from);
}

void
enrich_before(const struct enrich *e, struct place_lookup *places, const struct indicators **indicators)
{
	*places = places_lookup(e->places);
	*indicators = lists_table(e->lists);
}

static void *
read_anew(void *arg)
{
	struct enrich *e = arg;
	const struct lists_tell keep = {&e->told, keep_line};
	char error[PLACES_ERROR_MAX], line[PLACES_ERROR_MAX + 80];

	e->next_lists = lists_new(&e->want.lists, e->lists, &keep);
	if (!places_open(&e->next_places, e->want.country, e->want.asn, error)) {
		snprintf(line, sizeof(line), "%s; places stay as they were read before", error);
		keep_line(&e->told, true, line);
	}
	atomic_store(&e->done, true);
	return NULL;
}

/* Signals are for the thread that captures. */
void
enrich_reload(struct enrich *e)
{
	sigset_t all, before;

	e->again = e->reads;
	if (e->reads)
		return;
	e->told.lines = 0;
	atomic_store(&e->done, false);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e->reads = pthread_create(&e->thread, NULL, read_anew, e) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!e->reads)
		tell(e, true, "lists are not read anew: no thread for it; they stay as they were read before");
}

static void
take_over(struct enrich *e, struct pipeline *p)
{
	struct lists *lists = e->next_lists ? e->lists : NULL;
	struct places *places = e->next_places ? e->places : NULL;

	if (e->next_lists)
		e->lists = e->next_lists;
	if (e->next_places)
		e->places = e->next_places;
	e->next_lists = NULL;
	e->next_places = NULL;
	enrich_use(e, p);
	lists_free(lists);
	places_close(places);
}

const struct lists *
enrich_lists(const struct enrich *e)
{
	return e->lists;
}

bool
enrich_poll(struct enrich *e, struct pipeline *p)
{
	if (!e->reads || !atomic_load(&e->done))
		return false;
	pthread_join(e->thread, NULL);
	e->reads = false;
	take_over(e, p);
	for (unsigned i = 0; i < e->told.lines; i++)
		tell(e, e->told.bad[i], e->told.line[i]);
	if (e->again)
		enrich_reload(e);
	return true;
}

void
enrich_free(struct enrich *e)
{
	if (!e)
		return;
	if (e->reads)
		pthread_join(e->thread, NULL);
	lists_free(e->next_lists);
	places_close(e->next_places);
	lists_free(e->lists);
	places_close(e->places);
	free(e);
}

const char *
enrich_with_addresses(const struct enrich *e)
{
	return e ? lists_with_addresses(e->lists) : NULL;
}
