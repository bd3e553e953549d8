/*
 * query_view: see the header.  Must not read a block.
 */
#include "ledger/query_view.h"

#include "ledger/query_parts.h"

static void
add(struct query_view *v, const char *name, uint8_t type, const char *unit, const char *doc, struct source s)
{
	v->column[v->columns] = (struct sql_column){name, type, unit, doc};
	v->source[v->columns++] = s;
}

struct twin {
	const char *name;
	uint8_t column;
};

/* A time is there in microseconds, too. */
static const struct twin TWINS[] = {
	{"time_us", AT_time},
	{"start_us", AT_start},
	{"last_us", AT_last},
	{"hello_us", AT_hello},
	{"cert_not_before_us", AT_cert_not_before},
	{"cert_not_after_us", AT_cert_not_after},
	{"client_cert_not_before_us", AT_client_cert_not_before},
	{"client_cert_not_after_us", AT_client_cert_not_after},
};

static void
add_session_columns(struct query_view *v)
{
	for (unsigned i = 0; i < SESSION_COLUMNS; i++)
		add(v, SESSION_FIELDS[i].name, query_type(i), SESSION_FIELDS[i].unit, SESSION_FIELDS[i].doc,
		    (struct source){FROM_FIELD, (uint8_t)i});
	for (unsigned i = 0; i < sizeof(TWINS) / sizeof(TWINS[0]); i++)
		add(v, TWINS[i].name, SQL_MICROS, "us", "", (struct source){FROM_FIELD, TWINS[i].column});
}

static void
add_exchange_columns(struct query_view *v)
{
	static const uint8_t OF_SESSION[] = {AT_start, AT_src, AT_dest, AT_dest_port};
	static const struct {
		const char *name, *unit, *doc;
	} PARTS[] = {{"request", "bytes", "plaintext"},
		     {"response", "bytes", "plaintext"},
		     {"think_us", "us", "end of the last response to first byte of this request; saturating"},
		     {"server_us", "us", "last record of the request to first of the response; saturating"},
		     {"reply_us", "us", "first to last record of the response; saturating"}};

	add(v, "session", SQL_HEX, "", "id of the session", (struct source){FROM_FIELD, AT_id});
	for (unsigned i = 0; i < sizeof(OF_SESSION); i++)
		add(v, SESSION_FIELDS[OF_SESSION[i]].name, query_type(OF_SESSION[i]),
		    SESSION_FIELDS[OF_SESSION[i]].unit, SESSION_FIELDS[OF_SESSION[i]].doc,
		    (struct source){FROM_FIELD, OF_SESSION[i]});
	add(v, "no", SQL_INTEGER, "", "1: the first", (struct source){FROM_NUMBER, 0});
	for (unsigned i = 0; i < sizeof(PARTS) / sizeof(PARTS[0]); i++)
		add(v, PARTS[i].name, SQL_INTEGER, PARTS[i].unit, PARTS[i].doc, (struct source){FROM_PART, (uint8_t)i});
	add(v, "start_us", SQL_MICROS, "us", "", (struct source){FROM_FIELD, AT_start});
}

static void
add_pulse_columns(struct query_view *v)
{
	static const struct {
		const char *name, *doc;
	} FIELDS[] = {
#define FIELD(id, name, type, doc) {#name, doc},
#include "session/pulse.def"
#undef FIELD
	};

	for (unsigned i = 0; i < PULSE_COLUMNS; i++)
		add(v, FIELDS[i].name, i == AT_PULSE_time ? SQL_TIME : SQL_INTEGER, "", FIELDS[i].doc,
		    (struct source){FROM_PULSE, (uint8_t)i});
	add(v, "time_us", SQL_MICROS, "us", "", (struct source){FROM_PULSE, AT_PULSE_time});
}

void
query_view_fill(struct query_view *v)
{
	static void (*const ADD[])(struct query_view *) = {
		[OF_RECORDS] = add_session_columns,
		[OF_SESSIONS] = add_session_columns,
		[OF_EXCHANGES] = add_exchange_columns,
		[OF_PULSES] = add_pulse_columns,
	};

	if (!v->columns)
		ADD[v->what](v);
}
