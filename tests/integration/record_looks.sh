#!/usr/bin/env bash
# Records what /proc says on an emulated machine with four Cortex-A53 cores while 0, 1, 2, 3, 4 and 0 of them are busy, 15 s
# each: tests/data/proc/a53_4_cores.looks, and a53_4_cores_no_psi.looks with pressure-stall information off, as Raspberry Pi
# kernels have it. Needs qemu-system-arm, faketime, cpio, and arm64 among dpkg's architectures.
#
#   record_looks.sh [FOLDER]      20 minutes
#
# The clock of the emulated machine runs at a tenth of this machine's: a core of it gets its turn within each of its
# ticks (4 ms), however many cores this machine has left. Without that, ticks are missed, and a busy core counts as less than
# one; with -icount the cores take turns, and a core that sleeps is kept awake: one busy core counts as two.
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(realpath "${1:-$here/tests/data/proc}")
. "$here/tests/integration/clean_debian.sh" # arm64_kernel, arm64_package, pi_machine
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

arm64_kernel "$work/kernel"
arm64_package "$work/busybox" busybox-static:arm64
install -D "$work/busybox/bin/busybox" "$work/root/bin/busybox"
cat >"$work/root/init" <<'INIT'
#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install /bin
mkdir -p /proc /dev
mount -t proc proc /proc
mount -t devtmpfs dev /dev # the shell opens /dev/null for what runs in the background

look() {
  read -r seconds _ </proc/uptime
  read -r stat </proc/stat
  pressure=
  [ ! -e /proc/pressure/cpu ] || read -r pressure </proc/pressure/cpu
  printf '%s\t%s\t%s\n' "$seconds" "$stat" "$pressure"
}

{
  echo "# Linux $(uname -r), $(nproc) cores, $(sort -u /proc/cpuinfo | grep 'CPU part' | tr -d '\t')"
  for busy in 0 1 2 3 4 0; do
    echo "# $busy busy"
    loops=
    for loop in $(seq "$busy"); do
      while :; do :; done &
      loops="$loops $!"
    done
    for look in $(seq 30); do
      look
      sleep 0.5
    done
    [ -z "$loops" ] || kill $loops
  done
  echo "# end"
} >/looks
cat /looks
poweroff -f
INIT
chmod +x "$work/root/init"
(cd "$work/root" && find . -mindepth 1 | cpio --quiet -o -H newc -R 0:0) >"$work/initrd"

record() { # NAME PSI
  timeout 7200 faketime -f '+0 x0.1' "${pi_machine[@]}" -smp 4 -m 512M -accel tcg,thread=multi \
    -kernel "$work"/kernel/boot/vmlinuz-* -initrd "$work/initrd" -append "console=ttyAMA0 quiet psi=$2" </dev/null |
    tr -d '\r' | sed -n '/^# Linux/,/^# end$/p' >"$work/$1"
  [ "$(tail -1 "$work/$1")" = "# end" ]
  sed '$d' "$work/$1" >"$folder/$1"
}
record a53_4_cores.looks 1 &
record a53_4_cores_no_psi.looks 0
wait $!
