/*
 * pipeline_places: country and operator into the record, before anyone judges.
 * Must not ask about the gateway itself: where it is, its owner knows.
 */
#include "pipeline_places.h"

#include "base/clear.h"

void
places_from(struct pipeline_places *p, const struct place_lookup *from)
{
	clear(p, sizeof(*p));
	p->from = *from;
	for (unsigned i = 0; i < 26 * 26; i++) {
		p->code[i][0] = (char)('A' + i / 26);
		p->code[i][1] = (char)('A' + i % 26);
	}
}

static const struct place *
place_of(struct pipeline_places *p, const struct addr *a)
{
	struct place_kept *k;
	uint64_t w[2];

	memcpy(w, a->b, sizeof(w));
	k = &p->kept[((w[0] ^ w[1]) * UINT64_C(0x9e3779b97f4a7c15)) >> 56];
	_Static_assert(PLACES_KEPT == 256, "8 bits of the product");
	if (!k->known || !addr_same(&k->addr, a)) {
		k->known = true;
		k->addr = *a;
		clear(&k->place, sizeof(k->place));
		p->from.find(p->from.arg, a, &k->place);
	}
	return &k->place;
}

/* Two capital letters, from a table: a record with two sides may overwrite what is kept of one. */
static struct text
country(const struct pipeline_places *p, const struct place *at)
{
	unsigned a = (unsigned)(at->country[0] - 'A'), b = (unsigned)(at->country[1] - 'A');

	return a < 26 && b < 26 ? (struct text){p->code[a * 26 + b], 2} : (struct text){NULL, 0};
}

void
places_fill(struct pipeline_places *p, struct session *s)
{
	static const struct addr none;
	const struct place *at;

	if (!p->from.find)
		return;
	if (s->role != ROLE_OUTBOUND) {
		at = place_of(p, addr_same(&s->actor, &none) ? &s->src : &s->actor);
		s->src_country = country(p, at);
		s->src_as = at->as;
		s->src_as_name = at->as_name;
	}
	if (s->role != ROLE_INBOUND) {
		at = place_of(p, &s->dest);
		s->dest_country = country(p, at);
		s->dest_as = at->as;
		s->dest_as_name = at->as_name;
	}
}
