/*
 * delivery: see delivery.h.  Must not wait itself.
 */
#include "sensor/delivery.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/crypt.h"
#include "sensor/secret.h"

#define WAIT_LEAST NS_PER_S
#define WAIT_MOST  (60 * NS_PER_S)

struct delivery {
	const struct sink_config *cfg;
	const struct sender_calls *calls;
	struct sender_config sender;
	void *state; /* NULL: not open */
	int64_t wait_ns;
	char secret[SECRET_MAX];
};

struct delivery *
delivery_new(const struct sink_config *cfg)
{
	struct delivery *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->cfg = cfg;
	d->calls = SINK_KIND[cfg->kind].sender;
	d->sender = cfg->sender;
	d->sender.secret = d->secret;
	d->wait_ns = WAIT_LEAST;
	return d;
}

void
delivery_renew(struct delivery *d)
{
	if (d->state)
		d->calls->close(d->state);
	d->state = NULL;
	crypt_forget(d->secret, sizeof(d->secret));
}

void
delivery_free(struct delivery *d)
{
	if (!d)
		return;
	delivery_renew(d);
	free(d);
}

/* A file that was missing may be there by now: each time anew, until it is open. */
static bool
is_open(struct delivery *d, char words[SENDER_WORDS])
{
	if (!d->state && secret_read(d->secret, d->cfg, words))
		d->state = d->calls->open(&d->sender, words);
	return d->state != NULL;
}

void
delivery_send(struct delivery *d, const struct sender_event *e, size_t n, struct sender_result *r)
{
	*r = (struct sender_result){.outcome = SENDER_AGAIN};
	if (!is_open(d, r->words))
		return;
	d->calls->send(d->state, e, n < d->sender.batch ? n : d->sender.batch, r);
	if (r->acknowledged)
		d->wait_ns = WAIT_LEAST;
}

int64_t
delivery_wait_ns(struct delivery *d)
{
	int64_t wait = d->wait_ns;
	uint32_t dice = 0;

	(void)!getrandom(&dice, sizeof(dice), GRND_NONBLOCK);
	d->wait_ns = 2 * wait < WAIT_MOST ? 2 * wait : WAIT_MOST;
	return wait / 2 + (int64_t)((uint64_t)wait / 1024 * (dice % 1024));
}
