/*
 * digits: the table.  Must not be made at run time: it is read-only, and shared by all roles.
 */
#include "base/digits.h"

#define UNIT(h, t, u) '0' + (h), '0' + (t), '0' + (u), (h) ? 0 : (t) ? 1 : 2
#define TEN(h, t)                                                                                                      \
	UNIT(h, t, 0), UNIT(h, t, 1), UNIT(h, t, 2), UNIT(h, t, 3), UNIT(h, t, 4), UNIT(h, t, 5), UNIT(h, t, 6),       \
		UNIT(h, t, 7), UNIT(h, t, 8), UNIT(h, t, 9)
#define HUNDRED(h)                                                                                                     \
	TEN(h, 0), TEN(h, 1), TEN(h, 2), TEN(h, 3), TEN(h, 4), TEN(h, 5), TEN(h, 6), TEN(h, 7), TEN(h, 8), TEN(h, 9)

const char THOUSAND_DIGITS[4 * 1000 + 4] = {HUNDRED(0), HUNDRED(1), HUNDRED(2), HUNDRED(3), HUNDRED(4),
					    HUNDRED(5), HUNDRED(6), HUNDRED(7), HUNDRED(8), HUNDRED(9)};
