/*
 * delivery: see delivery.h.  Must not wait itself.
 */
#include "sensor/delivery.h"

#include <stdlib.h>
#include <sys/random.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crypt.h"
#include "sensor/secret.h"

#define WAIT_LEAST NS_PER_S
#define WAIT_MOST  (60 * NS_PER_S)

/* Files that a sender reads when it is opened; who renews one puts another there. */
enum { FILES = 3 };
struct identity_of_file {
	ino_t inode;
	struct timespec changed;
};

struct delivery {
	const struct sink_config *cfg;
	const struct sender_calls *calls;
	struct sender_config sender;
	void *state; /* NULL: not open */
	int64_t wait_ns;
	bool failed; /* the last send */
	struct identity_of_file file[FILES];
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

static void
look_at_files(const struct delivery *d, struct identity_of_file to[FILES])
{
	const char *const paths[FILES] = {d->sender.tls_ca, d->sender.tls_certificate, d->sender.tls_key};
	struct stat st;

	memset(to, 0, FILES * sizeof(to[0]));
	for (unsigned i = 0; i < FILES; i++)
		if (*paths[i] && stat(paths[i], &st) == 0) {
			to[i].inode = st.st_ino;
			to[i].changed = st.st_mtim;
		}
}

/* Is another secret or certificate in its file than the sender was opened with?  A file that cannot be read is being replaced. */
static bool
is_renewed(const struct delivery *d)
{
	struct identity_of_file file[FILES];
	char secret[SECRET_MAX], words[SENDER_WORDS];
	bool other;

	look_at_files(d, file);
	other = memcmp(file, d->file, sizeof(file)) != 0 ||
		(secret_read(secret, d->cfg, words) && strcmp(secret, d->secret) != 0);
	crypt_forget(secret, sizeof(secret));
	return other;
}

/* A file that was missing may be there by now: each time anew, until it is open.  Nor does a receiver that changes its mind
   about us (401, an unknown certificate) wait for a SIGHUP: after each failure it is looked whether there is something new. */
static bool
is_open(struct delivery *d, char words[SENDER_WORDS])
{
	if (d->state && d->failed && is_renewed(d))
		delivery_renew(d);
	if (!d->state && secret_read(d->secret, d->cfg, words)) {
		look_at_files(d, d->file);
		d->state = d->calls->open(&d->sender, words);
	}
	return d->state != NULL;
}

void
delivery_send(struct delivery *d, const struct sender_event *e, size_t n, struct sender_result *r)
{
	*r = (struct sender_result){.outcome = SENDER_AGAIN};
	if (!is_open(d, r->words))
		return;
	d->calls->send(d->state, e, n < d->sender.batch ? n : d->sender.batch, r);
	d->failed = r->outcome == SENDER_AGAIN;
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
