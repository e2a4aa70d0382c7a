# Tells the counters and powers off.
. /workloads/counter.sh
work() { echo told >/run/control; }
