/*
 * evidence_words: see evidence_words.h.  Pure.
 */
#include "sensor/evidence_words.h"

#include "base/out.h"

static const char *
detector_name(const struct finding *f)
{
	const struct detector_info *d = detector_by_id(f->detector);

	return d ? d->name : "unknown";
}

void
evidence_finding_words(char to[EVIDENCE_WORDS], const struct finding *f)
{
	struct out o = out_of(to, EVIDENCE_WORDS - 1);

	out_text(&o, severity_name(f->severity));
	out_char(&o, ' ');
	out_text(&o, detector_name(f));
	OUT_LIT(&o, ": ");
	out_text(&o, f->text);
	OUT_LIT(&o, " (finding ");
	out_hex_u64(&o, f->id);
	out_char(&o, ')');
	*o.p = '\0';
}

void
evidence_head_words(char to[EVIDENCE_WORDS], const struct finding *f, bool whole)
{
	struct out o = out_of(to, EVIDENCE_WORDS - 1);

	OUT_LIT(&o, "incident ");
	out_hex_u64(&o, f->incident);
	OUT_LIT(&o, " of ");
	out_addr(&o, &f->actor);
	OUT_LIT(&o, ", told by ");
	out_text(&o, detector_name(f));
	OUT_LIT(&o, " at ");
	out_time(&o, f->time);
	out_text(&o, whole ? "; frames are whole" : "; after the handshake headers only");
	*o.p = '\0';
}
