/*
 * Blocks and rows of a ledger: any bytes are read without harm, and what reads as rows packs into a block that gives
 * the same rows back.
 */
#include <stdlib.h>

#include "ledger/block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
pack_again(const struct bytes *rows, uint64_t sensor)
{
	struct bytes block = {.p = NULL}, again = {.p = NULL};
	struct block_rows b;

	if (!block_put(&block, bytes_cur(rows), sensor) || !block_get(bytes_cur(&block), &b))
		abort();
	block_rows(&again, &b);
	if (again.n != rows->n || (again.n && memcmp(again.p, rows->p, again.n) != 0))
		abort();
	block_free(&b);
	bytes_free(&block);
	bytes_free(&again);
}

static void
read_rows(struct cur c)
{
	static struct row r;
	struct bytes rows = {.p = NULL};

	for (unsigned n = 0; n < 256 && cur_left(&c) && row_get(&c, &r); n++) {
		if (r.kind == ROW_PULSE)
			row_put_pulse(&rows, &r.pulse);
		else
			row_put_session(&rows, &r.session);
	}
	pack_again(&rows, 1);
	bytes_free(&rows);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rows = {.p = NULL};
	struct block_rows b;

	if (block_get(cur_of(data, size), &b)) {
		block_rows(&rows, &b);
		pack_again(&rows, b.sensor);
		block_free(&b);
	} else {
		read_rows(cur_of(data, size));
	}
	bytes_free(&rows);
	return 0;
}
