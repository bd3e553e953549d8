/*
 * attacks: puts an attack into a world and keeps its label; what the recipes share.
 */
#include "attacks.h"

#include <stdio.h>
#include <stdlib.h>

enum { ACTOR_ATTACKS = 1 << 20, SLACK_H = 6 };

static const struct {
	const struct attack *table;
	const unsigned *count;
} TABLES[] = {{ATTACKS_LOOPS, &ATTACKS_LOOPS_N},
	      {ATTACKS_ACCESS, &ATTACKS_ACCESS_N},
	      {ATTACKS_EGRESS, &ATTACKS_EGRESS_N},
	      {ATTACKS_GATEWAY, &ATTACKS_GATEWAY_N},
	      {ATTACKS_CHAINS, &ATTACKS_CHAINS_N}};

unsigned
attack_count(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sizeof(TABLES) / sizeof(TABLES[0]); i++)
		n += *TABLES[i].count;
	return n;
}

const struct attack *
attack_at(unsigned number)
{
	for (unsigned i = 0; i < sizeof(TABLES) / sizeof(TABLES[0]); i++) {
		if (number < *TABLES[i].count)
			return &TABLES[i].table[number];
		number -= *TABLES[i].count;
	}
	return NULL;
}

const char *
behaviour_name(unsigned behaviour, char text[8])
{
	snprintf(text, 8, behaviour >= CHAIN_FIRST ? "C%02u" : "B%02u",
		 behaviour >= CHAIN_FIRST ? behaviour - CHAIN_FIRST + 1 : behaviour);
	return text;
}

struct program
tool_draw(struct rng *r)
{
	static const uint8_t TOOLS[] = {PROGRAM_PYTHON, PROGRAM_PYTHON12,  PROGRAM_GO,  PROGRAM_GO12,
					PROGRAM_CURL,   PROGRAM_OPENSSL12, PROGRAM_JAVA};

	return (struct program){TOOLS[below(r, sizeof(TOOLS))], (uint8_t)below(r, 3)};
}

static void
attack_begin(struct world *w, void *arg)
{
	struct attack_run *a = arg;

	a->label = label_begin(w, &(struct label){.kind = LABEL_ATTACK,
						  .behaviour = a->what->behaviour,
						  .name = a->what->name,
						  .detectors = a->what->detectors,
						  .end = w->now + HOUR(SLACK_H),
						  .site_wide = a->what->site_wide});
	attack_from(a, hosting_draw(w, &a->rng));
	a->program = tool_draw(&a->rng);
	a->what->begin(w, a);
}

static void
stage_begin(struct world *w, void *arg)
{
	struct attack_run *a = arg, *chain = a->chain;

	a->program = a->tool_logs_in ? chain->tool : chain->program;
	if (a->from_source && chain->source_count)
		a->at.v4 = chain->sources[below(&a->rng, chain->source_count)];
	attack_from(a, a->at);
	a->what->begin(w, a);
}

struct attack_run *
attack_stage(struct attack_run *chain, unsigned behaviour, const char *name, int64_t at, bool last)
{
	struct attack_run *a = world_alloc(chain->w, sizeof(*a));

	for (unsigned i = 0; i < attack_count(); i++)
		if (attack_at(i)->behaviour == behaviour && strcmp(attack_at(i)->name, name) == 0)
			a->what = attack_at(i);
	if (!a->what)
		abort();
	a->w = chain->w;
	a->rng = rng_of(rng_next(&chain->rng), behaviour);
	a->label = chain->label;
	a->stage = !last;
	a->at = chain->at;
	a->chain = chain;
	clock_add(a->w, at, stage_begin, a);
	label_end(a->w, a->label, at + HOUR(SLACK_H));
	return a;
}

void
attack_happened(struct attack_run *a)
{
	if (!a->stage)
		label_happened(a->w, a->label);
}

bool
attack_fits(const struct attack *a, const struct world *w)
{
	const struct tls_server *s = &w->gw.tls;

	if (a->resumes && !s->ids && !s->tickets && !s->ticket_count)
		return false;
	if (a->inside && !w->inside)
		return false;
	return !a->kinds || a->kinds >> w->cfg.kind & 1;
}

struct attack_run *
attack_start(struct world *w, unsigned number, int64_t at)
{
	struct attack_run *a = world_alloc(w, sizeof(*a));

	a->w = w;
	a->what = attack_at(number);
	a->rng = rng_of(w->cfg.seed, ACTOR_ATTACKS + number);
	clock_add(w, at, attack_begin, a);
	return a;
}

void
attack_from(struct attack_run *a, struct location at)
{
	a->at = at;
	label_addr(a->w, a->label, &a->at.v4);
	label_addr(a->w, a->label, &a->at.v6);
}

void
attack_done(struct attack_run *a, int64_t at)
{
	label_end(a->w, a->label, at + HOUR(SLACK_H));
}

struct conn *
intrude(struct attack_run *a, int64_t at, uint32_t source)
{
	struct world *w = a->w;

	return dial(w, &(struct dial){.at = at,
				      .from = a->source_count ? a->sources[source % a->source_count] : a->at.v4,
				      .to = w->gw.v4,
				      .to_port = 443,
				      .program = a->program,
				      .server = &w->gw.tls,
				      .sni = w->gw.name,
				      .rtt_us = a->at.rtt_us,
				      .ticket = &a->ticket,
				      .who = a});
}
