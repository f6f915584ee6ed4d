#!/bin/bash
# Run by systemd inside the emulated Pi of pi.sh. The card is snd-aloop: its device 1 hears what is played into
# its device 0. Unplugging is the unbinding of its platform device.
cd /srv/kwsd || exit 1
. ./checks.sh

rounds=$1
driver=/sys/bus/platform/drivers/snd_aloop

play() { aplay -q -D plughw:Loopback,0,0 "$1"; }
cpu_ms() { awk '{ print 10 * ($14 + $15) }' "/proc/$(show MainPID)/stat"; }
unplug() { echo snd_aloop.0 >$driver/unbind; }
plug() { echo snd_aloop.0 >$driver/bind; }

echo "== $(uname -m), $(nproc) cores, kernel $(uname -r), up for $(cut -d. -f1 /proc/uptime) s"
if [ -e old.deb ]; then
  check "install $(dpkg-deb -W old.deb)" dpkg -i old.deb
  printf '%s\n' '# mine' 'threshold = ["stop=0.41"]' >>/etc/kwsd/kwsd.toml
  cp /etc/kwsd/kwsd.toml mine.toml
  systemctl start kwsd.socket kwsd.service
  check "runs" until_true 10 status_says "waiting for"
  before=$(show MainPID)
fi
check "install $(dpkg-deb -W kwsd.deb)" dpkg --force-confold -i kwsd.deb
if [ -e old.deb ]; then
  restarted() { [ "$(show ActiveState)" = active ] && [ "$(show MainPID)" != "$before" ]; }
  check "an upgrade restarts the service" until_true 20 restarted
  check "keeps settings" cmp /etc/kwsd/kwsd.toml mine.toml
  check "and the threshold among them applies" grep -q '"keyword":"stop".*"threshold":0.41' <(kwsd run -i demo.wav)
  systemctl stop kwsd.service kwsd.socket
  sed -i '/^threshold/d' /etc/kwsd/kwsd.toml
fi
wanted=$(kwsd run -i demo.wav -m commands-window --branch full --hop-ms 16 --log-level warning | keywords)
check "finds the words of the recording in a file: $wanted" test "$wanted" = "yes stop left right go up down no "
printf '%s\n' 'input = "hw:0,1"' 'model = ["commands-window"]' 'branch = "full"' 'hop-ms = 16 # finds the same wherever the recording starts' >>/etc/kwsd/kwsd.toml
systemctl start kwsd.socket kwsd.service
check "starts without a card" test "$(show ActiveState)" = active
check "says that it waits for one" until_true 10 status_says "waiting for 'hw:0,1'"
sleep 60
before=$(cpu_ms)
sleep 20
echo "    CPU while it waits: $((($(cpu_ms) - before) / 20)) ms a second"
modprobe snd-aloop pcm_substreams=1
check "finds the card when it comes" until_true 20 journal_says "listening to 'Loopback: PCM (hw:0,1)'"

before=$(cpu_ms)
words=$(heard demo.wav 8)
check "the recording's words are in the journal: $words" test "$words" = "$wanted"
echo "    CPU while it listens: $((($(cpu_ms) - before) / 21)) ms a second"
(sleep 6 && systemctl reload kwsd.service) &
words=$(heard demo.wav 8)
check "and again, with a reload meanwhile: $words" test "$words" = "$wanted"
check "the reload has taken place" journal_says '"event":"reloaded"'

for ((round = 1; round <= rounds; ++round)); do
  replug "unbound and bound, $round" 0
done
replug "unbound, and bound after 70 s" 70
rtcwake -m freeze -s 5 >/dev/null # the clock that systemd's watchdog goes by (10 s) runs on here meanwhile
word=$(heard stop.wav 1)
check "the Pi slept for 5 s, then heard: $word" test "$word $(journalctl -q -k -b -o cat | grep -c 'suspend exit')" = "stop  1"
check "$((rounds + 1)) times unplugged: $lost words lost" test "$lost" = 0
check "sound again within 2 s: $slowest_ms ms at most" test "$slowest_ms" -lt 2000
check "one line in the log for each loss" test "$(count_of 'waiting for it')" = "$(count_of '"event":"device_lost"')"
words=$(heard demo.wav 8)
check "the recording once more: $words" test "$words" = "$wanted"

check "memory: $(grep VmHWM "/proc/$(show MainPID)/status" | tr -s '\t ' ' ')" true
check "never restarted" test "$(show NRestarts)" = 0
ms=$(stop_ms)
check "stops within a second: $ms ms" test "$ms" -lt 1000
echo "    $(journal | grep -F '"event":"end"')"
if [ -e old.deb ]; then
  sed -i '/^model/d' /etc/kwsd/kwsd.toml # which the old package may not have
  cp /etc/kwsd/kwsd.toml mine.toml
  check "downgrade" dpkg --force-confold -i old.deb
  check "which keeps settings" cmp /etc/kwsd/kwsd.toml mine.toml
  systemctl start kwsd.service
  check "and runs" until_true 10 status_says "listening to"
fi
check "purge" dpkg -P kwsd
check "which leaves nothing behind" test ! -e /etc/kwsd -a ! -e /var/lib/kwsd -a ! -e /usr/share/kwsd
((failures == 0)) || journal | tail -40
echo "== $failures failures"
