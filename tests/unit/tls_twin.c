/*
 * tls_twin: a twin is what a full reading would have found the same, whatever byte is another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "tls/twin.h"
#include "tls_make.h"

struct fixture {
	struct prints *prints;
	struct twins *twins;
	void *memory;
};

static struct fixture *
begin(void)
{
	enum { SHARE = 1 << 21, ROOM = SHARE + (1 << 20) };
	static struct fixture f;
	struct hash_key key = {1, 2};
	struct carve c;

	f = (struct fixture){.memory = aligned_alloc(64, ROOM)};
	c = (struct carve){f.memory, (uint8_t *)f.memory + ROOM};
	f.prints = prints_new(&c, SHARE, &key);
	f.twins = twins_new(&c);
	return &f;
}

/* The long way, flags left out.  False: it does not parse. */
static bool
read_whole(struct fixture *f, struct cur body, struct hello *h, struct offer *o)
{
	if (!hello_read(body, false, h))
		return false;
	*o = (struct offer){.random = h->random,
			    .session_id = h->session_id,
			    .ticket = h->ticket,
			    .psk_identity = h->psk_identity,
			    .client = print_client(f->prints, h, CARRIER_TCP)};
	if (h->sni.p)
		o->sni = print_text(f->prints, h->sni.p, cur_left(&h->sni));
	return true;
}

static void
keep(struct fixture *f, struct cur body)
{
	struct hello h;
	struct offer o;

	assert_true(read_whole(f, body, &h, &o));
	twin_keep(f->twins, f->prints, body, &h, &o);
}

static void
same_part(struct cur a, struct cur b)
{
	assert_int_equal(cur_left(&a), cur_left(&b));
	assert_true(cur_left(&a) == 0 || a.p == b.p);
}

static void
same_offer(const struct offer *a, const struct offer *b)
{
	same_part(a->random, b->random);
	same_part(a->session_id, b->session_id);
	same_part(a->ticket, b->ticket);
	same_part(a->psk_identity, b->psk_identity);
	assert_int_equal(a->client, b->client);
	assert_int_equal(a->sni, b->sni);
}

/* Each byte of the hello another: whenever that is taken for a twin, the long way finds the same, and it is one whole
   without fault.  Returns for how many bytes. */
static unsigned
each_byte(struct fixture *f, const struct made *m)
{
	unsigned twins = 0;

	for (size_t i = 0; i < m->n; i++) {
		struct made other = *m;
		struct cur body = cur_of(other.b, other.n);
		struct offer quick, slow;
		struct hello h;

		other.b[i] ^= 0x55;
		if (!twin_find(f->twins, f->prints, body, &quick))
			continue;
		assert_true(read_whole(f, body, &h, &slow));
		assert_int_equal(h.leftover, 0);
		same_offer(&quick, &slow);
		twins++;
	}
	return twins;
}

static void
whatever_byte_is_another(void **state)
{
	(void)state;
	for (int resumes = 0; resumes < 2; resumes++) {
		struct fixture *f = begin();
		struct make how = make_chrome(resumes);
		struct offer o;
		struct made m;
		unsigned twins;

		made_hello(&m, &how);
		assert_false(twin_find(f->twins, f->prints, cur_of(m.b, m.n), &o));
		keep(f, cur_of(m.b, m.n));
		assert_true(twin_find(f->twins, f->prints, cur_of(m.b, m.n), &o));
		twins = each_byte(f, &m);
		assert_true(twins >= 32); /* of the random at least */
		assert_true(twins < m.n);
		free(f->memory);
	}
}

static void
another_length_bad(void **state)
{
	struct fixture *f = begin();
	struct make how = make_chrome(false);
	struct offer o;
	struct made m;

	(void)state;
	made_hello(&m, &how);
	keep(f, cur_of(m.b, m.n));
	for (size_t n = 0; n < m.n; n++)
		assert_false(twin_find(f->twins, f->prints, cur_of(m.b, n), &o));
	free(f->memory);
}

/* A hello with bytes behind its end is nobody's model. */
static void
fault_bad(void **state)
{
	struct fixture *f = begin();
	struct make how = make_chrome(false);
	struct offer o;
	struct made m;

	(void)state;
	made_hello(&m, &how);
	m.b[m.n++] = 0;
	keep(f, cur_of(m.b, m.n));
	assert_false(twin_find(f->twins, f->prints, cur_of(m.b, m.n), &o));
	free(f->memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_byte_is_another),
		cmocka_unit_test(another_length_bad),
		cmocka_unit_test(fault_bad),
	};

	if (!crypt_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
