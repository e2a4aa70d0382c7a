# Tells what is there, checks the file systems, and powers off.
. /workloads/write.sh
work() {
  verify_files
  echo verified >/run/control
}
release() {
  last=$(last_on_all)
  unmount_disks
  for disk in $(disks); do
    e2fsck -f -n "/dev/$disk" >/run/check.log 2>&1
    say "check $disk exit=$?"
  done
}
