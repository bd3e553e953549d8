/*
 * no_tls: the members of a sender's configuration that say whom it trusts, where nothing is given.
 */
#ifndef TESTS_NO_TLS_H
#define TESTS_NO_TLS_H

#define NO_TLS .tls_ca = "", .tls_certificate = "", .tls_key = "", .tls_pin = "", .tls_name = ""

#endif
