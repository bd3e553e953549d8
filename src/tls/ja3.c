/*
 * ja3: the JA3 and JA3S fingerprints (Salesforce, 2017): version, ciphers, extensions, groups and point formats in
 * decimal and in the order sent, GREASE left out; MD5 over that.  Must not look at the visit's own values.
 */
#include "base/crypt.h"
#include "tls/shape.h"

static void
put_list(struct out *o, struct cur list, size_t width)
{
	bool first = true;

	while (cur_left(&list) >= width) {
		if (!first)
			out_char(o, '-');
		first = false;
		out_u64(o, width == 2 ? cur_u16(&list) : cur_u8(&list));
	}
}

void
ja3_string(const struct shape *s, struct out *o)
{
	out_u64(o, s->head.version);
	for (unsigned list = SHAPE_CIPHERS; list <= SHAPE_POINT_FORMATS; list++) {
		out_char(o, ',');
		put_list(o, shape_list(s, list), list == SHAPE_POINT_FORMATS ? 1 : 2);
	}
}

void
ja3s_string(const struct hello_server *h, struct out *o)
{
	struct cur list = h->extensions;
	char before = ',';

	out_u64(o, h->version);
	out_char(o, ',');
	out_u64(o, h->cipher);
	while (cur_left(&list)) {
		uint16_t type = cur_u16(&list);

		cur_skip(&list, cur_u16(&list));
		if (list.bad || hello_is_grease(type))
			continue;
		out_char(o, before);
		out_u64(o, type);
		before = '-';
	}
	if (before == ',')
		out_char(o, ',');
}

void
ja3_hash(const char *string, size_t n, char hash[JA3_LEN])
{
	uint8_t digest[CRYPT_MD5];
	struct out o = out_of(hash, JA3_LEN);

	crypt_md5(string, n, digest);
	out_hex(&o, digest, sizeof(digest));
}
