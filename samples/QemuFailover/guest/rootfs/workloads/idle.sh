# Mounts the file systems and does nothing else.
. /workloads/write.sh
work() { :; }
