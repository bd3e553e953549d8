/*
 * desk_http: pages over HTTP or HTTPS on a socket that listens already.  The only file that knows libmicrohttpd is
 * desk_http.c.
 */
#ifndef SENSOR_DESK_HTTP_H
#define SENSOR_DESK_HTTP_H

#include <stddef.h>

struct desk_answer {
	unsigned status;  /* of HTTP */
	const char *type; /* of its content */
	size_t n;         /* bytes of the text */
};

struct desk_http;

/* pem: private key and certificate of the server, for HTTPS; NULL: HTTP.  page: fills `text`, at most `room` bytes, for
   that path.  The socket becomes the server's.  NULL: it cannot be. */
struct desk_http *
desk_http_new(int fd, const char *pem, struct desk_answer (*page)(void *arg, const char *path, char *text, size_t room),
	      void *arg);
void desk_http_free(struct desk_http *h);
int desk_http_fd(const struct desk_http *h); /* readable: desk_http_work has something to do */
void desk_http_work(struct desk_http *h);

#endif
