/*
 * sender: one sink's link to its receiver: lines in, what the receiver acknowledged out.
 *
 *	outbox (keeper) --events--> courier --lines--> sender --> receiver
 *	                <--acknowledged up to this id--
 *
 * A courier is one process for one sink, so a sender may wait, but never longer than `timeout_ns`.  It keeps no event after
 * send has returned, reads no file but those that its configuration names, and writes none.  A kind is one file, one
 * struct sender_calls and one row of sink.def.
 */
#ifndef SINK_SENDER_H
#define SINK_SENDER_H

#include "sink/event.h"

enum { SENDER_WORDS = 400 };

/* Texts are never NULL, "" is not given; what a kind does not use it ignores. */
struct sender_config {
	const char *name;                               /* of the sink */
	const char *sensor;                             /* sensor.name */
	const char *address;                            /* HOST:PORT; several brokers by comma (syslog, mqtt, kafka) */
	const char *url;                                /* http:// or https:// (webhook, splunk, elastic, clickhouse) */
	unsigned transport;                             /* enum sender_transport, of syslog */
	bool tls;                                       /* of mqtt and kafka; a URL says it itself */
	const char *tls_ca, *tls_certificate, *tls_key; /* PEM files; no ca: the system's */
	const char *tls_pin;  /* SHA-256 of the receiver's public key (SPKI), 64 hex digits: then no other is trusted */
	const char *tls_name; /* expected in its certificate; "": the host of the address */
	const char *user, *secret; /* the secret itself, read from secret_file or secret_env; never printed */
	unsigned sasl;             /* enum sender_sasl: how kafka has them proven */
	const char *topic;         /* of mqtt and kafka; the table of clickhouse, the index of elastic and splunk */
	const char *content_type, *body; /* of a webhook: body is a template in which {} stands for the line */
	const char *program;             /* of command: a path; one line on its standard input */
	int64_t timeout_ns;              /* that a receiver has to answer */
	unsigned batch;                  /* events in one message at most */
	unsigned format;                 /* row of format.def */
};

enum sender_transport { SENDER_UDP, SENDER_TCP, SENDER_TLS };
enum sender_sasl { SENDER_SCRAM_SHA_512, SENDER_SCRAM_SHA_256, SENDER_PLAIN };

struct sender_event {
	uint64_t
		id; /* of the outbox: grows and is never used twice; with the sensor's name what duplicates are told by */
	enum event_kind kind;
	uint8_t severity; /* of alerts and incidents */
	struct when time;
	const char *gateway; /* its name, the key of partitions; "": none */
	const char *line;    /* in the sink's format, without a '\n' at its end */
	size_t n;
};

enum sender_outcome {
	SENDER_DONE,    /* all are acknowledged */
	SENDER_AGAIN,   /* link or receiver are not well: the rest is tried again later */
	SENDER_REFUSED, /* the receiver will never take the first that is not acknowledged */
};

struct sender_result {
	enum sender_outcome outcome;
	size_t acknowledged;      /* the first so many, in their order */
	char words[SENDER_WORDS]; /* one line: what the receiver answered, or what is wrong and how to mend it */
};

struct sender_calls {
	/* Checks what can be checked without the receiver.  NULL: `words` is one line. */
	void *(*open)(const struct sender_config *cfg, char words[SENDER_WORDS]);
	/* Connects where there is no link. n is at most cfg->batch. */
	void (*send)(void *state, const struct sender_event *e, size_t n, struct sender_result *r);
	void (*close)(void *state);
};

#endif
