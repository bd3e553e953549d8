/*
 * watch: what read and run share: a pipeline with its memory and keys, the EVE file behind it, the search for
 * the gateways, and the stats clock, which is packet time.
 *
 *	frames -> watch -> pipeline -> watch -> EVE lines
 *		    \-> gateways	     \-> the command's own tally
 *
 * With taps (sensor/keeper.h) it is the half behind them: its pipeline begins at the record, and gets no frames.
 */
#ifndef SENSOR_WATCH_H
#define SENSOR_WATCH_H

#include "ledger/ledger.h"
#include "sensor/beat.h"
#include "sensor/config.h"
#include "sensor/evidence.h"
#include "sensor/gateways.h"
#include "sensor/identity.h"
#include "sink/eve.h"
#include "sink/file.h"

/* What the command wants to hear; all but arg may be NULL. */
struct watch_tell {
	void *arg;
	void (*session)(void *arg, const struct session *s);
	void (*finding)(void *arg, const struct finding *f);
	/* the first packet's time is known */
	void (*began)(void *arg, struct when first);
	/* a guess was made: n == 0, nobody stands out */
	void (*gateways)(void *arg, const struct gateway_guess *guess, size_t n);
	void (*pulse)(void *arg, const struct pulse *p);
	/* before they are worked in */
	void (*frames)(void *arg, const struct frame *frames, size_t n);
	void (*closed)(void *arg, const struct incident *i);
};

struct watch_setup {
	const struct config *config;
	const struct detect_rules *rules; /* NULL: none */
	const char *eve;                  /* path, "-", or NULL: no EVE lines */
	bool again;                       /* EVE lines go on behind those that are there */
	const char *iface;                /* NULL: reading */
	const char *version;
	struct ledger *ledger;               /* NULL: none */
	const struct pseudonym_key *privacy; /* addresses of clients become pseudonyms; NULL: stay clear */
	unsigned taps;                       /* that give it records; 0: it gets frames */
	uint16_t only;   /* detector whose findings become EVE lines, without incidents, which are of all; 0: all */
	uint16_t judges; /* the only detector that has a say; 0: all */
	struct watch_tell tell;
};

enum { WATCH_ERROR_MAX = 512, WATCH_SETTLE_S = 60 };

struct watch {
	struct watch_setup setup;
	char sensor[256];
	char learned[OPTION_TEXT_MAX + 18]; /* the file of detect.memory, where it is one of pseudonyms */
	char error[WATCH_ERROR_MAX];        /* one line */
	char notice[WATCH_ERROR_MAX];       /* one line worth telling, "": none; whoever tells it clears it */
	struct pipeline *pipeline;
	void *memory;
	size_t memory_size;
	bool writes; /* there is an EVE file */
	bool lasts;  /* that may be full for a while: the watch goes on */
	bool full;   /* it is, and it was told */
	struct file eve;
	struct eve_config eve_config;
	struct eve_context eve_context; /* of the capture file that `context` numbers */
	uint16_t context, captures;
	const char **capture_name;
	struct gateways *finder; /* NULL: settled */
	bool knows;              /* something of earlier runs */
	bool began;              /* first, settle_at, stats_at are set */
	struct when first, settle_at, stats_at, save_at;
	struct beat beat;
	int64_t stats_ns;
	struct counts tapped,
		counts; /* what the taps counted until the last beat; with them, and all that comes behind */
	uint32_t tapped_open;
	struct gateway_addr gateway[GATEWAY_ADDRS_MAX];
	size_t gateways;
	struct identity identity;
	struct eve_capture capture;                 /* live: the kernel's counts, kept up to date by run */
	struct evidence *evidence;                  /* NULL: none is kept */
	bool evidence_failed;                       /* and it was told */
	struct pick *pick;                          /* of its frames, where they are not at taps; NULL: none */
	struct sinks *sinks;                        /* NULL: there are none */
	const char *gateway_name[GATEWAYS_MAX + 1]; /* for network sinks */
	struct post *post;                          /* NULL: none of them is a network sink */
};

/* sensor.name, else the host's. */
void watch_sensor(char sensor[256], const struct config *c);

/* sensor.site, sensor.serial and the gateways' names, which the configuration keeps. */
void watch_labels(struct eve_config *e, const struct config *c);

/* False: w->error.  The setup's pointers must outlive the watch. */
bool watch_open(struct watch *w, const struct watch_setup *setup);
void watch_close(struct watch *w); /* also after watch_open failed */

/* Keeps evidence in that folder, as the configuration says, for these readers; after the ledger was opened.  False: w->error. */
bool watch_evidence(struct watch *w, const char *folder, const struct evidence_readers *readers);

/* Opens sinks (sensor/sinks_config.h has those of the configuration).  False: w->error. */
struct sinks_wanted;
bool watch_sinks(struct watch *w, const struct sinks_wanted *want);

/* Network sinks: hands out, takes what was acknowledged, commits; often, and without waiting (but when reading).  now_ns:
   monotonic.  And what there is to wait for, at most SINKS_MAX; a new connection to that sink's courier, which becomes the watch's. */
struct pollfd;
void watch_post(struct watch *w, int64_t now_ns);
size_t watch_post_fds(const struct watch *w, struct pollfd *to);
void watch_post_link(struct watch *w, const char *sink, int fd);
/* How each of them is; how many, at most SINKS_MAX. */
struct outbox_status;
unsigned watch_post_status(const struct watch *w, struct outbox_status *to);
/* The outbox's file, or that of a sink, cannot be written. */
bool watch_post_fails(const struct watch *w);
/* What was given up, oldest first; how many, at most OUTBOX_LOSSES. */
struct outbox_loss;
unsigned watch_post_losses(const struct watch *w, struct outbox_loss *to);

/* What was told must be readable by whoever follows the files. */
void watch_flush(struct watch *w);

/* Whoever rotates logs has renamed them: the EVE file and those of sinks are opened anew. */
void watch_reopen(struct watch *w);

/* The next capture's name, for `pcap_filename`; it must outlive the watch.  False: w->error. */
bool watch_capture(struct watch *w, const char *name);

/* Are the gateways known?  If not: looks for them among these frames, or says who they are. */
bool watch_settled(const struct watch *w);
void watch_settle(struct watch *w, const struct gateway_guess *guess, size_t n);

/* Other rules from now on; they must live until they are replaced or the watch ends. */
void watch_rules(struct watch *w, const struct detect_rules *rules);

/* At most PIPELINE_BATCH.  watch_failed: output cannot be written any more. */
void watch_frames(struct watch *w, const struct frame *frames, size_t n);
void watch_tick(struct watch *w, struct when now);
void watch_end(struct watch *w);

/* For the keeper: the first packet's time is known; a second is over, and until then the taps counted so much. */
void watch_begin(struct watch *w, struct when first);
void watch_beat(struct watch *w, struct when at);

static inline bool
watch_failed(const struct watch *w)
{
	return (w->writes && w->eve.error != 0 && !w->lasts) || (w->setup.ledger && ledger_failed(w->setup.ledger));
}

/* Closes the EVE file and the sinks.  False: w->error. */
bool watch_finish(struct watch *w);

/* What its pipeline was made with: for another one like it.  False: w->error. */
bool watch_pipeline(struct watch *w, struct pipeline_config *cfg);

const struct counts *watch_counts(struct watch *w);
/* w->capture, as of now. */
void watch_measure(struct watch *w);

#endif
