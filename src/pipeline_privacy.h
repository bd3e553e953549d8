/*
 * pipeline_privacy: in a record that is finished, addresses of clients become pseudonyms (base/pseudonym.h) before
 * anybody keeps, prints or judges it.
 *
 *	clear: the gateways' own, and the places that they call
 *	hidden: everybody else's, in src, dest and actor, and where a name or a client's certificate spells one out
 *
 * The record's id is made anew from what it has then: from the id of before, who knows the time could find the address.
 */
#ifndef PIPELINE_PRIVACY_H
#define PIPELINE_PRIVACY_H

#include "base/pseudonym.h"
#include "detect/indicators.h"
#include "session/site.h"

enum { PRIVACY_KEPT = 1024, PRIVACY_TEXT = 4096 };

struct privacy_kept {
	struct addr addr, pseudonym;
	bool known;
};

struct pipeline_privacy {
	const struct pseudonym_key *key; /* NULL: off */
	uint64_t sensor;
	const struct indicators *indicators;
	struct privacy_kept kept[PRIVACY_KEPT]; /* decides nothing: a pseudonym costs 32 or 128 blocks of AES */
	uint32_t used;
	char text[PRIVACY_TEXT]; /* of the record that was hidden last */
};

/* How records name an address. */
struct addr privacy_name(const struct pipeline_privacy *p, const struct site *site, const struct addr *a);

/* The record's texts are valid until the next one is hidden. */
void privacy_hide(struct pipeline_privacy *p, const struct site *site, struct session *s);

#endif
