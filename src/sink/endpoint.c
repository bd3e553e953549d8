/*
 * endpoint: see endpoint.h.  Must not ask a resolver.
 */
#include "sink/endpoint.h"

#include <string.h>

/* Letters of names and of addresses, a zone (fe80::1%eth0) among them. */
static bool
host_ok(const char *p, size_t n, bool bracketed)
{
	static const char NAME[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

	for (size_t i = 0; i < n; i++)
		if (!memchr(NAME, p[i], sizeof(NAME) - 1) && !(bracketed && (p[i] == ':' || p[i] == '%')))
			return false;
	return n > 0 && n < ENDPOINT_HOST;
}

static bool
port_ok(const char *p, size_t n)
{
	unsigned port = 0;

	if (n == 0 || n >= ENDPOINT_PORT)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		port = port * 10 + (unsigned)(p[i] - '0');
	}
	return port > 0 && port <= 65535;
}

static bool
take(struct endpoint *e, const char *p, size_t n)
{
	bool bracketed = n > 0 && *p == '[';
	const char *close = bracketed ? memchr(p, ']', n) : NULL, *host = bracketed ? p + 1 : p;
	const char *colon = bracketed ? close ? close + 1 : NULL : memchr(p, ':', n);
	size_t len, rest;

	if (!colon || colon >= p + n || *colon != ':')
		return false;
	len = (size_t)((bracketed ? close : colon) - host);
	rest = (size_t)(p + n - colon - 1);
	if (!host_ok(host, len, bracketed) || !port_ok(colon + 1, rest))
		return false;
	memcpy(e->host, host, len);
	e->host[len] = '\0';
	memcpy(e->port, colon + 1, rest);
	e->port[rest] = '\0';
	return true;
}

bool
endpoint_next(struct endpoint *e, const char **list)
{
	const char *p = *list + strspn(*list, " \t");
	size_t n = strcspn(p, ","), kept = n;

	*list = p + n + (p[n] == ',');
	while (kept && (p[kept - 1] == ' ' || p[kept - 1] == '\t'))
		kept--;
	return take(e, p, kept);
}
