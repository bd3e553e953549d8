#!/bin/sh
# Runs on the board: what it takes, over a minute with nothing but a murmur on the span port.
group=/sys/fs/cgroup/system.slice/gatewitness.service
disk=$(basename "$(dirname "$(readlink -f "/sys/class/block/$(cat /run/board/root)")")")

written() {
	awk '{ print int($7 / 2) }' "/sys/block/$disk/stat"
}

cpu() {
	systemctl show -P CPUUsageNSec gatewitness
}

echo "booted $(($(date +%s) - $(cut -d. -f1 /proc/uptime)))"
echo "sensor ready after $(($(systemctl show -P ActiveEnterTimestampMonotonic gatewitness) / 1000000)) s of uptime"
awk '/MemTotal/ { t = $2 } /MemAvailable/ { a = $2 } END { printf "memory of the whole board %d MB of %d MB\n", (t - a) / 1024, t / 1024 }' /proc/meminfo
for process in $(cat $group/cgroup.procs); do grep -h ^Pss: "/proc/$process/smaps_rollup"; done |
	awk '{ n++; s += $2 } END { printf "memory of the sensor %d MB in %d processes\n", s / 1024, n }'
before=$(written) used=$(cpu)
sleep 60
echo "written to the card in a minute $(($(written) - before)) KiB, $((($(written) - before) * 1440 / 1024)) MiB a day"
echo "processor of the sensor in a minute $((($(cpu) - used) / 10000000)) hundredths of a second, emulated"
nft list table netdev board | sed -n 's/.*counter packets/kept from leaving the span port: packets/p'
systemctl --failed --no-legend | sed 's/^/failed: /'
cat /run/board/page
