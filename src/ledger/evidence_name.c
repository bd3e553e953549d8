/*
 * evidence_name: see evidence_name.h.  Must not know what lies in such a file.
 */
#include "ledger/evidence_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID = 16 };
static const char *const ENDS[] = {".pcapng", ".age.tar"};

bool
evidence_place(char path[PATH_MAX], const char *ledger, const char *folder)
{
	return (*folder == '/' ? snprintf(path, PATH_MAX, "%s", folder) :
				 snprintf(path, PATH_MAX, "%s/%s", ledger, folder)) < PATH_MAX;
}

bool
evidence_path(char path[PATH_MAX], const char *folder, uint64_t incident, bool sealed)
{
	return snprintf(path, PATH_MAX, "%s/%016" PRIx64 "%s", folder, incident, ENDS[sealed]) < PATH_MAX;
}

uint64_t
evidence_incident(const char *name, bool *sealed)
{
	if (strspn(name, "0123456789abcdef") != ID)
		return 0;
	*sealed = strcmp(name + ID, ENDS[true]) == 0;
	return *sealed || strcmp(name + ID, ENDS[false]) == 0 ? strtoull(name, NULL, 16) : 0;
}

bool
evidence_is_sealed(const char *value)
{
	enum { LEN = sizeof(EVIDENCE_SEALED) - 1 };
	size_t n = strlen(value);

	return n >= LEN && strcmp(value + n - LEN, EVIDENCE_SEALED) == 0;
}
