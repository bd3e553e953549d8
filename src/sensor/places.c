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

/* What an entry says, by where it lies in the file: a country has some thousand networks and one entry. */
struct entry_kept {
	uint32_t offset;
	bool known;
	struct place place;
};

enum { ENTRIES_KEPT = 1024 };

struct database {
	MMDB_s file;
	bool open;
	bool (*reads)(MMDB_entry_s *e, struct place *out);
	struct entry_kept kept[ENTRIES_KEPT];
};

struct places {
	struct database country, asn;
};

static const char *const COUNTRY_AT[][3] = {{"country", "iso_code", NULL},
					    {"registered_country", "iso_code", NULL},
					    {"country_code", NULL},
					    {"country", NULL}};
static const char *const NUMBER_AT[] = {"autonomous_system_number", NULL};
static const char *const ASN_AT[] = {"asn", NULL};
static const char *const OPERATOR_AT[][2] = {{"autonomous_system_organization", NULL}, {"as_name", NULL}};

static bool
value_at(MMDB_entry_s *e, const char *const *path, uint32_t type, MMDB_entry_data_s *d)
{
	return MMDB_aget_value(e, d, path) == MMDB_SUCCESS && d->has_data && d->type == type;
}

static bool
text_at(MMDB_entry_s *e, const char *const *path, MMDB_entry_data_s *d)
{
	return value_at(e, path, MMDB_DATA_TYPE_UTF8_STRING, d) && d->data_size;
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

	for (size_t i = 0; i < sizeof(COUNTRY_AT) / sizeof(COUNTRY_AT[0]); i++)
		if (text_at(e, COUNTRY_AT[i], &d))
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

	if (value_at(e, NUMBER_AT, MMDB_DATA_TYPE_UINT32, &d))
		out->as = d.uint32;
	else if (text_at(e, ASN_AT, &d))
		out->as = as_of(&d);
	if (!out->as)
		return false;
	if (text_at(e, OPERATOR_AT[0], &d) || text_at(e, OPERATOR_AT[1], &d))
		out->as_name = (struct text){d.utf8_string, d.data_size};
	return true;
}

static MMDB_lookup_result_s
lookup(const struct database *b, const struct addr *a, int *status)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};

	memcpy(&four.sin_addr, a->b + 12, 4);
	memcpy(&six.sin6_addr, a->b, 16);
	return MMDB_lookup_sockaddr(
		&b->file, addr_is_v4(a) ? (const struct sockaddr *)&four : (const struct sockaddr *)&six, status);
}

/* What the database says of the address; all zero: nothing. */
static const struct place *
look(struct database *b, const struct addr *a)
{
	static const struct place nowhere;
	MMDB_lookup_result_s r;
	struct entry_kept *k;
	int status;

	if (!b->open)
		return &nowhere;
	r = lookup(b, a, &status);
	if (status != MMDB_SUCCESS || !r.found_entry)
		return &nowhere;
	k = &b->kept[r.entry.offset * UINT32_C(0x9e3779b9) >> 22];
	_Static_assert(ENTRIES_KEPT == 1024, "10 bits of the product");
	if (!k->known || k->offset != r.entry.offset) {
		*k = (struct entry_kept){.offset = r.entry.offset, .known = true};
		b->reads(&r.entry, &k->place);
	}
	return &k->place;
}

static void
find(void *arg, const struct addr *a, struct place *out)
{
	struct places *p = arg;
	const struct place *country = look(&p->country, a), *as = look(&p->asn, a);

	*out = *as;
	memcpy(out->country, country->country, sizeof(out->country));
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
	b->reads = w->reads;
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
