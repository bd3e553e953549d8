/*
 * attacks: what may be put into a world: a table of variants, each a behaviour of threats with its recipe.
 */
#ifndef TESTS_WORLD_ATTACKS_H
#define TESTS_WORLD_ATTACKS_H

#include "world.h"

struct attack_run;

struct attack {
	uint8_t behaviour;     /* 5: B05; from CHAIN_FIRST on: chains */
	bool strong;           /* missing one is a failure of the product */
	uint8_t least;         /* severity that is found: weak ones may stay low or info */
	uint8_t kinds;         /* of gateways where it makes sense (bits), 0: all */
	bool site_wide;        /* it is the gateway that shows it, not an address */
	bool resumes;          /* only where sessions are resumed */
	bool inside;           /* only where the leg behind the gateway is mirrored, too */
	bool told;             /* the operator says what happened; without that it is only noted */
	const char *name;      /* of the variant */
	const char *detectors; /* whose alerts are hits */
	void (*begin)(struct world *w, struct attack_run *a);
	const void *recipe;
};
enum { CHAIN_FIRST = 41 };

/* One attack as it goes on; `step` counts as the attack pleases. */
struct attack_run {
	struct world *w;
	const struct attack *what;
	struct rng rng;
	int label;
	struct location at;
	struct program program, tool; /* tool: of a chain, what the stage before used */
	struct ticket ticket;
	struct conn *conn;
	uint32_t step, left;
	int64_t until;
	uint64_t extra[4];
	struct addr *sources;
	uint32_t source_count;
	struct tls_server server; /* of the attacker, or a second one at the gateway */
	struct attack_run *chain; /* whose stage it is: hands on program and sources; NULL: of none */
	bool stage;               /* of a chain, and not its last: nothing has happened yet */
	bool tool_logs_in;        /* the program of the stage before, where a person's own would be */
	bool other_program;       /* a person's own, whatever the stages before used */
	bool from_source;         /* begins at an address of the stage before */
};

struct attack_run *attack_start(struct world *w, unsigned number, int64_t at);
/* A stage of a chain: the variant `name` of a behaviour, under the chain's label, with what the stages before used. */
struct attack_run *attack_stage(struct attack_run *chain, unsigned behaviour, const char *name, int64_t at, bool last);
void attack_happened(struct attack_run *a);
bool attack_fits(const struct attack *a, const struct world *w);
const char *behaviour_name(unsigned behaviour, char text[8]);

/* For recipes: a connection of the intruder to the gateway, from one of its sources. */
struct conn *intrude(struct attack_run *a, int64_t at, uint32_t source);
void attack_from(struct attack_run *a, struct location at); /* moves there, and tells the labels */
void attack_done(struct attack_run *a, int64_t at);
struct program tool_draw(struct rng *r);

/* Loops: the same again and again. */
struct loop {
	uint8_t program;            /* enum program_id; PROGRAMS: any tool */
	uint16_t sources;           /* addresses it comes from */
	uint32_t count, evidence;   /* exchanges in all; after so many it has happened */
	uint16_t each;              /* of them in one connection, 0: all */
	bool resumes, together;     /* tickets; several requests sent at once (HTTP/2) */
	int64_t gap, jitter, think; /* between connections; within one */
	uint32_t request, request_spread, response, response_spread;
	uint8_t tail; /* percent of answers that are many times larger */
	int64_t server, server_spread;
};
void loop_begin(struct world *w, struct attack_run *a);

#define ATTACK(b, is_strong, wide, variant, hits, fn, how)                                                             \
	{                                                                                                              \
		.behaviour = (b), .strong = (is_strong), .least = SEVERITY_MEDIUM, .site_wide = (wide),                \
		.name = (variant), .detectors = (hits), .begin = (fn), .recipe = (how)                                 \
	}
#define ATTACK_AT(b, is_strong, wide, lowest, where, variant, hits, fn, how)                                           \
	{                                                                                                              \
		.behaviour = (b), .strong = (is_strong), .least = (lowest), .kinds = (where), .site_wide = (wide),     \
		.name = (variant), .detectors = (hits), .begin = (fn), .recipe = (how)                                 \
	}

#define ATTACK_TOLD(b, variant, hits, fn, how)                                                                         \
	{                                                                                                              \
		.behaviour = (b), .strong = true, .least = SEVERITY_MEDIUM, .site_wide = true, .told = true,           \
		.name = (variant), .detectors = (hits), .begin = (fn), .recipe = (how)                                 \
	}

#define ATTACK_INSIDE(b, variant, hits, fn, how)                                                                       \
	{                                                                                                              \
		.behaviour = (b), .strong = true, .least = SEVERITY_MEDIUM, .inside = true, .site_wide = (b) == 28,    \
		.name = (variant), .detectors = (hits), .begin = (fn), .recipe = (how)                                 \
	}

extern const struct attack ATTACKS_LOOPS[], ATTACKS_ACCESS[], ATTACKS_EGRESS[], ATTACKS_GATEWAY[], ATTACKS_CHAINS[];
extern const unsigned ATTACKS_LOOPS_N, ATTACKS_ACCESS_N, ATTACKS_EGRESS_N, ATTACKS_GATEWAY_N, ATTACKS_CHAINS_N;
const struct attack *attack_at(unsigned number);
unsigned attack_count(void);

#endif
