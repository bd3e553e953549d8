/*
 * pipeline_news: which connections that go on have something untold, and when it is due.
 *
 *	news --soon (a quarter of session.update)--> told --session.update, if there was more--> told ...
 *
 * Two queues, each in the order of its due times, because all who wait in one wait equally long: no search, and a
 * connection that is silent costs nothing.  Must not know what a record is.
 */
#ifndef PIPELINE_NEWS_H
#define PIPELINE_NEWS_H

#include "base/pool.h"
#include "base/when.h"

enum news_queue { NEWS_NONE, NEWS_SOON, NEWS_LATER, NEWS_QUEUES };
enum { NEWS_ITEMS = (1 << 29) - 1 }; /* at most */

/* First member of each item of the pool. */
struct news_link {
	struct when due;
	uint32_t before;
	uint32_t after : 29; /* NEWS_ITEMS */
	uint32_t queue : 2;  /* enum news_queue */
	uint32_t fresh : 1;  /* something happened since it was told */
};

struct news {
	const struct pool *items;
	int64_t soon_ns, later_ns;
	uint32_t head[NEWS_QUEUES], tail[NEWS_QUEUES];
};

void news_init(struct news *n, const struct pool *items, int64_t update_ns);
static inline int64_t
news_soon(const struct news *n)
{
	return n->soon_ns;
}

void news_wait(struct news *n, uint32_t item, struct when now);

/* Something happened. */
static inline void
news_add(struct news *n, uint32_t item, struct when now)
{
	struct news_link *l = pool_at(n->items, item);

	l->fresh = true;
	if (l->queue == NEWS_NONE)
		news_wait(n, item, now);
}

/* When the first is due; INT64_MAX: nobody waits. */
struct when news_due(const struct news *n);
/* Who is to be told of at `now`, 0: nobody (more). */
uint32_t news_next(struct news *n, struct when now);
/* All of them at once, in an order: the first, 0: nobody; then one after the other, until 0. */
uint32_t news_take(struct news *n, struct when now, void *arg, bool (*goes_after)(void *arg, uint32_t a, uint32_t b));
uint32_t news_after(const struct news *n, uint32_t item);
void news_forget(struct news *n, uint32_t item);

#endif
