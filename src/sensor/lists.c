/*
 * lists: reading all of them, keeping what is good, and the table over the result.
 * Must not touch the set in force, other than to share its lists.
 */
#include "sensor/lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* A list that was read; shared by the sets that have it. */
struct held {
	struct list list;
	uint32_t entries, nets; /* of the file; those of them that are addresses and networks */
	unsigned sets;
	const char *name;
};

struct lists {
	struct indicators table;
	void *index;
	struct held *held[INDICATOR_LISTS];
	size_t count;
};

static void
let_go(struct held *h)
{
	if (!h || --h->sets)
		return;
	list_free(&h->list);
	free(h);
}

void
lists_free(struct lists *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->count; i++)
		let_go(l->held[i]);
	free(l->index);
	free(l);
}

static void
tell_line(const struct lists_tell *tell, bool bad, const char *line)
{
	if (tell->line)
		tell->line(tell->arg, bad, line);
}

static void
tell_taken(const struct lists_tell *tell, const struct held *h)
{
	const struct list *l = &h->list;
	char line[512], left_out[64] = "";

	if (l->skipped)
		snprintf(left_out, sizeof(left_out), "; %u that no session can be compared with left out", l->skipped);
	snprintf(line, sizeof(line), "list %.64s: %u entr%s from %.200s (%s)%s", h->name, h->entries,
		 h->entries == 1 ? "y" : "ies", l->file, l->format, left_out);
	tell_line(tell, false, line);
}

/* At start: every line. */
static void
tell_bad(const struct lists_tell *tell, const struct list *l)
{
	char line[LIST_ERROR_MAX];

	for (uint32_t i = 0; i < l->bad && i < LIST_ERRORS && l->error; i++)
		tell_line(tell, true, l->error[i]);
	if (l->bad <= LIST_ERRORS && l->error)
		return;
	snprintf(line, sizeof(line), "%.200s: %u more lines are wrong", l->file, l->bad - LIST_ERRORS);
	tell_line(tell, true, line);
}

/* Later: one line, and what is in force. */
static void
tell_stays(const struct lists_tell *tell, const struct held *h, bool had)
{
	char line[LIST_ERROR_MAX + 160], more[48] = "";
	const struct list *l = &h->list;

	if (l->bad > 1)
		snprintf(more, sizeof(more), " (and %u more)", l->bad - 1);
	snprintf(line, sizeof(line), "%.400s%s; list %.64s %s", l->error ? l->error[0] : "no memory", more, h->name,
		 had ? "stays as it was read before" : "is not taken");
	tell_line(tell, true, line);
}

static struct held *
held_before(const struct lists *before, const char *name)
{
	for (size_t i = 0; before && i < before->count; i++)
		if (strcmp(before->held[i]->name, name) == 0)
			return before->held[i];
	return NULL;
}

static uint32_t
count_nets(const struct list *l)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->entries; i++)
		n += l->entry[i].kind == INDICATOR_NET;
	return n;
}

static struct addr_net
net_of(const struct list *l, const struct indicator *e)
{
	const char *key = l->bytes + e->at;
	struct addr_net net = {.bits = (uint8_t)(e->len == 4 ? e->bits + 96 : e->bits)};

	if (e->len == 4)
		net.addr = addr_v4((const uint8_t *)key);
	else
		memcpy(net.addr.b, key, sizeof(net.addr.b));
	return net;
}

/* Behind all entries, so that their order decides as before: a pseudonym for each network.  False: no memory. */
static bool
add_pseudonyms(struct held *h, const struct pseudonym_key *k)
{
	struct list *l = &h->list;
	size_t room = l->entries + (size_t)h->nets, bytes = l->bytes_used + (size_t)h->nets * 16;
	struct indicator *entry = realloc(l->entry, (room + 1) * sizeof(*entry));
	char *more;

	if (!entry)
		return false;
	l->entry = entry;
	more = bytes <= UINT32_MAX ? realloc(l->bytes, bytes + 1) : NULL;
	if (!more)
		return false;
	l->bytes = more;
	for (uint32_t i = 0; i < h->entries; i++) {
		struct indicator e = entry[i];
		struct addr_net net = net_of(l, &e);

		if (e.kind != INDICATOR_NET)
			continue;
		net = pseudonym_net(k, &net);
		e.kind = INDICATOR_PSEUDONYM;
		e.at = l->bytes_used;
		memcpy(l->bytes + e.at, net.addr.b + 16 - e.len, e.len);
		l->bytes_used += e.len;
		entry[l->entries++] = e;
	}
	return true;
}

static struct held *
read_one(const struct lists_wanted *want, const struct list_wanted *w)
{
	struct held *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->name = w->name;
	h->sets = 1;
	h->list = (struct list){.file = w->file, .kind = w->kind, .own = want->own, .owns = want->owns};
	if (w->kept.p ? !list_unpack(&h->list, w->kept) : !list_read(&h->list))
		return h;
	h->entries = h->list.entries;
	h->nets = count_nets(&h->list);
	if (want->privacy && h->nets && !add_pseudonyms(h, want->privacy)) {
		let_go(h);
		return NULL;
	}
	return h;
}

static void
add_held(struct lists *l, const struct list_wanted *w, struct held *h)
{
	l->table.list[l->count] = (struct indicator_list){.name = {h->name, (uint32_t)strlen(h->name)},
							  .entry = h->list.entry,
							  .bytes = h->list.bytes,
							  .entries = h->list.entries,
							  .until = w->until,
							  .severity = w->severity,
							  .confidence = w->confidence};
	l->held[l->count++] = h;
	l->table.lists = (uint32_t)l->count;
}

/* False: the set cannot be. */
static bool
take_one(struct lists *l, const struct list_wanted *w, const struct lists_wanted *want, const struct lists *before,
	 const struct lists_tell *tell)
{
	struct held *h = read_one(want, w), *old = held_before(before, w->name);
	bool fine = h && h->list.bad == 0;

	if (fine) {
		tell_taken(tell, h);
		add_held(l, w, h);
		return true;
	}
	if (h && before)
		tell_stays(tell, h, old != NULL);
	else if (h)
		tell_bad(tell, &h->list);
	else
		tell_line(tell, true, "lists: no memory");
	let_go(h);
	if (old) {
		old->sets++;
		add_held(l, w, old);
	}
	return before != NULL;
}

static bool
index_all(struct lists *l)
{
	size_t bytes = indicators_bytes(&l->table);

	if (getrandom(&l->table.key, sizeof(l->table.key), 0) != (ssize_t)sizeof(l->table.key))
		return false;
	l->index = malloc(bytes + 1);
	if (l->index)
		indicators_index(&l->table, l->index);
	return l->index != NULL;
}

struct lists *
lists_new(const struct lists_wanted *want, const struct lists *before, const struct lists_tell *tell)
{
	struct lists *l = calloc(1, sizeof(*l));
	bool fine = l != NULL;

	if (l && want->privacy)
		l->table.privacy_key = want->privacy->id;
	for (size_t i = 0; l && i < want->count; i++)
		fine &= take_one(l, &want->list[i], want, before, tell);
	if (fine && !index_all(l)) {
		tell_line(tell, true, "lists: no memory");
		fine = false;
	}
	if (fine)
		return l;
	lists_free(l);
	return NULL;
}

void
lists_each(const struct lists *l, void *arg, void (*tell)(void *arg, const char *name, const struct list *one))
{
	for (size_t i = 0; l && i < l->count; i++)
		tell(arg, l->held[i]->name, &l->held[i]->list);
}

const struct indicators *
lists_table(const struct lists *l)
{
	return l && l->table.entries ? &l->table : NULL;
}

const char *
lists_with_addresses(const struct lists *l)
{
	for (size_t i = 0; l && i < l->count; i++)
		if (l->held[i]->nets)
			return l->held[i]->name;
	return NULL;
}
