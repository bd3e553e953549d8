/*
 * keeper_turn: what a message does whose turn has come.  Must not believe a tap: what it says is checked.
 */
#include "sensor/keeper_parts.h"

static bool
is_same(const struct slot *s, const struct slot *first)
{
	return slot_counts(s) && s->has_head && s->type == first->type &&
	       tap_stamp_order(&s->stamp, &first->stamp) == 0;
}

/* What lies behind the stamp of the head. */
static struct cur
body_of(struct slot *s)
{
	struct channel_message m;
	struct tap_stamp stamp;

	channel_peek(s->channel, &m);
	wire_get_stamp(&m.bytes, &stamp);
	return m.bytes;
}

static void
taken(struct slot *s)
{
	channel_taken(s->channel);
	s->has_head = false;
}

static void
pass_time(struct keeper *k, int64_t at)
{
	if (at != INT64_MAX)
		pipeline_take_time(k->watch->pipeline, beat_second((struct when){at}));
}

static void
take_record(struct keeper *k, struct slot *s)
{
	struct cur c = body_of(s);
	struct tap_record r;

	if (wire_get_record(&c, &r, &k->row) && r.capture <= k->watch->captures) {
		pass_time(k, s->stamp.at);
		s->recorded += tap_record_frames(&k->row.session);
		pipeline_take_record(k->watch->pipeline, &k->row.session);
		taken(s);
	} else {
		slot_gone(s, "a record that is none");
	}
}

static void
add_pulse(struct pulse *to, const struct pulse *p)
{
#define FIELD(id, name, type, doc) to->name = ADD_##type(to->name, p->name);
#define ADD_TIME(a, b)             (a)
#define ADD_U8(a, b)               (a)
#define ADD_U32(a, b)              ((a) + (b))
#define ADD_U64(a, b)              ((a) + (b))
#include "session/pulse.def"
#undef FIELD
}

/* The windows of all that have one, as one of all gateways that were ever heard. */
static void
take_window(struct keeper *k, const struct slot *first)
{
	const struct tap_stamp stamp = first->stamp;
	struct pulse_window one, all = {.count = 0};
	struct pulse sum[GATEWAYS_MAX + 1] = {{.gateway = 0}};
	struct slot *s = k->slot;
	struct slot like = *first;

	for (; s < k->slot + k->n; s++) {
		struct cur c;

		if (!is_same(s, &like))
			continue;
		c = body_of(s);
		if (!wire_get_window(&c, &one)) {
			slot_gone(s, "a window that is none");
			continue;
		}
		taken(s);
		all.end = one.end;
		all.others += one.others;
		for (uint32_t i = 0; i < one.count; i++) {
			k->heard[one.pulse[i].gateway] = true;
			add_pulse(&sum[one.pulse[i].gateway], &one.pulse[i]);
		}
	}
	for (uint8_t g = 1; g <= GATEWAYS_MAX; g++) {
		if (!k->heard[g])
			continue;
		sum[g].gateway = g;
		sum[g].time = all.end;
		sum[g].others = all.others;
		all.pulse[all.count++] = sum[g];
	}
	pass_time(k, stamp.at);
	if (all.end.ns)
		pipeline_take_window(k->watch->pipeline, &all);
}

static void
sum_counts(struct keeper *k)
{
	struct watch *w = k->watch;
	struct tap_counts sum = {.open = 0};

	for (unsigned i = 0; i < k->n; i++) {
		const struct slot *s = &k->slot[i];

		tap_counts_add(&sum, &s->earlier);
		tap_counts_add(&sum, &s->counts);
		sum.open += s->counts.open;
		sum.loss.died += s->owed > s->paid ? s->owed - s->paid : 0;
	}
	w->tapped = sum.counts;
	w->tapped_open = sum.open;
	w->capture.kernel_packets = sum.kernel_packets;
	w->capture.kernel_drops = sum.kernel_drops;
	w->capture.interface_drops = sum.interface_drops;
	w->capture.loss = sum.loss;
}

/* A second is over, or the input. */
static void
take_beat(struct keeper *k, const struct slot *first)
{
	const struct slot like = *first;
	struct when now = {0};

	for (struct slot *s = k->slot; s < k->slot + k->n; s++) {
		struct tap_counts counts;
		struct cur c;

		if (!is_same(s, &like))
			continue;
		c = body_of(s);
		if (!wire_get_counts(&c, &counts)) {
			slot_gone(s, "a beat that is none");
			continue;
		}
		taken(s);
		s->counts = counts;
		if (like.type == TAP_END)
			keeper_ends(k, s);
		now = when_before(now, counts.now) ? counts.now : now;
	}
	k->epoch = like.stamp.epoch;
	sum_counts(k);
	pass_time(k, like.stamp.at);
	if (like.type == TAP_END)
		pipeline_passes(k->watch->pipeline, now);
	else if (k->watch->began)
		watch_beat(k->watch, (struct when){like.stamp.at});
}

static void
take_first(struct keeper *k, struct slot *s)
{
	if (!k->watch->began)
		watch_begin(k->watch, (struct when){s->stamp.at});
	taken(s);
}

/* Alike from all taps: the first tells. */
static void
take_capture(struct keeper *k, struct slot *s)
{
	struct cur c = body_of(s);
	uint16_t n = cur_u16le(&c), file = cur_u16le(&c);

	taken(s);
	if (n == k->watch->captures + 1u && k->tell.capture)
		k->tell.capture(k->tell.arg, file);
}

void
keeper_turn(struct keeper *k, struct slot *s)
{
	switch (s->type) {
	case TAP_FIRST:
		take_first(k, s);
		break;
	case TAP_RECORD:
		take_record(k, s);
		break;
	case TAP_WINDOW:
		take_window(k, s);
		break;
	case TAP_CAPTURE:
		take_capture(k, s);
		break;
	default: /* find_head lets no other through */
		take_beat(k, s);
	}
}
