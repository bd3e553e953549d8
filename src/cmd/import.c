/*
 * import: what other sensors logged before this one was there, into a ledger of its own.
 *
 *	Zeek, Suricata --lines--> foreign --parts--> join --records--> ledger
 *
 * Nothing is judged here: hunt does, and says what such records cannot tell.
 */
#include "cmd/import_files.h"
#include "cmd/join.h"
#include "cmd/keep.h"

#include <inttypes.h>
#include <stdlib.h>

#include "pipeline_privacy.h"

enum { SHOW_EVERY = 4096 };

struct importing {
	struct common *common;
	const char **file;
	size_t files;
	struct keep keep;
	struct import_files in;
	struct join *join;
	struct site site;
	struct pipeline_privacy privacy;
	uint64_t sensor;
	struct when now, first;
	struct ledger_seen seen;
	uint64_t records, outside;
	struct progress progress;
};

static int
fail(struct importing *i, const char *words)
{
	progress_clear(&i->progress);
	common_error(i->common, words);
	return EXIT_IO;
}

/* The first record's time is the ledger's beginning, and with it the settings in force. */
static void
time_passes(struct importing *i, struct when t)
{
	bool begins = i->records == 1;

	if (begins || when_before(i->now, t))
		i->now = t;
	if (begins)
		i->first = t;
	ledger_time(i->keep.ledger, i->now, &i->seen);
	if (begins) {
		keep_settings(&i->keep, i->common);
		ledger_setting(i->keep.ledger, "imported",
			       "logs of other sensors; `source` and `lacks` of each record");
	}
}

static void
on_record(void *arg, const struct session *joined)
{
	struct importing *i = arg;
	struct session s = *joined;

	site_role(&i->site, &s);
	if (!s.gateway) {
		i->outside++;
		return;
	}
	i->records++;
	s.id = session_id(&s, i->sensor);
	if (i->privacy.key)
		privacy_hide(&i->privacy, &i->site, &s);
	time_passes(i, s.time);
	i->seen.frames += (uint64_t)s.packets_out + s.packets_in;
	i->seen.bytes += s.bytes_out + s.bytes_in;
	i->seen.lost_upstream += s.gap_bytes_in;
	ledger_session(i->keep.ledger, &s);
}

static void
say_bad(struct importing *i)
{
	char words[IMPORT_ERROR + 80];

	if (!i->in.bad)
		return;
	snprintf(words, sizeof(words), "%s line%s left out; the first: %s", words_number(i->in.bad).text,
		 i->in.bad == 1 ? "" : "s", i->in.first_bad);
	common_error(i->common, words);
}

static void
summarise(const struct importing *i)
{
	struct join_counts n = join_counts(i->join);

	fprintf(stderr, "%s records of the gateway, %s to %s, from %s lines\n", words_number(i->records).text,
		words_time(i->first).text, words_time(i->now).text, words_number(i->in.lines).text);
	fprintf(stderr,
		"  %s connections with both lines, %s without TLS; %s of TLS with the flow's line missing, %s the "
		"other way\n",
		words_number(n.both).text, words_number(n.plain).text, words_number(n.tls_alone).text,
		words_number(n.flow_alone).text);
	if (n.pushed_out)
		fprintf(stderr,
			"  %s of these waited for the other line until there was no room: give all files of a time at "
			"once\n",
			words_number(n.pushed_out).text);
	fprintf(stderr, "  left out: %s connections of other hosts, %s lines about something else\n",
		words_number(i->outside).text, words_number(i->in.other).text);
	fprintf(stderr, "in %s; gatewitness hunt says what such records cannot tell\n", i->keep.final);
}

static int
read_all(struct importing *i)
{
	const struct foreign *f;
	uint64_t n = 0;

	progress_begin(&i->progress, &i->common->err, !i->common->quiet);
	while ((f = import_files_next(&i->in)) != NULL) {
		if (!join_add(i->join, f))
			return fail(i, "no memory for connections that wait for their other line");
		if (watch_failed(&i->common->watch))
			return fail(i, ledger_error(i->keep.ledger));
		if (++n % SHOW_EVERY == 0)
			progress_share(&i->progress, "import", i->in.done, i->in.size);
	}
	if (*i->in.error)
		return fail(i, i->in.error);
	join_end(i->join);
	progress_clear(&i->progress);
	say_bad(i);
	return i->records ?
		       EXIT_DONE :
		       fail(i, "no connection of the gateway in these logs; -g names the addresses that they have");
}

static int
run(struct importing *i)
{
	int status = read_all(i);

	if (status == EXIT_DONE)
		return keep_close(&i->keep, i->common, status);
	keep_discard(&i->keep, i->common);
	return status;
}

static int
import(struct importing *i)
{
	struct gateway_addr own[GATEWAY_ADDRS_MAX];
	struct pipeline_config p;
	int status;

	site_set(&i->site, own, config_gateways(&i->common->config, own, GATEWAY_ADDRS_MAX));
	if (!i->site.count)
		return usage_error("import", "no gateway: -g ADDR; a log does not say which of its hosts it is");
	if (!import_files_open(&i->in))
		return fail(i, i->in.error);
	if (!watch_pipeline(&i->common->watch, &p))
		return fail(i, i->common->watch.error);
	i->sensor = p.sensor;
	i->privacy.key = i->common->privacy.key;
	i->privacy.sensor = p.sensor;
	i->join = join_new(JOIN_WAITING, i, on_record);
	if (!i->join)
		return fail(i, "no memory");
	status = keep_import(&i->keep, i->common, i->file, i->files);
	if (status == EXIT_DONE && !i->keep.ledger)
		return usage_error("import", "no ledger: --ledger DIR");
	if (status == EXIT_DONE)
		status = run(i);
	if (status == EXIT_DONE && !i->common->quiet)
		summarise(i);
	return status;
}

static int
take_option(void *arg, int id, const char *value)
{
	struct importing *i = arg;

	if (id != ARGS_FILE)
		return common_option(i->common, id, value);
	if (i->files == IMPORT_FILES)
		return usage_error("import", "too many files");
	i->file[i->files++] = value;
	return EXIT_DONE;
}

static int
import_run(int argc, char **argv)
{
	struct importing *i = calloc(1, sizeof(*i));
	const char **file = calloc(IMPORT_FILES, sizeof(*file));
	int status = EXIT_IO;

	if (i && file && (i->common = common_new(&CMD_IMPORT)) != NULL) {
		i->file = file;
		status = args_take(&CMD_IMPORT, argc, argv, take_option, i);
		if (status == EXIT_DONE && i->files == 0)
			status = usage_error("import", "no log named");
		i->in.path = file;
		i->in.n = i->files;
		*i->common->config.text[OPT_eve_file] = *i->common->config.text[OPT_detect_memory] = '\0';
		if (status == EXIT_DONE && (status = common_open(i->common, NULL)) == EXIT_DONE)
			status = import(i);
		import_files_close(&i->in);
		join_free(i->join);
		common_free(i->common);
	}
	free(file);
	free(i);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{'g', "gateway", "ADDR[,ADDR]", "addresses of the gateway, as the logs have them"},
	LEDGER_OPTION,
	{'c', "config", "FILE", "read the configuration from there"},
	{OPT_SET, "set", "SECTION.OPTION=VALUE", "set one option; the later wins"},
	PRIVACY_OPTION,
	{OPT_QUIET, "quiet", NULL, "no summary, no progress; errors only"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_IMPORT = {
	"import",
	"-g ADDR --ledger DIR FILE...",
	"logs of Zeek and Suricata, of the time before the sensor",
	OPTIONS,
	"Reads Zeek's conn.log and ssl.log (as JSON) and Suricata's EVE lines of type flow, tls and quic\n"
	"into a ledger of their own, DIR/import-HASH, which hunt and query read as they read every other.\n"
	"Files in any order, rotated or not; both lines of a connection become one record, if the files\n"
	"of a time are given at once. Connections of other hosts are left out.\n"
	"\n"
	"Such records have no exchanges, and no TLS identities: detectors that rest on these stay silent,\n"
	"and hunt says which. A bad line is counted, and the first one named.\n"
	"\n"
	"examples:\n"
	"  gatewitness import -g 192.0.2.10 --ledger /var/lib/gatewitness conn.*.log ssl.*.log\n"
	"  gatewitness import -g 192.0.2.10,2001:db8::10 --ledger DIR eve.json.1 eve.json\n"
	"\n"
	"exit code: 0 done; 1 a file cannot be read, or the ledger cannot be written: nothing is kept;\n"
	"2 wrong usage or configuration\n",
	import_run,
};
