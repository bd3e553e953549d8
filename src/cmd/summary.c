/*
 * summary: the end of a reading, for a person: what was read, who the gateway is, what spoke to it, what is
 * wrong and why, what was not understood or lost, and where the lines are.
 */
#include "cmd/common.h"

#include <inttypes.h>

enum { PROGRAMS_SHOWN = 12, FINDINGS_SHOWN = 20 };

static void
heading(const struct term *t, const char *words)
{
	fprintf(t->to, "\n%s%s%s\n", term_style(t, STYLE_BOLD), words, term_style(t, STYLE_PLAIN));
}

static void
print_input(const struct term *t, struct common *c, const struct summary *s)
{
	const struct counts *n = watch_counts(&c->watch);
	double took = (double)s->took_ns / 1e9;

	heading(t, "Input");
	if (s->live)
		fprintf(t->to, "  interface %s\n", c->watch.setup.iface);
	for (size_t i = 0; i < s->file_count && i < 5; i++)
		fprintf(t->to, "  %s\n", s->files[i]);
	if (s->file_count > 5)
		fprintf(t->to, "  and %zu more\n", s->file_count - 5);
	fprintf(t->to, "  %s frames, %s", words_number(n->frames).text,
		words_bytes(s->live ? n->frame_bytes : s->bytes).text);
	if (n->frames)
		fprintf(t->to, ", %s to %s UTC (%s)", words_time(s->first).text, words_time(s->last).text,
			words_span(when_since(s->last, s->first)).text);
	fprintf(t->to, "\n");
	if (!s->live && took > 0)
		fprintf(t->to, "  read in %s, %s frames/s\n", words_span(s->took_ns).text,
			words_number((uint64_t)((double)n->frames / took)).text);
}

static const struct gateway_guess *
guess_for(const struct common *c, const struct addr *a)
{
	for (size_t i = 0; i < c->guesses; i++)
		if (addr_same(&c->guess[i].addr, a))
			return &c->guess[i];
	return NULL;
}

static void
print_gateways(const struct term *t, const struct common *c)
{
	heading(t, c->watch.gateways > 1 ? "Gateways" : "Gateway");
	for (size_t i = 0; i < c->watch.gateways; i++) {
		const struct gateway_addr *g = &c->watch.gateway[i];
		const struct gateway_guess *why = guess_for(c, &g->addr);
		char addr[ADDR_TEXT_MAX];

		addr_print(&g->addr, addr);
		fprintf(t->to, "  %s%s%s", term_style(t, STYLE_CYAN), addr, term_style(t, STYLE_PLAIN));
		if (why)
			fprintf(t->to, " port %u, guessed: %s clients, %u %% of all TLS sessions", why->port,
				words_number(why->clients).text, why->percent);
		else
			fprintf(t->to, ", as told%s", g->calls && !g->listens ? " (outbound address)" : "");
		fprintf(t->to, "\n");
	}
	if (c->watch.gateways == 0)
		fprintf(t->to, "  none found; name it with -g, or nothing is judged\n");
}

static void
print_versions(const struct term *t, const struct tally *y)
{
	char buf[24];

	for (uint32_t i = 0; i < y->versions; i++) {
		struct text name = tls_version_name(y->version[i].version, buf);

		fprintf(t->to, "%s%.*s %s", i ? ", " : "  ", (int)name.len, name.p,
			words_number(y->version[i].sessions).text);
	}
	if (y->versions)
		fprintf(t->to, "\n");
}

static void
print_sessions(const struct term *t, const struct common *c)
{
	static const struct text CARRIERS[] = {NAMES_carrier};
	const struct tally *y = &c->tally;

	heading(t, "Sessions");
	fprintf(t->to, "  %s connections: %s TLS, %s other; %s to the gateway, %s started by it\n",
		words_number(y->sessions).text, words_number(y->tls).text, words_number(y->other).text,
		words_number(y->inbound).text, words_number(y->outbound).text);
	if (!y->tls)
		return;
	fprintf(t->to, "  TLS over");
	for (unsigned i = 1; i < TALLY_CARRIERS; i++)
		if (y->carrier[i])
			fprintf(t->to, " %s %s", CARRIERS[i].p, words_number(y->carrier[i]).text);
	fprintf(t->to, "; %s established, %s resumed\n", words_number(y->established).text,
		words_number(y->resumed).text);
	print_versions(t, y);
}

static void
print_program(const struct term *t, const struct tally_program *p)
{
	char buf[24], addrs[ADDR_TEXT_MAX + 16];
	struct text version = p->version ? tls_version_name(p->version, buf) : TEXT_LIT("-");

	if (p->addrs == 1)
		addr_print(&p->addr[0], addrs);
	else
		snprintf(addrs, sizeof(addrs), "%u%s addresses", p->addrs, p->addrs == TALLY_ADDRS ? "+" : "");
	fprintf(t->to, "  %9s  %-36.36s  %-7.*s  %-15s  %.48s\n", words_number(p->sessions).text,
		*p->ja4 ? p->ja4 : "(no JA4)", (int)version.len, version.p, addrs, *p->sni ? p->sni : "-");
}

static void
print_programs(const struct term *t, struct tally *y)
{
	uint64_t rest = y->programs_left_out;

	if (!y->programs)
		return;
	tally_sort(y);
	heading(t, "Client programs (by TLS fingerprint)");
	fprintf(t->to, "%s  %9s  %-36s  %-7s  %-15s  %s%s\n", term_style(t, STYLE_DIM), "sessions", "JA4", "version",
		"from", "server name", term_style(t, STYLE_PLAIN));
	for (uint32_t i = 0; i < y->programs; i++)
		if (i < PROGRAMS_SHOWN)
			print_program(t, &y->program[i]);
		else
			rest += y->program[i].sessions;
	if (rest)
		fprintf(t->to, "  %9s  of other programs\n", words_number(rest).text);
}

static void
print_sessions_of(const struct term *t, const struct finding *f)
{
	fprintf(t->to, "          session%s", f->session_count == 1 ? "" : "s");
	for (uint32_t i = 0; i < f->session_count && i < 4; i++)
		fprintf(t->to, " %016" PRIx64, f->session[i]);
	if (f->session_count > 4)
		fprintf(t->to, " and %u more", f->session_count - 4);
	fprintf(t->to, "\n");
}

static void
print_finding(const struct term *t, const struct finding *f)
{
	static const char *const WORDS[] = {"INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"};
	static const enum term_style STYLES[] = {STYLE_DIM, STYLE_PLAIN, STYLE_YELLOW, STYLE_RED, STYLE_RED};
	unsigned severity = f->severity <= SEVERITY_CRITICAL ? f->severity : SEVERITY_CRITICAL;
	char actor[ADDR_TEXT_MAX], target[ADDR_TEXT_MAX];
	const struct detector_info *d = NULL;

	for (unsigned i = 0; i < DETECTOR_COUNT; i++)
		if (DETECTORS[i].id == f->detector)
			d = &DETECTORS[i];
	addr_print(&f->actor, actor);
	addr_print(&f->target, target);
	fprintf(t->to, "  %s%-8s%s  %s  %s -> %s  %s%s%s%s\n", term_style(t, STYLES[severity]), WORDS[severity],
		term_style(t, STYLE_PLAIN), words_time(f->time).text, actor, target, term_style(t, STYLE_BOLD),
		d ? d->name : "?", term_style(t, STYLE_PLAIN), f->learning ? " (learning)" : "");
	term_wrap(t, 10, f->text);
	fprintf(t->to, "          confidence %u %%, %s\n", f->confidence, d ? d->attack : "");
	print_sessions_of(t, f);
}

/* A rule that is quiet about nothing is worth a look, too. */
static void
print_suppressed(const struct term *t, const struct common *c)
{
	const struct detect_rules *r = &c->rules[c->now];

	for (uint32_t i = 0; i < r->suppressions; i++)
		fprintf(t->to, "  %s suppressed by %s\n", words_number(pipeline_suppressed(c->watch.pipeline, i)).text,
			r->suppress[i].name);
}

static void
print_findings(const struct term *t, const struct tally *y)
{
	heading(t, "Alerts");
	if (!y->alerts)
		fprintf(t->to, "  none\n");
	for (uint32_t i = 0; i < y->findings && i < FINDINGS_SHOWN; i++)
		print_finding(t, &y->finding[i]);
	if (y->alerts > FINDINGS_SHOWN)
		fprintf(t->to, "  and %s more\n", words_number(y->alerts - FINDINGS_SHOWN).text);
	if (y->infos)
		fprintf(t->to, "  %s finding%s below an alert\n", words_number(y->infos).text,
			y->infos == 1 ? "" : "s");
}

/* Counters that tell of something a witness did not see or understand. */
struct loss {
	size_t at;
	const char *doc;
};

static void
print_losses(const struct term *t, const struct counts *c, const char *title, const struct loss *list, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		uint64_t v;

		memcpy(&v, (const char *)c + list[i].at, sizeof(v));
		if (!v)
			continue;
		if (!any)
			heading(t, title);
		any = true;
		fprintf(t->to, "  %9s  %s\n", words_number(v).text, list[i].doc);
	}
}

#define LOSS(name, words)                                                                                              \
	{                                                                                                              \
		offsetof(struct counts, name), words                                                                   \
	}

static const struct loss NOT_UNDERSTOOD[] = {
	LOSS(not_link, "frames of a link type that is not supported"),
	LOSS(not_short, "frames that end inside a header"),
	LOSS(not_ethertype, "frames that are not IP (ARP, STP, LLDP ...)"),
	LOSS(not_ip_version, "frames with a wrong IP version or header length"),
	LOSS(not_ip_length, "frames with an IP length shorter than its header"),
	LOSS(not_transport, "packets that are neither TCP, UDP nor ICMP"),
	LOSS(not_tcp_header, "packets with a wrong TCP or UDP header"),
	LOSS(not_depth, "frames with too many tunnels or tags inside each other"),
	LOSS(tls_bad, "TLS messages that do not parse"),
	LOSS(tls_leftover, "TLS messages with bytes left behind their end"),
	LOSS(quic_undecrypted, "QUIC Initial packets that did not decrypt"),
	LOSS(ndpi_disagree, "sessions where nDPI and our parser disagree"),
};

static const struct loss LOSSES[] = {
	LOSS(frame_cut, "frames captured shorter than they were"),
	LOSS(fragment_lost, "IP fragments given up"),
	LOSS(midstream, "connections whose beginning was not seen"),
	LOSS(gap, "holes in streams that never filled"),
	LOSS(gap_bytes, "bytes in these holes"),
	LOSS(flow_evicted, "connections closed early: memory.limit"),
	LOSS(segment_no_memory, "segments not kept: reassembly share full"),
	LOSS(tls_no_memory, "connections without room for their TLS state"),
	LOSS(ndpi_skipped, "connections not shown to nDPI: over its budget"),
	LOSS(duplicate, "packets that the span port delivered twice (counted once)"),
};
#undef LOSS

/* Of what a capture file cannot know. */
static void
print_causes(const struct term *t, const struct losses *l)
{
#define LOSS(name, unit, doc) {l->name, #name, unit, doc},
	const struct {
		uint64_t n;
		const char *name, *unit, *doc;
	} causes[] = {
#include "base/loss.def"
	};
#undef LOSS

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].n)
			fprintf(t->to, "  lost, %s: %s %s: %s\n", causes[i].name, words_number(causes[i].n).text,
				causes[i].unit, causes[i].doc);
}

static void
print_kernel(const struct term *t, const struct eve_capture *live)
{
	if (!live)
		return;
	fprintf(t->to, "\n  kernel: %s frames delivered, %s dropped by the ring, %s by the interface\n",
		words_number(live->kernel_packets).text, words_number(live->kernel_drops).text,
		words_number(live->interface_drops).text);
	print_causes(t, &live->loss);
}

static void
print_evidence(const struct term *t, const struct evidence *e)
{
	struct evidence_facts f = evidence_facts(e);

	fprintf(t->to, "  %s: captures of %s incident%s, %s frames, %s", evidence_folder(e),
		words_number(f.incidents).text, f.incidents == 1 ? "" : "s", words_number(f.frames).text,
		words_bytes(f.bytes).text);
	if (f.missed)
		fprintf(t->to, "; %s frames could not be written", words_number(f.missed).text);
	if (f.full)
		fprintf(t->to, "; %s cut short by evidence.incident or evidence.quota", words_number(f.full).text);
	if (f.removed)
		fprintf(t->to, "; %s older removed for evidence.quota", words_number(f.removed).text);
	fprintf(t->to, "\n");
}

void
summary_print(struct common *c, const struct summary *s)
{
	const struct term *t = &c->err;
	const struct counts *n = watch_counts(&c->watch);

	print_input(t, c, s);
	print_gateways(t, c);
	print_sessions(t, c);
	print_programs(t, &c->tally);
	print_findings(t, &c->tally);
	print_suppressed(t, c);
	print_losses(t, n, "Not understood", NOT_UNDERSTOOD, sizeof(NOT_UNDERSTOOD) / sizeof(NOT_UNDERSTOOD[0]));
	print_losses(t, n, "Not seen", LOSSES, sizeof(LOSSES) / sizeof(LOSSES[0]));
	print_kernel(t, s->live);
	if (c->eve || c->watch.evidence)
		heading(t, "Output");
	if (c->watch.evidence)
		print_evidence(t, c->watch.evidence);
	if (c->eve)
		fprintf(t->to, "  %s: EVE JSON lines\n", strcmp(c->eve, "-") == 0 ? "standard output" : c->eve);
	fprintf(t->to, "\n");
}
