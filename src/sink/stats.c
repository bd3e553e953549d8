/*
 * stats: the core's counters as an EVE stats line: Suricata's names where it has them, and in extended
 * mode every row of count.def by its own name.
 */
#include "sink/line.h"

/* `invalid`: frames that are broken, not those that merely are something else (ARP, STP). */
static uint64_t
invalid_frames(const struct counts *c)
{
	return c->not_short + c->not_ip_version + c->not_ip_length + c->not_tcp_header;
}

static void
capture_object(struct out *o, const struct eve_capture *live)
{
	if (!live->live)
		return;
	JSON_KEY(o, "capture");
	out_char(o, '{');
	LINE_U64(o, "kernel_packets", live->kernel_packets);
	LINE_U64(o, "kernel_drops", live->kernel_drops);
	LINE_U64(o, "kernel_ifdrops", live->interface_drops);
	out_char(o, '}');
}

static void
decoder_object(struct out *o, const struct counts *c)
{
	JSON_KEY(o, "decoder");
	out_char(o, '{');
	LINE_U64(o, "pkts", c->frames);
	LINE_U64(o, "bytes", c->frame_bytes);
	LINE_U64(o, "invalid", invalid_frames(c));
	LINE_U64(o, "unknown_ethertype", c->not_ethertype);
	LINE_U64(o, "too_many_layers", c->not_depth);
	LINE_U64(o, "avg_pkt_size", c->frames ? c->frame_bytes / c->frames : 0);
	out_char(o, '}');
}

static void
flow_object(struct out *o, const struct counts *c, const struct eve_capture *live)
{
	JSON_KEY(o, "flow");
	out_char(o, '{');
	LINE_U64(o, "total", c->flow_new);
	LINE_U64(o, "active", live->flows_open);
	LINE_U64(o, "memcap", live->memory);
	out_char(o, '}');
}

static void
tcp_object(struct out *o, const struct counts *c)
{
	JSON_KEY(o, "tcp");
	out_char(o, '{');
	LINE_U64(o, "midstream_pickups", c->midstream);
	LINE_U64(o, "reassembly_gap", c->gap);
	LINE_U64(o, "segment_memcap_drop", c->segment_no_memory);
	LINE_U64(o, "overlap", c->overlap);
	LINE_U64(o, "overlap_diff_data", c->overlap_differs);
	out_char(o, '}');
}

static void
losses_object(struct out *o, const struct losses *l)
{
	JSON_KEY(o, "losses");
	out_char(o, '{');
#define LOSS(name, unit, doc) LINE_U64(o, #name, l->name);
#include "base/loss.def"
#undef LOSS
	out_char(o, '}');
}

static void
counters_object(struct out *o, const struct counts *c, const struct eve_capture *live)
{
	const struct ledger_head *ledger = &live->ledger;

	OUT_LIT(o, ",\"gatewitness\":{\"event\":\"stats\",\"counters\":{");
#define COUNT(name, stratum, doc) LINE_U64(o, #name, c->name);
#include "base/count.def"
#undef COUNT
	out_char(o, '}');
	if (live->live)
		losses_object(o, &live->loss);
	if (ledger->commit) {
		JSON_KEY(o, "ledger");
		out_char(o, '{');
		LINE_STRING(o, "date", ledger->date);
		LINE_U64(o, "commit", ledger->commit);
		LINE_STRING(o, "head", ledger->hash);
		out_char(o, '}');
	}
	out_char(o, '}');
}

void
eve_stats(struct out *o, struct eve_context *x, const struct counts *c, const struct eve_capture *live)
{
	const struct line_head head = {live->now, {NULL, 0}, TEXT_LIT("stats")};
	char *begun = line_begin(o, x, &head);

	OUT_LIT(o, ",\"stats\":{");
	LINE_U64(o, "uptime", live->uptime_s);
	capture_object(o, live);
	decoder_object(o, c);
	flow_object(o, c, live);
	tcp_object(o, c);
	out_char(o, '}');
	if (!x->cfg->strict)
		counters_object(o, c, live);
	line_end(o, x, begun);
}
