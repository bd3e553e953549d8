/*
 * finding: a finding put together: numbers with units, sessions to look at, and the words for people.
 * Numbers in words are rounded as people say them ("24.9 kB", "20 min"); the exact ones stand beside them.
 */
#include "detect/frame.h"

#include <string.h>

const struct text SEVERITY_NAMES[SEVERITY_CRITICAL + 1] = {TEXT_INIT("info"), TEXT_INIT("low"), TEXT_INIT("medium"),
							   TEXT_INIT("high"), TEXT_INIT("critical")};

const char *
severity_name(unsigned severity)
{
	return SEVERITY_NAMES[least(severity, SEVERITY_CRITICAL)].p;
}

void
finding_begin(struct finding *f, const struct view *v, enum detector_id id)
{
	const struct session *s = v->s;

	*f = (struct finding){.detector = (uint16_t)id,
			      .severity = detector_by_id((uint16_t)id)->severity,
			      .gateway = s->gateway,
			      .learning = v->learning,
			      .degraded = v->degraded || v->lossy,
			      .weak = detector_by_id((uint16_t)id)->weak,
			      .time = s->time,
			      .actor = v->client,
			      .program = s->client_key,
			      .target = s->dest,
			      .actor_port = s->src_port,
			      .target_port = s->dest_port,
			      .proto = s->proto};
}

void
finding_begin_gateway(struct finding *f, const struct detect *d, enum detector_id id, uint8_t gateway)
{
	*f = (struct finding){.detector = (uint16_t)id,
			      .severity = detector_by_id((uint16_t)id)->severity,
			      .gateway = gateway,
			      .learning = when_since(d->now, d->gate[gateway].first) < d->learn_ns,
			      .degraded = seen_sight(d, gateway, d->now) != SIGHT_WHOLE,
			      .weak = detector_by_id((uint16_t)id)->weak,
			      .time = d->now,
			      .actor = d->gate[gateway].addr,
			      .target = d->gate[gateway].addr};
}

void
finding_weigh(struct finding *f, const char *what, unsigned points)
{
	struct finding_weight w = {what, points};

	for (uint32_t i = 0; i < f->weight_count; i++)
		if (f->weight[i].points < w.points) {
			struct finding_weight smaller = f->weight[i];

			f->weight[i] = w;
			w = smaller;
		}
	if (f->weight_count < FINDING_WEIGHTS)
		f->weight[f->weight_count++] = w;
}

void
finding_number(struct finding *f, const char *name, const char *unit, int64_t value)
{
	if (f->number_count < FINDING_NUMBERS)
		f->number[f->number_count++] = (struct finding_number){name, unit, value};
}

void
finding_session(struct finding *f, uint64_t session)
{
	for (uint32_t i = 0; i < f->session_count; i++)
		if (f->session[i] == session)
			return;
	if (f->session_count < FINDING_SESSIONS && session)
		f->session[f->session_count++] = session;
}

/* One step of a scale: values from `from` on are told in `unit`s of `one`, with a tenth below ten of them. */
struct scale {
	int64_t from, one;
	const char *unit;
};

static const struct scale BYTES[] = {
	{1000000000, 1000000000, " GB"}, {1000000, 1000000, " MB"}, {1000, 1000, " kB"}, {0, 1, " B"}};
static const struct scale SECONDS[] = {
	{2 * 86400, 86400, " days"}, {2 * 3600, 3600, " h"}, {2 * 60, 60, " min"}, {0, 1, " s"}};
static const struct scale COUNTS[] = {{0, 1, ""}};

static void
say_scaled(struct out *o, int64_t v, const struct scale *scale)
{
	while (v < scale->from)
		scale++;
	if (scale->one >= 1000 && v / scale->one < 100 && scale->one % 1000 == 0)
		out_fixed(o, (v + scale->one / 20) / (scale->one / 10), 1);
	else
		out_i64(o, v / scale->one + (v % scale->one >= (scale->one + 1) / 2));
	out_text(o, scale->unit);
}

static void
say_number(struct out *o, const struct finding_number *n)
{
	int64_t v = n->value < 0 ? 0 : n->value;

	if (strcmp(n->unit, "bytes") == 0)
		say_scaled(o, v, BYTES);
	else if (strcmp(n->unit, "s") == 0)
		say_scaled(o, v, SECONDS);
	else
		say_scaled(o, v, COUNTS);
}

/* Names come from the wire: bounded, and whatever is not plain becomes a question mark. */
static void
say_text(struct out *o, struct text t)
{
	enum { LONGEST = 60 };

	for (uint32_t i = 0; i < t.len && i < LONGEST; i++)
		out_char(o, t.p[i] >= 0x20 && t.p[i] < 0x7f ? t.p[i] : '?');
	if (t.len > LONGEST)
		out_text(o, "...");
}

static void
say_word(struct out *o, const struct finding *f, char what, const struct text texts[2])
{
	if (what == 'a')
		out_addr(o, &f->actor);
	else if (what == 't')
		out_addr(o, &f->target);
	else if (what == 'p')
		out_u64(o, f->target_port);
	else if ((what == 'x' || what == 'y') && texts)
		say_text(o, texts[what - 'x']);
	else if (what >= '0' && what < '0' + FINDING_NUMBERS)
		say_number(o, &f->number[what - '0']);
}

void
finding_say(struct finding *f, const char *words, const struct text texts[2])
{
	struct out o = out_of(f->text, sizeof(f->text) - 1);

	for (; *words; words++) {
		if (words[0] == '{' && words[1] && words[2] == '}') {
			say_word(&o, f, words[1], texts);
			words += 2;
		} else {
			out_char(&o, *words);
		}
	}
	*o.p = '\0';
}

void
finding_say_chain(struct finding *f)
{
	const struct finding_number apart = {"after", "s", f->chain_s};
	size_t len = strlen(f->text);
	struct out o = out_of(f->text + len, sizeof(f->text) - len - 1);

	out_text(&o, "; ");
	out_text(&o, f->chain_words);
	out_text(&o, ", ");
	say_number(&o, &apart);
	out_text(&o, " before");
	*o.p = '\0';
}
