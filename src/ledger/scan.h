/*
 * scan: a ledger's blocks one after the other, the oldest day first, and after the blocks of a day what lies in its
 * tail, as a block too.  What is not wanted is not read: whole days by their date, blocks by what is written beside
 * them.
 *
 * The day that goes on may be read while the sensor writes: no transaction is held from one call to the next, so a
 * reader never keeps the sensor's log from being emptied longer than copying the tail or one block takes.  What is
 * committed after a day was opened is not told.
 */
#ifndef LEDGER_SCAN_H
#define LEDGER_SCAN_H

#include "ledger/block.h"
#include "ledger/day.h"

/* What stands beside a block; ranges and filters are empty of a tail, which may hold anything. */
struct scan_about {
	int64_t begin_us, end_us;
	size_t rows, sessions;
	bool tail;
	struct cur range, filter, ids;
};

/* A block of the day that is open, which shall be read. */
struct scan_wanted {
	int64_t no, row;
};

struct scan {
	const char *folder;
	int64_t since_us, until_us; /* rows before and after may be passed over */
	int64_t from_day, from_row; /* so may blocks that end before that row of that day; 0, 0: none */
	void *arg;
	bool (*wants)(void *arg, const struct scan_about *about); /* NULL: all */
	/* found */
	struct block_rows block; /* after scan_next: opened, nothing unpacked */
	int64_t no;              /* of the block in its day, 0: the tail */
	int64_t row;             /* so many rows of the day came before its first */
	uint64_t blocks, passed_over, damaged;
	char error[DATABASE_ERROR_MAX]; /* of the first that is damaged */
	/* where it is */
	int64_t *days;
	size_t day_count, next_day;
	struct day day;
	bool open, lent, has_tail; /* lent: the day is the caller's */
	struct scan_wanted *wanted;
	int64_t tail_row;
	size_t wanted_count, wanted_room, next;
	struct bytes bytes, tail;
	/* by their numbers: the columns that blocks before were asked for, and those of this one that lie in `bytes` */
	bool asked[BLOCK_NUMBERS], got[BLOCK_NUMBERS];
};

/* Only folder and what is asked for are set. */
void scan_begin(struct scan *s);
/* Instead: that day alone, which is open and stays so. */
void scan_day(struct scan *s, const struct day *d);
/* The next block; false: no more. */
bool scan_next(struct scan *s);
/* The block that was given last cannot be read as it should. */
void scan_damaged(struct scan *s, const char *what);
void scan_end(struct scan *s);

#endif
