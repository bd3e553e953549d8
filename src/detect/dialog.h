/*
 * dialog: what a stranger asks and is told, over all connections: how many answers, how many different ones, how many
 * that everybody gets, and whether a person or a program sets the pace.  Internal to src/detect.
 *
 *	browser		pages in bursts, most answers static
 *	webshell	answers all different, none static, a person's pauses
 *	file reads	answers all different, none static, small requests, no pauses
 *
 * A stranger is a program at an address (IPv6: a /64) without a history of ordinary use here.  Only exchanges known one
 * by one are in it.  The memory is the webshell detector's.
 */
#ifndef DETECT_DIALOG_H
#define DETECT_DIALOG_H

#include "detect/statics.h"

enum { DIALOG_SESSIONS = 4, DIALOG_SET = 4 };

struct dialog {
	struct when first, last;      /* end of the first and of the latest answer */
	uint64_t answers[DIALOG_SET]; /* sizes: a set of 256 */
	uint64_t requests;            /* sizes: size_bit of 16 bytes */
	uint64_t bytes_down;
	uint64_t session[DIALOG_SESSIONS];
	uint32_t exchanges, distinct; /* answers; of them different ones */
	uint32_t statics;             /* of them such as everybody gets */
	uint32_t pauses, bursts;      /* requests after a person's time to think; after less */
	uint32_t medium;              /* answers of a text or a file, 512 bytes to 200 kB */
	uint32_t request_min, request_max, answer_min, answer_max;
	uint32_t told[2];  /* webshell, file_read: exchanges when it was last told */
	uint32_t exported; /* export: the largest answer told */
	uint32_t spare;
};

struct dialogs {
	struct memory who;
	uint64_t session; /* the record noted last */
	uint32_t until;
	struct dialog *latest;
};

void dialogs_init(struct detect *d, struct dialogs *all, struct carve *c, size_t bytes);

/* The dialogue that the record belongs to, with what is new in it; NULL: no stranger, no exchanges, or a tunnel. */
struct dialog *dialog_of(struct detect *d, const struct view *v);

/* The same, once it is known what users get, and unless something was not seen: what judges answers by that asks
   here. */
struct dialog *dialog_judged(struct detect *d, const struct view *v);

/* A finding about it, with its sessions and what speaks for every such dialogue; the numbers and words are to come. */
void dialog_finding(struct finding *f, const struct view *v, enum detector_id id, const struct dialog *w);

/* Does it have nothing of a visitor of the portal: hardly an answer that everybody gets, most of them different? */
bool dialog_is_foreign(const struct dialog *w);

#endif
