/*
 * common: the options that read and run share, and the watch they set up.
 */
#ifndef CMD_COMMON_H
#define CMD_COMMON_H

#include "cmd/cmd.h"
#include "cmd/tally.h"
#include "cmd/term.h"
#include "sensor/clock.h"
#include "sensor/enrich.h"
#include "sensor/privacy.h"
#include "sensor/rules.h"
#include "sensor/watch.h"

enum { OPT_EVE = 256, OPT_SET, OPT_QUIET, OPT_RECORD, OPT_JSON, OPT_LEDGER, OPT_PRIVACY_KEY };

#define PRIVACY_OPTION                                                                                                 \
	{                                                                                                              \
		OPT_PRIVACY_KEY, "privacy-key", "FILE",                                                                \
			"the key of the pseudonyms, 64 hex digits; - for standard input"                               \
	}

#define LEDGER_OPTION                                                                                                  \
	{                                                                                                              \
		OPT_LEDGER, "ledger", "DIR", "keep sessions, findings and coverage there, chained and sealed"          \
	}

#define COMMON_OPTIONS                                                                                                 \
	{'g', "gateway", "ADDR[,ADDR]", "addresses of the gateway: those clients call, and those it calls from"},      \
		{OPT_EVE, "eve", "FILE", "write EVE JSON lines there; - for standard output"},                         \
		{'c', "config", "FILE", "read the configuration from there"},                                          \
		{OPT_SET, "set", "SECTION.OPTION=VALUE", "set one option; the later wins"},                            \
	{                                                                                                              \
		OPT_QUIET, "quiet", NULL, "no summary, no progress; errors only"                                       \
	}

/* An option of the command line, as it has to be taken again when the configuration is read again. */
struct given {
	int id;
	const char *value;
};

enum { GIVEN_MAX = 256 };

struct common {
	const struct command *command;
	struct config config;
	struct watch watch;
	struct tally tally;
	struct watch_tell
		hears; /* what the command itself wants to hear: session, pulse, finding, frames; set before common_open */
	uint16_t only;   /* detector that EVE lines tell of, 0: all; set before common_open */
	uint16_t judges; /* the only one that has a say, 0: all; set before common_open */
	struct term err;
	const char *eve;
	bool quiet, gateway_given;
	unsigned taps; /* processes that read the frames, 0: this one; set before common_open */
	bool feeds;    /* sinks of the configuration; set before common_open */
	bool again;    /* outputs go on behind what is there; set before common_open */
	struct gateway_guess guess[GATEWAY_GUESSES];
	size_t guesses;
	bool handed; /* options of the configuration are kept, and not taken: it comes from elsewhere; set before they are */
	struct given given[GIVEN_MAX];
	unsigned givens;
	struct detect_rules rules[2];               /* in force, and room for those that are read next */
	unsigned now;                               /* which of them is in force */
	struct gateway_addr own[GATEWAY_ADDRS_MAX]; /* of the configuration: no list may have them */
	struct enrich *enrich;                      /* lists and places */
	const char *ledger;                         /* --ledger; NULL: not given */
	const char *privacy_file;                   /* --privacy-key; NULL: not given */
	struct privacy privacy;                     /* its key, where there is one */
	bool asks; /* set before common_open: records are asked, none is made; the key need not be there */
	struct reloaded {
		unsigned times;
		bool fine;
		char words[CONFIG_ERROR_MAX + 64]; /* of the last one */
	} reloaded;
	struct config *reread; /* the configuration that was last read again without a mistake; NULL: none was */
	struct keep *keep;     /* NULL: no ledger is written */
	/* lists as they were, in place of their files; false: told.  NULL: the files */
	bool (*lists)(void *arg, struct lists_wanted *want);
	void *lists_arg;
};

/* NULL after telling that there is no memory. */
struct common *common_new(const struct command *command);
void common_free(struct common *c);

/* One option of COMMON_OPTIONS.  EXIT_DONE, or the mistake was told and its exit code is returned. */
int common_option(struct common *c, int id, const char *value);

/* Lists and places read anew are in force from the next packet; cheap when there is nothing to do. */
void common_poll(struct common *c);

/* Reads lists and places anew, in a thread, and the configuration again and puts its suppressions, maintenance and
   facts in force.  False: a mistake was told, and what was in force stays. */
bool common_reload(struct common *c);

/* Lists and places of the configuration, in force from now on.  EXIT_DONE, or the mistake was told. */
int common_enrich(struct common *c);
/* Builds c->rules[which]; pseudonyms are known by them where there is a key.  False: error. */
bool common_rules(struct common *c, unsigned which, const struct config *config, char error[CONFIG_ERROR_MAX]);

/* Opens the watch; iface NULL: reading. */
int common_open(struct common *c, const char *iface);

/* An option of the configuration into *config: -g, -c, --set.  False: config->error. */
bool common_configure(struct config *config, bool *gateway_given, const struct given *option);

/* Names suppressions that are over at that time, if there are any. */
void common_say_expired(struct common *c, struct when now);

/* Writes what is left and closes; returns the exit code, at least `so_far`. */
int common_close(struct common *c, int so_far);

/* "gatewitness: WORDS" on stderr, after ending a progress line. */
void common_error(struct common *c, const char *words);

/* summary.c */
struct summary {
	const char *const *files;
	size_t file_count;
	uint64_t bytes; /* read */
	struct when first, last;
	int64_t took_ns;
	const struct eve_capture *live; /* NULL: reading */
};
void summary_print(struct common *c, const struct summary *s);

/* progress.c: one line that is overwritten, on a terminal only. */
struct progress {
	struct term *to;
	bool on, shown;
	int64_t began, next;
};
void progress_begin(struct progress *p, struct term *to, bool on);
struct progress_state {
	const char *file;
	uint64_t done, size; /* bytes, of all files; size 0: unknown */
	uint64_t frames;
};
void progress_show(struct progress *p, const struct progress_state *s);
/* So much of the whole is done; what: a word, or a file. */
void progress_share(struct progress *p, const char *what, uint64_t done, uint64_t of);
void progress_clear(struct progress *p);

#endif
