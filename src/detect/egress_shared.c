/*
 * egress_shared: addresses that a gateway shares with users (gateway.nat): how many places are called from there.
 *
 * new_egress is blind at such an address: among the places that users call, one of the gateway's own does not stand
 * out.  So it says once a day how diverse the calls are, and judges none of them.
 */
#include "detect/frame.h"

enum { SKETCH_BITS = 512 };

/* One address, one day. */
struct shared_egress {
	int64_t day; /* since 1970, plus 1 */
	uint32_t calls;
	uint64_t sketch[SKETCH_BITS / 64]; /* linear counting (Whang 1990) of places */
};

/* Fixed, so that the same records give the same estimate. */
static const struct hash_key SKETCH_KEY = {UINT64_C(0x6761746577697477), UINT64_C(0x6567726573736e61)};

uint32_t
egress_shared_payload(void)
{
	return sizeof(struct shared_egress);
}

/* -m ln(1 - set / m) without logarithms: the harmonic sum of what was skipped, in thousandths. */
static int64_t
places_of(const struct shared_egress *e)
{
	unsigned set = 0;
	int64_t sum = 0;

	for (unsigned i = 0; i < SKETCH_BITS / 64; i++)
		set += set_count(e->sketch[i]);
	for (unsigned i = 0; i < set && i < SKETCH_BITS; i++)
		sum += INT64_C(1000) * SKETCH_BITS / (SKETCH_BITS - i);
	return (sum + 500) / 1000;
}

static void
report_day(struct detect *d, const struct view *v, const struct shared_egress *e)
{
	struct finding f;

	finding_begin(&f, v, DETECTOR_new_egress);
	f.actor = f.target = v->s->src;
	f.severity = SEVERITY_INFO;
	f.confidence = 90;
	finding_number(&f, "calls", "calls", e->calls);
	finding_number(&f, "places", "places", places_of(e));
	finding_session(&f, v->s->id);
	finding_say(&f,
		    "gateway {a} shares its address with users: {0} calls to about {1} places in a day; a new place of "
		    "its own cannot be told among them",
		    NULL);
	incident_report(d, &f, &(struct actor){.group = 0});
}

void
egress_shared(struct detect *d, struct memory *m, const struct view *v)
{
	const struct session *s = v->s;
	const struct memory_key key = {s->src, 0, s->gateway};
	struct {
		struct addr addr;
		uint64_t port;
	} place = {s->dest, (uint64_t)s->proto << 16 | s->dest_port};
	int64_t day = s->time.ns / (86400 * NS_PER_S) + 1;
	uint64_t bit = hash_keep(&SKETCH_KEY, &place, sizeof(place)) % SKETCH_BITS;
	bool fresh;
	struct shared_egress *e = memory_use(m, &key, &fresh);

	if (fresh)
		e->day = day;
	if (day > e->day) {
		report_day(d, v, e);
		*e = (struct shared_egress){.day = day};
	}
	memory_keep(m, e);
	e->calls++;
	e->sketch[bit / 64] |= UINT64_C(1) << bit % 64;
}
