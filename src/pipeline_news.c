/*
 * pipeline_news: two queues of the pool's own items.  Must not allocate.
 */
#include "pipeline_news.h"

#include "base/sort.h"

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

uint32_t
news_after(const struct news *n, uint32_t item)
{
	return link_at(n, item)->after;
}

/* What sort_list asks. */
struct taken {
	struct news *n;
	void *arg;
	bool (*goes_after)(void *arg, uint32_t a, uint32_t b);
};

static uint32_t
taken_after(void *arg, uint32_t item)
{
	return news_after(((struct taken *)arg)->n, item);
}

static void
taken_link(void *arg, uint32_t item, uint32_t after)
{
	link_at(((struct taken *)arg)->n, item)->after = after & NEWS_ITEMS;
}

static bool
taken_goes_after(void *arg, uint32_t a, uint32_t b)
{
	struct taken *t = arg;

	return t->goes_after(t->arg, a, b);
}

/* They wait anew behind all others, so that they are the end of that queue. */
uint32_t
news_take(struct news *n, struct when now, void *arg, bool (*goes_after)(void *arg, uint32_t a, uint32_t b))
{
	struct taken t = {n, arg, goes_after};
	uint32_t first = news_next(n, now), before;

	if (!first)
		return 0;
	while (news_next(n, now))
		continue;
	before = link_at(n, first)->before; /* not sooner: who stood before it may have been taken, too */
	first = sort_list(&(struct sort_list){&t, taken_after, taken_link, taken_goes_after}, first);
	if (before)
		link_at(n, before)->after = first & NEWS_ITEMS;
	else
		n->head[NEWS_LATER] = first;
	for (uint32_t h = first; h; h = news_after(n, h)) {
		link_at(n, h)->before = before;
		before = h;
	}
	n->tail[NEWS_LATER] = before;
	return first;
}
