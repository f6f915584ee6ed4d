#!/usr/bin/env bash
# The user's unit with a real PipeWire: a Debian of its own, started by nspawn, in which a user who is not logged in
# (loginctl enable-linger) has PipeWire, WirePlumber and kwsd; a microphone of PipeWire is unplugged and plugged in. As root.
#
#   session.sh PACKAGE.deb [RELEASE]     RELEASE: bookworm or trixie (trixie), for which PACKAGE was built
#
# Needs mmdebstrap and systemd-container. Prints what it finds; ends with 0 when all of it is as it should be.
set -euo pipefail

package=$(realpath "$1")
release=${2:-trixie}
cd "$(dirname "$0")/../.."
# shellcheck source=tests/integration/clean_debian.sh
. tests/integration/clean_debian.sh
tree=$clean_folder/session-$release
files=$tree/srv/kwsd

echo "== a system with PipeWire"
fresh_tree "$tree" "$release"
mkdir -p "$files" "$tree/var/log/journal" "$tree/var/lib/systemd/linger" # what loginctl enable-linger makes
cp "$package" "$files/kwsd.deb"
cp tests/data/{demo,stop}.wav tests/integration/{checks,in_session}.sh "$files/"
enter "$tree" apt-get -qq update
enter "$tree" apt-get -qq install -y --no-install-recommends systemd systemd-sysv dbus-user-session libpam-systemd \
  pipewire pipewire-bin wireplumber pipewire-alsa alsa-utils /srv/kwsd/kwsd.deb >"$clean_folder/session-packages.log" 2>&1
enter "$tree" useradd --create-home --shell /bin/bash listener
touch "$tree/var/lib/systemd/linger/listener"
uid=$(enter "$tree" id -u listener)
cat >"$tree/etc/systemd/system/kwsd-check.service" <<UNIT
[Unit]
Description=Checks of kwsd
Requires=user@$uid.service
After=user@$uid.service
[Service]
Type=oneshot
User=listener
Environment=XDG_RUNTIME_DIR=/run/user/$uid DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$uid/bus
ExecStart=/bin/bash /srv/kwsd/in_session.sh
ExecStopPost=+/usr/bin/systemctl --force poweroff
StandardOutput=file:/srv/kwsd/log
StandardError=file:/srv/kwsd/errors
[Install]
WantedBy=multi-user.target
UNIT
enter "$tree" systemctl -q enable kwsd-check.service

# Before other programs of this machine: sound is played in real time.
unshare --mount --propagation private bash -c "mount -t tmpfs tmpfs /run
  exec chrt --rr 10 timeout -k 5 500 systemd-nspawn -q -b -D '$tree' --register=no --keep-unit --console=pipe" \
  </dev/null >"$clean_folder/session.console" 2>&1 || true
cat "$files/log" 2>/dev/null || tail -20 "$clean_folder/session.console"
[ "$(tail -1 "$files/log")" = "== 0 failures" ] || { cat "$files/errors"; exit 1; }
