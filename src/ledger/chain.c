/*
 * chain: see chain.h.  Must not know what the rows are.
 */
#include "ledger/chain.h"

#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "base/out.h"
#include "ledger/bytes.h"

static const int64_t DAY_NS = 86400 * NS_PER_S;

struct digest
digest_of(const void *bytes, size_t n)
{
	struct digest d = {{0}};

	crypt_sha256(n ? bytes : "", n, d.b);
	return d;
}

struct digest
chain_next(const struct digest *before, const struct chain_entry *e)
{
	uint8_t bytes[sizeof(*before) * (3 + CHAIN_TABLES) + 3 * 8], *p = bytes;
	const int64_t number[] = {e->commit, e->time_us, e->rows};

	memcpy(p, before, sizeof(*before));
	p += sizeof(*before);
	for (unsigned i = 0; i < 3; i++)
		for (unsigned k = 0; k < 8; k++)
			*p++ = (uint8_t)((uint64_t)number[i] >> 8 * k);
	memcpy(p, &e->records, sizeof(e->records));
	memcpy(p + sizeof(e->records), &e->blocks, sizeof(e->blocks));
	memcpy(p + 2 * sizeof(e->records), e->table, sizeof(e->table));
	return digest_of(bytes, sizeof(bytes));
}

int64_t
chain_day(struct when t)
{
	return t.ns / DAY_NS - (t.ns % DAY_NS < 0);
}

void
chain_date(char date[CHAIN_DATE], int64_t day)
{
	char text[32];
	struct out o = out_of(text, sizeof(text));

	out_time_s(&o, (struct when){day * DAY_NS});
	memcpy(date, text, CHAIN_DATE - 1);
	date[CHAIN_DATE - 1] = '\0';
}

bool
chain_parse_date(int64_t *day, const char *date)
{
	struct when t;

	if (strlen(date) != CHAIN_DATE - 1 || !when_parse(&t, date, CHAIN_DATE - 1))
		return false;
	*day = chain_day(t);
	return true;
}
