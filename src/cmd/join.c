/*
 * join: see join.h.  Must not keep a pointer into a line: lines go.
 */
#include "cmd/join.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/field.h"

enum { BUCKETS = 1 << 14 };

struct waiting {
	uint64_t key;
	uint8_t part;
	struct waiting *same; /* of this bucket */
	struct waiting *older, *newer;
	struct session s;
	char texts[];
};

struct join {
	void *arg;
	void (*tell)(void *arg, const struct session *s);
	unsigned limit, n;
	struct waiting *bucket[BUCKETS];
	struct waiting *oldest, *newest;
	struct join_counts counts;
};

struct join *
join_new(unsigned waiting, void *arg, void (*tell)(void *arg, const struct session *s))
{
	struct join *j = calloc(1, sizeof(*j));

	if (j) {
		j->arg = arg;
		j->tell = tell;
		j->limit = waiting;
	}
	return j;
}

static struct waiting **
bucket_of(struct join *j, uint64_t key)
{
	return &j->bucket[key * UINT64_C(0x9e3779b97f4a7c15) >> 50];
}

static void
take_out(struct join *j, struct waiting *w)
{
	struct waiting **at = bucket_of(j, w->key);

	while (*at != w)
		at = &(*at)->same;
	*at = w->same;
	*(w->older ? &w->older->newer : &j->oldest) = w->newer;
	*(w->newer ? &w->newer->older : &j->newest) = w->older;
	j->n--;
}

static void
go_alone(struct join *j, struct waiting *w)
{
	struct session s;
	bool flow = w->part == FOREIGN_FLOW;

	foreign_join(&s, flow ? &w->s : NULL, flow ? NULL : &w->s);
	j->counts.flow_alone += flow;
	j->counts.tls_alone += !flow;
	j->tell(j->arg, &s);
	take_out(j, w);
	free(w);
}

/* The record's texts, each at its offset. */
static struct text *
text_at(struct session *s, const struct field *f)
{
	return f->kind == FIELD_TEXT ? (struct text *)(void *)((char *)s + f->offset) : NULL;
}

static size_t
text_bytes(const struct session *s)
{
	struct session copy = *s;
	size_t n = 0;

	for (unsigned i = 0; i < SESSION_TABLE.count; i++) {
		const struct text *t = text_at(&copy, &SESSION_TABLE.field[i]);

		n += t && t->p ? t->len : 0;
	}
	return n;
}

static bool
wait_for_other(struct join *j, const struct foreign *f)
{
	struct waiting *w = malloc(sizeof(*w) + text_bytes(&f->s)), **at = bucket_of(j, f->key);
	char *p;

	if (!w)
		return false;
	*w = (struct waiting){.key = f->key, .part = f->part, .same = *at, .older = j->newest, .s = f->s};
	p = w->texts;
	for (unsigned i = 0; i < SESSION_TABLE.count; i++) {
		struct text *t = text_at(&w->s, &SESSION_TABLE.field[i]);

		if (!t || !t->p)
			continue;
		memcpy(p, t->p, t->len);
		t->p = p;
		p += t->len;
	}
	*at = w;
	*(j->newest ? &j->newest->newer : &j->oldest) = w;
	j->newest = w;
	j->n++;
	return true;
}

/* The other half of this line's connection. */
static struct waiting *
other_half(struct join *j, const struct foreign *f)
{
	struct waiting *w = *bucket_of(j, f->key);

	while (w && (w->key != f->key || w->part == f->part || !addr_same(&w->s.src, &f->s.src) ||
		     !addr_same(&w->s.dest, &f->s.dest) || w->s.src_port != f->s.src_port))
		w = w->same;
	return w;
}

bool
join_add(struct join *j, const struct foreign *f)
{
	struct waiting *w = other_half(j, f);
	bool flow = f->part == FOREIGN_FLOW;
	struct session s;

	if (w) {
		foreign_join(&s, flow ? &f->s : &w->s, flow ? &w->s : &f->s);
		j->counts.both++;
		j->tell(j->arg, &s);
		take_out(j, w);
		free(w);
		return true;
	}
	if (flow && !f->expects) {
		foreign_join(&s, &f->s, NULL);
		j->counts.plain++;
		j->tell(j->arg, &s);
		return true;
	}
	if (j->n >= j->limit) {
		j->counts.pushed_out++;
		go_alone(j, j->oldest);
	}
	return wait_for_other(j, f);
}

void
join_end(struct join *j)
{
	while (j->oldest)
		go_alone(j, j->oldest);
}

struct join_counts
join_counts(const struct join *j)
{
	return j->counts;
}

void
join_free(struct join *j)
{
	struct waiting *w, *next;

	for (w = j ? j->oldest : NULL; w; w = next) {
		next = w->newer;
		free(w);
	}
	free(j);
}
