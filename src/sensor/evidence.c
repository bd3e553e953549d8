/*
 * evidence: see evidence.h.  Must not decide what an incident is, which frames belong to it, nor ask a clock.
 */
#include "sensor/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/chain.h"
#include "packet/savefile.h"
#include "ledger/evidence_name.h"
#include "sensor/evidence_words.h"
#include "sensor/pcapng.h"

enum { LINKS = 8, BLOCK_MAX = SAVEFILE_FRAME_MAX + EVIDENCE_WORDS + PCAPNG_BLOCK_MAX };
static const int64_t FIRST_NS = LEDGER_FINDING_S * NS_PER_S, NEXT_NS = 60 * NS_PER_S, REST_NS = 60 * NS_PER_S;

/* An incident that goes on. */
struct incident_file {
	struct evidence_file file; /* fd -1: there is none */
	struct evidence_peers peers;
	unsigned links;
	uint32_t link[LINKS];  /* by number of the interface */
	uint64_t frames, told; /* told: bytes that the ledger knows of */
	char digest[65];       /* of these */
	struct when due;       /* for the ledger; 0: nothing grew */
	struct when failed;    /* to write; 0: it did not */
	uint64_t missed;       /* frames since */
	bool full;
	char comment[EVIDENCE_WORDS]; /* for the next frame; "": none */
	char head[EVIDENCE_WORDS];    /* what it is, at its beginning and that of each piece */
};

struct evidence {
	struct evidence_config cfg;
	struct evidence_folder folder;
	struct evidence_source source;
	struct incident_file open[EVIDENCE_OPEN];
	struct when now;
	uint64_t live; /* bits of those that are */
	unsigned next; /* behind the one that began last */
	struct evidence_facts facts;
	char block[BLOCK_MAX];
};

struct evidence *
evidence_open(const struct evidence_config *cfg, char error[EVIDENCE_ERROR_MAX])
{
	struct evidence *e = calloc(1, sizeof(*e));

	*error = '\0';
	if (!e) {
		snprintf(error, EVIDENCE_ERROR_MAX, "no memory");
		return NULL;
	}
	e->cfg = *cfg;
	for (unsigned i = 0; i < EVIDENCE_OPEN; i++)
		e->open[i].file.fd = -1;
	if (!folder_open(&e->folder, cfg->folder, cfg->quota, &cfg->readers, !cfg->live)) {
		snprintf(error, EVIDENCE_ERROR_MAX, "%s", e->folder.error);
		evidence_free(e);
		return NULL;
	}
	return e;
}

void
evidence_free(struct evidence *e)
{
	if (!e)
		return;
	for (unsigned i = 0; i < EVIDENCE_OPEN; i++)
		folder_close(&e->folder, &e->open[i].file);
	folder_free(&e->folder);
	free(e);
}

const char *
evidence_error(const struct evidence *e)
{
	return e->folder.error;
}

const char *
evidence_folder(const struct evidence *e)
{
	return e->folder.path;
}

struct evidence_facts
evidence_facts(const struct evidence *e)
{
	return e->facts;
}

static void
tell_ledger(struct evidence *e, uint64_t incident, const char *value)
{
	char name[32];
	struct out o = out_of(name, sizeof(name) - 1);

	OUT_LIT(&o, "evidence.");
	out_hex_u64(&o, incident);
	*o.p = '\0';
	if (e->cfg.ledger)
		ledger_setting(e->cfg.ledger, name, value);
}

/* What it holds is on the disk, and i->digest is that of it. */
static bool
settle_file(struct evidence *e, struct incident_file *i)
{
	char path[PATH_MAX];
	struct seal_file now;

	if (!folder_flush(&e->folder, &i->file, e->now))
		return false;
	if (i->told == i->file.bytes)
		return true;
	if (!folder_sync(&e->folder, &i->file) || !folder_path(&e->folder, i->file.incident, path) ||
	    !seal_measure(&now, path))
		return false;
	i->told = now.size;
	sign_hex(i->digest, now.digest.b, sizeof(now.digest.b));
	return true;
}

/* The ledger knows what the file holds. */
static void
commit(struct evidence *e, struct incident_file *i, bool closed)
{
	char value[160];
	bool grew = i->told != i->file.bytes || i->file.waits.n;

	i->due = (struct when){0};
	if (!grew && !closed)
		return;
	if (!settle_file(e, i))
		i->due = when_add(e->now, NEXT_NS);
	if (i->due.ns || !i->told)
		return;
	snprintf(value, sizeof(value), "%s %llu %llu %s%s", i->digest, (unsigned long long)i->told,
		 (unsigned long long)i->frames, closed ? "closed" : "open",
		 folder_is_sealed(&e->folder) ? EVIDENCE_SEALED : "");
	tell_ledger(e, i->file.incident, value);
}

/* Room for so many bytes in all files; the oldest go. */
static bool
has_room(struct evidence *e, uint64_t n)
{
	struct evidence_old gone;

	while ((gone = folder_make_room(&e->folder, n)).incident) {
		e->facts.removed++;
		tell_ledger(e, gone.incident,
			    gone.sealed ? "removed evidence.quota" EVIDENCE_SEALED : "removed evidence.quota");
	}
	return folder_has_room(&e->folder, n);
}

/* What was not written is tried again in a minute. */
static bool
wrote(struct evidence *e, struct incident_file *i, bool fine)
{
	i->failed = (struct when){fine ? 0 : e->now.ns};
	return fine;
}

static bool
rests(const struct evidence *e, const struct incident_file *i)
{
	return i->failed.ns && when_since(e->now, i->failed) < REST_NS;
}

static bool
append(struct evidence *e, struct incident_file *i, const struct out *o)
{
	uint64_t n = out_len(o);

	if (i->full || rests(e, i))
		return false;
	i->full = folder_weight(&i->file, n) > e->cfg.incident || !has_room(e, n);
	e->facts.full += i->full;
	if (i->full || !wrote(e, i, folder_append(&e->folder, &i->file, e->block, n)))
		return false;
	e->facts.bytes += n;
	return true;
}

/* A section begins, in which interfaces count from 0. */
static bool
write_head(struct evidence *e, struct incident_file *i)
{
	struct out block = out_of(e->block, sizeof(e->block));

	pcapng_section(&block, e->cfg.application, i->head);
	i->links = 0;
	i->file.begun = append(e, i, &block);
	return i->file.begun;
}

/* The number of the interface with that link type; UINT32_MAX: there are too many, or it cannot be written. */
static uint32_t
interface_of(struct evidence *e, struct incident_file *i, uint32_t link)
{
	struct out o = out_of(e->block, sizeof(e->block));

	for (unsigned k = 0; k < i->links; k++)
		if (i->link[k] == link)
			return k;
	if (i->links == LINKS)
		return UINT32_MAX;
	pcapng_interface(&o, link);
	if (!append(e, i, &o))
		return UINT32_MAX;
	i->link[i->links] = link;
	return i->links++;
}

/* A frame behind some that could not be written says so. */
static const char *
comment_of(const struct incident_file *i, const char *comment, char words[EVIDENCE_WORDS])
{
	if (!i->missed)
		return *comment ? comment : NULL;
	snprintf(words, EVIDENCE_WORDS, "missing before this frame, because they could not be written: %llu%s%s",
		 (unsigned long long)i->missed, *comment ? "; " : "", comment);
	return words;
}

static bool
put_frame(struct evidence *e, struct incident_file *i, const struct frame *f, const char *comment)
{
	struct out o = out_of(e->block, sizeof(e->block));
	char words[EVIDENCE_WORDS];
	uint32_t interface;

	if (folder_is_full(&e->folder, &i->file) &&
	    (rests(e, i) || !wrote(e, i, folder_flush(&e->folder, &i->file, e->now))))
		return false;
	if (!i->file.begun && !write_head(e, i))
		return false;
	interface = interface_of(e, i, f->link);
	if (interface == UINT32_MAX)
		return false;
	pcapng_frame(&o, interface, f, comment_of(i, comment, words));
	return append(e, i, &o);
}

static void
write_frame(struct evidence *e, struct incident_file *i, const struct frame *f, const char *comment)
{
	if (!put_frame(e, i, f, comment)) {
		i->missed += i->failed.ns != 0;
		e->facts.missed += i->failed.ns != 0;
		return;
	}
	i->missed = 0;
	i->frames++;
	e->facts.frames++;
	if (comment == i->comment)
		*i->comment = '\0';
}

/* Its number; EVIDENCE_OPEN: it has none. */
static unsigned
find(const struct evidence *e, uint64_t incident)
{
	unsigned i = 0;

	while (i < EVIDENCE_OPEN && (e->open[i].file.fd < 0 || e->open[i].file.incident != incident))
		i++;
	return i;
}

void
evidence_frame(struct evidence *e, const struct evidence_picked *p)
{
	unsigned i = find(e, p->incident);
	struct incident_file *to;

	if (when_before(e->now, p->frame.time))
		e->now = p->frame.time;
	if (i == EVIDENCE_OPEN || e->open[i].full)
		return;
	to = &e->open[i];
	write_frame(e, to, &p->frame, p->tells ? to->comment : "");
	if (!to->due.ns)
		to->due = when_add(e->now, to->told ? NEXT_NS : FIRST_NS);
}

static void
close_file(struct evidence *e, unsigned i)
{
	struct incident_file *c = &e->open[i];
	uint64_t incident = c->file.incident;

	commit(e, c, true);
	folder_close(&e->folder, &c->file);
	e->live &= ~(UINT64_C(1) << i);
	e->source.end(e->source.arg, incident);
}

/* A number that is free, or that of the one that began first. */
static unsigned
number_for(const struct evidence *e)
{
	for (unsigned k = 0; k < EVIDENCE_OPEN; k++)
		if (e->open[(e->next + k) % EVIDENCE_OPEN].file.fd < 0)
			return (e->next + k) % EVIDENCE_OPEN;
	return e->next;
}

static unsigned
open_file(struct evidence *e, const struct finding *f)
{
	unsigned i = number_for(e);
	struct incident_file *to = &e->open[i];

	if (to->file.fd >= 0)
		close_file(e, i);
	*to = (struct incident_file){.file = {.fd = -1}};
	if (!folder_file(&e->folder, &to->file, f->incident))
		return EVIDENCE_OPEN;
	e->next = (i + 1) % EVIDENCE_OPEN;
	e->live |= UINT64_C(1) << i;
	e->facts.incidents++;
	evidence_head_words(to->head, f, e->cfg.payload);
	write_head(e, to);
	return i;
}

/* What the finding makes evidence. */
static struct evidence_wanted
wanted_of(const struct evidence *e, const struct finding *f, const struct addr *peer, struct when now)
{
	struct evidence_wanted w = {.incident = f->incident,
				    .time = f->time,
				    .most = e->cfg.incident,
				    .has_peer = peer != NULL,
				    .comes = f->time.ns == now.ns,
				    .sessions = f->session_count < PICK_SESSIONS ? f->session_count : PICK_SESSIONS};

	if (peer)
		w.peer = *peer;
	memcpy(w.session, f->session, w.sessions * sizeof(w.session[0]));
	return w;
}

void
evidence_finding(struct evidence *e, const struct finding *f, const struct addr *peer, struct when now)
{
	unsigned i = f->incident ? find(e, f->incident) : EVIDENCE_OPEN;
	struct evidence_wanted w;
	struct incident_file *to;

	e->now = now;
	if (i == EVIDENCE_OPEN && f->incident && f->severity > SEVERITY_INFO && (f->opens || f->worsens))
		i = open_file(e, f);
	if (i == EVIDENCE_OPEN)
		return;
	to = &e->open[i];
	if (to->full)
		return;
	if (peer)
		evidence_peers_add(&to->peers, peer);
	evidence_finding_words(to->comment, f);
	w = wanted_of(e, f, peer, now);
	e->source.want(e->source.arg, &w);
	if (!to->due.ns)
		to->due = when_add(now, FIRST_NS);
}

void
evidence_from(struct evidence *e, const struct evidence_source *source)
{
	e->source = *source;
}

void
evidence_again(const struct evidence *e, const struct evidence_source *source)
{
	for (uint64_t live = e->live; live; live &= live - 1) {
		const struct incident_file *i = &e->open[__builtin_ctzll(live)];

		for (unsigned k = 0; k < i->peers.n && !i->full; k++)
			source->want(source->arg, &(struct evidence_wanted){.incident = i->file.incident,
									    .most = e->cfg.incident,
									    .peer = i->peers.of[k],
									    .has_peer = true});
	}
}

void
evidence_closed(struct evidence *e, uint64_t incident)
{
	unsigned i = find(e, incident);

	if (i < EVIDENCE_OPEN)
		close_file(e, i);
}

void
evidence_time(struct evidence *e, struct when now)
{
	e->now = now;
	for (uint64_t live = e->live; live; live &= live - 1) {
		struct incident_file *i = &e->open[__builtin_ctzll(live)];

		if (i->due.ns && !when_before(now, i->due))
			commit(e, i, false);
	}
}

void
evidence_end(struct evidence *e)
{
	for (uint64_t live = e->live; live; live &= live - 1)
		commit(e, &e->open[__builtin_ctzll(live)], false);
}
