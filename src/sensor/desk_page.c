/*
 * desk_page: see desk_page.h.  Must not show more than `status` does.
 */
#include "sensor/desk_page.h"

#include "sink/html.h"

static const char CSS[] = ":root{color-scheme:light dark}"
			  "body{margin:0 auto;padding:1.2rem;max-width:60rem;font:1rem/1.5 system-ui,sans-serif;"
			  "overflow-wrap:anywhere;font-variant-numeric:tabular-nums}"
			  "h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:1.6rem 0 .3rem}p{margin:.2rem 0}"
			  "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;"
			  "padding:.2rem .8rem .2rem 0;border-bottom:1px solid #8886}th{font-weight:600;width:14rem}"
			  "pre{white-space:pre-wrap;padding:.6rem;border:1px solid #8886}"
			  ".bad{font-weight:700;border-left:.4rem solid #b3261e;padding-left:.6rem}";

static void
begin(struct html *h, const char *words)
{
	html_line(h, "h2", NULL, "%s", words);
	html_open(h, "table");
	html_open(h, "tbody");
}

static void
finish(struct html *h, bool empty)
{
	if (empty) {
		html_open(h, "tr");
		html_line(h, "td", NULL, "none");
		html_close(h);
	}
	html_close(h);
	html_close(h);
}

static void
row(struct html *h, const char *name, uint64_t v, const char *unit)
{
	html_open(h, "tr");
	html_line(h, "th", NULL, "%s", name);
	html_line(h, "td", NULL, "%llu%s%s", (unsigned long long)v, *unit ? " " : "", unit);
	html_close(h);
}

/* Unix seconds, as a time of day in UTC and how long ago that is. */
static void
moment(struct html *h, const char *name, uint64_t then, uint64_t now)
{
	char text[PUT_TIME_MAX];
	struct out o = out_of(text, sizeof(text) - 1);

	if (!then)
		return;
	out_time_s(&o, (struct when){(int64_t)then * NS_PER_S});
	*o.p = '\0';
	html_open(h, "tr");
	html_line(h, "th", NULL, "%s", name);
	html_line(h, "td", NULL, "%s UTC, %llu s ago", text, (unsigned long long)(now > then ? now - then : 0));
	html_close(h);
}

static void
traffic(struct html *h, const struct health *s, const struct health_rates *r)
{
	begin(h, "Traffic");
	row(h, "frames now", r->frames, "a second");
	row(h, "traffic now", r->bits / 1000, "kbit/s");
	row(h, "sessions now", r->sessions, "a second");
	row(h, "frames since the start", s->counts.frames, "");
	row(h, "sessions", s->counts.record_close, "");
	row(h, "findings", s->counts.finding, "");
	row(h, "connections open", s->connections, "");
	moment(h, "at work since", s->started, s->told);
	moment(h, "packet time", s->packet, s->told);
	moment(h, "last commit of the ledger", s->ledger_time, s->told);
	finish(h, false);
}

static void
losses(struct html *h, const struct health *s)
{
	bool any = false;

	begin(h, "Losses since the start");
#define LOSS(cause, unit, doc)                                                                                         \
	if (s->loss.cause) {                                                                                           \
		any = true;                                                                                            \
		row(h, #cause, s->loss.cause, unit);                                                                   \
	}
#include "base/loss.def"
#undef LOSS
	finish(h, !any);
}

static void
incidents(struct html *h, const struct health *s)
{
	char actor[ADDR_TEXT_MAX];

	begin(h, "Open incidents");
	for (uint32_t i = 0; i < s->incidents; i++) {
		addr_print(&s->incident[i].actor, actor);
		html_open(h, "tr");
		html_line(h, "th", NULL, "%s, %s", severity_name(s->incident[i].severity), actor);
		html_line(h, "td", NULL, "%s (%u findings)", s->incident[i].text, s->incident[i].findings);
		html_close(h);
	}
	finish(h, s->incidents == 0);
}

static void
sinks(struct html *h, const struct health *s)
{
	if (!s->sinks)
		return;
	begin(h, "Network sinks");
	for (uint32_t i = 0; i < s->sinks; i++) {
		const struct health_sink *k = &s->sink[i];

		html_open(h, "tr");
		html_line(h, "th", NULL, "%s", k->name);
		html_line(h, "td", k->well ? NULL : "bad", "%llu sent, %llu waiting, %llu lost%s%s",
			  (unsigned long long)k->sent, (unsigned long long)k->waiting, (unsigned long long)k->lost,
			  *k->error ? ": " : "", k->error);
		html_close(h);
	}
	finish(h, false);
}

static void
machine(struct html *h, const char *notice, size_t n)
{
	if (!n)
		return;
	html_line(h, "h2", NULL, "This machine");
	html_open(h, "pre");
	html_bytes(h, (struct text){notice, (uint32_t)n});
	html_close(h);
}

void
desk_page(struct out *o, const struct health *s, const struct health_rates *r, const char *notice, size_t n)
{
	struct html h = html_of(o->p, (size_t)(o->end - o->p));
	const char *title = s ? s->sensor : "gatewitness";

	html_head(&h, &(struct html_head){title, CSS, "refresh", "10"});
	html_open(&h, "body");
	html_line(&h, "h1", NULL, "%s", title);
	if (s) {
		html_line(&h, "p", NULL, "gatewitness %s on %s", s->version, s->iface);
		if (*s->reload)
			html_line(&h, "p", NULL, "%s", s->reload);
	} else {
		html_line(&h, "p", "bad", "The sensor says nothing: it begins, or it is stuck.");
	}
	machine(&h, notice, n);
	if (s) {
		incidents(&h, s);
		traffic(&h, s, r);
		losses(&h, s);
		sinks(&h, s);
	}
	html_close_to(&h, 0);
	o->p = h.out.p;
	o->full |= h.out.full;
}
