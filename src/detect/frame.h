/*
 * frame: what detectors share: parameters, the view of a record, site memory, findings.  Internal to src/detect.
 *
 *	record -> view (what of it is new) -> every detector judges -> every detector learns
 *
 * A detector sees a session several times (open, updates, close, with cumulative numbers): `first` and the
 * range of exchanges not judged yet keep it from counting twice.  Nothing is learnt from whom an incident is about,
 * nor while the capture loses traffic.
 */
#ifndef DETECT_FRAME_H
#define DETECT_FRAME_H

#include <string.h>

#include "detect/detect.h"
#include "detect/indicators.h"
#include "detect/memory.h"
#include "detect/rules.h"
#include "session/site.h"

enum detector_id {
	DETECTOR_NONE,
#define DETECTOR(id, name, ...) DETECTOR_##name = id,
#define PARAM(...)
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
	DETECTOR_END = 40 /* beyond every id, in whatever order the rows are */
};
_Static_assert(DETECTOR_END <= 64, "sets of detectors are 64 bits");
#define DETECTOR(id, name, ...) _Static_assert(id > 0 && id < DETECTOR_END, "the id of " #name);
#define PARAM(...)
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
#define DETECTOR_BIT(name) (UINT64_C(1) << DETECTOR_##name)

enum param_index {
#define DETECTOR(...)
#define PARAM(detector, name, value, unit, doc) PARAM_##detector##_##name,
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
	PARAM_END
};

struct visit;

/* An exchange not judged before, or `count` alike of which only the summary is known (then times are not). */
struct turn {
	uint32_t request, answer, count;
	uint32_t index;     /* in its session; from EXCHANGES_KEPT on: unknown */
	uint32_t server_us; /* 0 in a summary */
	struct when time;   /* of the answer's end; in a summary the session's last packet */
};
enum { TURNS_MOST = EXCHANGES_KEPT + PAIRS_KEPT };

struct view {
	const struct session *s;
	struct addr client;                 /* behind a balancer: the one in the PROXY header */
	struct addr source;                 /* whom it counts as: the client, of IPv6 the /64 */
	int64_t known_ns;                   /* since the gateway's first packet */
	bool first;                         /* first record of this session */
	bool first_established, first_cert; /* first one that has seen so much */
	bool learning;                      /* detect.learn is not over */
	bool suspect;                       /* an incident about the client is open */
	bool degraded; /* parts of this session, or now much of this gateway's traffic, were not seen: absence says nothing */
	bool lossy;   /* some of this gateway's traffic is being lost */
	bool monitor; /* inbound: asks in a strict period (monitor.h) */
	bool knock;   /* inbound: a handshake that came to nothing */
	bool familiar; /* inbound: this program used this gateway from this network in the ordinary way before; not looked
			  up for knocks: is_familiar */
	bool hidden;   /* inbound from a balancer that does not say who the client is: no source to judge */
	bool tunnels;               /* session_tunnels (visit.h) */
	bool tunnelled;             /* it did once, or lasts: large files in it do not make it something else */
	bool shared;                /* outbound from an address that the gateway shares with users: not its own doing */
	bool inside;                /* outbound to a network that it proxies to */
	uint64_t more_out, more_in; /* bytes of the connection not judged before */
	uint32_t from, until; /* exchanges not judged before; those from EXCHANGES_KEPT on are in the summary only */
	uint32_t turns;       /* what is known of these */
	uint32_t slowest_us;  /* the longest server time of these */
	const struct turn *turn;
	uint64_t network, network_bit, name; /* hashes that many ask for (below), 0: not made yet */
	struct memory_hashed by_client, by_source,
		by_program; /* keys: the program at its source, either; not of knocks */
	struct visit
		*visit; /* inbound with a client program: what its connections did in this visit, this one included */
};

/* Fills a view whose session is set; only its keys; only its turns, with their times. */
void view_make(struct detect *d, struct view *v, struct turn room[TURNS_MOST]);
void view_keys(const struct detect *d, struct view *v);
void view_turns(struct view *v, struct turn room[TURNS_MOST]);

/* Sessions that are not over: detect.running's items. */
uint32_t running_payload(void);
bool running_sound(const void *bytes);

struct incident_slot;

/* The last finding of each detector on a gateway: chains look back here. */
struct trace {
	struct when time;
	uint64_t incident, program; /* program: of a finding about one program on many addresses */
};

/* Bytes and holes of some minutes. */
struct seen {
	struct when since;
	uint64_t bytes, lost;
};

/* What is known of a gateway as a whole. */
struct gate {
	struct when first;    /* first packet */
	struct addr addr;     /* one that clients connect to (else calls from); the last seen */
	uint32_t request_max; /* largest request before a login */
	bool known;
	struct seen seen[2]; /* these minutes and the ones before */
	struct trace trace[DETECTOR_END];
};

/* What a snapshot holds: every table and every array of a detector. */
struct kept {
	uint16_t detector;    /* 0: the frame's */
	uint16_t version;     /* of its layout */
	struct memory *table; /* or: */
	void *array;
	size_t bytes;
	bool (*sound)(const void *bytes);
};
enum { KEPT_MAX = 96, HALF_NEEDS = 128 };

/* A text's hash, by who said it. */
struct known_text {
	uint64_t said, hash; /* said 0: none */
};
enum { KNOWN_TEXT_BITS = 8 };

struct detect {
	int64_t learn_ns, idle_ns;
	struct memory_secret secret; /* of all tables */
	struct counts *counts;
	int64_t param[PARAM_END];
	struct when now;       /* latest time of any record */
	struct memory running; /* sessions that are not over: what was judged of them */
	struct memory incidents;
	struct memory familiars;
	struct memory trails;                /* weak evidence by actor */
	struct memory visits, places, stays; /* visit.c */
	void *logins;                        /* login.c */
	struct memory monitors;              /* who asks in a strict period, or might */
	void *state[DETECTOR_END];
	const struct indicators *indicators; /* NULL: no lists */
	const struct detect_sink *to;
	const struct session *session;
	const struct detect_rules *rules;              /* what the operator told; NULL: nothing */
	uint64_t *suppressed;                          /* RULES_SUPPRESS: how often each applied */
	struct gate gate[GATEWAYS_MAX + 1];            /* by number, from 1 */
	uint64_t judging, learning;                    /* rows of detect.def with such functions */
	uint64_t imports;                              /* those that judge records of other sensors' logs */
	uint64_t lower[HALF_NEEDS], upper[HALF_NEEDS]; /* and by what a record has that they need */
	struct known_text texts[1 << KNOWN_TEXT_BITS];
	uint16_t only;   /* the detector that has a say, 0: all */
	uint16_t making; /* whose init runs */
	unsigned kept_count;
	struct kept kept[KEPT_MAX];
};

/* A carved share for one table, or for an array (cleared); both are part of a snapshot. */
void detect_memory(struct detect *d, struct memory *m, struct carve *c, const struct memory_plan *plan);
void *detect_array(struct detect *d, struct carve *c, size_t bytes, uint16_t version);

/* Of the table or array made last: can an item, or the array, be used as it is?  For what a snapshot may bring: counts
   beyond their arrays, a bool that is neither 0 nor 1.  An item that is not sound is left out. */
void detect_sound(struct detect *d, bool (*sound)(const void *bytes));
/* Is the byte that a bool will be read from one? */
static inline bool
sound_bool(const bool *b)
{
	uint8_t byte;

	memcpy(&byte, b, 1);
	return byte <= 1;
}

/* 64 bits of a text, the same in every run; no text: 0. */
uint64_t detect_hash(struct text t);

/* The same of a text that the session's hellos or certificates tell, which mostly are those of a moment ago.  `said` is
   session.said or session.shown: equal ones tell equal texts. */
enum text_of { TEXT_SNI, TEXT_CIPHERS, TEXT_CERT, TEXT_ISSUER };
uint64_t detect_hash_again(struct detect *d, uint64_t said, enum text_of which, struct text t);

/* Of two numbers, well mixed (SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014),
   also the same in every run.  No secret: where somebody could aim at a place, a table's own key hides it (memory.c). */
static inline uint64_t
detect_mix(uint64_t a, uint64_t b)
{
	uint64_t h = a;

	for (unsigned i = 0; i < 2; i++) {
		h += UINT64_C(0x9e3779b97f4a7c15);
		h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
		h = (h ^ h >> 31) + (i ? 0 : b);
	}
	return h;
}

/* IPv4: v4 bits of the 32; IPv6: v6 bits of the 128. */
struct addr detect_net(const struct addr *a, unsigned v4, unsigned v6);

static inline uint64_t
detect_mix_addr(const struct addr *a)
{
	uint64_t half[2];

	memcpy(half, a->b, sizeof(half));
	return detect_mix(half[0], half[1]);
}

/* Of an address' network (/24, of IPv6 /48). */
static inline uint64_t
detect_mix_network(const struct addr *a)
{
	struct addr net = detect_net(a, 24, 48);

	return detect_mix_addr(&net);
}

/* The client's network, one of 64 bits for it (statics.h), and the name asked for: hashes. */
static inline uint64_t
network_of(const struct view *v)
{
	return v->network ? v->network : detect_mix_network(&v->client);
}

static inline uint64_t
name_of(const struct view *v)
{
	return v->name ? v->name : detect_hash(v->s->sni);
}

static inline uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint32_t
most(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

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

/* Are at least n of them, n a small constant: less than counting them all. */
static inline bool
set_has(uint64_t set, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		set &= set - 1;
	return set != 0;
}

/*
 * Findings.  finding_begin fills what the view tells; then numbers, sessions, weights, words; then incident_report.
 * Words: {0}..{7} the numbers in their units, {a} actor, {t} target, {p} target port, {x} {y} texts of one's own.
 */
void finding_begin(struct finding *f, const struct view *v, enum detector_id id);
/* The same for a finding that no single session shows (a pulse, a count): actor and target are `gateway_addr`. */
void finding_begin_gateway(struct finding *f, const struct detect *d, enum detector_id id, uint8_t gateway);
void finding_number(struct finding *f, const char *name, const char *unit, int64_t value);
void finding_session(struct finding *f, uint64_t session);
void finding_say(struct finding *f, const char *words, const struct text texts[2]);
/* One thing that speaks for it, and how much (bits of surprise, or points out of 100); the five largest are kept. */
void finding_weigh(struct finding *f, const char *what, unsigned points);
void finding_say_chain(struct finding *f);

/* Whom incidents are about; net all zero and group 0: the gateway itself. */
struct actor {
	struct addr net;
	uint64_t group; /* client key, for one program on many addresses */
};
struct actor actor_of(const struct view *v); /* the client's address, IPv6 by /64 */

/* Joins the finding to its actor's incident, sets what opens or worsens, and hands it on. */
void incident_report(struct detect *d, struct finding *f, const struct actor *a);
void incident_idle(struct detect *d, struct when now);
struct when incident_due(const struct detect *d);
/* Is an incident with one of these detectors (DETECTOR_BIT) open on the gateway; any about this client? */
bool incident_open(const struct detect *d, uint8_t gateway, uint64_t detectors);
bool incident_about(const struct detect *d, uint8_t gateway, const struct addr *source);
uint32_t incident_payload(void);
bool incident_sound(const void *bytes);
/* The last finding of a detector on the gateway, if within `window_s` before `now`; NULL: none. */
const struct trace *
trace_of(const struct detect *d, uint8_t gateway, enum detector_id id, struct when now, int64_t window_s);

/* Weak evidence about one actor adds up: true when it is enough to alert. */
bool trail_add(struct detect *d, const struct finding *f, const struct actor *a);
uint64_t trail_detectors(const struct detect *d, const struct actor *a, uint8_t gateway);
uint32_t trail_payload(void);
bool trail_sound(const void *bytes);

/* Chains: raises the finding when what came before makes more of it; says so in its text. */
bool chain_raise(const struct detect *d, struct finding *f, uint64_t actor_detectors);

/* Clients with a history of ordinary use. */
bool familiar_known(struct detect *d, const struct view *v, const struct visit *visit);
bool is_familiar(struct detect *d, const struct view *v); /* of knocks, too */
void familiar_learn(struct detect *d, const struct view *v);
void familiar_stay(struct detect *d, const struct visit *w);
uint32_t familiar_payload(void);

/* new_egress at addresses that the gateway shares with users: counts instead of judging. */
void egress_shared(struct detect *d, struct memory *m, const struct view *v);
uint32_t egress_shared_payload(void);

/* The gateway's, of which something was seen at t. */
struct gate *gate_seen(struct detect *d, uint8_t gateway, struct when t);

/* What is lost of a gateway's traffic; seen.c says how much is what. */
enum sight { SIGHT_WHOLE, SIGHT_LOSSY, SIGHT_POOR };
void seen_add(struct detect *d, const struct pulse *p);
enum sight seen_sight(const struct detect *d, uint8_t gateway, struct when now);
bool seen_poorly(const struct detect *d, uint8_t gateway, struct when now);
uint32_t seen_share(const struct detect *d, uint8_t gateway, struct when now); /* hundredths of a percent */
bool half_seen(const struct session *s);

/* Each detector; which of these it has is in detect.def. */
#define DETECTOR(id, name, code, ...)                                                                                  \
	void *code##_init(struct detect *d, struct carve *c, size_t bytes);                                            \
	void code##_judge(struct detect *d, const struct view *v);                                                     \
	void code##_learn(struct detect *d, const struct view *v);                                                     \
	void code##_pulse(struct detect *d, const struct pulse *p);                                                    \
	void code##_stay(struct detect *d, struct visit *w);
#define PARAM(...)
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM

#endif
