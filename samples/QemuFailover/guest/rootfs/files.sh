# Numbered files whose names carry the SHA-256 of their content: f000012-<hash>. Number N is on every disk before N is told.

keep=$(argument keep 512)
kib=$(argument kib 64)
pause=$(argument pause 0)

# The highest number on a disk, -1 without any.
last_on() {
  highest=-1
  for file in /mnt/$1/f*; do
    [ -e "$file" ] && highest=$(number_of "$file")
  done
  echo $highest
}

number_of() {
  digits=${1##*/f}
  digits=${digits%%-*}
  # Leading zeros would make the number octal.
  echo $((1$digits - 1000000))
}

# The number that every disk has.
last_on_all() {
  lowest=
  for disk in $(disks); do
    here=$(last_on $disk)
    if [ -z "$lowest" ] || [ $here -lt $lowest ]; then lowest=$here; fi
  done
  echo ${lowest:--1}
}

# How many files a disk has room for: half of it.
room() {
  for disk in $(disks); do
    fits=$(($(cat /sys/block/$disk/size) / 4 / kib))
    [ $fits -lt $keep ] && keep=$fits
  done
  [ $keep -gt 0 ] || keep=1
}

# Returns when the file and its name are on the disk. One of the same number was never told: a power cut came in between.
write_file() {
  name=$(printf 'f%06d' $2)
  rm -f /mnt/$1/$name-*
  dd if=/dev/urandom of=/mnt/$1/new bs=1024 count=$kib conv=fsync status=none || return 1
  read -r hash _ <<SUM
$(sha256sum /mnt/$1/new)
SUM
  mv /mnt/$1/new /mnt/$1/$name-$hash && sync /mnt/$1 || return 1
  [ $2 -lt $keep ] || rm -f /mnt/$1/$(printf 'f%06d' $(($2 - keep)))-*
}

write_files() {
  room
  number=$(($(last_on_all) + 1))
  while [ ! -e /run/stop ]; do
    for disk in $(disks); do
      if ! write_file $disk $number; then
        say "ERROR disk $disk refuses file $number"
        return 1
      fi
    done
    read -r up _ </proc/uptime
    say "wrote $number uptime=$up"
    number=$((number + 1))
    [ $pause -eq 0 ] || usleep $((pause * 1000))
  done
}

# Reads everything: ok and bad files, numbers missing between the first and the last one.
verify_files() {
  all_ok=0
  all_bad=0
  all_missing=0
  for disk in $(disks); do
    ok=0
    bad=0
    missing=0
    first=-1
    expected=-1
    sha256sum /mnt/$disk/f* >/run/sums 2>/run/errors
    while read -r hash file; do
      number=$(number_of "$file")
      if [ $first -lt 0 ]; then first=$number; else missing=$((missing + number - expected)); fi
      expected=$((number + 1))
      if [ "${file##*-}" = "$hash" ]; then
        ok=$((ok + 1))
      else
        bad=$((bad + 1))
        say "BAD $file"
      fi
    done </run/sums
    while read -r line; do
      case $line in *"/f*'"*) ;; *) bad=$((bad + 1)); say "BAD $line" ;; esac
    done </run/errors
    say "files $disk ok=$ok bad=$bad missing=$missing first=$first last=$((expected - 1 < 0 ? -1 : expected - 1))"
    all_ok=$((all_ok + ok))
    all_bad=$((all_bad + bad))
    all_missing=$((all_missing + missing))
  done
  say "VERIFY ok=$all_ok bad=$all_bad missing=$all_missing last=$(last_on_all)"
}
