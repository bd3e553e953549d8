#!/bin/sh
# Strict EVE lines are valid against Suricata's JSON schema, where a copy of it is at hand.
set -eu
cd "$(dirname "$0")/../.."
schema=${SCHEMA:-../shared/schemas/suricata-eve.schema.json}
if [ ! -f "$schema" ]; then
	echo "no copy of Suricata's EVE schema (SCHEMA=FILE)"
	exit 77
fi
if ! python3 -c 'import jsonschema' 2>/dev/null; then
	echo "no python3-jsonschema"
	exit 77
fi
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
"$1" read --quiet --set eve.mode=strict --set sensor.site=here --eve - -c tests/demo/demo.conf tests/demo/demo.pcap >"$lines"
"$1" read --quiet --set eve.mode=strict --eve - tests/golden/*/*.pcap >>"$lines"
python3 - "$schema" "$lines" <<'PY'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
check = jsonschema.validators.validator_for(schema)(schema)
count = bad = 0
for text in open(sys.argv[2]):
    row = json.loads(text)
    count += 1
    for error in check.iter_errors(row):
        bad += 1
        if bad < 10:
            print(row["event_type"], list(error.absolute_path), error.message[:200])
print(count, "lines valid" if not bad else "lines, %d errors" % bad)
sys.exit(1 if bad else 0)
PY
