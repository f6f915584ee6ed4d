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
systemctl stop kwsd.socket
echo done
