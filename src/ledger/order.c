/*
 * order: the order of a JA3 string's extensions as one number (Lehmer code, factorial number system).
 *
 * Chrome shuffles its extensions on every connection, so the string is a new one each time while its parts are not.
 */
#include "ledger/block_parts.h"

enum { ITEMS_MAX = 20 };

/* The third list, and its items as numbers in their order. */
struct list {
	const char *p;
	size_t len;
	unsigned n;
	uint32_t item[ITEMS_MAX];
};

static bool
take_item(struct list *l, const char *p, size_t len)
{
	uint32_t v = 0;

	if (len == 0 || len > 5 || (len > 1 && *p == '0') || l->n == ITEMS_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		v = v * 10 + (uint32_t)(p[i] - '0');
	}
	for (unsigned i = 0; i < l->n; i++)
		if (l->item[i] == v)
			return false;
	l->item[l->n++] = v;
	return true;
}

static bool
find_list(struct text t, struct list *l)
{
	const char *p = t.p, *end = p + t.len, *comma, *dash;

	l->n = 0;
	for (unsigned i = 0; i < 2; i++) {
		p = memchr(p, ',', (size_t)(end - p));
		if (!p++)
			return false;
	}
	comma = memchr(p, ',', (size_t)(end - p));
	if (!comma)
		return false;
	l->p = p;
	l->len = (size_t)(comma - p);
	for (; (dash = memchr(p, '-', (size_t)(comma - p))); p = dash + 1)
		if (!take_item(l, p, (size_t)(dash - p)))
			return false;
	return take_item(l, p, (size_t)(comma - p)) && l->n > 1;
}

static char *
put_number(char *p, uint32_t v)
{
	if (v >= 10)
		p = put_number(p, v / 10);
	*p = (char)('0' + v % 10);
	return p + 1;
}

static void
put_list(char *p, const uint32_t *item, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (i)
			*p++ = '-';
		p = put_number(p, item[i]);
	}
}

bool
order_take(struct text t, char *to, uint64_t *number)
{
	uint32_t sorted[ITEMS_MAX];
	struct list l;

	if (!t.p || !find_list(t, &l))
		return false;
	*number = 0;
	for (unsigned i = 0; i < l.n; i++) {
		unsigned smaller = 0, at = i;

		for (unsigned k = i + 1; k < l.n; k++)
			smaller += l.item[k] < l.item[i];
		*number = *number * (l.n - i) + smaller;
		for (; at > 0 && sorted[at - 1] > l.item[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = l.item[i];
	}
	memcpy(to, t.p, t.len);
	put_list(to + (l.p - t.p), sorted, l.n);
	return true;
}

bool
order_give(struct text sorted, uint64_t number, char *to)
{
	uint32_t item[ITEMS_MAX];
	unsigned digit[ITEMS_MAX];
	struct list l;

	if (!sorted.p || !find_list(sorted, &l))
		return false;
	for (unsigned i = l.n; i-- > 0;) {
		digit[i] = (unsigned)(number % (l.n - i));
		number /= l.n - i;
	}
	for (unsigned i = 0; i < l.n; i++) {
		item[i] = l.item[digit[i]];
		memmove(&l.item[digit[i]], &l.item[digit[i] + 1], (l.n - i - 1 - digit[i]) * sizeof(l.item[0]));
	}
	memcpy(to, sorted.p, sorted.len);
	put_list(to + (l.p - sorted.p), item, l.n);
	return number == 0;
}
