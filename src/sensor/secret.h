/*
 * secret: a sink's password or token, from a file or the environment.  It is read by whoever opens the sender, and is in no
 * other process.
 */
#ifndef SENSOR_SECRET_H
#define SENSOR_SECRET_H

#include "sink/sink.h"

enum { SECRET_MAX = 8192 };

/* "" where the sink has none.  False: `words` say what is missing and how to mend it; never the secret. */
bool secret_read(char secret[SECRET_MAX], const struct sink_config *s, char words[SENDER_WORDS]);

#endif
