/*
 * bundle_parts: the files that go into a bundle.
 */
#ifndef CMD_BUNDLE_PARTS_H
#define CMD_BUNDLE_PARTS_H

#include <stdio.h>

#include "cmd/bundle.h"
#include "cmd/retell.h"

/* A file of the bundle; `memory` is freed, what is mapped lives until the end. */
struct part {
	const char *name;
	char *memory;
	size_t len;
	const void *mapped;
};

struct bundling {
	const char *dir, *out, *id;
	struct retold retold;
	struct story story;
	struct part part[BUNDLE_FILES];
	unsigned parts;
	char evidence[PATH_MAX]; /* where captures lie, as the ledger was told; "": nowhere */
	char told[2][160];       /* of this incident's capture in clear, and of the sealed one; "": none */
	FILE *to;                /* of the part that is made */
	struct when begin, end;
};

static inline struct cur
part_bytes(const struct part *p)
{
	return cur_of(p->mapped ? p->mapped : p->memory, p->len);
}

/* From what was retold and its story: all parts, by name, with manifest and signature.  False: no memory, or a file cannot
   be read. */
bool bundle_parts(struct bundling *b);
void bundle_parts_free(struct bundling *b);

#endif
