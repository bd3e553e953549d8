#!/bin/sh
# core.a may name memory and string functions and what base/crypt.h and flow/classify.h declare; nothing else.
#	pure.sh CORE.A HEADER...
set -eu
archive=$1
shift
named=$(grep -oh '\b\(crypt\|classify\)_[a-z0-9_]*(' "$@" | tr -d '(' | sort -u)
defined=$(nm --defined-only "$archive" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u)
allowed='memcpy memmove memset memcmp memchr strlen strcmp strncmp strchr strrchr strstr strnlen
__stack_chk_fail _GLOBAL_OFFSET_TABLE_'
bad=$(nm -u "$archive" | awk 'NF == 2 { print $2 }' | sort -u | grep -vxF "$(printf '%s\n' $allowed $named $defined)" || true)
if [ -n "$bad" ]; then
	echo "pure: core.a reaches for the world:" $bad >&2
	exit 1
fi
echo "pure: core.a names nothing beyond memory, strings, crypt_* and classify_*"
