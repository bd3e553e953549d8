/*
 * sink_body: what the senders over HTTP make of events and of answers, without a receiver.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sink/body.h"
#include "sink/reply.h"

static void
lines_within_a_line(void **state)
{
	struct text rest = TEXT_LIT("one\n\ntwo\n"), line;

	(void)state;
	line = body_line(&rest);
	assert_memory_equal(line.p, "one", line.len);
	line = body_line(&rest);
	assert_int_equal(line.len, 3);
	assert_memory_equal(line.p, "two", 3);
	assert_null(body_line(&rest).p);
	assert_null(body_line(&rest).p);
}

static void
escaped_between_quotes(void **state)
{
	char room[64];
	struct out o = out_of(room, sizeof(room)), small = out_of(room, 5);

	(void)state;
	OUT_LIT(&o, "{\"text\": \"");
	body_escaped(&o, TEXT_LIT("a \"b\" \\ \n"));
	OUT_LIT(&o, "\"}");
	assert_false(o.full);
	assert_memory_equal(room, "{\"text\": \"a \\\"b\\\" \\\\ \\n\"}", out_len(&o));
	body_escaped(&small, TEXT_LIT("\"\"\""));
	assert_true(small.full);
}

static void
a_key_is_one_word(void **state)
{
	struct sender_event e = {.id = 17, .time = {0x18eacc97da00da88}};
	char room[BODY_KEY_MAX], name[400];
	struct out o = out_of(room, sizeof(room));

	(void)state;
	body_key(&o, "ams 3\"/\xc3\xbc", &e);
	assert_int_equal(out_len(&o), strlen("ams%203%22%2f%c3%bc-17-18eacc97da00da88"));
	assert_memory_equal(room, "ams%203%22%2f%c3%bc-17-18eacc97da00da88", out_len(&o));
	memset(name, '/', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	e.id = UINT64_MAX;
	o = out_of(room, sizeof(room));
	body_key(&o, name, &e);
	assert_false(o.full);
}

static char told[512];

static void
tell(void *arg, const struct reply_value *v)
{
	size_t n = strlen(told);

	(void)arg;
	snprintf(told + n, sizeof(told) - n, "%s[%u]=%s%.*s ", v->path, v->index, v->string ? "'" : "",
		 (int)v->text.len, v->text.p ? v->text.p : "");
}

static bool
walk(const char *json)
{
	*told = '\0';
	return reply_walk((struct text){json, (uint32_t)strlen(json)}, tell, NULL);
}

static void
answers_are_walked(void **state)
{
	(void)state;
	assert_true(
		walk(" {\"took\" : 3, \"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":400,\"error\":"
		     "{\"reason\":\"a \\\"b\\\"\"}}}], \"x\":[]}\n"));
	assert_string_equal(told, "took[0]=3 items[].create.status[0]=201 items[].create.status[1]=400 "
				  "items[].create.error.reason[1]='a \\\"b\\\" ");
	assert_true(walk("[[1,2],[3]]"));
	assert_string_equal(told, "[][][0]=1 [][][0]=2 [][][1]=3 ");
	assert_true(walk("true"));
	for (const char *
		     bad[] = {"", "{", "{\"a\"}", "{\"a\":1", "[1,", "\"open", "{} x", "{\"a\":1,}", "\"\\", "[1 2]"},
		    **b = bad;
	     b < bad + sizeof(bad) / sizeof(bad[0]); b++)
		assert_false(walk(*b));
}

static void
depth_and_paths_are_bounded(void **state)
{
	char deep[2 * REPLY_DEPTH_MAX + 3], path[2 * REPLY_PATH_MAX];

	(void)state;
	memset(deep, '[', sizeof(deep));
	deep[sizeof(deep) - 1] = '\0';
	assert_false(walk(deep));
	memset(path, 'k', sizeof(path));
	memcpy(path, "{\"", 2);
	snprintf(path + sizeof(path) - 5, 5, "\":1}");
	assert_true(walk(path));
}

static void
numbers(void **state)
{
	struct reply_value v = {.text = TEXT_LIT("429")};

	(void)state;
	assert_int_equal(reply_number(&v), 429);
	v.text = TEXT_LIT("99999999999999999999");
	assert_true(reply_number(&v) == UINT64_MAX);
	v.text = TEXT_LIT("4x");
	assert_int_equal(reply_number(&v), 0);
	v = (struct reply_value){.text = TEXT_LIT("429"), .string = true};
	assert_int_equal(reply_number(&v), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_within_a_line),         cmocka_unit_test(escaped_between_quotes),
		cmocka_unit_test(a_key_is_one_word),           cmocka_unit_test(answers_are_walked),
		cmocka_unit_test(depth_and_paths_are_bounded), cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
