#!/bin/bash
# Run by systemd inside the container of session.sh, as the user. The microphone is a loopback of PipeWire: what is played
# into its sink "speech" is heard from its source "mic". Unplugging ends the program that is both.
cd /srv/kwsd || exit 1
. ./checks.sh
manager=(--user)
rounds=5

play() { pw-play --target speech "$1"; }
restart= # the server before the microphone is plugged in
plug() {
  [ -z "$restart" ] || systemctl --user restart pipewire.service wireplumber.service
  pw-loopback --channels 1 --capture-props 'media.class=Audio/Sink node.name=speech' \
    --playback-props 'media.class=Audio/Source node.name=mic' &
  microphone=$!
}
unplug() {
  kill "$microphone"
  wait "$microphone"
}
greeted() { perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new("$ENV{XDG_RUNTIME_DIR}/kwsd/events") or die "$!\n"; print scalar <$s>' | grep '"event":"ready"'; }
running() { systemctl --user is-active pipewire.service wireplumber.service; }

echo "== $(dpkg-query -W kwsd pipewire wireplumber systemd | tr '\t\n' ' ,') user $(id -un)"
check "PipeWire runs without a login" until_true 20 running
mkdir -p ~/.config/kwsd
printf '%s\n' 'model = ["commands-window"]' 'branch = "full"' 'hop-ms = 16 # finds the same wherever the recording starts' >~/.config/kwsd/kwsd.toml
wanted=$(kwsd run -i demo.wav --log-level warning | keywords)
check "finds the words of the recording in a file: $wanted" test "$wanted" = "yes stop left right go up down no "
check "enable" systemctl --user enable --now kwsd.socket kwsd.service
check "runs without a microphone" test "$(show ActiveState)" = active
plug
check "hears PipeWire's microphone when it comes" until_true 20 status_says "listening to"
echo "    $(show StatusText)"
check "programs of the user read the socket" greeted
check "which is the user's alone: $(stat -c '%A %U' "$XDG_RUNTIME_DIR/kwsd/events")" \
  test "$(stat -c '%a %U' "$XDG_RUNTIME_DIR/kwsd/events")" = "600 listener"
words=$(heard demo.wav 8)
check "the recording's words are in the user's journal: $words" test "$words" = "$wanted"

for ((round = 1; round <= rounds; ++round)); do
  replug "unplugged, $round" 2
done
replug "unplugged for 20 s" 20
restart=yes replug "unplugged, and PipeWire restarted" 0
check "$((rounds + 2)) times unplugged: $lost words lost" test "$lost" = 0
words=$(heard demo.wav 8)
check "the recording once more: $words" test "$words" = "$wanted"

check "memory: $(grep VmHWM "/proc/$(show MainPID)/status" | tr -s '\t ' ' ')" true
check "never restarted" test "$(show NRestarts)" = 0
ms=$(stop_ms)
check "stops within a second: $ms ms" test "$ms" -lt 1000
check "exposure: $(systemd-analyze --user security kwsd.service | tail -1)" systemd-analyze --user security --threshold=20 kwsd.service
systemd-analyze --user security kwsd.service | sed -n 's/^✗/    not had:/p'
((failures == 0)) || journal | tail -60
echo "== $failures failures"
