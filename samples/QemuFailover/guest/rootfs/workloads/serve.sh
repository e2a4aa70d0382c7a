# Tells what is there, then goes on writing files.
. /workloads/write.sh
work() {
  verify_files
  write_files
}
