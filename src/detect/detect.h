/*
 * detect: records and bounded memory become findings, findings about one actor become incidents.
 *
 * Judge first, then learn: a record never explains itself away.  Pure: no clock, no log, no allocation.  The
 * same records in the same order give the same findings, live, read or replayed.
 */
#ifndef DETECT_DETECT_H
#define DETECT_DETECT_H

#include "base/count.h"
#include "base/hash.h"
#include "base/pool.h"
#include "session/session.h"

enum severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };
extern const struct text SEVERITY_NAMES[SEVERITY_CRITICAL + 1];
const char *severity_name(unsigned severity); /* "info" to "critical", which is also what lies beyond */

enum { FINDING_NUMBERS = 8, FINDING_TEXT = 384, FINDING_SESSIONS = 8, FINDING_WEIGHTS = 5, INCIDENT_EVENTS = 24 };

/* One number of a finding: "requests" 12 "count". */
struct finding_number {
	const char *name, *unit;
	int64_t value;
};

/* What speaks for a finding, and how much. */
struct finding_weight {
	const char *what;
	unsigned points;
};

struct finding {
	uint64_t id;        /* hash(detector, actor, first session) */
	uint64_t incident;  /* id of the incident it belongs to */
	uint16_t detector;  /* number in detect.def */
	uint8_t severity;   /* enum severity */
	uint8_t confidence; /* percent */
	uint8_t gateway;
	bool opens;                /* first of its incident */
	bool worsens;              /* raised it, or is the first of its detector in it */
	bool learning;             /* the gateway's learning time was not over */
	bool degraded;             /* parts of what it rests on were not seen */
	bool weak;                 /* evidence only: no alert without other evidence */
	bool explained;            /* by what is known of the site: no chain makes more of it */
	bool note;                 /* for the record: begins no chain */
	struct when time;          /* packet time of the last evidence */
	struct addr actor, target; /* the two addresses of the alert: src and dest */
	uint8_t pseudonyms;        /* which of them are: HIDDEN_ACTOR, HIDDEN_DEST */
	uint64_t program;          /* client key of the session or visit that it is about; 0: none */
	uint16_t actor_port, target_port;
	uint8_t proto;
	char text[FINDING_TEXT]; /* the finding in words, with its numbers */
	uint32_t coverage; /* hundredths of a percent of the gateway's bytes, in the last minutes, that were seen */
	uint32_t number_count;
	struct finding_number number[FINDING_NUMBERS];
	uint32_t session_count;
	uint64_t session[FINDING_SESSIONS];
	uint32_t weight_count;
	struct finding_weight weight[FINDING_WEIGHTS]; /* the largest first */
	const char *benign;                            /* explanations that it could not exclude */
	const char *chain, *chain_words;               /* chain.def: what made more of it; NULL: nothing */
	uint64_t chain_incident;                       /* what it came after, and how long */
	int64_t chain_s;
	/* names of the operator's rules (detect/rules.h); NULL: none */
	const char *suppressed; /* recorded only: no incident, no alert */
	const char *expected;   /* announced: info */
};

struct detector_info {
	uint16_t id;
	const char *name, *title, *attack; /* ATT&CK technique */
	uint8_t severity;
	bool weak;                       /* evidence only */
	const char *doc, *raise, *blind; /* what it looks for, when it says more, what it cannot see */
};
extern const struct detector_info DETECTORS[];
extern const unsigned DETECTOR_COUNT;
const struct detector_info *detector_by_id(uint16_t id);        /* NULL: none */
const struct detector_info *detector_by_name(const char *name); /* NULL: none */
const struct detector_info *detector_nearest(const char *name); /* whose name is most like it */
bool detector_pulses(const struct detector_info *info);         /* one of DETECTORS: does it look at pulses? */
bool detector_judges_imports(const struct detector_info *info); /* and at records that lack something? */
/* Has the session what the detector needs of one, as far as the session alone can tell? */
bool detector_fed(const struct detector_info *info, const struct session *s);

/* Does any read that field of a record by itself?  place: of session.def's fields, from 0 on. */
bool detect_reads(unsigned place);

/* Parameters of detectors: detect.def declares them; the config sets them by "detect.DETECTOR.NAME". */
struct detect_param {
	const char *detector, *name, *unit, *doc;
	int64_t value; /* default */
};
extern const struct detect_param DETECT_PARAMS[];
extern const unsigned DETECT_PARAM_COUNT;

/* A line of an incident's timeline. */
struct incident_event {
	struct when time;
	uint64_t finding, session;
	uint16_t detector;
	uint8_t severity;
};

struct incident {
	uint64_t id;
	struct when opened, last;
	struct addr actor;
	uint8_t gateway, severity;
	uint32_t findings;
	/* The first half of them stays, the other half are the latest. */
	uint32_t event_count;
	struct incident_event event[INCIDENT_EVENTS];
};

enum { DETECT_MEMORY_MIN = 2 << 20 };

struct detect_config {
	int64_t learn_ns;         /* detect.learn */
	int64_t incident_idle_ns; /* incident.idle */
	size_t memory;            /* share of the budget, at least DETECT_MEMORY_MIN */
	struct hash_key table;
	const int64_t *params; /* DETECT_PARAM_COUNT values */
	uint16_t only;         /* the detector that has a say, from the beginning on; 0: all */
};

struct detect;

struct detect *detect_new(struct carve *c, const struct detect_config *cfg, struct counts *counts);

/* Parameters, learning and idle time of *cfg from now on; its memory stays what it was. */
void detect_params(struct detect *d, const struct detect_config *cfg);

/* What to do with findings, and with incidents that close. */
struct detect_sink {
	void *arg;
	void (*finding)(void *arg, const struct finding *f, const struct session *s);
	void (*closed)(void *arg, const struct incident *i);
};

/* Lists of indicators from now on; they must outlive their use.  NULL: none. */
struct indicators;
void detect_indicators(struct detect *d, const struct indicators *i);

/* Judges, then learns.  Only records with a gateway are judged; others cost nothing. */
void detect_session(struct detect *d, const struct session *s, const struct detect_sink *to);
void detect_pulse(struct detect *d, const struct pulse *p, const struct detect_sink *to);
/* Closes what has been idle; at the end of the input with a time far away: everything. */
void detect_idle(struct detect *d, struct when now, const struct detect_sink *to);
struct when detect_due(const struct detect *d); /* when the next may close; INT64_MAX: none is open */

#endif
