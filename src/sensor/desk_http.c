/*
 * desk_http: a small server in the process's own loop: few connections, little memory, short time, GET alone.
 */
#include "sensor/desk_http.h"

#include <microhttpd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_MAX = 1 << 17, CONNECTIONS = 16, OF_ONE_ADDRESS = 8, SECONDS = 10, MEMORY = 16 << 10, ROUNDS = 16 };

struct desk_http {
	struct MHD_Daemon *server;
	struct desk_answer (*page)(void *arg, const char *path, char *text, size_t room);
	void *arg;
	char text[PAGE_MAX];
};

static enum MHD_Result
answer(struct desk_http *h, struct MHD_Connection *to, const struct desk_answer *p)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(p->n, h->text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result sent;

	if (!r)
		return MHD_NO;
	(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, p->type);
	(void)MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	(void)MHD_add_response_header(r, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
	(void)MHD_add_response_header(r, "Cache-Control", "no-store");
	if (p->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	sent = MHD_queue_response(to, p->status, r);
	MHD_destroy_response(r);
	return sent;
}

/* Called when the head of a request is there, and again with its body, which nobody reads. */
static enum MHD_Result
on_request(void *arg, struct MHD_Connection *from, const char *path, const char *method, const char *version,
	   const char *body, size_t *n, void **of)
{
	static const char ONLY_GET[] = "only GET and HEAD\n";
	struct desk_http *h = arg;
	struct desk_answer p = {MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", sizeof(ONLY_GET) - 1};

	(void)version, (void)body;
	if (!*of) {
		*of = h; /* it was begun */
		return MHD_YES;
	}
	if (*n) {
		*n = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		p = h->page(h->arg, path, h->text, sizeof(h->text));
	else
		memcpy(h->text, ONLY_GET, p.n);
	return answer(h, from, &p);
}

struct desk_http *
desk_http_new(int fd, const char *pem, struct desk_answer (*page)(void *arg, const char *path, char *text, size_t room),
	      void *arg)
{
	struct desk_http *h = calloc(1, sizeof(*h));
	const struct MHD_OptionItem secure[] = {
		{pem ? MHD_OPTION_HTTPS_MEM_KEY : MHD_OPTION_END, 0, (void *)(uintptr_t)pem},
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)pem},
		{MHD_OPTION_END, 0, NULL},
	};

	if (!h)
		return NULL;
	h->page = page;
	h->arg = arg;
	h->server = MHD_start_daemon(
		MHD_USE_EPOLL | (pem ? MHD_USE_TLS : 0), 0, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		(unsigned)OF_ONE_ADDRESS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, MHD_OPTION_ARRAY, secure, MHD_OPTION_END);
	if (h->server)
		return h;
	free(h);
	return NULL;
}

void
desk_http_free(struct desk_http *h)
{
	if (h)
		MHD_stop_daemon(h->server);
	free(h);
}

int
desk_http_fd(const struct desk_http *h)
{
	return MHD_get_daemon_info(h->server, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

/* What TLS has read already wakes nobody: asked until the server has nothing at hand. */
void
desk_http_work(struct desk_http *h)
{
	MHD_UNSIGNED_LONG_LONG wait = 0;

	for (unsigned i = 0; i < ROUNDS && wait == 0; i++) {
		(void)MHD_run(h->server);
		if (MHD_get_timeout(h->server, &wait) != MHD_YES)
			return;
	}
}
