#!/usr/bin/env bash
# The package in a Debian of its own: installed, upgraded, run by a real systemd (nspawn), purged. As root.
#
#   container.sh PACKAGE.deb [RELEASE [TREE]]     RELEASE: bookworm or trixie, for which PACKAGE was built; TREE is made
#                                                 with mmdebstrap where it is missing (a minute, 250 MB)
#
# Where they lie beside PACKAGE.deb, kwsd-mqtt, kwsd-ws, kwsd-metrics, kwsd-wyoming and kwsd-trainer (500 MB for libtorch)
# are installed, run and purged, too. Needs mmdebstrap and systemd-container. Prints what it finds; ends with 0 when all of it is as it should be.
set -euo pipefail

package=$(realpath "$1")
beside() { find "$(dirname "$package")" -maxdepth 1 -name "$1_*.deb" | head -1; } # NAME
trainer=$(beside kwsd-trainer)
servers=()
for name in kwsd-mqtt kwsd-ws kwsd-metrics kwsd-wyoming; do
  [ -z "$(beside "$name")" ] || servers+=("$name")
done
release=${2:-bookworm}
tree=${3:-/tmp/kwsd-container-$release}
here=$(cd "$(dirname "$0")/../.." && pwd)
. "$here/tests/integration/checks.sh"

inside() { chroot "$tree" "$@"; }

if [ ! -e "$tree/usr/bin/systemctl" ]; then
  mmdebstrap --quiet --variant=minbase --include=systemd,systemd-sysv,dbus,mosquitto,mosquitto-clients "$release" "$tree"
fi
inside dpkg -P --force-all kwsd-{mqtt,ws,metrics,wyoming,trainer} kwsd >/dev/null 2>&1 || true # of an earlier try
rm -rf "$tree/srv/kwsd"
mkdir -p "$tree/srv/kwsd"
cp "$here/tests/data/demo.wav" "$here"/tests/integration/{checks,in_container}.sh "$tree/srv/kwsd/"

# The package as NAME.deb, and the same with a higher version as NAME-new.deb.
provide() { # PACKAGE.deb NAME
  local rebuilt
  rebuilt=$(mktemp -d)
  cp "$1" "$tree/srv/kwsd/$2.deb"
  dpkg-deb -R "$1" "$rebuilt/p"
  sed -i 's/^Version: .*/&+upgrade/' "$rebuilt/p/DEBIAN/control"
  dpkg-deb --root-owner-group -b "$rebuilt/p" "$tree/srv/kwsd/$2-new.deb" >/dev/null
  rm -rf "$rebuilt"
}
install() { # NAME, with what it depends on
  inside env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -y "/srv/kwsd/$1.deb"
}

echo "== install and upgrade"
cp /etc/resolv.conf "$tree/etc/"
echo '127.0.0.1 localhost' >"$tree/etc/hosts" # which a minimal Debian lacks
inside apt-get -qq update
provide "$package" kwsd
check "install, with what it depends on" install kwsd
words=$(inside kwsd run -i /srv/kwsd/demo.wav --format text --log-level warning | tr '\n' ' ') || true
check "finds the words of the recording: $words" test "$words" = "yes stop left right go up down no "
if [ -n "$trainer" ]; then
  provide "$trainer" trainer
  check "install the trainer" install trainer
  check "upgrade the trainer" inside dpkg -i /srv/kwsd/trainer-new.deb
  check "which runs" inside kwsd-train --help
fi
for name in "${servers[@]}"; do
  provide "$(beside "$name")" "$name"
  check "install $name" install "$name"
  check "upgrade $name" inside dpkg -i "/srv/kwsd/$name-new.deb"
done
echo '# mine' >>"$tree/etc/kwsd/kwsd.toml"
check "upgrade" inside dpkg --force-confdef -i /srv/kwsd/kwsd-new.deb
check "an upgrade keeps settings" grep -qx '# mine' "$tree/etc/kwsd/kwsd.toml"

echo "== under systemd"
cat >"$tree/etc/systemd/system/kwsd-check.service" <<'UNIT'
[Unit]
Description=Checks of kwsd
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash /srv/kwsd/in_container.sh
ExecStopPost=/usr/bin/systemctl --force poweroff
StandardOutput=file:/srv/kwsd/log
StandardError=file:/srv/kwsd/errors
[Install]
WantedBy=multi-user.target
UNIT
inside systemctl -q enable kwsd-check.service
unshare -m --propagation private bash -c "mount -t tmpfs tmpfs /run
  exec timeout -k 5 400 systemd-nspawn -q -b -D '$tree' --register=no --keep-unit --console=pipe" \
  </dev/null >"$tree/srv/kwsd/console" 2>&1 || true
cat "$tree/srv/kwsd/log" 2>/dev/null || { echo "FAILED: no log; the console says:"; tail -20 "$tree/srv/kwsd/console"; failures=$((failures + 1)); }
grep -q '^done$' "$tree/srv/kwsd/log" || { failures=$((failures + 1)); tail -5 "$tree/srv/kwsd/errors"; }
failures=$((failures + $(grep -c '^FAILED' "$tree/srv/kwsd/log" || true)))

echo "== remove and purge"
rm -f "$tree"/etc/systemd/system/{kwsd-check.service,multi-user.target.wants/kwsd-check.service}
rm -rf "$tree"/etc/systemd/system/kwsd.service.d
if [ -n "$trainer" ]; then
  check "purge the trainer" inside dpkg -P kwsd-trainer
fi
for name in "${servers[@]}"; do
  check "purge $name" inside dpkg -P "$name"
done
check "remove" inside dpkg -r kwsd
check "a removal keeps settings" test -f "$tree/etc/kwsd/kwsd.toml"
check "purge" inside dpkg -P kwsd
rm -rf "$tree/srv/kwsd"
left=$(find "$tree" -mindepth 1 -xdev \( -path "$tree/proc" -o -path "$tree/var/log" -o -path "$tree/var/tmp" \) -prune -o -name '*kwsd*' -print)
check "a purge leaves nothing behind $left" test -z "$left"
echo "== $failures failures"
[ "$failures" -eq 0 ]
