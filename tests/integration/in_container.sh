#!/bin/bash
# Run by systemd inside the container of container.sh.
. /srv/kwsd/checks.sh

# First line that the socket gives to USER.
read_socket() {
  setpriv --reuid="$1" --regid=nogroup --groups="$2" perl -MIO::Socket::UNIX -e \
    '$s = IO::Socket::UNIX->new("/run/kwsd/events") or die "$!\n"; print scalar <$s>'
}
denied() { [[ $(read_socket nobody nogroup 2>&1) == "Permission denied" ]]; }
greeted() { read_socket nobody audio | grep -q '"event":"ready"'; }

# PrivateUsers must not take away the group of the sound cards.
install -m 640 -g audio /etc/hostname /srv/kwsd/card
check "the group audio opens what is the group's" systemd-run -q --wait -p DynamicUser=yes -p PrivateUsers=yes \
  -p SupplementaryGroups=audio /bin/cat /srv/kwsd/card
check "others do not" bash -c '! systemd-run -q --wait -p DynamicUser=yes -p PrivateUsers=yes /bin/cat /srv/kwsd/card'

systemctl start kwsd.socket kwsd.service
check "starts without a microphone" test "$(show ActiveState)" = active
check "says that it waits for one" until_true 5 status_says "waiting for 'mic'"
check "runs under an account of its own: $(ps -o user= -p "$(show MainPID)" 2>/dev/null || stat -c %U "/proc/$(show MainPID)")" \
  test "$(stat -c %u "/proc/$(show MainPID)")" -gt 60000
check "nobody without the group reads the socket" denied
check "the group reads it" greeted

echo 'threshold = [7]' >>/etc/kwsd/kwsd.toml
check "a reload is accepted" systemctl reload kwsd.service
check "a broken configuration is refused" until_true 5 journal_says "reload failed"
check "and the service goes on" test "$(show ActiveState)" = active
systemctl restart kwsd.service 2>/dev/null
check "a start with it fails with 78" until_true 5 test "$(show ExecMainStatus)" = 78
check "and is not tried again" test "$(show NRestarts) $(show ActiveState)" = "0 failed"
sed -i '$d' /etc/kwsd/kwsd.toml

# Sound: the recording at its own pace on standard input.
tail -c +45 /srv/kwsd/demo.wav >/srv/kwsd/demo.pcm
mkdir -p /etc/systemd/system/kwsd.service.d
cat >/etc/systemd/system/kwsd.service.d/sound.conf <<'UNIT'
[Service]
ExecStart=
ExecStart=/usr/bin/kwsd run -i - --realtime
StandardInput=file:/srv/kwsd/demo.pcm
Restart=no
UNIT
systemctl daemon-reload
systemctl reset-failed kwsd.service
systemctl start kwsd.service
until_true 40 test "$(show ActiveState)" != active
until_true 40 journal_says '"event":"end"'
check "the words are in the journal: $(journal | keywords)" \
  count_is 8 '"event":"detection"'
rm -r /etc/systemd/system/kwsd.service.d
systemctl daemon-reload

systemctl start kwsd.service
before=$(show MainPID)
kill -9 "$before"
restarted() { [ "$(show ActiveState)" = active ] && [ "$(show MainPID)" != "$before" ]; }
check "is restarted after a kill" until_true 10 restarted
kill -STOP "$(show MainPID)"
before=$(show MainPID)
check "is restarted by the watchdog when it hangs" until_true 30 restarted
ms=$(stop_ms)
check "stops within a second: $ms ms" test "$ms" -lt 1000
check "exposure: $(systemd-analyze security kwsd.service | tail -1)" true

# The servers, where they are installed.
installed() { systemctl cat "$1" >/dev/null 2>&1; } # UNIT
exposure() { # UNIT: at most 2.0
  check "exposure: $(systemd-analyze security "$1" | tail -1)" systemd-analyze security --threshold=20 "$1"
}
said() { # PORT REQUEST PATTERN
  exec 3<>"/dev/tcp/127.0.0.1/$1" && printf '%b' "$2" >&3 && timeout 10 grep -qam1 -- "$3" <&3
}
online() { mosquitto_sub -V 5 -h 127.0.0.1 -W 3 -C 1 -t 'kwsd/+/availability' | grep -q online; } # retained
systemctl start kwsd.service
if installed kwsd-mqtt.service; then
  systemctl start mosquitto.service kwsd-mqtt.service
  check "kwsd-mqtt: the broker says that kwsd is online" until_true 30 online
  exposure kwsd-mqtt.service
  systemctl stop kwsd-mqtt.service
fi
if installed kwsd-metrics.socket; then
  systemctl start kwsd-metrics.socket
  check "kwsd-metrics: the counters of kwsd" said 9477 'GET /metrics HTTP/1.1\r\n\r\n' '^kwsd_up 1'
  exposure kwsd-metrics.service
  systemctl stop kwsd-metrics.socket kwsd-metrics.service
fi
if installed kwsd-ws.socket; then
  systemctl start kwsd-ws.socket
  check "kwsd-ws: a WebSocket" said 2700 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n' '101 Switching'
  exposure kwsd-ws.service
  systemctl stop kwsd-ws.socket kwsd-ws.service
fi
if installed kwsd-wyoming.socket; then
  systemctl start kwsd-wyoming.socket
  check "kwsd-wyoming: its keywords" said 10400 '{"type":"describe"}\n' '"type":"info"'
  exposure kwsd-wyoming.service
  systemctl stop kwsd-wyoming.socket kwsd-wyoming.service
fi
check "no unit has failed: $(systemctl --failed --plain --no-legend 'kwsd*')" test -z "$(systemctl --failed --plain --no-legend 'kwsd*')"
systemctl stop kwsd.service kwsd.socket
echo done
