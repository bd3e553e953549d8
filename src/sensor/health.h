/*
 * health: how the sensor is, as one value without pointers: the keeper makes it each second, the desk tells it.
 *
 *	keeper: sessions, findings, counters -> struct health -> desk: Prometheus, status
 *
 * Bounded, and cheap enough for every session: clients are counted approximately (Metwally's space saving), incidents
 * that are open are kept while there is room.  Pure.
 */
#ifndef SENSOR_HEALTH_H
#define SENSOR_HEALTH_H

#include "base/count.h"
#include "base/loss.h"
#include "base/out.h"
#include "detect/detect.h"
#include "session/session.h"
#include "sink/sink.h"

enum {
	HEALTH_NAME = 64,
	HEALTH_WORDS = 200,
	HEALTH_INCIDENTS = 16,
	HEALTH_CLIENTS = 10,
	HEALTH_OPEN_MAX = 256,
	HEALTH_COUNTED = 64,
	HEALTH_LOSSES = 16,
	HEALTH_SEVERITIES = SEVERITY_CRITICAL + 1
};

struct health_sink {
	char name[HEALTH_NAME];
#define OF_SINK(field, type, metric, doc) uint64_t field;
#include "sensor/health.def"
#undef OF_SINK
	char error[HEALTH_WORDS]; /* what the link last said, while it is not well */
};

/* Lines of a sink that were given up one after the other, for one cause. */
struct health_loss {
	char sink[HEALTH_NAME], cause[HEALTH_NAME];
	uint64_t lines, first_id, last_id;
	struct when first, last; /* of their events */
};

struct health_incident {
	uint64_t id;
	uint8_t severity;
	uint32_t findings;
	struct when opened, last;
	struct addr actor;
	char text[HEALTH_WORDS]; /* its latest finding that opened or worsened it */
};

struct health_client {
	struct addr addr;
	uint64_t sessions, at_most; /* really between sessions - at_most and sessions */
};

struct health {
	char sensor[HEALTH_NAME], iface[HEALTH_NAME], version[HEALTH_NAME], ledger_head[HEALTH_NAME + 1];
	char reload[HEALTH_WORDS]; /* what the last one had to say */
#define NUMBER(field, type, metric, doc) uint64_t field;
#include "sensor/health.def"
#undef NUMBER
	struct counts counts;
	struct losses loss;
	uint32_t open[HEALTH_SEVERITIES]; /* incidents */
	uint32_t sinks, given_up, incidents, clients;
	struct health_sink sink[SINKS_MAX];
	struct health_loss loss_of_sinks[HEALTH_LOSSES];   /* the latest, oldest first */
	struct health_incident incident[HEALTH_INCIDENTS]; /* the worst, then the latest, first */
	struct health_client client[HEALTH_CLIENTS];       /* most sessions first */
};

/* Of the keeper. */
struct health_log {
	uint32_t opened, counted;
	struct health_incident incident[HEALTH_OPEN_MAX];
	struct health_client client[HEALTH_COUNTED];
};
void health_session(struct health_log *l, const struct session *s);
void health_finding(struct health_log *l, const struct finding *f);
void health_closed(struct health_log *l, uint64_t incident);
/* Its lists and sums into h. */
void health_lists(struct health *h, const struct health_log *l);

/* What came from another process: false: it is none. */
bool health_sound(const struct health *h);

/* How fast, over a while: counters of two moments. */
struct health_rates {
	uint64_t frames, bits, sessions; /* a second */
	uint64_t lost_ppm;               /* frames that were lost on the way to us, of a million */
};
struct health_rates health_rates(const struct health *now, const struct health *before);

/* One JSON object, with '\n'. */
void health_json(struct out *o, const struct health *h, const struct health_rates *r);

#endif
