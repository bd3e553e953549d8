/*
 * sinks_config: the [sink NAME] sections as what src/sink is to open.
 */
#ifndef SENSOR_SINKS_CONFIG_H
#define SENSOR_SINKS_CONFIG_H

#include "sensor/config.h"
#include "sink/sink.h"

struct sinks_wanted {
	unsigned count;
	struct sink_config sink[SINKS_MAX];
	bool network;                          /* one of them, at least */
	char outbox[OPTION_TEXT_MAX];          /* the file; "": reading, events are sent as they come */
	int64_t size, age_ns;                  /* of it */
	const char *gateway[GATEWAYS_MAX + 1]; /* names, by number; "": none */
};

/* What every sink needs to know beside its own section. */
struct sinks_about {
	const char *eve;                     /* where EVE lines go besides; NULL: nowhere */
	const char *sensor;                  /* its name; must outlive the sinks */
	const char *ledger;                  /* its folder, NULL: none */
	bool anew;                           /* reading: files begin empty */
	bool waits;                          /* events for network sinks wait in a file */
	const struct pseudonym_key *privacy; /* addresses in questions are pseudonyms, too; NULL: clear */
};

/* False: `error` is one line with file, line and section, what is wrong and how to mend it. */
bool sinks_configured(struct sinks_wanted *w, const struct config *c, const struct sinks_about *about,
		      char error[CONFIG_ERROR_MAX]);

#endif
