/*
 * frame: what detectors share: parameters, the view of a record, site memory, findings.  Internal to src/detect.
 *
 *	record -> view (what of it is new) -> every detector judges -> every detector learns
 *
 * A detector sees a session several times (open, updates, close, with cumulative numbers): `first` and the
 * range of exchanges not judged yet keep it from counting twice.
 */
#ifndef DETECT_FRAME_H
#define DETECT_FRAME_H

#include "detect/detect.h"
#include "detect/indicators.h"
#include "detect/memory.h"

enum detector_id {
	DETECTOR_NONE,
#define DETECTOR(id, name, code, attack, severity, share, title, doc, blind) DETECTOR_##name = id,
#define PARAM(detector, name, value, unit, doc)
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
	DETECTOR_END
};

enum param_index {
#define DETECTOR(id, name, code, attack, severity, share, title, doc, blind)
#define PARAM(detector, name, value, unit, doc) PARAM_##detector##_##name,
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
	PARAM_END
};

struct view {
	const struct session *s;
	struct addr client;                 /* behind a balancer: the one in the PROXY header */
	int64_t known_ns;                   /* since the gateway's first packet */
	bool first;                         /* first record of this session */
	bool first_established, first_cert; /* first one that has seen so much */
	bool learning;
	uint32_t from, until; /* exchanges not judged before; those from EXCHANGES_KEPT on are in the summary only */
};

struct incident_slot;
struct familiar;

/* What is known of a gateway as a whole. */
struct site {
	struct when first;    /* first packet */
	uint32_t request_max; /* largest request before a login */
	bool seen;
};

struct detect {
	int64_t learn_ns, idle_ns;
	struct hash_key table;
	struct counts *counts;
	int64_t param[PARAM_END];
	struct when now;       /* latest time of any record */
	struct memory running; /* sessions that are not over: what was judged of them */
	struct memory incidents;
	struct memory familiars;
	void *state[DETECTOR_END];
	const struct indicators *indicators; /* NULL: no lists */
	const struct detect_sink *to;
	const struct session *session;
	struct site site[256];
};

/* A carved share for one table. */
void detect_memory(const struct detect *d, struct memory *m, struct carve *c, const struct memory_plan *plan);

/* 64 bits of a text, for table keys only. */
uint64_t detect_hash(const struct detect *d, struct text t);

/* IPv4: v4 bits of the 32; IPv6: v6 bits of the 128. */
struct addr detect_net(const struct addr *a, unsigned v4, unsigned v6);

/* A small set of sizes: 64 bits, one of them a size class of `step` bytes. */
static inline uint64_t
size_bit(uint32_t bytes, uint32_t step)
{
	return UINT64_C(1) << ((uint64_t)(bytes / step) * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

/* How many bits are set: a compiler's builtin would call its runtime library on plain x86-64. */
static inline unsigned
set_count(uint64_t set)
{
	set -= set >> 1 & UINT64_C(0x5555555555555555);
	set = (set & UINT64_C(0x3333333333333333)) + (set >> 2 & UINT64_C(0x3333333333333333));
	set = (set + (set >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(set * UINT64_C(0x0101010101010101) >> 56);
}

/*
 * Findings.  finding_begin fills what the view tells; then numbers, sessions, words; then incident_report.
 * Words: {0}..{7} the numbers in their units, {a} actor, {t} target, {p} target port, {x} {y} texts of one's own.
 */
void finding_begin(struct finding *f, const struct view *v, enum detector_id id);
void finding_number(struct finding *f, const char *name, const char *unit, int64_t value);
void finding_session(struct finding *f, uint64_t session);
void finding_say(struct finding *f, const char *words, const struct text texts[2]);

/* Whom incidents are about; net all zero and group 0: the gateway itself. */
struct actor {
	struct addr net;
	uint64_t group; /* client key, for one program on many addresses */
};

/* Joins the finding to its actor's incident, sets what opens or worsens, and hands it on. */
void incident_report(struct detect *d, struct finding *f, const struct actor *a);
void incident_idle(struct detect *d, struct when now);
/* Is an incident with one of these detectors (bits by id) open on the gateway; about this client? */
bool incident_open(const struct detect *d, uint8_t gateway, uint32_t detectors);
bool incident_about(const struct detect *d, uint8_t gateway, const struct addr *client);
uint32_t incident_payload(void);

/* Clients with a history of ordinary use. */
bool familiar_known(const struct detect *d, const struct view *v);
void familiar_learn(struct detect *d, const struct view *v);
uint32_t familiar_payload(void);

/* Each detector. */
#define DETECTOR(id, name, code, attack, severity, share, title, doc, blind)                                           \
	void *code##_init(const struct detect *d, struct carve *c, size_t bytes);                                      \
	void code##_judge(struct detect *d, const struct view *v);                                                     \
	void code##_learn(struct detect *d, const struct view *v);
#define PARAM(detector, name, value, unit, doc)
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM

#endif
