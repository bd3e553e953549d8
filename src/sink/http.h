/*
 * http: requests to one receiver over HTTP/1.1, with or without TLS.
 *
 * One link that is kept open between requests.  Certificates are verified; no proxy of the environment is used and no redirect
 * followed, so that credentials go nowhere but to the URL's host.  Answers are bounded.  Must not know what a body means.
 */
#ifndef SINK_HTTP_H
#define SINK_HTTP_H

#include "base/text.h"
#include "sink/sender.h"

enum { HTTP_ANSWER_MAX = 1 << 20 };

struct http;

/* Checks the URL and the files that cfg names; `path` is taken where the URL has none.  NULL: `words` is one line. */
struct http *http_open(const struct sender_config *cfg, const char *path, char words[SENDER_WORDS]);
void http_close(struct http *h); /* NULL is fine */

/* "NAME: SCHEME VALUE" in every request.  False: a value that would begin a header of its own. */
bool http_header(struct http *h, const char *name, const char *scheme, const char *value, char words[SENDER_WORDS]);

/* cfg's user and secret as Basic; a secret alone behind `scheme`; nothing where there is none. */
bool http_authorize(struct http *h, const char *scheme, char words[SENDER_WORDS]);

/* From here on one send has cfg->timeout_ns, whatever it asks. */
void http_begin(struct http *h);
bool http_late(const struct http *h);
int64_t http_now(void); /* that clock, ns */

struct http_request {
	const char *path;  /* "name": instead of the last step of the URL's; NULL: the URL's */
	const char *query; /* beside the URL's, encoded already; NULL: none */
	const char *type;  /* content type */
	char *extra;       /* one header more: "Name: value"; NULL: none */
	struct text body;
};

/* The first members hold where there was an answer; `words` where there was none. */
struct http_answer {
	unsigned status;  /* 0: none came */
	struct text body; /* until the next request */
	long retry_after; /* seconds that it asks to wait, 0: does not say */
	char words[SENDER_WORDS];
};

/* False: no answer, a->words says why and how to mend it. */
bool http_post(struct http *h, const struct http_request *q, struct http_answer *a);

/* What a status means where the receiver's protocol says nothing else; `words` says it, with the beginning of the body. */
enum sender_outcome http_meaning(const struct http *h, const struct http_answer *a, char words[SENDER_WORDS]);

/* "HOST:PORT: WHAT", for what a protocol has to say itself; what is not printable ASCII becomes a blank. */
void http_say(const struct http *h, char words[SENDER_WORDS], const char *what, struct text detail);

#endif
