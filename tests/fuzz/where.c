/*
 * where: a question from anybody: compiled or refused with a line of words; the walk through it goes forward, and
 * its negation holds exactly when it does not.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_error(const char *error)
{
	if (strncmp(error, "column ", 7) != 0)
		abort();
	for (const char *p = error; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			abort();
}

static void
check_forward(const struct where *w)
{
	for (unsigned i = 0; i < w->tests; i++) {
		const struct where_test *t = &w->test[i];

		if ((t->yes <= i || t->yes >= w->tests) && t->yes != WHERE_YES && t->yes != WHERE_NO)
			abort();
		if ((t->no <= i || t->no >= w->tests) && t->no != WHERE_YES && t->no != WHERE_NO)
			abort();
	}
}

static struct session
record(void)
{
	static const char list[] = "\x02h2\x08http/1.1";

	return (struct session){.id = 1,
				.kind = SESSION_CLOSE,
				.src = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}},
				.dest_port = 443,
				.established = true,
				.version = 0x0303,
				.sni = TEXT_LIT("gw.example.org"),
				.alpns = {list, sizeof(list) - 1},
				.versions = {list, 3},
				.cert_chain_sha256 = {list, sizeof(list)}};
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct where w, inverse;
	const struct finding f = {.detector = 1, .severity = SEVERITY_HIGH};
	const struct session s = record();
	const struct where_subject about = {&s, &WHERE_FINDING, &f};
	char text[4096], negated[4112], error[WHERE_ERROR_MAX];

	if (size >= sizeof(text))
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (!where_compile(&w, text, &WHERE_FINDING, error)) {
		check_error(error);
		return 0;
	}
	check_forward(&w);
	if (w.tests == 0)
		return 0;
	snprintf(negated, sizeof(negated), "not (%s)", text);
	if (!where_compile(&inverse, negated, &WHERE_FINDING, error)) {
		if (!strstr(error, "nested too deep"))
			abort();
		return 0;
	}
	if (where_holds(&w, &about) == where_holds(&inverse, &about))
		abort();
	return 0;
}
