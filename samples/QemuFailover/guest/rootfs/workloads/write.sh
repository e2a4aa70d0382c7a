# Writes files without pause.
. /files.sh
prepare() { mount_disks; }
work() { write_files; }
release() {
  last=$(last_on_all)
  unmount_disks
}
summary() { echo "last=$last"; }
