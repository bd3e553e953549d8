/*
 * eve: records and findings as EVE JSON Lines, the way Suricata writes them.
 *
 *	tls, quic   one line a session, when it closes; extended mode: the whole record under `gatewitness`
 *	flow        one line a session (the whole record there when it is no TLS)
 *	alert       a finding that opens or worsens an incident, severity low and up
 *	anomaly     messages that do not parse, nDPI and our parser disagreeing
 *	stats       counters, every eve.stats seconds of packet time and at the end
 *	gatewitness sessions that go on (update), other findings, incidents that close, heartbeats: extended mode only; with
 *	            eve.replay what else the detectors saw: sessions that just began, pulses
 *
 * Stamps: tls and quic the first ClientHello (else the first packet), flow and anomaly the record's own
 * time, alert the last evidence.  Formatting is pure (struct out); sink/file.c owns the descriptor.
 */
#ifndef SINK_EVE_H
#define SINK_EVE_H

#include "base/loss.h"
#include "ledger/ledger.h"
#include "pipeline.h"

struct eve_config {
	bool strict;        /* eve.mode */
	bool updates;       /* eve.updates: lines for sessions that go on */
	bool replay;        /* eve.replay: and for those that began, and for pulses */
	const char *sensor; /* `host` */
	const char *site;   /* sensor.site, NULL: none */
	const char *serial; /* sensor.serial, NULL: none */
	const char *iface;  /* `in_iface`, NULL when reading */
	const char *version;
	const char *gateway[GATEWAYS_MAX]; /* names, of number 1 on; NULL: it has none */
	struct ready *ready;               /* whole objects, kept from file to file; NULL: none */
};

enum { EVE_LINE_MAX = 1 << 18, EVE_FIXED_MAX = 16 << 10 };

/* Our own range of signature ids, so that a detector keeps its number for ever. */
enum { EVE_SID_BASE = 7700000 };

/* Where a line belongs: one for each input file. */
struct eve_context {
	const struct eve_config *cfg;
	uint64_t identity_key;
	/* rendered once: `,"in_iface":...,"event_type":"` and `,"host":...,"pcap_filename":...}` */
	size_t middle_len, tail_len;
	struct recent recent; /* the last times and addresses */
	char middle[512], tail[EVE_FIXED_MAX];
};

/* capture is `pcap_filename`, NULL when live. */
void eve_context_init(struct eve_context *x, const struct eve_config *cfg, const char *capture, uint64_t identity_key);

/* Its name; NULL: it has none. */
const char *eve_gateway(const struct eve_config *cfg, unsigned number);

/* What the stats line says besides the core's counters. */
struct eve_capture {
	struct when now;
	int64_t uptime_s; /* of packet time, so that two reads give the same bytes */
	uint32_t flows_open;
	uint64_t memory; /* memory.limit */
	bool live;
	uint64_t kernel_packets, kernel_drops, interface_drops;
	struct losses loss;        /* the same and more, by cause */
	struct ledger_head ledger; /* commit 0: none */
};

/* Each appends whole lines (with '\n'); a line that does not fit is left out and o->full is set. */
void eve_session(struct out *o, struct eve_context *x, const struct session *s);
void eve_pulse(struct out *o, struct eve_context *x, const struct pulse *p);
void eve_finding(struct out *o, struct eve_context *x, const struct finding *f, const struct session *s);
void eve_incident_closed(struct out *o, struct eve_context *x, const struct incident *i);
void eve_stats(struct out *o, struct eve_context *x, const struct counts *c, const struct eve_capture *live);

/* Nothing in strict mode. */
struct heartbeat;
void eve_heartbeat(struct out *o, struct eve_context *x, struct when time, const struct heartbeat *h,
		   const struct counts *c);

/* Does this finding give an alert line?  EVE contract: opening and worsening, low and up. */
bool eve_alerts(const struct finding *f);

#endif
