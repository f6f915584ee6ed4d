# shellcheck shell=bash
# What the scripts that try the package share: checks, and questions to systemd and the journal. To be sourced.
failures=0
manager=() # --user: of the user's service manager

check() { # NAME COMMAND...
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then
    echo "ok: $name"
  else
    echo "FAILED: $name"
    sed 's/^/    /' <<<"$said"
    failures=$((failures + 1))
  fi
}
until_true() { # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.5
  done
}
show() { systemctl "${manager[@]}" show -P "$1" kwsd.service; }
status_says() { [[ $(show StatusText) == *"$1"* ]] || { echo "status: $(show StatusText)"; false; }; }
journal() { journalctl -q -b -o cat "${manager[@]}" -u kwsd.service --no-pager; }
journal_says() { journal | grep -F -- "$1" >/dev/null; }
count_of() { journal | grep -cF -- "$1"; }
count_is() { [ "$(count_of "$2")" = "$1" ]; } # COUNT TEXT
said_ms() { # TEXT: when the journal was last told so
  journalctl -q -b -o short-unix "${manager[@]}" -u kwsd.service --no-pager | grep -F -- "$1" | tail -1 |
    sed 's/^\([0-9]*\)\.\(...\).*/\1\2/'
}
now_ms() { date +%s%3N; }
keywords() { grep -o '"keyword":"[^"]*"' | cut -d'"' -f4 | tr '\n' ' '; }
heard() { # FILE COUNT: plays a recording (play FILE, the script's own); the words that the journal gains by it
  local before
  before=$(count_of '"event":"detection"')
  play "$1" || return
  until_true 20 count_is $((before + $2)) '"event":"detection"'
  journal | grep -F '"event":"detection"' | tail -n +$((before + 1)) | keywords
}
lost=0 slowest_ms=0 # words; until there was sound again
replug() { # NAME SECONDS: unplugs the microphone (unplug, the script's own) for so long, plugs it in (plug), says a word
  local plugged ms word losses returns
  losses=$(count_of '"event":"device_lost"')
  returns=$(count_of '"event":"device_restored"')
  unplug
  check "$1: is missed" until_true 10 count_is $((losses + 1)) '"event":"device_lost"'
  sleep "$2"
  plugged=$(now_ms)
  plug
  check "$1: is found again" until_true 30 count_is $((returns + 1)) '"event":"device_restored"'
  ms=$(($(said_ms '"event":"device_restored"') - plugged))
  word=$(heard stop.wav 1)
  echo "    sound again after $ms ms, then heard: $word"
  [ "$word" = "stop " ] || lost=$((lost + 1))
  ((ms <= slowest_ms)) || slowest_ms=$ms
}
stop_ms() { # stops it; how long that takes
  local start
  start=$(date +%s%N)
  systemctl "${manager[@]}" stop kwsd.service
  echo $((($(date +%s%N) - start) / 1000000))
}
