/*
 * request: what a person wants to have noted in a ledger that a running sensor writes: files in FOLDER/requests.
 *
 *	person	requests/NAME.request	"reveal PSEUDONYM", a line with the reason
 *	sensor	takes it into the chain, removes it, and answers
 *	sensor	requests/NAME.done	"kept DATE COMMIT HASH", or "failed"
 *
 * Who asks is whom the file belongs to, and when is when its name came about, as the system has both; nothing that the
 * file says counts for that.  Whoever may write into the folder may ask.
 */
#ifndef LEDGER_REQUEST_H
#define LEDGER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/when.h"

enum { REQUEST_NAME = 17, REQUEST_REASON = 200, REQUEST_TRACE = 1024, REQUEST_ERROR = 512 };

struct request {
	char name[REQUEST_NAME]; /* 16 hex digits */
	struct addr pseudonym;
	char reason[REQUEST_REASON + 1];
	uint32_t uid;
	struct when at;
};

/* Is it a reason: some text, not too long, nothing that a terminal would act on? */
bool request_reason_ok(const char *reason);

/* The row that a ledger keeps of it: a JSON object. */
void request_trace(const struct request *r, char to[REQUEST_TRACE]);

/* The person's side.  Fills r->name.  False: `error` is one line. */
bool request_put(struct request *r, const char *folder, char error[REQUEST_ERROR]);
/* So many seconds at most.  False: `error`; the request is taken back where that is still possible. */
bool request_wait(const struct request *r, const char *folder, unsigned seconds, char error[REQUEST_ERROR]);

/* The sensor's side: makes the folder; hands over what waits (a few each time), removes what is none. */
bool requests_open(const char *folder);
void requests_take(const char *folder, void *arg, void (*take)(void *arg, const struct request *r));
void request_answer(const struct request *r, const char *folder, const char *words);

#endif
