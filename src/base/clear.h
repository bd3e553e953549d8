/*
 * clear: zeroes a large struct by the library's memset.
 *
 * Where a size is known, compilers for x86-64 write `rep stos`, whose start alone costs more than the library's
 * whole run over a few hundred bytes.  For structs that are made for each connection; not for small ones.
 */
#ifndef BASE_CLEAR_H
#define BASE_CLEAR_H

#include <stddef.h>
#include <string.h>

static inline void
clear(void *p, size_t n)
{
	__asm__("" : "+r"(n)); /* the size is nobody's business */
	memset(p, 0, n);
}

#endif
