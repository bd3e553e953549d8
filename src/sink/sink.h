/*
 * sink: where events go.  Any number of instances, each with its kind, format, kinds of events and filter.
 *
 *	event -> for each sink: wanted? -> format -> kind's send
 *
 * A sink that fails loses its own events, counted; the others go on.
 */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include "detect/rules.h"
#include "session/where.h"
#include "sink/event.h"
#include "sink/outbox.h"

enum sink_kind_number {
#define KIND(name, calls, place, title) SINK_KIND_##name,
#include "sink/sink.def"
#undef KIND
	SINK_KINDS
};

/* "file|syslog|...": the names of sink.def */
extern const char SINK_NAMES[];
#define SINK_WORDS (SINK_NAMES + 1)

enum { SINKS_MAX = 16, SINK_ERROR_MAX = 512, SINK_NAME_MAX = 64 };

enum sink_place { SINK_PLACE_path, SINK_PLACE_address, SINK_PLACE_url, SINK_PLACE_program };

struct sink_config {
	char name[SINK_NAME_MAX];
	const char *path;     /* of a file; of other kinds their address, URL or program: for people */
	uint8_t kind, format; /* rows of sink.def and format.def */
	uint8_t events;       /* enum event_kind, or-ed */
	uint8_t severity;     /* of alerts and incidents, at least */
	struct where where;   /* of the session and WHERE_FINDING; no tests: everything */
	bool anew;            /* begins with an empty file: read does, run goes on behind what is there */
	int64_t rotate_size;  /* bytes, 0: never */
	int64_t rotate_ns;    /* packet time, 0: never */
	unsigned rotate_keep;
	bool compress;               /* what was rotated */
	struct sender_config sender; /* of a network sink; without its secret, which whoever opens the sender reads */
	const char *secret_file, *secret_env; /* "": none */
};

/* What a kind can do; `state` is what open returned. */
struct sink_calls {
	void *(*open)(const struct sink_config *cfg);                             /* NULL: errno says why */
	bool (*send)(void *state, struct when time, const char *lines, size_t n); /* false: they are lost */
	void (*flush)(void *state);
	void (*reopen)(void *state); /* SIGHUP */
	int (*error)(void *state);   /* errno that keeps it from writing, 0: none */
	int (*close)(void *state);   /* the same, after the last byte */
};

struct sink_kind {
	const char *name, *title;
	const struct sink_calls *calls;    /* NULL: a network sink */
	const struct sender_calls *sender; /* NULL: a file, or not built in */
	const char *library;               /* that it needs, NULL: none */
	enum sink_place place;
};
extern const struct sink_kind SINK_KIND[SINK_KINDS];

/* Both NULL: the program was built without its library. */
static inline bool
sink_is_built(unsigned kind)
{
	return SINK_KIND[kind].calls || SINK_KIND[kind].sender;
}

struct sinks;

/* NULL: `error` is one line that says which sink, where and why.  What cfg points to must outlive the sinks. */
struct sinks *sinks_new(const struct sink_config *cfg, unsigned n, char error[SINK_ERROR_MAX]);

/* Where network sinks' lines go; its sinks are these in their order.  Before anything is told.  gateway: names by number,
   GATEWAYS_MAX and one; they must outlive the outbox. */
void sinks_outbox(struct sinks *s, struct outbox *to, const char *const *gateway);

/* A test event goes to all, whatever they want. */
void sinks_tell(struct sinks *s, const struct event *e);

/* What was told must be readable by whoever follows. */
void sinks_flush(struct sinks *s);
void sinks_reopen(struct sinks *s);

/* A sink that fails now and did not before: one line, once. */
bool sinks_notice(struct sinks *s, char words[SINK_ERROR_MAX]);

/* One of them cannot write now. */
bool sinks_failing(const struct sinks *s);

/* At the end: the first whose values had to be cut, or whose lines did not fit. */
bool sinks_shortened(const struct sinks *s, char words[SINK_ERROR_MAX]);

struct sink_counts {
	uint64_t told, lost, too_long; /* events that went out, that could not, that fit no line */
	uint64_t cut;                  /* values that were shortened */
};
struct sink_counts sinks_counts(const struct sinks *s, unsigned i);

/* False: `error` names the first that could not write everything.  Frees them; NULL is fine. */
bool sinks_close(struct sinks *s, char error[SINK_ERROR_MAX]);

#endif
