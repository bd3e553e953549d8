/*
 * tune_replay: which values to try, and a replay for each; alerts are counted by detector.
 * Must not print but for progress.
 */
#include "cmd/replay.h"
#include "cmd/tune.h"

struct run {
	const struct tune_wanted *wanted;
	struct tune_result *result;
	struct tune_alerts alerts; /* of the replay that runs */
	struct progress progress;
	uint64_t done, todo; /* records */
};

static bool
chosen(const char *wanted, const char *name)
{
	return !wanted || strcmp(wanted, name) == 0;
}

/* The configured value, a quarter, half, twice and four times as much, as whole numbers that make sense. */
static void
steps(struct tune_row *row, int64_t now)
{
	const char *unit = DETECT_PARAMS[row->param].unit;
	int64_t most = strcmp(unit, "percent") == 0 ? 100 : strcmp(unit, "permille") == 0 ? 1000 : INT32_MAX;
	const int64_t wanted[TUNE_STEPS] = {now / 4, now / 2 + now % 2, now, now > INT32_MAX / 2 ? most : now * 2,
					    now > INT32_MAX / 4 ? most : now * 4};

	for (unsigned i = 0; i < TUNE_STEPS; i++) {
		int64_t v = i < 2 && wanted[i] < 1 ? 1 : i > 2 && wanted[i] > most ? most : wanted[i];

		if (row->steps && v <= row->value[row->steps - 1])
			continue;
		if ((i < 2 && v >= now) || (i > 2 && v <= now))
			continue;
		if (i == 2)
			row->current = row->steps;
		row->value[row->steps++] = v;
	}
}

static void
plan(struct run *t)
{
	struct tune_result *r = t->result;
	const int64_t *now = t->wanted->common->config.number + OPTIONS_OWN;

	for (unsigned d = 0; d < DETECTOR_COUNT && d < TUNE_DETECTORS; d++)
		r->shown[d] = chosen(t->wanted->detector, DETECTORS[d].name) &&
			      (r->pulses || !detector_pulses(&DETECTORS[d])) && !t->wanted->parameter;
	for (unsigned i = 0; i < DETECT_PARAM_COUNT && r->rows < TUNE_ROWS; i++) {
		const struct detect_param *p = &DETECT_PARAMS[i];
		unsigned d = (unsigned)(detector_by_name(p->detector) - DETECTORS);
		bool wanted = chosen(t->wanted->detector, p->detector) && chosen(t->wanted->parameter, p->name);

		if (!wanted || d >= TUNE_DETECTORS || (!r->pulses && detector_pulses(&DETECTORS[d])))
			continue;
		r->shown[d] = true;
		r->row[r->rows] = (struct tune_row){.param = i, .detector = d};
		steps(&r->row[r->rows++], now[i]);
	}
}

static void
on_finding(void *arg, const struct finding *f)
{
	struct run *t = arg;

	if (!eve_alerts(f) || f->severity < SEVERITY_MEDIUM)
		return;
	t->alerts.all++;
	for (unsigned d = 0; d < DETECTOR_COUNT && d < TUNE_DETECTORS; d++)
		t->alerts.of[d] += DETECTORS[d].id == f->detector;
}

static void
on_progress(void *arg, uint64_t items)
{
	struct run *t = arg;

	t->done += items;
	progress_share(&t->progress, "replaying", t->done, t->todo);
}

static bool
replay_row(struct run *t, const struct replay *replay, struct tune_row *row)
{
	int64_t params[CONFIG_PARAMS];

	memcpy(params, t->wanted->common->config.number + OPTIONS_OWN, sizeof(params));
	for (unsigned i = 0; i < row->steps; i++) {
		params[row->param] = row->value[i];
		t->alerts = t->result->now;
		if (i != row->current) {
			t->alerts = (struct tune_alerts){.all = 0};
			if (!replay_run(replay, params))
				return false;
		}
		row->alerts[i] = t->alerts.of[row->detector];
		row->all[i] = t->alerts.all;
	}
	return true;
}

static bool
replay_all(struct run *t)
{
	struct tune_result *r = t->result;
	struct replay replay = {.store = t->wanted->store,
				.rules = &t->wanted->common->rules[t->wanted->common->now],
				.enrich = t->wanted->common->enrich,
				.arg = t,
				.finding = on_finding,
				.progress = on_progress};
	uint64_t runs = 1;

	for (unsigned i = 0; i < r->rows; i++)
		runs += r->row[i].steps - 1;
	t->done = 0;
	t->todo = runs * (r->facts.sessions + r->facts.pulses);
	progress_begin(&t->progress, &t->wanted->common->err, !t->wanted->common->quiet);
	if (!watch_pipeline(&t->wanted->common->watch, &replay.pipeline) ||
	    !replay_run(&replay, t->wanted->common->config.number + OPTIONS_OWN))
		return false;
	r->now = t->alerts;
	for (unsigned i = 0; i < r->rows; i++)
		if (!replay_row(t, &replay, &r->row[i]))
			return false;
	return true;
}

bool
tune_replay(struct tune_result *r, const struct tune_wanted *wanted)
{
	struct run t = {.wanted = wanted, .result = r};
	bool fine;

	plan(&t);
	fine = replay_all(&t);
	progress_clear(&t.progress);
	return fine;
}
