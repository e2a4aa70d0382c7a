# What the first process and the workloads share.

say() { echo "GUEST $*"; }

# The value of NAME=VALUE on the kernel's command line, or else the default.
argument() {
  for word in $(cat /proc/cmdline); do
    case $word in "$1="*) echo "${word#*=}"; return ;; esac
  done
  echo "$2"
}

disks() { for path in /sys/block/vd*; do [ -e "$path" ] && echo "${path##*/}"; done; }

# Devices appear a moment after their driver.
wait_for_disk() {
  tries=0
  while [ -z "$(disks)" ] && [ $tries -lt 50 ]; do
    usleep 50000
    tries=$((tries + 1))
  done
  for disk in $(disks); do say "disk $disk bytes=$(($(cat /sys/block/$disk/size) * 512))"; done
}

# The agent of QEMU, where the machine has a port for it.
start_agent() {
  for name in /sys/class/virtio-ports/*/name; do
    [ -e "$name" ] && [ "$(cat "$name")" = org.qemu.guest_agent.0 ] || continue
    port=${name%/name}
    qemu-ga -m virtio-serial -p "/dev/${port##*/}" -t /run -f /run/agent.pid >/run/agent.log 2>&1 &
    say "agent"
  done
}

# ACPI tells of the button as of a key; the first event is its press.
watch_power_button() {
  for name in /sys/class/input/event*/device/name; do
    [ -e "$name" ] && [ "$(cat "$name")" = 'Power Button' ] || continue
    event=${name%/device/name}
    head -c 24 "/dev/input/${event##*/}" >/dev/null && echo 'power button' >/run/control
    return
  done
}

beat() {
  while sleep "$(argument beat 2)"; do
    read -r up _ </proc/uptime
    say "alive uptime=$up"
  done
}

power_off() {
  sync
  busybox poweroff -f
}

# ---- File systems, for the workloads that use them.

mount_disks() {
  for disk in $(disks); do
    mkdir -p "/mnt/$disk"
    # Offset 56 of the superblock holds the magic number, offset 96 the features; bit 2 of these asks for a replay of the journal.
    set -- $(dd if="/dev/$disk" bs=1 skip=1080 count=2 2>/dev/null | od -An -tx1) none none
    if [ "$1$2" = 53ef ]; then
      set -- $(dd if="/dev/$disk" bs=1 skip=1120 count=1 2>/dev/null | od -An -tu1)
      if [ $(($1 & 4)) -ne 0 ]; then say "fs $disk journal"; else say "fs $disk clean"; fi
    else
      # By its path: the shell would take its own program of that name.
      /sbin/mke2fs -q -F -t ext4 "/dev/$disk" && say "fs $disk new"
    fi
    if ! mount -t ext4 "/dev/$disk" "/mnt/$disk"; then
      say "ERROR disk $disk cannot be mounted"
      return 1
    fi
  done
}

unmount_disks() {
  for disk in $(disks); do
    umount "/mnt/$disk" || say "ERROR disk $disk cannot be unmounted"
  done
}
