/*
 * snapshot: tables and arrays to bytes and back.  Must not trust a length: it reads through the cursor.
 */
#include "detect/snapshot.h"

#include "detect/frame.h"

static const char MAGIC[8] = {'G', 'W', 'M', 'E', 'M', 'O', 'R', 'Y'};
enum { VERSION = 1, ORDER_MARK = 0x0102, ITEM_HEAD = 1 + sizeof(struct memory_key) };

uint64_t
snapshot_seal(const void *bytes, size_t n)
{
	static const struct hash_key key = {UINT64_C(0x6761746577697477), UINT64_C(0x736e617073686f74)};

	return hash_keep(&key, bytes, n);
}

struct header {
	char magic[8];
	uint16_t version, order;
	uint32_t sections;
	int64_t time_ns;
	uint32_t gate_bytes, gates;
};

struct section {
	uint16_t detector, index, version; /* index: the how manyth of that detector */
	uint16_t is_table;
	uint32_t bytes; /* of an item's payload, or of the array */
	uint32_t items;
};

static struct section
section_of(const struct detect *d, unsigned n)
{
	const struct kept *k = &d->kept[n];
	struct section s = {.detector = k->detector,
			    .version = k->version,
			    .is_table = k->table != NULL,
			    .bytes = (uint32_t)k->bytes,
			    .items = k->table ? memory_count(k->table) : 1};

	for (unsigned i = 0; i < n; i++)
		s.index = (uint16_t)(s.index + (d->kept[i].detector == k->detector));
	return s;
}

uint64_t
detect_layout(const struct detect *d)
{
	static const struct hash_key key = {UINT64_C(0x6c61796f7574), VERSION};
	uint64_t sum = sizeof(d->gate);

	for (unsigned i = 0; i < d->kept_count; i++) {
		const struct memory *m = d->kept[i].table;
		struct section s = section_of(d, i);
		uint64_t words[3];

		s.items = m ? m->pool.count : 1;
		words[0] = sum;
		words[1] =
			(uint64_t)s.detector << 48 | (uint64_t)s.index << 32 | (uint64_t)s.version << 16 | s.is_table;
		words[2] = (uint64_t)s.bytes << 32 | s.items;
		sum = hash_words(&key, words, 3);
	}
	return sum;
}

size_t
detect_saved_size(const struct detect *d)
{
	size_t n = sizeof(struct header) + sizeof(d->gate) + sizeof(uint64_t);

	for (unsigned i = 0; i < d->kept_count; i++) {
		const struct section s = section_of(d, i);

		n += sizeof(s) + s.items * (s.bytes + (size_t)ITEM_HEAD);
	}
	return n;
}

static void
save_table(const struct memory *m, struct out *o)
{
	struct memory_at at = {0};
	const struct memory_item *item;

	while ((item = memory_walk(m, &at)) != NULL) {
		out_char(o, (char)item->kept);
		out_bytes(o, &item->key, sizeof(item->key));
		out_bytes(o, item->payload, m->payload);
	}
}

void
detect_save(const struct detect *d, struct out *o)
{
	struct header h = {.version = VERSION,
			   .order = ORDER_MARK,
			   .sections = d->kept_count,
			   .time_ns = d->now.ns,
			   .gate_bytes = sizeof(d->gate[0]),
			   .gates = sizeof(d->gate) / sizeof(d->gate[0])};
	const char *start = o->p;
	uint64_t seal;

	memcpy(h.magic, MAGIC, sizeof(MAGIC));
	out_bytes(o, &h, sizeof(h));
	out_bytes(o, d->gate, sizeof(d->gate));
	for (unsigned i = 0; i < d->kept_count; i++) {
		const struct section s = section_of(d, i);

		out_bytes(o, &s, sizeof(s));
		if (d->kept[i].table)
			save_table(d->kept[i].table, o);
		else
			out_bytes(o, d->kept[i].array, d->kept[i].bytes);
	}
	seal = snapshot_seal(start, (size_t)(o->p - start));
	out_bytes(o, &seal, sizeof(seal));
}

static bool
read_into(struct cur *c, void *to, size_t n)
{
	const uint8_t *p = cur_take(c, n);

	if (p)
		memcpy(to, p, n);
	return p != NULL;
}

static enum snapshot_verdict
check(struct cur *c, struct header *h)
{
	const uint8_t *start = c->p;
	size_t len = cur_left(c);
	uint64_t seal;

	if (!read_into(c, h, sizeof(*h)) || memcmp(h->magic, MAGIC, sizeof(MAGIC)) != 0 || h->order != ORDER_MARK)
		return SNAPSHOT_FOREIGN;
	if (h->version > VERSION)
		return SNAPSHOT_NEWER;
	if (len < sizeof(*h) + sizeof(seal))
		return SNAPSHOT_DAMAGED;
	c->end -= sizeof(seal);
	memcpy(&seal, start + len - sizeof(seal), sizeof(seal));
	return snapshot_seal(start, len - sizeof(seal)) == seal ? SNAPSHOT_TAKEN : SNAPSHOT_DAMAGED;
}

/* Our table or array for a section of the same layout, NULL: none. */
static const struct kept *
home_of(const struct detect *d, const struct section *s)
{
	for (unsigned i = 0; i < d->kept_count; i++) {
		const struct section own = section_of(d, i);

		if (own.detector == s->detector && own.index == s->index && own.version == s->version &&
		    own.is_table == s->is_table && own.bytes == s->bytes)
			return &d->kept[i];
	}
	return NULL;
}

static void
load_item(const struct kept *home, struct cur item, struct snapshot_report *r)
{
	struct memory *m = home->table;
	struct memory_key key;
	bool kept = cur_u8(&item), fresh;
	void *payload;

	/* What passes is first in a snapshot, and makes room for what is kept. */
	r->no_room += memory_full(m);
	if (memory_full(m) && !kept)
		return;
	read_into(&item, &key, sizeof(key));
	payload = memory_use(m, &key, &fresh);
	read_into(&item, payload, m->payload);
	if (home->sound && !home->sound(payload)) {
		memory_drop(m, payload);
		r->unsound++;
		return;
	}
	if (kept)
		memory_keep(m, payload);
	r->items++;
}

static void
load_array(const struct kept *home, struct cur *body, struct snapshot_report *r)
{
	read_into(body, home->array, home->bytes);
	if (home->sound && !home->sound(home->array)) {
		memset(home->array, 0, home->bytes);
		r->unsound++;
	}
}

static void
load_section(const struct kept *home, struct cur body, const struct section *s, struct snapshot_report *r)
{
	r->sections++;
	if (!home->table) {
		load_array(home, &body, r);
		return;
	}
	while (cur_left(&body))
		load_item(home, cur_sub(&body, s->bytes + (size_t)ITEM_HEAD), r);
}

static bool
load_sections(struct detect *d, struct cur *c, uint32_t sections, struct snapshot_report *r, bool dry)
{
	for (uint32_t i = 0; i < sections; i++) {
		struct section s;
		const struct kept *home;
		struct cur body;

		if (!read_into(c, &s, sizeof(s)))
			return false;
		body = cur_sub(c, s.is_table ? s.items * (s.bytes + (size_t)ITEM_HEAD) : s.bytes);
		if (c->bad)
			return false;
		home = home_of(d, &s);
		if (dry)
			continue;
		if (home)
			load_section(home, body, &s, r);
		else
			r->left_out++;
	}
	return cur_done(c);
}

static void
load_gates(struct detect *d, struct cur *c)
{
	read_into(c, d->gate, sizeof(d->gate));
	for (unsigned i = 0; i <= GATEWAYS_MAX; i++)
		if (!sound_bool(&d->gate[i].known))
			d->gate[i] = (struct gate){0};
}

enum snapshot_verdict
detect_load(struct detect *d, struct cur bytes, struct snapshot_report *report)
{
	struct header h;
	enum snapshot_verdict verdict = check(&bytes, &h);
	struct cur gates, again;

	*report = (struct snapshot_report){0};
	if (verdict != SNAPSHOT_TAKEN)
		return verdict;
	gates = cur_sub(&bytes, (size_t)h.gate_bytes * h.gates);
	again = bytes;
	if (bytes.bad || !load_sections(d, &again, h.sections, report, true))
		return SNAPSHOT_DAMAGED;
	if (h.gate_bytes == sizeof(d->gate[0]) && h.gates == sizeof(d->gate) / sizeof(d->gate[0]))
		load_gates(d, &gates);
	else
		report->left_out++;
	load_sections(d, &bytes, h.sections, report, false);
	report->time = d->now = (struct when){h.time_ns};
	return SNAPSHOT_TAKEN;
}
