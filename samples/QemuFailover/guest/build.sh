#!/usr/bin/env bash
# Builds a tiny guest for QEMU: OUTDIR/vmlinuz and OUTDIR/initrd.gz. README.md beside this file says what the guest does.
#
#   samples/QemuFailover/guest/build.sh OUTDIR
#
# Installs nothing: what is missing is named with the command that installs it. A second call with nothing changed does nothing.
# The kernel is Debian's smallest package, fetched by apt-get download, or else one that is installed under /boot.
set -euo pipefail
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin

[ $# -eq 1 ] || { echo "usage: build.sh OUTDIR" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)

# Exit code 3: something is missing that the text names.
fail() {
  printf 'The guest cannot be built: %s\n' "$1" >&2
  exit 3
}

# ---- What is needed.

missing=()
command -v busybox >/dev/null || missing+=(busybox-static)
command -v mke2fs >/dev/null && command -v e2fsck >/dev/null || missing+=(e2fsprogs)
command -v qemu-ga >/dev/null || missing+=(qemu-guest-agent)
command -v cpio >/dev/null || missing+=(cpio)
[ "${#missing[@]}" -eq 0 ] || fail "tools are missing. Install them: apt-get install ${missing[*]}"

# ---- One build at a time; nothing to do when nothing changed.

exec 9>"$out/.lock"
flock 9

# A program's size and time stand for its content.
identity() {
  { cat "$here/build.sh"; cd "$here/rootfs"; find . -type f | sort | xargs sha256sum
    stat -Lc '%n %s %Y' "$(command -v busybox)" "$(command -v mke2fs)" "$(command -v e2fsck)" "$(command -v qemu-ga)" "$(command -v dd)"; } | sha256sum | cut -d' ' -f1
}
key=$(identity)
if [ -s "$out/vmlinuz" ] && [ -s "$out/initrd.gz" ] && [ "$(cat "$out/.key" 2>/dev/null)" = "$key" ]; then
  exit 0
fi
rm -f "$out/.key"

work=$(mktemp -d "$out/.build-XXXXXX")
trap 'rm -rf "$work"' EXIT

# ---- The kernel and its modules.

# Unpacks the package into $work/kernel; false where there is no apt-get, no package or no network.
from_package() {
  command -v apt-get >/dev/null && command -v apt-cache >/dev/null && command -v dpkg-deb >/dev/null || return 1
  local package
  package=$(apt-cache depends "linux-image-cloud-$(dpkg --print-architecture)" 2>/dev/null | awk '/Depends: linux-image/ { print $2; exit }')
  [ -n "$package" ] || return 1
  if ! ls "$out"/kernel/"$package"_*.deb >/dev/null 2>&1; then
    rm -rf "$out/kernel" && mkdir "$out/kernel"
    (cd "$out/kernel" && apt-get download -qq "$package" >/dev/null 2>"$work/apt.log") || return 1
  fi
  mkdir "$work/kernel"
  dpkg-deb --fsys-tarfile "$out"/kernel/"$package"_*.deb | tar -x -C "$work/kernel" --wildcards './boot/vmlinuz-*' './lib/modules/*/kernel/drivers/[abcdiv]*'
}

from_boot() {
  local image version
  for image in $(ls -t /boot/vmlinuz-* 2>/dev/null); do
    version=${image#/boot/vmlinuz-}
    if [ -r "$image" ] && [ -d "/lib/modules/$version/kernel" ]; then
      mkdir -p "$work/kernel/boot" "$work/kernel/lib/modules"
      cp "$image" "$work/kernel/boot/" && ln -s "/lib/modules/$version" "$work/kernel/lib/modules/$version"
      return
    fi
  done
  return 1
}

from_package || from_boot || fail "there is no kernel: linux-image-cloud-$(dpkg --print-architecture 2>/dev/null || uname -m) cannot be fetched ($(tail -n 1 "$work/apt.log" 2>/dev/null || echo 'the package lists do not name it')) and /boot holds none that can be read. Run apt-get update, or install it: apt-get install linux-image-cloud-amd64"
cp "$work"/kernel/boot/vmlinuz-* "$out/vmlinuz"
modules=$(echo "$work"/kernel/lib/modules/*/kernel)

# ---- The root file system.

root=$work/root
mkdir -p "$root"/{bin,sbin,dev,proc,sys,run,tmp,mnt,var,etc,modules}
ln -s /run "$root/var/run"
ln -s /proc/self/mounts "$root/etc/mtab"
cp -r "$here/rootfs/." "$root/"
chmod 755 "$root/init" "$root/sbin/shutdown"
for name in poweroff halt; do ln -s shutdown "$root/sbin/$name"; done

# A program and the libraries that it is linked with.
add_program() {
  cp -L "$1" "$root/$2"
  # A static program has none.
  { ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true; } | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
}
add_program "$(command -v busybox)" bin/busybox
add_program "$(command -v mke2fs)" sbin/mke2fs
add_program "$(command -v e2fsck)" sbin/e2fsck
add_program "$(command -v qemu-ga)" sbin/qemu-ga
add_program "$(command -v dd)" sbin/dd
for applet in sh mount umount insmod mkfifo cat echo ls sleep usleep sync sha256sum dd mkdir head od printf rm mv tr tail; do
  ln -s busybox "$root/bin/$applet"
done

# In the order in which they are loaded; a kernel that has one built in has no file of it.
order=(virtio/virtio_ring virtio/virtio virtio/virtio_pci_legacy_dev virtio/virtio_pci_modern_dev virtio/virtio_pci block/virtio_blk char/virtio_console input/evdev acpi/button)
for module in "${order[@]}"; do
  name=${module##*/}
  file=$(ls "$modules/drivers/$module".ko* 2>/dev/null || true)
  case $file in
    '') continue ;;
    *.xz) xz -dc "$file" >"$root/modules/$name.ko" ;;
    *.zst) zstd -qdc "$file" >"$root/modules/$name.ko" ;;
    *) cp "$file" "$root/modules/$name.ko" ;;
  esac
  echo "$name" >>"$root/modules/order"
done

# The same input gives the same bytes, so that sites store the guest once.
find "$root" -exec touch -hd @0 {} +
(cd "$root" && find . -print0 | sort -z | cpio --null --create --format newc --reproducible --owner 0:0 --quiet) | gzip -n -1 >"$work/initrd.gz"
mv "$work/initrd.gz" "$out/initrd.gz"
echo "$key" >"$out/.key"
