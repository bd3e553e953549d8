/*
 * span: does the mirror deliver what a witness needs?  A minute of an interface, or a capture file of it.
 *
 *	interface or files --frames--> watch --frames, sessions--> mirror --> checks, detectors with nothing to judge
 *
 * For whoever has just plugged the sensor in.  Must not keep or judge anything.
 */
#include "cmd/captures.h"
#include "cmd/tables.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/timex.h>

#include "sensor/capture.h"
#include "sensor/capture_port.h"
#include "sensor/mirror.h"

enum { ID_FOR = 300, INDENT = 29 };

struct span {
	struct common *common;
	const char *iface;
	const char **file;
	size_t files;
	int64_t length_ns;
	bool json;
	struct mirror mirror;
	int exit;
};

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void
on_frames(void *arg, const struct frame *frames, size_t n)
{
	struct span *s = arg;

	mirror_frames(&s->mirror, frames, n);
}

static void
on_session(void *arg, const struct session *session)
{
	struct span *s = arg;

	mirror_session(&s->mirror, session);
}

/* Of the first interface, where there are several. */
static void
ask_port(struct span *s)
{
	char name[CAPTURE_NAME];
	struct port_state p;

	if (!capture_name(s->iface, name) || !port_state(name, &p) || p.loopback)
		return;
	s->mirror.has_mac = p.has_mac;
	memcpy(s->mirror.mac, p.mac, sizeof(s->mirror.mac));
	s->mirror.addresses = p.addresses;
	s->mirror.speaks = p.ip6 || p.arp;
	s->mirror.merges = p.gro || p.lro;
}

static void
ask_clock(struct span *s)
{
	struct timex t = {.modes = 0};
	int state = adjtimex(&t);

	s->mirror.clock_known = state >= 0;
	s->mirror.clock_synchronised = state >= 0 && state != TIME_ERROR;
}

static void
show_rest(const struct span *s, struct progress *p, int64_t began)
{
	int64_t done = clock_now_ns() - began;

	progress_share(p, s->iface, (uint64_t)(done < s->length_ns ? done : s->length_ns), (uint64_t)s->length_ns);
}

static void
take_frames(struct span *s, struct capture *capture)
{
	struct frame frames[PIPELINE_BATCH];
	struct progress progress;
	int64_t began = clock_now_ns();
	struct capture_drops drops;
	size_t n;

	progress_begin(&progress, &s->common->err, !s->common->quiet);
	while (!stop && clock_now_ns() - began < s->length_ns) {
		if (!capture_frames(capture, frames, PIPELINE_BATCH, &n)) {
			progress_clear(&progress);
			common_error(s->common, capture_error(capture));
			s->exit = EXIT_IO;
			break;
		}
		watch_frames(&s->common->watch, frames, n);
		show_rest(s, &progress, began);
	}
	progress_clear(&progress);
	watch_end(&s->common->watch);
	drops = capture_drops(capture);
	s->mirror.lost_ring = drops.ring;
	s->mirror.lost_interface = drops.interface;
}

static void
watch_interface(struct span *s)
{
	const struct capture_config cfg = {.iface = s->iface,
					   .buffer = (size_t)config_number(&s->common->config, OPT_capture_buffer),
					   .promiscuous = true};
	struct sigaction act = {.sa_handler = on_signal};
	char error[CAPTURE_ERROR_MAX];
	struct capture *capture = capture_open(&cfg, error);

	if (!capture) {
		common_error(s->common, error);
		s->exit = EXIT_IO;
		return;
	}
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	s->mirror.live = true;
	ask_port(s);
	ask_clock(s);
	if (!s->common->quiet)
		fprintf(stderr, "watching %s for %s; Ctrl-C ends it early\n", s->iface, words_span(s->length_ns).text);
	take_frames(s, capture);
	capture_close(capture);
}

static void
read_captures(struct span *s)
{
	struct captures c = {.common = s->common, .file = s->file, .files = s->files};

	s->exit = captures_read(&c);
}

static void
print_rates(const struct term *t, const struct mirror *m)
{
	int64_t took = when_since(m->last, m->first);
	uint64_t s = took > NS_PER_S ? (uint64_t)(took / NS_PER_S) : 1;

	fprintf(t->to, "%s frames in %s: %s/s, %s/s; the busiest second had %s and %s\n", words_number(m->frames).text,
		words_span(took).text, words_number(m->frames / s).text, words_bytes(m->bytes / s).text,
		words_number(m->busiest_frames).text, words_bytes(m->busiest_bytes).text);
}

static void
print_checks(const struct term *t, const struct mirror *m)
{
	static const char *const WORDS[] = {"ok", "look", "BAD", "-"};
	static const enum term_style STYLES[] = {STYLE_PLAIN, STYLE_YELLOW, STYLE_RED, STYLE_DIM};
	struct mirror_verdict v;

	fprintf(t->to, "\n");
	for (unsigned i = 0; mirror_check(m, i, &v); i++) {
		fprintf(t->to, "  %s%-4s  %-20s%s ", term_style(t, STYLES[v.grade]), WORDS[v.grade], v.name,
			term_style(t, STYLE_PLAIN));
		tables_doc(t, INDENT, v.found);
		if (v.mend) {
			fprintf(t->to, "%*s%s", INDENT, "", term_style(t, STYLE_BOLD));
			tables_doc(t, INDENT, v.mend);
			fprintf(t->to, "%s", term_style(t, STYLE_PLAIN));
		}
	}
}

static void
print_tags(const struct term *t, const struct mirror *m)
{
	static const struct text TUNNELS[] = {NAMES_tunnel};

	fprintf(t->to, "\nConnections by VLAN and tunnel\n ");
	for (unsigned i = 0; i < m->vlans; i++) {
		const struct mirror_vlan *v = &m->vlan[i];
		char id[32] = "none";

		if (v->id)
			snprintf(id, sizeof(id), v->inner ? "%u.%u" : "%u", v->id, v->inner);
		fprintf(t->to, "  VLAN %s: %s", id, words_number(v->sessions).text);
	}
	if (m->vlans_more)
		fprintf(t->to, "  other VLANs: %s", words_number(m->vlans_more).text);
	for (unsigned i = TUNNEL_NONE + 1; i < MIRROR_TUNNELS; i++)
		if (m->tunnel[i])
			fprintf(t->to, "  %.*s: %s", (int)TUNNELS[i].len, TUNNELS[i].p,
				words_number(m->tunnel[i]).text);
	fprintf(t->to, "\n");
}

static void
print_gateways(const struct term *t, const struct watch *w)
{
	fprintf(t->to, "\nGateway\n");
	for (size_t i = 0; i < w->gateways; i++) {
		char addr[ADDR_TEXT_MAX];

		addr_print(&w->gateway[i].addr, addr);
		fprintf(t->to, "  %s\n", addr);
	}
	if (w->gateways == 0)
		fprintf(t->to, "  nobody that several clients speak TLS to; name it with -g\n");
}

/* Which detectors had nothing to judge in that time. */
static void
print_detectors(const struct term *t, const struct mirror *m)
{
	char names[2048];
	struct out o = out_of(names, sizeof(names) - 1);
	unsigned unfed = 0;

	for (unsigned i = 0; i < DETECTOR_COUNT; i++) {
		if (m->fed[i] || detector_pulses(&DETECTORS[i]))
			continue;
		out_text(&o, unfed++ ? ", " : "");
		out_text(&o, DETECTORS[i].name);
	}
	*o.p = '\0';
	fprintf(t->to, "\nDetectors\n  %u of %u saw something to judge%s\n", DETECTOR_COUNT - unfed, DETECTOR_COUNT,
		unfed ? "; in this time nothing came for" : "");
	if (unfed)
		term_wrap(t, 2, names);
}

static void
print_text(const struct span *s)
{
	struct term t = term_of(stdout);

	print_rates(&t, &s->mirror);
	print_checks(&t, &s->mirror);
	print_tags(&t, &s->mirror);
	print_gateways(&t, &s->common->watch);
	print_detectors(&t, &s->mirror);
}

static void
json_checks(struct out *o, const struct mirror *m)
{
	static const char *const WORDS[] = {"good", "fair", "bad", "silent"};
	struct mirror_verdict v;

	JSON_KEY(o, "checks");
	json_open(o, '[');
	for (unsigned i = 0; mirror_check(m, i, &v); i++) {
		json_open(o, '{');
		JSON_KEY(o, "name");
		json_text(o, v.name);
		JSON_KEY(o, "grade");
		json_text(o, WORDS[v.grade]);
		JSON_KEY(o, "found");
		json_text(o, v.found);
		if (v.mend) {
			JSON_KEY(o, "mend");
			json_text(o, v.mend);
		}
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void
json_detectors(struct out *o, const struct mirror *m)
{
	JSON_KEY(o, "detectors");
	json_open(o, '[');
	for (unsigned i = 0; i < DETECTOR_COUNT; i++) {
		json_open(o, '{');
		JSON_KEY(o, "name");
		json_text(o, DETECTORS[i].name);
		JSON_KEY(o, "sessions");
		json_u64(o, m->fed[i]);
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void
print_json(const struct span *s)
{
	const struct mirror *m = &s->mirror;
	char line[1 << 15];
	struct out o = out_of(line, sizeof(line));

	OUT_LIT(&o, "{\"frames\":");
	json_u64(&o, m->frames);
	JSON_KEY(&o, "bytes");
	json_u64(&o, m->bytes);
	JSON_KEY(&o, "seconds");
	out_fixed(&o, when_since(m->last, m->first) / 1000000, 3);
	JSON_KEY(&o, "busiest_second_frames");
	json_u64(&o, m->busiest_frames);
	JSON_KEY(&o, "busiest_second_bytes");
	json_u64(&o, m->busiest_bytes);
	json_checks(&o, m);
	JSON_KEY(&o, "gateways");
	json_open(&o, '[');
	for (size_t i = 0; i < s->common->watch.gateways; i++) {
		json_comma(&o);
		out_char(&o, '"');
		out_addr(&o, &s->common->watch.gateway[i].addr);
		out_char(&o, '"');
	}
	json_close(&o, ']');
	json_detectors(&o, m);
	OUT_LIT(&o, "}\n");
	fwrite(line, 1, out_len(&o), stdout);
}

/* Sessions of everybody: the gateway's alone would not show what else the mirror carries. */
static int
set_up(struct span *s)
{
	static const char *const SET[] = {"capture.scope=all", "ndpi.enabled=no", "detect.memory=",
					  "eve.file=",         "places.country=", "places.asn="};
	int status = EXIT_DONE;

	for (size_t i = 0; i < sizeof(SET) / sizeof(SET[0]) && status == EXIT_DONE; i++)
		status = common_option(s->common, OPT_SET, SET[i]);
	s->common->hears = (struct watch_tell){.arg = s, .session = on_session, .frames = on_frames};
	return status == EXIT_DONE ? common_open(s->common, s->iface) : status;
}

static int
tell(struct span *s)
{
	s->mirror.cut = watch_counts(&s->common->watch)->frame_cut;
	s->mirror.gateways = (unsigned)s->common->watch.gateways;
	if (s->json)
		print_json(s);
	else
		print_text(s);
	return tables_finish();
}

static int
take_option(void *arg, int id, const char *value)
{
	static const struct option SPAN = {.type = OPTION_TIME, .range = "1s..1d"};
	struct span *s = arg;
	char words[128];

	switch (id) {
	case 'i':
		s->iface = value;
		return EXIT_DONE;
	case OPT_JSON:
		s->json = true;
		return EXIT_DONE;
	case ID_FOR:
		if (!option_parse(&SPAN, value, &s->length_ns))
			return EXIT_DONE;
		snprintf(words, sizeof(words), "--for \"%.40s\" is no time from 1s to 1d, such as 90s or 5m", value);
		return usage_error("span", words);
	case ARGS_FILE:
		if (s->files == CAPTURES_MAX)
			return usage_error("span", "too many files");
		s->file[s->files++] = value;
		return EXIT_DONE;
	default:
		return common_option(s->common, id, value);
	}
}

static int
take_arguments(struct span *s, int argc, char **argv)
{
	int status = args_take(&CMD_SPAN, argc, argv, take_option, s);

	if (status == EXIT_DONE && !s->iface == !s->files)
		return usage_error("span", s->files ? "takes an interface or captures, not both" :
						      "no interface named; -i IFACE, or a capture of it");
	return status;
}

static int
span_run(int argc, char **argv)
{
	struct span *s = calloc(1, sizeof(*s));
	int status = EXIT_IO;

	if (s) {
		s->length_ns = 60 * NS_PER_S;
		s->common = common_new(&CMD_SPAN);
		s->file = calloc(CAPTURES_MAX, sizeof(*s->file));
	}
	if (s && s->common && s->file)
		status = take_arguments(s, argc, argv);
	if (status == EXIT_DONE && (status = set_up(s)) == EXIT_DONE) {
		if (s->iface)
			watch_interface(s);
		else
			read_captures(s);
		status = s->mirror.frames || s->exit == EXIT_DONE ? tell(s) : s->exit;
		status = status == EXIT_DONE ? s->exit : status;
	}
	if (s && s->common)
		common_free(s->common);
	if (s)
		free(s->file);
	free(s);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{'i', "interface", "IFACE", "watch there; the span port's end"},
	{ID_FOR, "for", "TIME", "so long, 60s by default"},
	{'g', "gateway", "ADDR[,ADDR]", "addresses of the gateway; else it is looked for"},
	{OPT_JSON, "json", NULL, "as one JSON object"},
	{'c', "config", "FILE", "read the configuration from there"},
	{OPT_SET, "set", "SECTION.OPTION=VALUE", "set one option; the later wins"},
	{OPT_QUIET, "quiet", NULL, "no progress; errors and the result only"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_SPAN = {
	"span",
	"-i IFACE [OPTION]... | [OPTION]... CAPTURE...",
	"what a span port really delivers, and what that means",
	OPTIONS,
	"Watches a port for a minute, or reads a capture of it, and says whether the mirror delivers\n"
	"what a witness needs: other people's traffic, both directions, once, whole, on time, the\n"
	"gateway's own calls; and which detectors had nothing to judge. Each thing that is not as it\n"
	"should be comes with what to do.\n"
	"\n"
	"examples:\n"
	"  gatewitness span -i eth1\n"
	"  gatewitness span -i eth1 --for 10m -g 192.0.2.10 --json\n"
	"  gatewitness span first-minute.pcap\n"
	"\n"
	"exit code: 0 done, whatever was found; 1 capture or output failed; 2 wrong usage or configuration\n",
	span_run,
};
