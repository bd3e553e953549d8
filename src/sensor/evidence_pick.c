/*
 * evidence_pick: see evidence_pick.h.
 *
 * What is picked depends on frames and what is wanted only, not on the batches in which they come: what is wanted takes
 * from the ring what is there, and a frame that is worked on follows like every later one.
 */
#include "sensor/evidence_pick.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sensor/evidence_ring.h"

/* An incident that goes on; its number is its bit in a session's files. */
struct picking {
	uint64_t incident; /* 0: free */
	uint64_t bytes, most;
	struct evidence_peers peers;
};

struct pick {
	struct pick_config cfg;
	void *memory;
	struct ring *ring;
	struct picking of[PICK_INCIDENTS];
	uint64_t live; /* bits of those that are */
	unsigned next; /* behind the one that began last */
};

struct pick *
pick_new(const struct pick_config *cfg, char error[PICK_ERROR_MAX])
{
	struct pick *p = calloc(1, sizeof(*p));

	*error = '\0';
	if (!p) {
		snprintf(error, PICK_ERROR_MAX, "no memory");
		return NULL;
	}
	p->cfg = *cfg;
	p->memory = mmap(NULL, cfg->ring, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p->memory == MAP_FAILED) {
		snprintf(error, PICK_ERROR_MAX, "evidence.ring: cannot map %llu bytes: %s",
			 (unsigned long long)cfg->ring, strerror(errno));
		free(p);
		return NULL;
	}
	madvise(p->memory, cfg->ring, MADV_HUGEPAGE); /* each frame is in another place */
	p->ring = ring_new(p->memory, cfg->ring, cfg->sensor, cfg->payload);
	ring_names(p->ring, cfg->named, cfg->arg);
	return p;
}

void
pick_free(struct pick *p)
{
	if (p)
		munmap(p->memory, p->cfg.ring);
	free(p);
}

static void
give(const struct pick *p, struct picking *to, const struct frame *f, bool tells)
{
	if (to->bytes >= to->most)
		return;
	to->bytes += cur_left(&f->bytes);
	p->cfg.picked(p->cfg.arg, &(struct evidence_picked){to->incident, *f, tells});
}

static bool
has_peer(const struct picking *i, const struct ring_session *s)
{
	for (unsigned k = 0; k < i->peers.n; k++)
		if (ring_is_of(s, &i->peers.of[k]))
			return true;
	return false;
}

/* A connection that begins belongs to every incident of its peer. */
static uint64_t
files_of(const struct pick *p, const struct ring_session *s)
{
	uint64_t files = 0;

	for (uint64_t live = p->live; live; live &= live - 1)
		if (has_peer(&p->of[__builtin_ctzll(live)], s))
			files |= live & -live;
	return files;
}

static void
follow(struct pick *p, const struct ring_kept *kept, uint64_t files)
{
	struct ring_frame f;

	for (; files; files &= files - 1)
		for (uint64_t at = kept->from; ring_next(p->ring, &at, &f);)
			if (f.session == kept->session)
				give(p, &p->of[__builtin_ctzll(files)], &f.frame, true);
}

void
pick_frame(struct pick *p, const struct told_frame *t)
{
	struct ring_kept kept = ring_put(p->ring, t);
	struct ring_session *s;

	if (!kept.session)
		return;
	s = ring_session(p->ring, kept.session);
	if (kept.is_new && p->live)
		s->files = files_of(p, s);
	if (s->files)
		follow(p, &kept, s->files);
}

static bool
names(const struct evidence_wanted *w, const struct ring_session *s)
{
	for (uint32_t i = 0; i < w->sessions; i++)
		if (ring_is_called(s, w->session[i]))
			return true;
	return false;
}

/* Sessions of the ring that belong to the incident and were not picked yet become `fresh`.  Returns the place of their
   first frame; UINT64_MAX: there are none. */
static uint64_t
choose(struct pick *p, unsigned i, const struct evidence_wanted *w)
{
	uint64_t from = UINT64_MAX, bit = UINT64_C(1) << i;

	for (uint32_t h = 1; h <= ring_sessions(p->ring); h++) {
		struct ring_session *s = ring_session(p->ring, h);

		if (!s->last || s->files & bit || (!names(w, s) && !has_peer(&p->of[i], s)))
			continue;
		s->files |= bit;
		s->fresh = true;
		from = s->begin < from ? s->begin : from;
	}
	return from;
}

/* Of the fresh frames: which is the last of a named session, not after the finding; counted from 1, 0: none. */
static uint64_t
last_named(const struct pick *p, const struct evidence_wanted *w, uint64_t from)
{
	uint64_t n = 0, last = 0;
	struct ring_frame r;

	while (ring_next(p->ring, &from, &r)) {
		const struct ring_session *s = r.session ? ring_session(p->ring, r.session) : NULL;

		if (!s || !s->fresh)
			continue;
		n++;
		if (names(w, s) && !when_before(w->time, r.frame.time))
			last = n;
	}
	return last;
}

static void
give_fresh(struct pick *p, struct picking *to, uint64_t from, uint64_t telling)
{
	struct ring_frame r;
	uint64_t n = 0;

	while (ring_next(p->ring, &from, &r))
		if (r.session && ring_session(p->ring, r.session)->fresh)
			give(p, to, &r.frame, ++n == telling);
	for (uint32_t h = 1; h <= ring_sessions(p->ring); h++)
		ring_session(p->ring, h)->fresh = false;
}

static void
end(struct pick *p, unsigned i)
{
	p->live &= ~(UINT64_C(1) << i);
	p->of[i].incident = 0;
	for (uint32_t h = 1; h <= ring_sessions(p->ring); h++)
		ring_session(p->ring, h)->files &= ~(UINT64_C(1) << i);
}

/* Its number; PICK_INCIDENTS: it has none. */
static unsigned
find(const struct pick *p, uint64_t incident)
{
	unsigned i = 0;

	while (i < PICK_INCIDENTS && p->of[i].incident != incident)
		i++;
	return i;
}

/* A number that is free, or that of the one that began first. */
static unsigned
begin(struct pick *p, const struct evidence_wanted *w)
{
	unsigned i = p->next;

	for (unsigned k = 0; k < PICK_INCIDENTS && p->live >> i & 1; k++)
		i = (i + 1) % PICK_INCIDENTS;
	if (p->live >> i & 1)
		end(p, i);
	p->of[i] = (struct picking){.incident = w->incident, .most = w->most};
	p->live |= UINT64_C(1) << i;
	p->next = (i + 1) % PICK_INCIDENTS;
	return i;
}

void
evidence_peers_add(struct evidence_peers *p, const struct addr *peer)
{
	for (unsigned i = 0; i < p->n; i++)
		if (addr_same(&p->of[i], peer))
			return;
	if (p->n < PICK_PEERS)
		p->of[p->n++] = *peer;
}

void
pick_want(struct pick *p, const struct evidence_wanted *w)
{
	unsigned i = find(p, w->incident);
	uint64_t from;

	if (i == PICK_INCIDENTS)
		i = begin(p, w);
	if (w->has_peer)
		evidence_peers_add(&p->of[i].peers, &w->peer);
	from = choose(p, i, w);
	if (from != UINT64_MAX)
		give_fresh(p, &p->of[i], from, w->comes ? 0 : last_named(p, w, from));
}

void
pick_end(struct pick *p, uint64_t incident)
{
	unsigned i = find(p, incident);

	if (i < PICK_INCIDENTS)
		end(p, i);
}
