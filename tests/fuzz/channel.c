/*
 * channel: any bytes from a peer, in pieces of any size, give the messages that they give at once, each within its
 * bounds, and then the same end.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sensor/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct channel_kind KIND[] = {
	{"nothing", 0, 0}, {"a number", 8, 8}, {NULL, 0, 0}, {"words", 1, 200}, {"a blob", 0, 70000}};
static const struct channel_kinds KINDS = {KIND, sizeof(KIND) / sizeof(KIND[0])};

/* What the channel gives now, against what the bytes give. */
static enum channel_result
take_all(struct channel *c, struct cur *bytes)
{
	char words[CHANNEL_ERROR_MAX] = "";
	struct channel_message m, same;
	enum channel_result is;

	while ((is = channel_next(c, &m)) == CHANNEL_MESSAGE) {
		if (channel_parse(&KINDS, bytes, &same, words) != CHANNEL_MESSAGE || m.type != same.type ||
		    cur_left(&m.bytes) != cur_left(&same.bytes))
			abort();
		if (cur_left(&m.bytes) < KIND[m.type].least || cur_left(&m.bytes) > KIND[m.type].most ||
		    memcmp(m.bytes.p, same.bytes.p, cur_left(&m.bytes)) != 0)
			abort();
	}
	if (is == CHANNEL_BROKEN && !*channel_error(c))
		abort();
	return is;
}

/* Piece by piece, each read before the next is written. */
static enum channel_result
feed(struct channel *c, int to, struct cur all, size_t piece)
{
	struct cur bytes = all;
	enum channel_result is = CHANNEL_NOTHING;

	while (cur_left(&all) && is == CHANNEL_NOTHING) {
		size_t n = cur_left(&all) < piece ? cur_left(&all) : piece;

		if (write(to, cur_take(&all, n), n) != (ssize_t)n)
			abort();
		is = take_all(c, &bytes);
	}
	close(to);
	return is == CHANNEL_NOTHING ? take_all(c, &bytes) : is;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct channel_message m;
	enum channel_result is;
	struct channel *c;
	int fd[2];

	if (size == 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		return 0;
	c = channel_new(fd[0], &KINDS, 0);
	if (!c)
		abort();
	is = feed(c, fd[1], cur_of(data + 1, size - 1), (size_t)data[0] * 16 + 1);
	if (is != CHANNEL_ENDED && is != CHANNEL_BROKEN)
		abort();
	if (channel_next(c, &m) != is)
		abort();
	channel_free(c);
	return 0;
}
