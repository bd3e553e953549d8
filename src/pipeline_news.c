/*
 * pipeline_news: two queues of the pool's own items.  Must not allocate.
 */
#include "pipeline_news.h"

static struct news_link *
link_at(const struct news *n, uint32_t item)
{
	return pool_at(n->items, item);
}

void
news_init(struct news *n, const struct pool *items, int64_t update_ns)
{
	*n = (struct news){.items = items, .soon_ns = update_ns / 4, .later_ns = update_ns};
}

static void
append(struct news *n, uint32_t item, enum news_queue queue, struct when due)
{
	struct news_link *l = link_at(n, item);

	l->due = due;
	l->queue = queue & 3u;
	l->before = n->tail[queue];
	l->after = 0;
	if (l->before)
		link_at(n, l->before)->after = item & NEWS_ITEMS;
	else
		n->head[queue] = item;
	n->tail[queue] = item;
}

void
news_forget(struct news *n, uint32_t item)
{
	struct news_link *l = link_at(n, item);

	if (l->queue == NEWS_NONE)
		return;
	if (l->before)
		link_at(n, l->before)->after = l->after;
	else
		n->head[l->queue] = l->after;
	if (l->after)
		link_at(n, l->after)->before = l->before;
	else
		n->tail[l->queue] = l->before;
	l->queue = NEWS_NONE;
}

void
news_wait(struct news *n, uint32_t item, struct when now)
{
	append(n, item, NEWS_SOON, when_add(now, n->soon_ns));
}

/* The queue whose first is due first; among equals the one that waited shorter. */
static enum news_queue
first_queue(const struct news *n)
{
	enum news_queue first = NEWS_NONE;

	for (enum news_queue q = NEWS_SOON; q < NEWS_QUEUES; q++)
		if (n->head[q] &&
		    (first == NEWS_NONE || when_before(link_at(n, n->head[q])->due, link_at(n, n->head[first])->due)))
			first = q;
	return first;
}

struct when
news_due(const struct news *n)
{
	static const struct when never = {INT64_MAX};
	enum news_queue q = first_queue(n);

	return q == NEWS_NONE ? never : link_at(n, n->head[q])->due;
}

uint32_t
news_next(struct news *n, struct when now)
{
	while (!when_before(now, news_due(n))) {
		uint32_t item = n->head[first_queue(n)];
		struct news_link *l = link_at(n, item);

		news_forget(n, item);
		if (l->fresh) {
			l->fresh = false;
			append(n, item, NEWS_LATER, when_add(now, n->later_ns));
			return item;
		}
	}
	return 0;
}
