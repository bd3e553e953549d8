/*
 * x509: the fields of a certificate that a witness records (RFC 5280), as views; texts are made on demand.
 * Internal to src/tls.
 */
#ifndef TLS_X509_H
#define TLS_X509_H

#include "base/cur.h"
#include "base/out.h"
#include "base/when.h"

struct x509 {
	struct cur serial;          /* content of the INTEGER */
	struct cur issuer, subject; /* content of the Name */
	struct cur key;             /* content of SubjectPublicKeyInfo */
	struct cur san;             /* content of GeneralNames; p == NULL: none */
	struct when not_before, not_after;
};

/* False: not a certificate. */
bool x509_read(struct cur der, struct x509 *x);

/* Texts.  Names in certificate order: "C=NL, O=Example, CN=host.example". */
void x509_put_name(struct out *o, struct cur name);
void x509_put_serial(struct out *o, struct cur serial);
/* DNS names and IP addresses, each after a length byte; one that does not fit is left out whole. */
void x509_put_san(struct out *o, struct cur san);
void x509_put_key(struct out *o, struct cur key);

#endif
