/*
 * hunt_print: the answer, and what it rests on.  Must not say that nothing was found without saying what was seen.
 */
#include "cmd/hunt_print.h"

#include <inttypes.h>

enum { MATCHES_SHOWN = 100, GAPS_SHOWN = 12 };

static void
print_text(FILE *to, struct text t)
{
	for (uint32_t i = 0; t.p && i < t.len; i++) /* what a terminal would act on is not printed */
		fputc((unsigned char)t.p[i] < ' ' || t.p[i] == 0x7f ? '?' : t.p[i], to);
}

void
hunt_match(struct hunting *h, const struct session *s)
{
	static char line[1 << 18];
	static struct recent recent;
	char src[ADDR_TEXT_MAX], dest[ADDR_TEXT_MAX];
	struct out o = out_of(line, sizeof(line));

	h->matches++;
	if (h->json) {
		OUT_LIT(&o, "{\"session\":");
		session_json(&o, s, &recent);
		OUT_LIT(&o, "}\n");
		fwrite(line, 1, out_len(&o), h->out.to);
		return;
	}
	if (h->matches > MATCHES_SHOWN)
		return;
	addr_print(&s->src, src);
	addr_print(&s->dest, dest);
	fprintf(h->out.to, "%s  %s -> %s:%u  out %s, in %s  ", words_time(s->start).text, src, dest, s->dest_port,
		words_bytes(s->bytes_out).text, words_bytes(s->bytes_in).text);
	print_text(h->out.to, s->ja4);
	fputs("  ", h->out.to);
	print_text(h->out.to, s->sni);
	fputc('\n', h->out.to);
}

static void
print_finding(const struct hunting *h, const struct finding *f)
{
	const struct detector_info *d = detector_by_id(f->detector);

	fprintf(h->out.to, "  %s  %-8s %s: %s%s\n", words_time(f->time).text, severity_name(f->severity),
		d ? d->name : "", f->text,
		f->suppressed ? " (suppressed)" :
		f->weak       ? " (evidence only)" :
				"");
}

/* The first of each incident tells it; what has none is told at the end. */
static void
print_incidents(const struct hunting *h)
{
	char actor[ADDR_TEXT_MAX];

	for (size_t i = 0; i < h->hunt.findings; i++) {
		const struct finding *f = &h->hunt.finding[i];
		size_t k = 0;

		while (k < i && h->hunt.finding[k].incident != f->incident)
			k++;
		if (k < i)
			continue;
		addr_print(&f->actor, actor);
		if (f->incident)
			fprintf(h->out.to, "incident %016" PRIx64 " about %s\n", f->incident, actor);
		else
			fprintf(h->out.to, "in no incident\n");
		for (k = i; k < h->hunt.findings; k++)
			if (h->hunt.finding[k].incident == f->incident)
				print_finding(h, &h->hunt.finding[k]);
	}
}

static void
json_time(struct out *o, struct when t)
{
	out_char(o, '"');
	out_time(o, t);
	out_char(o, '"');
}

static void
json_finding(const struct hunting *h, const struct finding *f)
{
	static char line[1 << 14];
	const struct detector_info *d = detector_by_id(f->detector);
	struct out o = out_of(line, sizeof(line));
	char actor[ADDR_TEXT_MAX], target[ADDR_TEXT_MAX];

	addr_print(&f->actor, actor);
	addr_print(&f->target, target);
	OUT_LIT(&o, "{\"finding\":{\"time\":");
	json_time(&o, f->time);
	OUT_LIT(&o, ",\"id\":\"");
	out_hex_u64(&o, f->id);
	OUT_LIT(&o, "\",\"incident\":\"");
	out_hex_u64(&o, f->incident);
	OUT_LIT(&o, "\"");
	JSON_KEY(&o, "detector");
	json_text(&o, d ? d->name : "");
	JSON_KEY(&o, "severity");
	json_text(&o, severity_name(f->severity));
	JSON_KEY(&o, "confidence");
	json_u64(&o, f->confidence);
	JSON_KEY(&o, "actor");
	json_text(&o, actor);
	JSON_KEY(&o, "target");
	json_text(&o, target);
	JSON_KEY(&o, "text");
	json_text(&o, f->text);
	JSON_KEY(&o, "alert");
	json_bool(&o, eve_alerts(f));
	OUT_LIT(&o, "}}\n");
	fwrite(line, 1, out_len(&o), h->out.to);
}

/* In hundredths of a percent. */
static uint64_t
share(uint64_t part, uint64_t of)
{
	return of ? part * 10000 / of : 0;
}

static void
json_rest(const struct hunting *h)
{
	static char line[1 << 15];
	const struct hunt_coverage *c = &h->hunt.coverage;
	struct out o = out_of(line, sizeof(line));

	OUT_LIT(&o, "{\"coverage\":{\"since\":");
	json_time(&o, h->hunt.begin);
	OUT_LIT(&o, ",\"until\":");
	json_time(&o, h->hunt.end);
	JSON_KEY(&o, "minutes");
	json_u64(&o, c->minutes);
	JSON_KEY(&o, "watched");
	json_u64(&o, c->watched);
	if (h->hunt.learnt.is) {
		JSON_KEY(&o, "snapshot");
		json_time(&o, h->hunt.learnt.at);
	}
	JSON_KEY(&o, "sessions");
	json_u64(&o, h->hunt.sessions);
	JSON_KEY(&o, "blocks");
	json_u64(&o, h->hunt.blocks);
	JSON_KEY(&o, "blocks_read");
	json_u64(&o, h->hunt.blocks - h->hunt.passed_over);
	JSON_KEY(&o, "frames");
	json_u64(&o, c->frames);
	JSON_KEY(&o, "lost_ring");
	json_u64(&o, c->lost.ring);
	JSON_KEY(&o, "lost_interface");
	json_u64(&o, c->lost.interface);
	JSON_KEY(&o, "lost_upstream_bytes");
	json_u64(&o, c->lost.upstream);
	JSON_KEY(&o, "lost_memory");
	json_u64(&o, c->lost.memory);
	JSON_KEY(&o, "imported");
	json_u64(&o, h->hunt.imported);
	JSON_KEY(&o, "imported_from");
	json_text(&o, h->hunt.sources);
	JSON_KEY(&o, "blind_to_imported");
	json_open(&o, '[');
	for (unsigned d = 0; h->hunt.imported && d < DETECTOR_COUNT; d++)
		if (!detector_judges_imports(&DETECTORS[d]))
			json_text(&o, DETECTORS[d].name);
	json_close(&o, ']');
	JSON_KEY(&o, "pseudonyms");
	json_u64(&o, h->hunt.hidden);
	JSON_KEY(&o, "pseudonyms_not_compared");
	json_u64(&o, h->hunt.foreign);
	JSON_KEY(&o, "gaps");
	json_u64(&o, c->gaps);
	OUT_LIT(&o, "}}\n{\"verification\":{\"whole\":");
	json_bool(&o, hunt_whole(&h->hunt));
	JSON_KEY(&o, "records");
	json_u64(&o, h->hunt.verify.rows);
	JSON_KEY(&o, "wrong");
	json_open(&o, '[');
	for (unsigned i = 0; i < h->hunt.bads; i++)
		json_text(&o, h->hunt.bad[i]);
	json_close(&o, ']');
	OUT_LIT(&o, "}}\n");
	fwrite(line, 1, out_len(&o), h->out.to);
}

/* What logs of others cannot tell, and who therefore said nothing about them. */
static void
print_imported(const struct hunting *h)
{
	unsigned lacks = h->hunt.lacks;
	FILE *to = h->out.to;

	fprintf(to, "imported  %s records from %s: no exchanges, no TLS identities, no pulses%s%s\n",
		words_number(h->hunt.imported).text, h->hunt.sources,
		lacks & LACKS_FLOW ? "; of some no packets and bytes" : "",
		lacks & LACKS_JA4 ? "; of some no JA4" : "");
	if (!h->hunt.replays)
		return;
	fprintf(to, "blind     to these:");
	for (unsigned d = 0; d < DETECTOR_COUNT; d++)
		if (!detector_judges_imports(&DETECTORS[d]))
			fprintf(to, " %s", DETECTORS[d].name);
	fputc('\n', to);
}

static void
print_coverage(const struct hunting *h)
{
	const struct hunt_coverage *c = &h->hunt.coverage;
	uint64_t seen = share(c->watched, c->minutes), lost = hunt_lost_frames(&c->lost);
	FILE *to = h->out.to;

	fprintf(to, "\nwindow    %s to %s: %s records of sessions\n", words_time(h->hunt.begin).text,
		words_time(h->hunt.end).text, words_number(h->hunt.sessions).text);
	fprintf(to, "watched   %" PRIu64 ".%02" PRIu64 " %% of its minutes (%s of %s)\n", seen / 100, seen % 100,
		words_number(c->watched).text, words_number(c->minutes).text);
	for (size_t i = 0; i < c->gaps && i < GAPS_SHOWN; i++)
		fprintf(to, "  not     %s to %s: no packets, or the sensor was off\n", words_time(c->gap[i].begin).text,
			words_time(c->gap[i].end).text);
	if (c->gaps > GAPS_SHOWN)
		fprintf(to, "  not     and %zu more gaps\n", c->gaps - GAPS_SHOWN);
	fprintf(to, "lost      %s of %s frames by capture; %s of streams never seen; %s things for want of memory\n",
		words_number(lost).text, words_number(c->frames + lost).text, words_bytes(c->lost.upstream).text,
		words_number(c->lost.memory).text);
	for (unsigned i = 0; i < c->events && i < HUNT_BAD; i++)
		fprintf(to, "  event   %s\n", c->event[i]);
	if (c->events > HUNT_BAD)
		fprintf(to, "  event   and %u more\n", c->events - HUNT_BAD);
	if (h->hunt.replays && !h->hunt.pulses) {
		fprintf(to, "blind     no pulses in the window:");
		for (unsigned d = 0; d < DETECTOR_COUNT; d++)
			if (detector_pulses(&DETECTORS[d]))
				fprintf(to, " %s", DETECTORS[d].name);
		fputc('\n', to);
	}
	if (h->hunt.imported)
		print_imported(h);
	if (h->hunt.hidden)
		fprintf(to, "privacy   clients of %s records are pseudonyms%s%s%s\n", words_number(h->hunt.hidden).text,
			h->hunt.foreign ? "; of " : "", h->hunt.foreign ? words_number(h->hunt.foreign).text : "",
			h->hunt.foreign ? " the key was not given: their addresses were not compared" : "");
	if (h->hunt.replays && h->hunt.learnt.is)
		fprintf(to, "learnt    from the ledger's snapshot of %s\n", words_time(h->hunt.learnt.at).text);
	else if (h->hunt.replays)
		fprintf(to, "learnt    from the first record%s\n",
			h->hunt.learnt.others ? ": snapshots are of another version or memory.limit" : "");
	if (h->hunt.replays)
		fprintf(to, "settings  %s\n", h->hunt.as_was ? "of then" : "of today; --as-was repeats those of then");
	if (!h->hunt.replays && h->hunt.blocks)
		fprintf(to, "read      %s of %s blocks: the others cannot hold such a session\n",
			words_number(h->hunt.blocks - h->hunt.passed_over).text, words_number(h->hunt.blocks).text);
	fprintf(to, "ledger    %s: %s records in %s days%s\n",
		hunt_whole(&h->hunt) ? "whole, as the sensor wrote it" : "NOT WHOLE",
		words_number(h->hunt.verify.rows).text, words_number(h->hunt.verify.days).text,
		h->hunt.verify.count[VERIFY_OPEN] ? ", the last not sealed yet" : "");
	for (unsigned i = 0; i < h->hunt.bads; i++)
		fprintf(to, "  wrong   %s\n", h->hunt.bad[i]);
	if (*h->hunt.damaged)
		fprintf(to, "  wrong   %s\n", h->hunt.damaged);
}

void
hunt_print(const struct hunting *h)
{
	if (h->json) {
		for (size_t i = 0; i < h->hunt.findings; i++)
			json_finding(h, &h->hunt.finding[i]);
		json_rest(h);
		return;
	}
	print_incidents(h);
	if (h->matches > MATCHES_SHOWN)
		fprintf(h->out.to, "and %s more; --json lists all\n", words_number(h->matches - MATCHES_SHOWN).text);
	if (h->expression)
		fprintf(h->out.to, "%s session%s match\n", words_number(h->matches).text, h->matches == 1 ? "" : "s");
	if (h->hunt.replays && !h->hunt.findings)
		fprintf(h->out.to, "nothing found%s%s, in what was watched:\n", h->hunt.detector ? " by " : "",
			h->hunt.detector ? h->hunt.detector : "");
	print_coverage(h);
}
