/*
 * places: two databases, mapped into memory, and what they say of an address.
 *
 * Who writes such files names things differently:
 *	GeoLite2, DB-IP	country.iso_code "NL"; autonomous_system_number 1103, autonomous_system_organization "SURF B.V."
 *	IPinfo		country_code or country "NL"; asn "AS1103", as_name "SURF B.V."
 * Must not fail on an answer: whatever is not as expected is unknown.
 */
#include "sensor/places.h"

#include <arpa/inet.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

struct database {
	MMDB_s file;
	bool open;
};

struct places {
	struct database country, asn;
};

static bool
has_text(MMDB_entry_data_s *d, int status)
{
	return status == MMDB_SUCCESS && d->has_data && d->type == MMDB_DATA_TYPE_UTF8_STRING && d->data_size;
}

static bool
code_of(const MMDB_entry_data_s *d, struct place *out)
{
	const char *s = d->utf8_string;

	if (d->data_size != 2 || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z')
		return false;
	out->country[0] = s[0];
	out->country[1] = s[1];
	return true;
}

/* Where it is; else where it is registered (anycast, satellites). */
static bool
read_country(MMDB_entry_s *e, struct place *out)
{
	MMDB_entry_data_s d;

	if (has_text(&d, MMDB_get_value(e, &d, "country", "iso_code", NULL)) ||
	    has_text(&d, MMDB_get_value(e, &d, "registered_country", "iso_code", NULL)) ||
	    has_text(&d, MMDB_get_value(e, &d, "country_code", NULL)) ||
	    has_text(&d, MMDB_get_value(e, &d, "country", NULL)))
		return code_of(&d, out);
	return false;
}

/* "AS1103" */
static uint32_t
as_of(const MMDB_entry_data_s *d)
{
	uint64_t v = 0;
	uint32_t i = 2;

	if (d->data_size < 3 || d->data_size > 12 || memcmp(d->utf8_string, "AS", 2) != 0)
		return 0;
	for (; i < d->data_size && d->utf8_string[i] >= '0' && d->utf8_string[i] <= '9'; i++)
		v = v * 10 + (uint64_t)(d->utf8_string[i] - '0');
	return i == d->data_size && v <= UINT32_MAX ? (uint32_t)v : 0;
}

static bool
read_asn(MMDB_entry_s *e, struct place *out)
{
	MMDB_entry_data_s d;

	if (MMDB_get_value(e, &d, "autonomous_system_number", NULL) == MMDB_SUCCESS && d.has_data &&
	    d.type == MMDB_DATA_TYPE_UINT32)
		out->as = d.uint32;
	else if (has_text(&d, MMDB_get_value(e, &d, "asn", NULL)))
		out->as = as_of(&d);
	if (!out->as)
		return false;
	if (has_text(&d, MMDB_get_value(e, &d, "autonomous_system_organization", NULL)) ||
	    has_text(&d, MMDB_get_value(e, &d, "as_name", NULL)))
		out->as_name = (struct text){d.utf8_string, d.data_size};
	return true;
}

static bool
look(const struct database *b, const struct addr *a, MMDB_entry_s *e)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	MMDB_lookup_result_s r;
	int status;

	if (!b->open)
		return false;
	if (addr_is_v4(a)) {
		struct sockaddr_in four = {.sin_family = AF_INET};

		memcpy(&four.sin_addr, a->b + 12, 4);
		r = MMDB_lookup_sockaddr(&b->file, (const struct sockaddr *)&four, &status);
	} else {
		memcpy(&six.sin6_addr, a->b, 16);
		r = MMDB_lookup_sockaddr(&b->file, (const struct sockaddr *)&six, &status);
	}
	*e = r.entry;
	return status == MMDB_SUCCESS && r.found_entry;
}

static void
find(void *arg, const struct addr *a, struct place *out)
{
	struct places *p = arg;
	MMDB_entry_s e;

	if (look(&p->country, a, &e))
		read_country(&e, out);
	if (look(&p->asn, a, &e))
		read_asn(&e, out);
}

/* A database of something else opens as well: does any of its first entries say what we ask? */
static bool
answers(MMDB_s *file, bool (*reads)(MMDB_entry_s *e, struct place *out))
{
	enum { TRIED = 64, DEEP = 128, STEPS = 1 << 16 };
	uint32_t stack[DEEP + 2] = {0};
	unsigned top = 1, tried = 0;

	for (unsigned steps = 0; top && tried < TRIED && steps < STEPS; steps++) {
		MMDB_search_node_s n;

		if (MMDB_read_node(file, stack[--top], &n) != MMDB_SUCCESS)
			return false;
		for (unsigned side = 0; side < 2; side++) {
			uint8_t type = side ? n.left_record_type : n.right_record_type;
			MMDB_entry_s e = side ? n.left_record_entry : n.right_record_entry;
			struct place place = {.as = 0};

			if (type == MMDB_RECORD_TYPE_SEARCH_NODE && top < DEEP + 2)
				stack[top++] = (uint32_t)(side ? n.left_record : n.right_record);
			if (type == MMDB_RECORD_TYPE_DATA && reads(&e, &place))
				return true;
			tried += type == MMDB_RECORD_TYPE_DATA;
		}
	}
	return false;
}

/* What the option says it is, in words for a mistake. */
struct wanted {
	const char *option, *what;
	bool (*reads)(MMDB_entry_s *e, struct place *out);
};

static bool
open_one(struct database *b, const char *path, const struct wanted *w, char *error)
{
	int status;

	if (!path || !*path)
		return true;
	status = MMDB_open(path, MMDB_MODE_MMAP, &b->file);
	if (status != MMDB_SUCCESS) {
		snprintf(error, PLACES_ERROR_MAX, "%.200s: not a MaxMind database for %s: %s", path, w->option,
			 MMDB_strerror(status));
		return false;
	}
	b->open = true;
	if (answers(&b->file, w->reads))
		return true;
	snprintf(error, PLACES_ERROR_MAX, "%.200s: a database of type \"%.60s\", in which there is no %s for %s", path,
		 b->file.metadata.database_type ? b->file.metadata.database_type : "", w->what, w->option);
	return false;
}

void
places_close(struct places *p)
{
	if (!p)
		return;
	if (p->country.open)
		MMDB_close(&p->country.file);
	if (p->asn.open)
		MMDB_close(&p->asn.file);
	free(p);
}

bool
places_open(struct places **out, const char *country, const char *asn, char error[PLACES_ERROR_MAX])
{
	static const struct wanted COUNTRY = {"places.country", "country code", read_country},
				   ASN = {"places.asn", "autonomous system", read_asn};
	struct places *p;

	*out = NULL;
	if ((!country || !*country) && (!asn || !*asn))
		return true;
	p = calloc(1, sizeof(*p));
	if (!p) {
		snprintf(error, PLACES_ERROR_MAX, "places: no memory");
		return false;
	}
	if (!open_one(&p->country, country, &COUNTRY, error) || !open_one(&p->asn, asn, &ASN, error)) {
		places_close(p);
		return false;
	}
	*out = p;
	return true;
}

struct place_lookup
places_lookup(struct places *p)
{
	return (struct place_lookup){p, p ? find : NULL};
}
