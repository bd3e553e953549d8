/*
 * every_capture: a check over every capture that the repository keeps: the goldens, and the demo with its configuration.
 */
#ifndef TESTS_UNIT_EVERY_CAPTURE_H
#define TESTS_UNIT_EVERY_CAPTURE_H

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Asserts what it is about; returns the findings.  config: NULL: none. */
typedef unsigned capture_check(const char *path, const char *config);

static inline void
check_goldens(capture_check *check)
{
	unsigned findings = 0;
	glob_t g;

	assert_int_equal(glob("tests/golden/*/*.pcap", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++)
		findings += check(g.gl_pathv[i], NULL);
	assert_true(findings > 0);
	globfree(&g);
}

static inline void
check_demo(capture_check *check)
{
	assert_true(check("tests/demo/demo.pcap", "tests/demo/demo.conf") >= 5);
}

#endif
