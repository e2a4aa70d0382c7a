# A counter in the first block of every disk, with a barrier between the disks: each disk is written and flushed before the next one is touched.
# At any one instant a disk holds the same number as the next one, or one more.

read_counter() {
  read -r value <<BLOCK
$(dd if="/dev/$1" bs=512 count=1 status=none 2>/dev/null | tr -d '\000')
BLOCK
  case $value in '' | *[!0-9]*) echo 0 ;; *) echo "$value" ;; esac
}

write_counter() { printf '%-511s\n' "$2" | dd of="/dev/$1" bs=512 count=1 iflag=fullblock conv=notrunc,fsync status=none; }

counters() {
  for disk in $(disks); do echo "$disk=$(read_counter $disk)"; done
}

tell_counters() { say "COUNTER" $(counters); }

prepare() { tell_counters; }

work() {
  set -- $(disks)
  count=$(read_counter $1)
  while [ ! -e /run/stop ]; do
    count=$((count + 1))
    for disk in $(disks); do
      if ! write_counter $disk $count; then
        say "ERROR disk $disk refuses count $count"
        return 1
      fi
    done
    say "counted $count"
  done
}

release() { :; }

summary() { echo $(counters); }
