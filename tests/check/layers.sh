#!/bin/sh
# A file includes only from its own folder and from folders to its left in LAYERS.
set -eu
cd "$(dirname "$0")/../.."
find src -name '*.[ch]' -o -name '*.def' | sort | xargs awk -v layers="$LAYERS" '
BEGIN { n = split(layers, name, " "); for (i = 1; i <= n; i++) rank[name[i]] = i }
function layer(path) { sub(/^src\//, "", path); sub(/[\/._].*/, "", path); return path }
/^#[ \t]*include "/ {
	split($0, q, "\""); from = layer(FILENAME); to = layer(q[2])
	if (!(to in rank)) { print FILENAME ":" FNR ": " q[2] " is in no layer"; bad = 1 }
	else if (rank[to] > rank[from]) { print FILENAME ":" FNR ": " from " must not know " to; bad = 1 }
}
END { exit bad }' && echo "layers: $LAYERS: no file looks to the right"
