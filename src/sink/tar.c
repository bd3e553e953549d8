/*
 * tar: see tar.h.  Must not believe a name: it is for comparison, never a path.
 */
#include "sink/tar.h"

#include <stdio.h>
#include <string.h>

static const char ZEROS[TAR_BLOCK];

/* Offsets and widths of a header's fields. */
enum {
	NAME = 0,
	MODE = 100,
	UID = 108,
	GID = 116,
	SIZE = 124,
	MTIME = 136,
	CHECKSUM = 148,
	TYPE = 156,
	MAGIC = 257,
	DEVICES = 329,
	CHECKSUM_WIDTH = 8,
	NUMBER = 11,
	SMALL_NUMBER = 7
};

/* The sum of all bytes, its own field as blanks. */
static unsigned
sum_of(const uint8_t head[TAR_BLOCK])
{
	unsigned sum = 0;

	for (unsigned i = 0; i < TAR_BLOCK; i++)
		sum += i >= CHECKSUM && i < CHECKSUM + CHECKSUM_WIDTH ? ' ' : head[i];
	return sum;
}

static void
octal(char *to, unsigned digits, uint64_t v)
{
	to[digits] = '\0';
	while (digits) {
		to[--digits] = (char)('0' + (v & 7));
		v >>= 3;
	}
}

void
tar_head(char head[TAR_BLOCK], const char *name, uint64_t seconds, uint64_t size)
{
	memset(head, 0, TAR_BLOCK);
	memcpy(head + NAME, name, strlen(name));
	octal(head + MODE, SMALL_NUMBER, 0644);
	octal(head + UID, SMALL_NUMBER, 0);
	octal(head + GID, SMALL_NUMBER, 0);
	octal(head + SIZE, NUMBER, size);
	octal(head + MTIME, NUMBER, seconds);
	head[TYPE] = '0';
	memcpy(head + MAGIC, "ustar\00000", 8);
	octal(head + DEVICES, SMALL_NUMBER, 0);
	octal(head + DEVICES + 8, SMALL_NUMBER, 0);
	octal(head + CHECKSUM, 6, sum_of((const uint8_t *)head));
	head[CHECKSUM + 7] = ' ';
}

size_t
tar_padding(uint64_t size)
{
	return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}

bool
tar_file(struct file *to, const char *name, struct when changed, struct cur bytes)
{
	uint64_t size = cur_left(&bytes);
	char head[TAR_BLOCK];

	if (strlen(name) >= TAR_NAME_MAX || size > TAR_NUMBER_MAX)
		return false;
	tar_head(head, name, changed.ns > 0 ? (uint64_t)(changed.ns / NS_PER_S) : 0, size);
	file_bytes(to, head, sizeof(head));
	file_bytes(to, bytes.p, size);
	file_bytes(to, ZEROS, tar_padding(size));
	return true;
}

void
tar_end(struct file *to)
{
	file_bytes(to, ZEROS, TAR_BLOCK);
	file_bytes(to, ZEROS, TAR_BLOCK);
}

static bool
number(const uint8_t *p, uint64_t *v)
{
	*v = 0;
	for (unsigned i = 0; i < NUMBER; i++) {
		if (p[i] < '0' || p[i] > '7')
			return false;
		*v = *v << 3 | (uint64_t)(p[i] - '0');
	}
	return true;
}

static bool
is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

/* A header is read by making it again: whatever differs was not written here. */
static bool
read_head(const uint8_t head[TAR_BLOCK], struct tar_entry *e, uint64_t *size)
{
	char again[TAR_BLOCK];
	uint64_t seconds;

	if (!memchr(head + NAME, '\0', TAR_NAME_MAX) || !number(head + SIZE, size) || !number(head + MTIME, &seconds))
		return false;
	memcpy(e->name, head + NAME, TAR_NAME_MAX);
	tar_head(again, e->name, seconds, *size);
	return memcmp(head, again, TAR_BLOCK) == 0;
}

enum tar_verdict
tar_next(struct cur *c, struct tar_entry *e, const char **why)
{
	const uint8_t *head = cur_take(c, TAR_BLOCK), *pad;
	uint64_t size;

	*why = "it ends inside a header";
	if (!head)
		return TAR_BAD;
	*why = "bytes stand behind its end";
	if (is_zero(head, TAR_BLOCK))
		return cur_left(c) == TAR_BLOCK && is_zero(c->p, TAR_BLOCK) ? TAR_END : TAR_BAD;
	*why = "a header is damaged";
	if (!read_head(head, e, &size))
		return TAR_BAD;
	*why = "it ends inside a file";
	if (size > cur_left(c))
		return TAR_BAD;
	e->bytes = cur_sub(c, (size_t)size);
	pad = cur_take(c, tar_padding(size));
	if (!pad)
		return TAR_BAD;
	*why = "bytes stand between its files";
	return is_zero(pad, tar_padding(size)) ? TAR_FILE : TAR_BAD;
}

size_t
tar_whole(const void *bytes, size_t n, unsigned *files)
{
	struct cur c = cur_of(bytes, n);
	const uint8_t *start = c.p, *whole = c.p;
	struct tar_entry e;
	const char *why;

	for (*files = 0; tar_next(&c, &e, &why) == TAR_FILE; ++*files)
		whole = c.p;
	return (size_t)(whole - start);
}
