/*
 * evidence_name: the name of an incident's capture, by the side that writes it and by those that look for it.
 *
 *	INCIDENT.pcapng		clear
 *	INCIDENT.age.tar	sealed: pieces of it, each encrypted for who may read them (sensor/age.h)
 *
 * The ledger's row of it, setting evidence.INCIDENT, ends with EVIDENCE_SEALED where it is the latter.
 */
#ifndef LEDGER_EVIDENCE_NAME_H
#define LEDGER_EVIDENCE_NAME_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define EVIDENCE_SEALED " age"

/* Where captures lie: evidence.folder, from the ledger's folder on where it is no whole path.  False: it is too long. */
bool evidence_place(char path[PATH_MAX], const char *ledger, const char *folder);

/* False: the name is too long. */
bool evidence_path(char path[PATH_MAX], const char *folder, uint64_t incident, bool sealed);

/* The incident of a file's name; 0: it is none of these. */
uint64_t evidence_incident(const char *name, bool *sealed);

/* Of what the ledger was told of it. */
bool evidence_is_sealed(const char *value);

#endif
