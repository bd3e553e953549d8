/*
 * sensor_edit: a section goes into a file and out of it, and nothing else in the file changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensor/config_edit.h"

static char folder[] = "/tmp/gatewitness-edit-XXXXXX", path[64], fresh[64];

static int
begin(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/s.conf", folder);
	snprintf(fresh, sizeof(fresh), "%s/s.conf.new", folder);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	unlink(path);
	unlink(fresh);
	return rmdir(folder);
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
holds(const char *text)
{
	struct edit e;

	assert_true(edit_read(&e, path));
	assert_int_equal(e.len, strlen(text));
	assert_memory_equal(e.text, text, e.len);
	edit_free(&e);
}

static bool verdict;

static bool
reads(void *arg, const char *name, char error[CONFIG_ERROR_MAX])
{
	(void)arg;
	assert_string_equal(name, fresh);
	if (!verdict)
		snprintf(error, CONFIG_ERROR_MAX, "no");
	return verdict;
}

static const struct edit_check CHECK = {reads, NULL};

static const char BEFORE[] = "# mine\n[memory]\nlimit = 64MiB\n\n# about a\n [ suppress  a ]  # why\nowner = o\n\n"
			     "# about b\n[suppress b]\nowner = p\n";

static void
removes(void **state)
{
	struct edit e;

	(void)state;
	put(path, BEFORE);
	assert_true(edit_read(&e, path));
	assert_false(edit_remove(&e, "suppress", "c"));
	assert_false(edit_remove(&e, "fact", "a"));
	assert_int_equal(e.len, strlen(BEFORE));
	assert_true(edit_remove(&e, "suppress", "a"));
	verdict = true;
	assert_true(edit_write(&e, path, &CHECK));
	holds("# mine\n[memory]\nlimit = 64MiB\n\n# about a\n\n# about b\n[suppress b]\nowner = p\n");
	assert_true(edit_remove(&e, "suppress", "b"));
	assert_true(edit_write(&e, path, &CHECK));
	holds("# mine\n[memory]\nlimit = 64MiB\n\n# about a\n\n# about b\n");
	assert_false(edit_remove(&e, "suppress", "b"));
	edit_free(&e);
}

static void
appends(void **state)
{
	struct edit e;

	(void)state;
	unlink(path);
	assert_true(edit_read(&e, path)); /* not there: empty */
	verdict = true;
	assert_true(edit_append(&e, "[a]\n", 4));
	assert_true(edit_write(&e, path, &CHECK));
	holds("[a]\n");
	edit_free(&e);
	put(path, "[a]\nx = 1");
	assert_true(edit_read(&e, path));
	assert_true(edit_append(&e, "[b]\n", 4));
	assert_true(edit_write(&e, path, &CHECK));
	holds("[a]\nx = 1\n\n[b]\n");
	edit_free(&e);
}

/* What does not read leaves the old file, its mode, and nothing beside it. */
static void
refuses(void **state)
{
	struct stat st;
	struct edit e;

	(void)state;
	put(path, "[a]\n");
	assert_int_equal(chmod(path, 0640), 0);
	assert_true(edit_read(&e, path));
	assert_true(edit_append(&e, "[b]\n", 4));
	verdict = false;
	assert_false(edit_write(&e, path, &CHECK));
	assert_string_equal(e.error, "no");
	holds("[a]\n");
	assert_int_not_equal(stat(fresh, &st), 0);
	put(fresh, "");
	verdict = true;
	assert_false(edit_write(&e, path, &CHECK));
	assert_non_null(strstr(e.error, "another change is going on"));
	holds("[a]\n");
	unlink(fresh);
	assert_true(edit_write(&e, path, &CHECK));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	edit_free(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(removes), cmocka_unit_test(appends),
					   cmocka_unit_test(refuses)};

	return cmocka_run_group_tests(tests, begin, end);
}
