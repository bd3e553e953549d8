/*
 * where: a question about a session record, compiled once and asked often: suppressions, `hunt --where`, filters.
 *
 *	EXPR	= AND { "or" AND }
 *	AND	= NOT { "and" NOT }
 *	NOT	= [ "not" ] ( "(" EXPR ")" | TEST )
 *	TEST	= FIELD OP VALUE | FIELD [ "not" ] "in" VALUES | FIELD		(a yes/no field alone: it is yes)
 *	OP	= "=" | "!=" | "<" | "<=" | ">" | ">=" | "~"			(~ is: begins with)
 *	VALUES	= VALUE | "(" VALUE { "," VALUE } ")"
 *	VALUE	= bare word | "quoted", \" and \\ inside
 *
 *	src in (192.0.2.0/24, 2001:db8::/32) and sni ~ vpn. and not (established or bytes_in > 64KiB)
 *
 * Fields and their types are those of session.def.  What a value looks like:
 *
 *	numbers		12, 0x1f; in bytes also 64KiB, 3MB; in s or us also 30s, 5m, 200ms, 7d
 *	hex		0 to 16 hex digits: id = 7b7116913b01f5f0
 *	times		2025-05-01, 2025-05-01T22:00+02:00 (UTC without an offset)
 *	addresses	192.0.2.1, a network 10.0.0.0/8 (= and in: the address is in it)
 *	texts		compared without regard to ASCII case; lists (alpns, cert_san ...): any member
 *	versions, ciphers, groups	by IANA name (TLS1.2, TLS_AES_128_GCM_SHA256, x25519) or 0x0303; versions have an
 *			order in which DTLS 1.2 stands beside TLS 1.2
 *	enumerations	by name: role = inbound; some of a caller's own fields (severity) have an order
 *
 * a != b is always the same as not a = b.  Absent: a number is 0, a flag is no, a text equals ""; anything else that is
 * absent passes no comparison but !=.
 *
 * An address that is a pseudonym (session.def: pseudonyms) is compared with the pseudonym of the value, once where_hide
 * has made it under the same key; without the key, or under another, it passes no comparison but !=.
 *
 * A caller may hand over a second table of fields, of a struct of its own; its names come first.  Pure, without
 * allocation; a compiled question is plain values without pointers.
 */
#ifndef SESSION_WHERE_H
#define SESSION_WHERE_H

#include "base/pseudonym.h"
#include "session/session.h"

enum { WHERE_TESTS = 64, WHERE_VALUES = 256, WHERE_TEXT = 2048, WHERE_ERROR_MAX = 256 };

/* Where a walk through the tests ends. */
enum { WHERE_YES = 254, WHERE_NO = 255 };

enum where_type {
	WHERE_BOOL,
	WHERE_NUMBER,
	WHERE_HEX64,
	WHERE_TIME,
	WHERE_ADDR,
	WHERE_STRING,
	WHERE_LIST,
	WHERE_LIST16,
	WHERE_DIGESTS,
	WHERE_VERSION,
	WHERE_VERSIONS,
	WHERE_CIPHER,
	WHERE_GROUP,
	WHERE_ENUM,
	WHERE_RANK /* an enumeration with an order */
};

/* Of a compiled test; != and in are compiled to = and its exits. */
enum where_op { WHERE_EQ, WHERE_LT, WHERE_LE, WHERE_GT, WHERE_GE, WHERE_PREFIX, WHERE_NE, WHERE_IN, WHERE_OPS };

struct where_field {
	const char *name, *unit;
	uint16_t offset; /* in the struct asked */
	uint8_t size;    /* of a number, in bytes */
	uint8_t type;    /* enum where_type */
	uint8_t name_count;
	const struct text *names; /* of an enumeration; without pointer where a number has none */
	uint8_t hidden;           /* of an address: the bit that says that it is a pseudonym; 0: never is */
};

struct where_table {
	const struct where_field *field;
	unsigned count;
	uint16_t hidden; /* offset of the byte with these bits */
};
extern const struct where_table WHERE_SESSION;

/* Times as numbers in the same order. */
static inline uint64_t
where_time(struct when t)
{
	return (uint64_t)t.ns ^ UINT64_C(1) << 63;
}

/* One value; texts lie in struct where. */
struct where_value {
	union {
		uint64_t number;
		struct {
			struct addr_net net, hidden; /* hidden: its pseudonym */
		};
		struct {
			uint16_t at, len;
		} text;
	};
};

/* A test and where to go when it holds and when not, as in BPF: always forward, so it ends. */
struct where_test {
	uint16_t field, value, values;
	uint8_t table; /* 0: session, 1: the caller's */
	uint8_t op;
	uint8_t yes, no;
};

struct where {
	uint16_t tests, values, used; /* 0 tests: holds always; used: bytes of text */
	uint64_t privacy_key;         /* id of the key of `hidden` networks; 0: there are none */
	struct where_test test[WHERE_TESTS];
	struct where_value value[WHERE_VALUES];
	char text[WHERE_TEXT];
};

/* False: `error` says in one line the column, what is wrong and how to mend it.  also: the second table, or NULL. */
bool where_compile(struct where *w, const char *text, const struct where_table *also, char error[WHERE_ERROR_MAX]);

/* Does it ask for addresses that may be pseudonyms?  also: as it was compiled with. */
bool where_asks_addresses(const struct where *w, const struct where_table *also);

/* Its addresses are compared with pseudonyms under this key, too. */
void where_hide(struct where *w, const struct where_table *also, const struct pseudonym_key *k);

/* s NULL: a record without anything.  own: the struct of the second table, which must be the one it was compiled
   with. */
struct where_subject {
	const struct session *session;
	const struct where_table *also;
	const void *own;
};
bool where_holds(const struct where *w, const struct where_subject *about);

#endif
