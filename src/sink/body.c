/*
 * body: see body.h.  Must not allocate, nor know a receiver.
 */
#include "sink/body.h"

struct text
body_line(struct text *rest)
{
	while (rest->len) {
		const char *end = memchr(rest->p, '\n', rest->len);
		struct text line = {rest->p, end ? (uint32_t)(end - rest->p) : rest->len};

		rest->p += line.len + (end != NULL);
		rest->len -= line.len + (end != NULL);
		if (line.len)
			return line;
	}
	return (struct text){NULL, 0};
}

void
body_escaped(struct out *o, struct text t)
{
	struct out quoted = out_of(o->p, (size_t)(o->end - o->p));

	json_string(&quoted, t.p, t.len);
	if (quoted.full || out_len(&quoted) < 2) {
		o->full = true;
		return;
	}
	memmove(o->p, o->p + 1, out_len(&quoted) - 2);
	o->p += out_len(&quoted) - 2;
}

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

void
body_key(struct out *o, const char *sensor, const struct sender_event *e)
{
	enum { NAME_MAX = 150 }; /* three bytes each, as %41 */

	for (unsigned i = 0; i < NAME_MAX && sensor[i]; i++)
		if (is_plain(sensor[i])) {
			out_char(o, sensor[i]);
		} else {
			out_char(o, '%');
			out_hex(o, sensor + i, 1);
		}
	out_char(o, '-');
	out_u64(o, e->id);
	out_char(o, '-');
	out_hex_u64(o, (uint64_t)e->time.ns);
}
