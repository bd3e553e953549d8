/*
 * tar: see tar.h.  Must not believe a name: it is for comparison, never a path.
 */
#include "cmd/tar.h"

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

bool
tar_file(struct file *to, const char *name, struct when changed, struct cur bytes)
{
	uint64_t size = cur_left(&bytes);
	int64_t seconds = changed.ns / NS_PER_S;
	char head[TAR_BLOCK] = "";

	if (strlen(name) >= TAR_NAME_MAX || size > TAR_SIZE_MAX)
		return false;
	memcpy(head + NAME, name, strlen(name));
	octal(head + MODE, SMALL_NUMBER, 0644);
	octal(head + UID, SMALL_NUMBER, 0);
	octal(head + GID, SMALL_NUMBER, 0);
	octal(head + SIZE, NUMBER, size);
	octal(head + MTIME, NUMBER, seconds > 0 ? (uint64_t)seconds : 0);
	head[TYPE] = '0';
	memcpy(head + MAGIC, "ustar\00000", 8);
	octal(head + DEVICES, SMALL_NUMBER, 0);
	octal(head + DEVICES + 8, SMALL_NUMBER, 0);
	octal(head + CHECKSUM, 6, sum_of((const uint8_t *)head));
	head[CHECKSUM + 7] = ' ';
	file_bytes(to, head, sizeof(head));
	file_bytes(to, bytes.p, size);
	file_bytes(to, ZEROS, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
	return true;
}

void
tar_end(struct file *to)
{
	file_bytes(to, ZEROS, TAR_BLOCK);
	file_bytes(to, ZEROS, TAR_BLOCK);
}

static bool
number(const uint8_t *p, unsigned digits, uint64_t *v)
{
	*v = 0;
	for (unsigned i = 0; i < digits; i++) {
		if (p[i] < '0' || p[i] > '7')
			return false;
		*v = *v << 3 | (uint64_t)(p[i] - '0');
	}
	return p[digits] == '\0' || p[digits] == ' ';
}

enum tar_verdict
tar_next(struct cur *c, struct tar_entry *e, const char **why)
{
	const uint8_t *head = cur_take(c, TAR_BLOCK);
	uint64_t size, sum;

	*why = "it ends inside a header";
	if (!head)
		return TAR_BAD;
	if (memcmp(head, ZEROS, TAR_BLOCK) == 0)
		return TAR_END;
	*why = "a header is damaged";
	if (memcmp(head + MAGIC, "ustar", 5) != 0 || !number(head + CHECKSUM, 6, &sum) || sum != sum_of(head) ||
	    !number(head + SIZE, NUMBER, &size))
		return TAR_BAD;
	*why = "holds something else than files";
	if (head[TYPE] != '0' || !memchr(head + NAME, '\0', TAR_NAME_MAX))
		return TAR_BAD;
	*why = "it ends inside a file";
	memcpy(e->name, head + NAME, TAR_NAME_MAX);
	e->name[TAR_NAME_MAX] = '\0';
	if (size > cur_left(c))
		return TAR_BAD;
	e->bytes = cur_sub(c, (size_t)size);
	cur_skip(c, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
	return c->bad ? TAR_BAD : TAR_FILE;
}
