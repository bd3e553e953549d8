/*
 * eve: records and findings as EVE JSON Lines, the way Suricata writes them.
 *
 *	tls, quic   one line a session, when it closes; extended mode: the whole record under `gatewitness`
 *	flow        one line a session (the whole record there when it is no TLS)
 *	alert       a finding that opens or worsens an incident, severity low and up
 *	anomaly     messages that do not parse, nDPI and our parser disagreeing
 *	stats       counters, every eve.stats seconds of packet time and at the end
 *	gatewitness sessions that go on (update), incidents that close
 *
 * Formatting is pure (struct out); sink/file.c owns the descriptor.
 */
#ifndef SINK_EVE_H
#define SINK_EVE_H

#include "pipeline.h"

struct eve_config {
	bool strict;			/* eve.mode */
	const char *sensor;		/* `host` */
	const char *iface;		/* `in_iface`, NULL when reading */
	const char *version;
};

/* Where a line belongs: told by the command for each input file. */
struct eve_context {
	const struct eve_config *cfg;
	const char *capture;		/* `pcap_filename`, NULL when live */
	uint64_t identity_key;
};

/* Each appends whole lines (with '\n'); a line that does not fit is left out and o->full is set. */
void eve_session(struct out *o, const struct eve_context *x, const struct session *s);
void eve_finding(struct out *o, const struct eve_context *x, const struct finding *f, const struct session *s);
void eve_incident_closed(struct out *o, const struct eve_context *x, const struct incident *i);
void eve_stats(struct out *o, const struct eve_context *x, const struct counts *c, struct when now, int64_t uptime_s,
	       uint32_t flows_open, uint64_t kernel_drops);

enum { EVE_LINE_MAX = 1 << 18 };

#endif
