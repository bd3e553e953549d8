/*
 * hunt_touch: does a block hold anything that is on a list?  Its columns are asked, each text and address once, before
 * any record is made of them.  Must not say no of a block that could touch one.
 */
#include "cmd/hunt.h"
#include "ledger/block.h"

/* What the texts of lists are compared with (detect/indicators.c). */
static const struct {
	uint16_t column, kinds; /* bits of enum indicator_kind */
} TEXTS[] = {
	{AT_sni, 1 << INDICATOR_NAME | 1 << INDICATOR_UNDER},
	{AT_ja4, 1 << INDICATOR_JA4 | 1 << INDICATOR_JA4_AB | 1 << INDICATOR_JA4_A},
	{AT_ja3, 1 << INDICATOR_JA3},
	{AT_cert_sha1, 1 << INDICATOR_SHA1},
	{AT_cert_sha256, 1 << INDICATOR_SHA256},
	{AT_client_cert_sha1, 1 << INDICATOR_SHA1},
	{AT_client_cert_sha256, 1 << INDICATOR_SHA256},
};
static const uint16_t ADDRS[] = {AT_src, AT_dest, AT_actor};

/* Kinds of which lists have any. */
static unsigned
kinds_of(const struct indicators *i)
{
	unsigned kinds = 0;

	for (unsigned k = 0; k < INDICATOR_KINDS; k++)
		kinds |= (i->text[k].used ? 1u : 0) << k;
	return kinds | (i->clear.lengths[0] + i->clear.lengths[1] ? 1u : 0) << INDICATOR_NET;
}

/* True where the column cannot be read: reading all of the block tells why. */
static bool
texts_touch(const struct indicators *i, struct block_rows *b, uint16_t column)
{
	const struct block_column *c = &b->session[column];

	if (!block_need(b, column))
		return true;
	for (uint32_t t = 1; c->which && t < c->texts; t++)
		if (indicators_have_text(i, SESSION_TABLE.field[column].offset, c->text[t]))
			return true;
	return false;
}

static bool
addrs_touch(const struct indicators *i, struct block_rows *b, uint16_t column)
{
	const struct block_column *c = &b->session[column];
	struct addr a;

	if (!block_need(b, column))
		return true;
	for (uint32_t t = 1; c->which && t < c->texts; t++) {
		memcpy(a.b, c->text[t].p, sizeof(a.b));
		if (indicators_have_addr(i, &a))
			return true;
	}
	return false;
}

static bool
touches(const struct indicators *i, struct block_rows *b)
{
	unsigned kinds = kinds_of(i);
	bool found = false;

	for (unsigned t = 0; !found && t < sizeof(TEXTS) / sizeof(TEXTS[0]); t++)
		found = kinds & TEXTS[t].kinds && texts_touch(i, b, TEXTS[t].column);
	for (unsigned a = 0; !found && kinds & 1 << INDICATOR_NET && a < sizeof(ADDRS) / sizeof(ADDRS[0]); a++)
		found = addrs_touch(i, b, ADDRS[a]);
	return found;
}

/* Any other number than 0?  True where it cannot be told. */
static bool
has_any(struct block_rows *b, uint16_t column)
{
	return !block_need(b, column) || b->session[column].v;
}

/* A gateway counts as new for some time after its first record. */
static bool
meets_new_gateway(struct hunt *h, struct block_rows *b)
{
	const uint64_t *v = b->session[AT_gateway].v; /* at most GATEWAYS_MAX */
	bool new = false;

	for (size_t s = 0; v && s < b->sessions; s++) {
		new |= !(h->met >> v[s] & 1);
		h->met |= UINT32_C(1) << v[s];
	}
	return new;
}

static void
count(struct hunt *h, const struct block_rows *b)
{
	const uint64_t *us = b->session[AT_time].v;

	h->read += b->sessions;
	for (size_t s = 0; s < b->sessions; s++) {
		struct when t;

		h->sessions += !__builtin_mul_overflow((int64_t)(us ? us[s] : 0), NS_PER_US, &t.ns) &&
			       !when_before(t, h->begin) && !when_before(h->end, t);
	}
}

bool
hunt_may_touch(void *arg, struct block_rows *b)
{
	struct hunt *h = arg;
	const struct indicators *i = lists_table(enrich_lists(h->common->enrich));

	if (!i || !block_need(b, AT_gateway) || !block_need(b, AT_time) || meets_new_gateway(h, b) ||
	    has_any(b, AT_lacks) || has_any(b, AT_pseudonyms) || touches(i, b))
		return true;
	count(h, b);
	return false;
}
