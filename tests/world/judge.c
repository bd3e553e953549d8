/*
 * judge: holds alerts against labels: an alert about an address of an attack, by one of the detectors that count for
 * it, is a hit; one about nobody's or a look-alike's address is false; whatever else an attack sets off is neither.
 * Must not look into findings for more than who, when and which detector.
 */
#include "judge.h"

#include <stdlib.h>

enum { MEMORY = 256 << 20, FALSE_LINE = 600 };

static const char *const SEVERITY[] = {"info", "low", "medium", "high", "critical"};

static const char *
detector_name(uint16_t id)
{
	for (unsigned i = 0; i < DETECTOR_COUNT; i++)
		if (DETECTORS[i].id == id)
			return DETECTORS[i].name;
	return "?";
}

static bool
counts_for(const struct label *l, const char *detector)
{
	size_t n = strlen(detector);

	for (const char *p = l->detectors; p && (p = strstr(p, detector)); p += n)
		if ((p == l->detectors || p[-1] == ' ') && (p[n] == 0 || p[n] == ' '))
			return true;
	return false;
}

static int
label_by_address(const struct world *w, const struct finding *f, const struct session *s)
{
	int found = label_of(w, &f->actor);

	if (found < 0)
		found = label_of(w, &f->target);
	if (found < 0 && s)
		found = label_of(w, &s->src);
	if (found < 0 && s)
		found = label_of(w, &s->dest);
	return found;
}

/* What shows at the gateway as a whole is told by its time. */
static int
label_by_time(const struct world *w, const char *detector)
{
	int other = -1;

	for (int i = w->labels - 1; i >= 0; i--) {
		const struct label *l = &w->label[i];

		if (!l->site_wide || w->now < l->start || w->now > l->end)
			continue;
		if (l->kind == LABEL_ATTACK && counts_for(l, detector))
			return i;
		other = other < 0 ? i : other;
	}
	return other;
}

static int
label_for(const struct world *w, const struct finding *f, const struct session *s)
{
	const char *detector = detector_name(f->detector);
	int by_address = label_by_address(w, f, s), by_time;

	if (by_address >= 0 && w->label[by_address].kind == LABEL_ATTACK && counts_for(&w->label[by_address], detector))
		return by_address;
	by_time = label_by_time(w, detector);
	if (by_time >= 0 && counts_for(&w->label[by_time], detector))
		return by_time;
	return by_address >= 0 ? by_address : by_time;
}

void
judge_time(FILE *to, int64_t ns)
{
	static const char *const DAYS[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	int64_t s = (ns - WORLD_BEGIN) / NS_PER_S;

	fprintf(to, "day %2d %s %02d:%02d:%02d", (int)(s / 86400), DAYS[s / 86400 % 7], (int)(s / 3600 % 24),
		(int)(s / 60 % 60), (int)(s % 60));
}

static void
show(const struct judge *j, const struct finding *f, const char *verdict, int label)
{
	judge_time(stdout, j->w->now);
	printf("  %-9s %-8s %s%s%-18s %s", verdict, SEVERITY[f->severity],
	       f->opens   ? "+" :
	       f->worsens ? "^" :
			    " ",
	       f->weak ? "~" : " ", detector_name(f->detector), f->text);
	if (label >= 0)
		printf("  [%s]", j->w->label[label].name);
	printf("\n");
}

static void
hit(struct judge *j, int label, const struct finding *f)
{
	struct hit *h = f->severity >= j->least ? &j->hit[label] : &j->faint[label];

	if (!h->at)
		*h = (struct hit){j->w->now, j->w->label[label].exchanges, f->severity};
}

static void
false_alert(struct judge *j, const struct finding *f, int label)
{
	const struct world *w = j->w;

	j->false_alerts += f->severity >= SEVERITY_MEDIUM;
	if (j->report)
		fprintf(j->report, "F %llu %u %s %s %u %lld %.200s\n", (unsigned long long)w->cfg.seed, w->cfg.kind,
			detector_name(f->detector), label >= 0 ? w->label[label].name : "nobody", f->severity,
			(long long)w->now, f->text);
}

static void
judge_finding(void *arg, const struct finding *f, const struct session *s)
{
	struct judge *j = arg;
	bool alert = f->severity > SEVERITY_INFO && (f->opens || f->worsens);
	int label = label_for(j->w, f, s);
	bool attack = label >= 0 && j->w->label[label].kind == LABEL_ATTACK;
	bool counts = attack && counts_for(&j->w->label[label], detector_name(f->detector));

	j->findings++;
	j->alerts += alert;
	if (counts && (alert || j->least == SEVERITY_INFO))
		hit(j, label, f);
	else if (alert && !attack)
		false_alert(j, f, label);
	if (j->show && (alert || attack))
		show(j, f, !alert ? "" : counts ? "HIT" : attack ? "beside" : "FALSE", label);
}

static void
judge_closed(void *arg, const struct incident *i)
{
	(void)arg, (void)i;
}

static void
nothing(void *arg, const struct session *s)
{
	(void)arg, (void)s;
}

static void
to_session(void *arg, const struct session *s)
{
	struct judge *j = arg;

	pipeline_record(j->pipeline, s);
}

static void
to_pulse(void *arg, const struct pulse *p)
{
	struct judge *j = arg;

	pipeline_pulse(j->pipeline, p);
}

static void
to_frame(void *arg, const struct frame *f)
{
	struct judge *j = arg;

	pipeline_frames(j->pipeline, f, 1);
}

static void
to_over(void *arg)
{
	struct judge *j = arg;

	pipeline_end(j->pipeline);
}

/* What the operator says is in force from the hour in which it is said; times have the minute that people note. */
static void
to_told(void *arg, enum fact_kind kind, int64_t at)
{
	struct judge *j = arg;
	struct detect_rules *r = &j->rules[(j->told + 1) % 2];

	*r = j->rules[j->told++ % 2];
	r->fact[r->facts++ % RULES_FACT] =
		(struct rule_fact){.kind = (uint8_t)kind, .gateway = 1, .at = {at / MINUTE(1) * MINUTE(1)}};
	pipeline_rules(j->pipeline, r);
}

struct world_sink
judge_records(struct judge *j)
{
	return (struct world_sink){.arg = j,
				   .session = to_session,
				   .pulse = to_pulse,
				   .frame = to_frame,
				   .over = to_over,
				   .told = to_told};
}

/* What the organisation told its sensor: restarts are planned for the night to Sunday. */
static const struct detect_rules ANNOUNCED = {
	.maintenances = 1,
	.maintenance = {{.name = "patch-night", .days = 1, .begin_s = 90 * 60, .length_s = 2 * 3600}}};

static void
sensor_start(struct judge *j)
{
	const struct pipeline_config cfg = {.memory = MEMORY,
					    .table = {1, 2},
					    .identity = {3, 4},
					    .sensor = 1,
					    .scope_gateway = true,
					    .update_ns = MINUTE(4),
					    .detect = {.learn_ns = DAY(7), .incident_idle_ns = HOUR(6)}};
	const struct pipeline_sink to = {
		.arg = j, .session = nothing, .finding = judge_finding, .closed = judge_closed};

	j->pipeline = pipeline_new(j->memory, &cfg, &to);
	pipeline_rules(j->pipeline, &j->rules[j->told % 2]);
}

void
judge_begin(struct judge *j, struct world *w)
{
	j->w = w;
	j->memory = aligned_alloc(64, MEMORY);
	j->rules[0] = j->rules[1] = ANNOUNCED;
	sensor_start(j);
}

void
judge_restart(struct judge *j, bool keep)
{
	size_t size = pipeline_saved_size(j->pipeline);
	struct snapshot_report report;
	char *saved = malloc(size);
	struct out o = out_of(saved, size);

	pipeline_save(j->pipeline, &o);
	pipeline_close(j->pipeline);
	sensor_start(j);
	judge_site(j);
	if (keep && pipeline_load(j->pipeline, cur_of(saved, (size_t)(o.p - saved)), &report) != SNAPSHOT_TAKEN)
		fprintf(stderr, "world: the snapshot was refused\n");
	free(saved);
}

void
judge_site(struct judge *j)
{
	struct gateway_addr addrs[GATEWAY_TOLD];

	if (!j->rules[j->told % 2].nets) {
		inside_told(j->w, &j->rules[j->told % 2]);
		pipeline_rules(j->pipeline, &j->rules[j->told % 2]);
	}
	gateway_told(j->w, addrs);
	pipeline_gateways(j->pipeline, addrs, GATEWAY_TOLD);
}

void
judge_end(struct judge *j)
{
	pipeline_close(j->pipeline);
	free(j->memory);
}
