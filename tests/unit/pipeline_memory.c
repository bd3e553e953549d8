/*
 * What a connection costs at rest, index included: the figures that README states.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline_body.h"

enum { N = 100000, HELLO_MAX = 256, SESSION_MAX = 1024 };

static size_t
flow_share(void)
{
	struct flows_config one = {.flows = N}, two = {.flows = 2 * N};

	return (flows_bytes(&two) - flows_bytes(&one)) / N;
}

static size_t
tls_share(uint32_t halves, uint32_t fulls)
{
	struct tls_config one = {.halves = N, .fulls = N, .buffer_bytes = 1 << 20, .intern_bytes = 1 << 20}, two = one;

	two.halves += halves;
	two.fulls += fulls;
	return (tls_bytes(&two) - tls_bytes(&one)) / N;
}

static void
hello_costs(void **state)
{
	size_t bytes = flow_share() + tls_share(N, 0);

	(void)state;
	print_message("a half-open or hello-only connection: %zu bytes\n", bytes);
	assert_in_range(bytes, 200, HELLO_MAX);
}

static void
session_costs(void **state)
{
	size_t bytes = flow_share() + tls_share(N, N) + sizeof(struct live) + sizeof(struct waiting);

	(void)state;
	print_message("a TLS session with all its exchanges: %zu bytes\n", bytes);
	assert_in_range(bytes, 400, SESSION_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(hello_costs), cmocka_unit_test(session_costs)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
