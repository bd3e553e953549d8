/*
 * leak_run: the arithmetic of runs.  Must not report.
 */
#include "detect/leak_run.h"

enum {
	DISTINCT_FAST = 3, /* sizes of answers; two of them are a cookie that is there or not */
	DISTINCT_SLOW = 5,
	RANGE_MIN = 16,    /* compression and cookies vary by less */
	RANGE_FACTOR = 4,  /* answers vary so many times as much as requests */
	RANGE_WIDE = 32,   /* slowly, or over many sources: an outside monitoring service asks so, too */
	RANGE_PERIOD = 32, /* a monitor's page, with a time or a token in it */
	RANGE_EARLY = 80,  /* of one that was there when the sensor came */
	PROBE_MS = 2000,
	PERIOD_MIN_MS = 8000,
	PERIOD_MAX_MS = 660000,
	PERIOD_PERCENT = 5,
	PERIOD_LOOSE_PERCENT = 25,
	EARLY_S = 3600,
	RUN_GAP_PARTS = 8, /* a run ends after this part of the slow window in silence */
	FOLDS_MAX = 16,
	WHOLE_PARTS = 8
};

/* Several requests at once have the sum of their answers' jitter. */
static uint32_t
band_of(const struct detect *d, uint32_t request)
{
	uint32_t at_once = 1 + (request - 1) / (uint32_t)d->param[PARAM_leak_loop_request_max];

	return (uint32_t)d->param[PARAM_leak_loop_band] * at_once;
}

struct leak_run *
run_of(const struct detect *d, struct leak_run run[RUNS], const struct turn *t)
{
	int64_t gap = d->param[PARAM_leak_loop_slow_window] * NS_PER_S / RUN_GAP_PARTS;

	for (unsigned i = 0; i < RUNS; i++) {
		struct leak_run *r = &run[i];
		uint32_t from = least(r->request_min, t->request), to = most(r->request_max, t->request);
		uint32_t smallest = least(r->answer_min, t->answer), largest = most(r->answer_max, t->answer);

		if (r->count && when_since(t->time, r->last) <= gap &&
		    to - from <= d->param[PARAM_leak_loop_request_spread] &&
		    largest - smallest <= band_of(d, t->request))
			return r;
	}
	return NULL;
}

struct leak_run *
run_begin(struct leak_run run[RUNS], const struct turn *t)
{
	unsigned older = run[0].count && (!run[1].count || when_before(run[1].last, run[0].last));

	run[older] = (struct leak_run){.first = t->time,
				       .last = t->time,
				       .request_min = t->request,
				       .request_max = t->request,
				       .answer_min = t->answer,
				       .answer_max = t->answer,
				       .gap_min_ms = UINT32_MAX};
	return &run[older];
}

static void
gap_add(struct leak_run *r, const struct turn *t)
{
	int64_t gap_ms = when_since(t->time, r->last) / NS_PER_MS;
	uint32_t gap = gap_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)gap_ms;

	if (r->count == 0 || (gap_ms < PROBE_MS && t->count == 1))
		return;
	if (t->count > 1) /* of a summary, without times */
		gap = 0;
	r->gap_min_ms = least(r->gap_min_ms, gap);
	r->gap_max_ms = most(r->gap_max_ms, gap);
	r->gaps++;
}

void
run_add(struct leak_run *r, const struct turn *t, uint64_t session)
{
	gap_add(r, t);
	r->request_min = least(r->request_min, t->request);
	r->request_max = most(r->request_max, t->request);
	r->answer_min = least(r->answer_min, t->answer);
	r->answer_max = most(r->answer_max, t->answer);
	r->answers |= size_bit(t->answer, 1);
	r->bytes += (uint64_t)t->answer * t->count;
	r->count = r->count > UINT32_MAX - t->count ? UINT32_MAX : r->count + t->count;
	if (when_before(r->last, t->time))
		r->last = t->time;
	for (unsigned i = 0; i < RUN_SESSIONS; i++)
		if (r->session[i] == session || r->session[i] == 0 || i == RUN_SESSIONS - 1) {
			r->session[i] = session;
			break;
		}
}

uint32_t
run_folds_of(const struct detect *d, const struct turn *t, const struct turn *one)
{
	uint32_t n = (t->request + one->request / 2) / one->request, apart, off;

	if (n < 2 || n > FOLDS_MAX)
		return 1;
	/* among enough small ones every size is nearly a multiple of some: the whole has to fit, not each part */
	if (most(t->request, n * one->request) - least(t->request, n * one->request) > one->request / WHOLE_PARTS)
		return 1;
	apart = most(t->request / n, one->request) - least(t->request / n, one->request);
	off = most(t->answer / n, one->answer) - least(t->answer / n, one->answer);
	return apart <= d->param[PARAM_leak_loop_request_spread] && off <= d->param[PARAM_leak_loop_band] ? n : 1;
}

uint32_t
run_range(const struct leak_run *r)
{
	return r->answer_max - r->answer_min;
}

bool
run_leaks(const struct leak_run *r)
{
	return run_range(r) >= RANGE_MIN && run_range(r) >= RANGE_FACTOR * (r->request_max - r->request_min);
}

/* Every minute on the minute; a page that was watched before the sensor came may change by more. */
bool
run_is_monitor(const struct leak_run *r, struct when began)
{
	uint32_t spread = r->gap_max_ms - r->gap_min_ms;
	bool periodic = r->gaps >= 2 && r->gap_min_ms >= PERIOD_MIN_MS && r->gap_max_ms <= PERIOD_MAX_MS;
	bool early = when_since(r->first, began) <= EARLY_S * NS_PER_S;

	if (!periodic || spread > r->gap_min_ms / 100 * PERIOD_LOOSE_PERCENT)
		return false;
	if (run_range(r) <= RANGE_PERIOD)
		return true;
	return early && spread <= r->gap_min_ms / 100 * PERIOD_PERCENT && run_range(r) <= RANGE_EARLY;
}

/* `factor` times the requests, at the rate that `window` allows. */
static bool
is_enough(const struct detect *d, const struct leak_run *r, int64_t factor, int64_t window_s)
{
	int64_t want = d->param[PARAM_leak_loop_requests] * factor;

	return r->count >= want && when_since(r->last, r->first) / NS_PER_S <= window_s * r->count / want &&
	       (factor == 1 || run_range(r) >= RANGE_WIDE);
}

bool
run_is_fast(const struct detect *d, const struct leak_run *r, int64_t factor)
{
	return is_enough(d, r, factor, d->param[PARAM_leak_loop_window]) && set_count(r->answers) >= DISTINCT_FAST;
}

bool
run_is_slow(const struct detect *d, const struct leak_run *r, int64_t factor)
{
	return is_enough(d, r, factor, d->param[PARAM_leak_loop_slow_window]) && run_range(r) >= RANGE_WIDE &&
	       r->request_max - r->request_min <= 1 && set_count(r->answers) >= DISTINCT_SLOW;
}
