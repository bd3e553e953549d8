#!/bin/sh
# tests/sensor/rules.sh: Prometheus' own checker over the alerts about a sensor: each fires when it should, and a sensor that
# is well gives none.
set -eu
cd "$(dirname "$0")/../.."
command -v promtool > /dev/null || {
	echo "needs promtool"
	exit 77
}
promtool check rules src/sensor/metrics.rules.yml
promtool test rules tests/sensor/rules.yml
echo "$(grep -c 'alert:' src/sensor/metrics.rules.yml) alerts"
