/*
 * courier: what keeper and courier say to each other, by whoever took the other side over: lines that point into the
 * message and nowhere else, words of one line, and what was read is written as it was.
 */
#include <stdlib.h>
#include <string.h>

#include "sensor/courier_message.h"
#include "sink/endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 64 };

static void
check_inside(const uint8_t *data, size_t size, const char *p, size_t n)
{
	if (n && ((const uint8_t *)p < data || (const uint8_t *)p + n > data + size))
		abort();
}

static void
lines(const uint8_t *data, size_t size)
{
	struct sender_event e[LINES_MAX], again[LINES_MAX];
	size_t n = courier_get_lines(cur_of(data, size), e, LINES_MAX);
	struct bytes b = {0};

	for (size_t i = 0; i < n; i++) {
		check_inside(data, size, e[i].gateway, strlen(e[i].gateway) + 1);
		check_inside(data, size, e[i].line, e[i].n);
	}
	courier_put_lines(&b, e, n);
	if (b.failed || courier_get_lines(bytes_cur(&b), again, LINES_MAX) != n)
		abort();
	for (size_t i = 0; i < n; i++)
		if (again[i].id != e[i].id || again[i].n != e[i].n || again[i].time.ns != e[i].time.ns ||
		    strcmp(again[i].gateway, e[i].gateway) != 0)
			abort();
	bytes_free(&b);
}

static void
words(const uint8_t *data, size_t size)
{
	struct courier_word w;

	if (!courier_get_word(cur_of(data, size), &w))
		return;
	if (strnlen(w.words, SENDER_WORDS) == SENDER_WORDS || strpbrk(w.words, "\n\r\t\x1b"))
		abort();
}

/* The other thing that is read of texts on the way: HOST:PORT. */
static void
endpoints(const uint8_t *data, size_t size)
{
	char *text = calloc(size + 1, 1);
	const char *list = text;
	struct endpoint e;

	memcpy(text, data, size);
	while (endpoint_next(&e, &list) && *list)
		if (strlen(e.host) == 0 || strlen(e.host) >= ENDPOINT_HOST || strlen(e.port) >= ENDPOINT_PORT)
			abort();
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lines(data, size);
	words(data, size);
	endpoints(data, size);
	return 0;
}
