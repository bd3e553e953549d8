/* snapshot: saved and loaded, a sensor goes on as if nothing had happened; bytes that are not a snapshot change
   nothing. */
#include "detect/outage_count.h"
#include "detect/snapshot.h"
#include "detect_site.h"

static const uint64_t BROWSER = 0xb001;
enum { MEMORY = 2 << 20, WEEK = 7 * DAY };

/* Two weeks of a small site; the second one has an intruder.  `from`, `until`: days. */
static void
live(struct site_test *t, unsigned from, unsigned until)
{
	for (unsigned day = from; day < until; day++) {
		double base = day * (double)DAY;

		for (unsigned u = 0; u < 20; u++) {
			char who[32];

			snprintf(who, sizeof(who), "198.51.%u.9", u);
			t->random = day * 1000 + u + 1;
			t->next_id = day * 1000 + u * 10;
			site_user(t, who, BROWSER + u % 3, base + 9 * HOUR + u * MINUTE);
		}
		t->random = day + 7;
		site_leak(t, base + (day % 2 ? 23.9 : 0.1) * HOUR, 10, 4);
	}
}

static struct cur
saved(const struct site_test *t, char **bytes)
{
	size_t room = detect_saved_size(t->d);
	struct out o;

	*bytes = malloc(room);
	o = out_of(*bytes, room);
	detect_save(t->d, &o);
	assert_false(o.full);
	return cur_of(*bytes, out_len(&o));
}

static void
same_findings(const struct got *a, const struct got *b, unsigned skip)
{
	assert_int_equal(a->findings, b->findings + skip);
	for (unsigned i = 0; i < b->findings && i + skip < GOT_MAX; i++) {
		assert_true(a->finding[i + skip].id == b->finding[i].id);
		assert_true(a->finding[i + skip].incident == b->finding[i].incident);
		assert_int_equal(a->finding[i + skip].opens, b->finding[i].opens);
		assert_string_equal(a->finding[i + skip].text, b->finding[i].text);
	}
}

static void
goes_on(void **state)
{
	struct site_test whole, first, second;
	struct snapshot_report report;
	unsigned before;
	char *bytes, *again;
	struct cur copy;

	(void)state;
	site_begin(&whole, MEMORY, WEEK);
	live(&whole, 0, 14);
	assert_true(whole.got.findings > 0);
	for (unsigned cut = 1; cut < 14; cut += 3) {
		site_begin(&first, MEMORY, WEEK);
		live(&first, 0, cut);
		before = first.got.findings;
		copy = saved(&first, &bytes);
		site_begin(&second, MEMORY, WEEK);
		second.d->secret.word[0] = 99; /* what hides the places of keys is no part of what was learnt */
		assert_int_equal(detect_load(second.d, copy, &report), SNAPSHOT_TAKEN);
		assert_int_equal(report.left_out, 0);
		assert_int_equal(report.no_room, 0);
		assert_true(report.items > 20);
		/* loaded and saved again it is the same, byte for byte */
		struct cur other = saved(&second, &again);

		assert_int_equal(cur_left(&other), cur_left(&copy));
		assert_memory_equal(other.p, copy.p, cur_left(&copy));
		live(&second, cut, 14);
		same_findings(&whole.got, &second.got, before);
		free(bytes);
		free(again);
		site_end(&first);
		site_end(&second);
	}
	site_end(&whole);
}

/* Cut or altered anywhere: refused, and nothing was touched. */
static void
damaged_bad(void **state)
{
	struct site_test t, fresh;
	struct snapshot_report report;
	char *bytes;
	struct cur copy;
	size_t len;

	(void)state;
	site_begin(&t, MEMORY, WEEK);
	live(&t, 0, 1);
	copy = saved(&t, &bytes);
	len = cur_left(&copy);
	site_begin(&fresh, MEMORY, WEEK);
	for (size_t i = 0; i < len; i += i < 200 ? 1 : 97) {
		bytes[i] = (char)(bytes[i] ^ 1);
		assert_int_not_equal(detect_load(fresh.d, cur_of(bytes, len), &report), SNAPSHOT_TAKEN);
		bytes[i] = (char)(bytes[i] ^ 1);
		assert_int_not_equal(detect_load(fresh.d, cur_of(bytes, i), &report), SNAPSHOT_TAKEN);
	}
	assert_int_equal(memory_count(&fresh.d->familiars), 0);
	assert_false(fresh.d->gate[1].known);
	bytes[8] = 9; /* version */
	assert_int_equal(detect_load(fresh.d, cur_of(bytes, len), &report), SNAPSHOT_NEWER);
	assert_int_equal(detect_load(fresh.d, cur_of("no snapshot at all, but long enough to be one", 45), &report),
			 SNAPSHOT_FOREIGN);
	free(bytes);
	site_end(&fresh);
	site_end(&t);
}

/* Counters that no gateway makes: of silence, by which is divided, and of clients, by which is counted. */
static void
unsound_bad(void **state)
{
	(void)state;
	for (unsigned wrong = 0; wrong < 4; wrong++) {
		struct site_test t, fresh;
		struct snapshot_report report;
		struct outage *o;
		char *bytes;
		struct cur copy;

		site_begin(&t, MEMORY, WEEK);
		live(&t, 0, 1);
		o = outage_of(t.d, 1);
		o->hush.behind[HUSH_RUNS - 1] = wrong == 1 ? UINT32_MAX - 1 : 9;
		o->hush.again[HUSH_RUNS - 1] = wrong == 2 ? 10 : 9;
		o->past.clients = wrong == 3 ? LULL_CLIENTS + 1 : LULL_CLIENTS;
		copy = saved(&t, &bytes);
		site_begin(&fresh, MEMORY, WEEK);
		assert_int_equal(detect_load(fresh.d, copy, &report), SNAPSHOT_TAKEN);
		assert_int_equal(report.unsound, wrong != 0);
		assert_int_equal(outage_of(fresh.d, 1)->past.clients, wrong ? 0 : LULL_CLIENTS);
		free(bytes);
		site_end(&fresh);
		site_end(&t);
	}
}

/* Into less memory: what is kept comes first, the rest is counted. */
static void
into_less_memory(void **state)
{
	struct site_test large, small;
	struct snapshot_report report;
	char *bytes, who[32];
	struct cur copy;

	(void)state;
	site_begin(&large, 16 << 20, WEEK);
	live(&large, 0, 3);
	for (unsigned i = 0; i < 30000; i++) {
		snprintf(who, sizeof(who), "10.%u.%u.9", i >> 8, i & 255);
		site_user(&large, who, BROWSER, 3 * DAY + i);
	}
	copy = saved(&large, &bytes);
	site_begin(&small, MEMORY, WEEK);
	assert_int_equal(detect_load(small.d, copy, &report), SNAPSHOT_TAKEN);
	assert_true(report.no_room > 1000);
	assert_true(small.d->familiars.list[1].count >= 20); /* on several days: the kept ones */
	free(bytes);
	site_end(&small);
	site_end(&large);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on),
		cmocka_unit_test(damaged_bad),
		cmocka_unit_test(unsound_bad),
		cmocka_unit_test(into_less_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
