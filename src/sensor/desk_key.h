/*
 * desk_key: by what the status page proves who it is: a key and a certificate that nobody else has signed, in one file.
 *
 * Nobody's word stands behind it: whoever looks compares the SHA-256 of the certificate with what the board's console
 * says, once.  The only file that makes certificates is desk_key.c.
 */
#ifndef SENSOR_DESK_KEY_H
#define SENSOR_DESK_KEY_H

#include <stdbool.h>
#include <stddef.h>

enum { DESK_KEY_MAX = 64 << 10 };

/*
 * The PEM file's text (private key and certificate), NUL-terminated, which the caller frees; where there is no file
 * it is made, mode 600, for `name` (a host's; what a certificate cannot hold is left out).  NULL: `words` is one line.
 */
char *desk_key_take(const char *path, const char *name, char *words, size_t size);

#endif
