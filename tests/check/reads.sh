#!/bin/sh
# What detectors read of a record stands in src/detect/reads.def: each `s->NAME` and `session->NAME` of theirs where
# session.def has NAME, and they call a record by no other name.  Nothing else stands there.
set -eu
cd "$(dirname "$0")/../.."
files=$(find src/detect src/session/session.h src/pipeline_judge.c -name '*.[ch]' ! -name indicators.c) # lists ask for any
bad=0

# shellcheck disable=SC2086 # names of files are words
other=$(grep -nE 'struct session \*?[a-z_]+' $files | grep -vE 'struct session \*?(s|session)\b|struct session \{' || true)
[ -z "$other" ] || { echo "reads: a record under another name than s or session: $other"; bad=1; }
for field in $(sed -n 's/^FIELD([0-9]*, \([a-z0-9_]*\),.*/\1/p' src/session/session.def); do
	# shellcheck disable=SC2086
	is=$(grep -qE "\b(s|session)->$field\b" $files && echo read || echo not read)
	said=$(grep -q "^READ($field)$" src/detect/reads.def && echo read || echo not read)
	[ "$is" = "$said" ] || { echo "reads: $field is $is, and by src/detect/reads.def $said"; bad=1; }
done
[ "$bad" -eq 0 ]
echo "reads: detectors read what reads.def says"
