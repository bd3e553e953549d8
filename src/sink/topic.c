/*
 * topic: see topic.h.  Pure.
 */
#include "sink/topic.h"

#include <string.h>

#include "base/out.h"

/* One level: neither '/' nor wildcards (MQTT 5 section 4.7.1). */
static void
level(struct out *o, const char *text)
{
	for (; *text; text++)
		out_char(o, strchr("/+#", *text) ? '_' : *text);
}

bool
topic_base(char base[TOPIC_BASE_MAX], const struct sender_config *cfg)
{
	struct out o = out_of(base, TOPIC_BASE_MAX - 1);

	if (*cfg->topic) {
		out_text(&o, cfg->topic);
	} else {
		OUT_LIT(&o, "gatewitness/");
		level(&o, cfg->sensor);
	}
	*o.p = '\0';
	return !o.full && !strpbrk(base, "+#");
}

void
topic_status(char topic[TOPIC_MAX], const char *base)
{
	struct out o = out_of(topic, TOPIC_MAX - 1);

	out_text(&o, base);
	OUT_LIT(&o, "/status");
	*o.p = '\0';
}

void
topic_event(char topic[TOPIC_MAX], const char *base, const struct sender_event *e)
{
	struct out o = out_of(topic, TOPIC_MAX - 1);

	out_text(&o, base);
	out_char(&o, '/');
	out_text(&o, event_words(e->kind).many);
	if (*e->gateway) {
		out_char(&o, '/');
		level(&o, e->gateway);
	}
	*o.p = '\0';
}
