# shellcheck shell=bash
# What the scripts that try the package share: checks, and questions to systemd and the journal. To be sourced.
failures=0

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
show() { systemctl show -P "$1" kwsd.service; }
status_says() { [[ $(show StatusText) == *"$1"* ]] || { echo "status: $(show StatusText)"; false; }; }
journal() { journalctl -q -b -o cat -u kwsd.service --no-pager; }
journal_says() { journal | grep -F -- "$1" >/dev/null; }
count_of() { journal | grep -cF -- "$1"; }
count_is() { [ "$(count_of "$2")" = "$1" ]; } # COUNT TEXT
keywords() { grep -o '"keyword":"[^"]*"' | cut -d'"' -f4 | tr '\n' ' '; }
stop_ms() { # stops it; how long that takes
  local start
  start=$(date +%s%N)
  systemctl stop kwsd.service
  echo $((($(date +%s%N) - start) / 1000000))
}
