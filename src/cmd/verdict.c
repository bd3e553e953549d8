/*
 * verdict: see verdict.h.  Must not judge.
 */
#include "cmd/verdict.h"

#include <limits.h>
#include <stdio.h>

#include "base/out.h"

/* Two paths in the words and one beside them, each byte of which may become six. */
enum { LINE = 3 * 6 * PATH_MAX + 4096 };

static void
member(struct out *o, const char *key, const char *text)
{
	json_text(o, key);
	OUT_LIT(o, ":");
	json_text(o, text);
}

static void
print(struct out *o, const char *line)
{
	json_close(o, '}');
	OUT_LIT(o, "\n");
	fwrite(line, 1, out_len(o), stdout);
}

void
verdict_line(const struct verdict *v, const char *kind, bool fine, const char *of, const char *words)
{
	char line[LINE];
	struct out o = out_of(line, sizeof(line));

	if (fine && v->quiet)
		return;
	if (!v->json) {
		printf("%-8s %s\n", kind, words);
		return;
	}
	json_open(&o, '{');
	member(&o, "verdict", kind);
	member(&o, "of", of);
	member(&o, "says", words);
	print(&o, line);
}

void
verdict_sum(bool fine, const char *of, const struct verdict_count *counts, size_t n, const char *seal)
{
	char line[LINE];
	struct out o = out_of(line, sizeof(line));

	json_open(&o, '{');
	member(&o, "sum", fine ? "whole" : "not whole");
	member(&o, "of", of);
	for (size_t i = 0; i < n; i++) {
		json_text(&o, counts[i].name);
		OUT_LIT(&o, ":");
		json_u64(&o, counts[i].n);
	}
	member(&o, "seal", seal);
	print(&o, line);
}
