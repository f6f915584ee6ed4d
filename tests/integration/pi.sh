#!/usr/bin/env bash
# The arm64 package on an emulated Raspberry Pi: Debian's kernel and systemd on a Cortex-A53 of qemu, a sound card
# of snd-aloop that is unplugged and plugged in again. As root.
#
#   pi.sh PACKAGE_arm64.deb [FOLDER] [ROUNDS]     FOLDER keeps the Pi's root and kernel, made where they are missing
#
# The Pi's Debian is $RELEASE (bookworm), for which the package was built; its kernel is that of this machine's Debian.
# Where $OLD is an earlier package, that is installed first, upgraded, and gone back to, with the settings kept.
# Needs mmdebstrap, arch-test, qemu-user-static, qemu-system-arm, cpio, and arm64 among dpkg's architectures. Prints
# what it finds; ends with 0 when all of it is as it should be.
set -euo pipefail

package=$(realpath "$1")
old=${OLD:+$(realpath "$OLD")}
release=${RELEASE:-bookworm}
pi=${2:-/tmp/kwsd-pi-$release}
rounds=${3:-5}
here=$(cd "$(dirname "$0")/../.." && pwd)
. "$here/tests/integration/clean_debian.sh" # run_arm64, arm64_kernel, pi_machine

# Debian's kernel, and of its modules those for sound.
make_kernel() {
  local name
  arm64_kernel "$pi/download"
  name=$(basename "$pi"/download/lib/modules/*)
  install -D -t "$pi/root/lib/modules/$name" "$pi/download/lib/modules/$name"/modules.{builtin,builtin.modinfo,order}
  mkdir "$pi/root/lib/modules/$name/kernel"
  cp -r "$pi/download/lib/modules/$name/kernel/sound" "$pi/root/lib/modules/$name/kernel/"
  chroot "$pi/root" depmod "$name"
  mv "$pi/download/boot/vmlinuz-$name" "$pi/vmlinuz"
  rm -rf "$pi/download"
}

# A root in memory: no disk, no drivers for one.
make_root() {
  local wanted # what the package depends on
  wanted=$(for each in "$package" ${old:+"$old"}; do dpkg-deb -f "$each" Depends; done | sed 's/([^)]*)//g; s/ //g' | paste -sd,)
  rm -rf "$pi"/{root,download}
  mkdir -p "$pi"
  mmdebstrap --quiet --variant=minbase --architectures=arm64 \
    --include="systemd,systemd-sysv,dbus,udev,kmod,alsa-utils,$wanted" "$release" "$pi/root"
  rm -rf "$pi"/root/var/{cache/apt,lib/apt/lists}/* "$pi"/root/usr/share/{doc,locale,man}/*
  make_kernel
  (cd "$pi/root" && find . | cpio --quiet -o -H newc) >"$pi/root.cpio"
  rm -rf "$pi/root"
}

# What this run adds to the root.
make_overlay() {
  local files=$1/srv/kwsd units=$1/etc/systemd/system
  mkdir -p "$files" "$units/multi-user.target.wants"
  cp "$package" "$files/kwsd.deb"
  [ -z "$old" ] || cp "$old" "$files/old.deb"
  cp "$here"/tests/data/{demo,stop}.wav "$here"/tests/integration/{checks,in_pi}.sh "$files/"
  cat >"$units/kwsd-check.service" <<UNIT
[Unit]
Description=Checks of kwsd
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash /srv/kwsd/in_pi.sh $rounds
ExecStopPost=/usr/bin/systemctl --force poweroff
StandardOutput=file:/dev/ttyAMA0
StandardError=journal
TimeoutStartSec=infinity
UNIT
  ln -s ../kwsd-check.service "$units/multi-user.target.wants/"
  (cd "$1" && find . -mindepth 1 | cpio --quiet -o -H newc -R 0:0)
}

if [ ! -e "$pi/root.cpio" ]; then
  echo "== making a root for the Pi"
  run_arm64
  make_root
fi
overlay=$(mktemp -d)
make_overlay "$overlay" >"$overlay.cpio"
cat "$pi/root.cpio" "$overlay.cpio" >"$pi/initrd"
rm -rf "$overlay" "$overlay.cpio"

# The Pi's time is that of its own instructions, one a nanosecond, and idle time is skipped: what happens, and how
# long it takes there, does not depend on how busy this machine is.
echo "== booting"
timeout 3600 "${pi_machine[@]}" -smp 2 -m 2G -icount shift=0,sleep=off -kernel "$pi/vmlinuz" -initrd "$pi/initrd" \
  -append "rdinit=/sbin/init console=ttyAMA0 quiet systemd.show_status=false systemd.mask=serial-getty@ttyAMA0.service" \
  </dev/null | sed -u 's#\r$##' | tee "$pi/console"
grep -qx '== 0 failures' "$pi/console"
