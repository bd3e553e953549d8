/*
 * nearest: the edit distance in three rows.
 */
#include "base/nearest.h"

#include <string.h>

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned
text_distance(const char *a, const char *b)
{
	enum { MOST = 64 };
	unsigned row[3][MOST] = {{0}};
	unsigned m = (unsigned)strnlen(a, MOST - 1), n = (unsigned)strnlen(b, MOST - 1);

	for (unsigned j = 0; j <= n; j++)
		row[0][j] = j;
	for (unsigned i = 1; i <= m; i++) {
		unsigned *now = row[i % 3], *prev = row[(i + 2) % 3], *older = row[(i + 1) % 3];

		now[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			now[j] = least(least(prev[j] + 1, now[j - 1] + 1), prev[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], older[j - 2] + 1);
		}
	}
	return row[m % 3][n];
}
