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

#define SINK_WORDS "file"

enum { SINKS_MAX = 16, SINK_KINDS = 1, SINK_ERROR_MAX = 512, SINK_NAME_MAX = 64 };

struct sink_config {
	char name[SINK_NAME_MAX];
	const char *path;
	uint8_t kind, format; /* rows of sink.def and format.def */
	uint8_t events;       /* enum event_kind, or-ed */
	uint8_t severity;     /* of alerts and incidents, at least */
	struct where where;   /* of the session and WHERE_FINDING; no tests: everything */
	bool anew;            /* begins with an empty file: read does, run goes on behind what is there */
	int64_t rotate_size;  /* bytes, 0: never */
	int64_t rotate_ns;    /* packet time, 0: never */
	unsigned rotate_keep;
	bool compress; /* what was rotated */
};

/* What a kind can do; `state` is what open returned. */
struct sink_calls {
	void *(*open)(const struct sink_config *cfg); /* NULL: errno says why */
	void (*send)(void *state, struct when time, const char *lines, size_t n);
	void (*flush)(void *state);
	void (*reopen)(void *state); /* SIGHUP */
	int (*error)(void *state);   /* errno that keeps it from writing, 0: none */
	int (*close)(void *state);   /* the same, after the last byte */
};

struct sink_kind {
	const char *name, *title;
	const struct sink_calls *calls;
};
extern const struct sink_kind SINK_KIND[SINK_KINDS];

struct sinks;

/* NULL: `error` is one line that says which sink, where and why.  What cfg points to must outlive the sinks. */
struct sinks *sinks_new(const struct sink_config *cfg, unsigned n, char error[SINK_ERROR_MAX]);

/* A test event goes to all, whatever they want. */
void sinks_tell(struct sinks *s, const struct event *e);

/* What was told must be readable by whoever follows. */
void sinks_flush(struct sinks *s);
void sinks_reopen(struct sinks *s);

/* A sink that fails now and did not before: one line, once. */
bool sinks_notice(struct sinks *s, char words[SINK_ERROR_MAX]);

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
