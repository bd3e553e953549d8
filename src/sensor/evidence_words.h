/*
 * evidence_words: what a capture of an incident says of itself, in the comments of its blocks.
 */
#ifndef SENSOR_EVIDENCE_WORDS_H
#define SENSOR_EVIDENCE_WORDS_H

#include "detect/detect.h"

enum { EVIDENCE_WORDS = FINDING_TEXT + 256 };

/* "high leak_loop: 8 requests ... (finding 4dc29561e06b9456)" */
void evidence_finding_words(char to[EVIDENCE_WORDS], const struct finding *f);

/* "incident 4dc29561e06b9456 of 203.0.113.140, told by leak_loop at ..."; whole: payload after handshakes is kept. */
void evidence_head_words(char to[EVIDENCE_WORDS], const struct finding *f, bool whole);

#endif
