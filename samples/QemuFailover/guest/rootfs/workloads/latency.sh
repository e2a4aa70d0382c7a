# Writes 4 KiB blocks through to the last disk without pause, each one durable before the next, and tells every second how many there were.
# What stood on that disk is lost.

target=$(argument disk "$(disks | tail -n 1)")
blocks=1024

prepare() {
  dd if=/dev/urandom of=/run/pattern bs=4096 count=$blocks status=none
  size=$(($(cat /sys/block/$target/size) / 8))
  [ $size -ge $blocks ] || blocks=$size
}

work() {
  tell_rate &
  position=0
  while [ ! -e /run/stop ]; do
    # The full dd: busybox knows no O_DSYNC.
    if ! /sbin/dd if=/run/pattern of="/dev/$target" bs=4096 count=$blocks seek=$position oflag=direct,dsync conv=notrunc status=none; then
      say "ERROR disk $target refuses a write"
      return 1
    fi
    position=$((position + blocks))
    [ $((position + blocks)) -le $size ] || position=0
  done
}

# The kernel's own count of finished writes.
written() {
  set -- $(cat /sys/block/$target/stat)
  echo $5
}

tell_rate() {
  before=$(written)
  while sleep 1; do
    after=$(written)
    read -r up _ </proc/uptime
    say "latency ops=$((after - before)) total=$after uptime=$up"
    before=$after
  done
}

release() { :; }

summary() { echo "total=$(written)"; }
