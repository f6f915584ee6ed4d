#!/usr/bin/env bash
# Builds and tests kwsd in a clean system of each Debian release, natively and for arm64 (cross-built, run by qemu), installs
# its packages in others, and prints a table. As root, on amd64.
#
#   releases.sh [-s STEP,...] [-a ARCHITECTURE,...] [-o OLD] [RELEASE...]      all steps; amd64 and arm64; bookworm and trixie
#
#   build        every program and test, warnings are errors: preset dev with gcc, pi with the cross compiler
#   clang        the same with clang, without the trainer's (compiled only)
#   unit, integration, trainer     the tests of that build
#   package      .ci/package, with lintian
#   install      apt installs kwsd from a signed repository, which finds the 8 words of a recording, and purges it, in a
#                system that has nothing else; with OLD, the folder of an earlier release (.ci/release), also upgrades its
#                kwsd and goes back, with settings kept
#   demo         .ci/demo builds kwsd in a system that has nothing else, and finds the same words; amd64
#
# The systems and a log of each step stay in /var/tmp/kwsd-clean ($KWSD_CLEAN); with $KWSD_CCACHE, a folder, ccache compiles.
# Needs the packages of `.ci/packages release`. Ends with 0 when every step passed.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/integration/clean_debian.sh
. tests/integration/clean_debian.sh

steps=build,clang,unit,integration,trainer,package,install,demo
architectures=amd64,arm64
old=
while getopts s:a:o: option; do
  case "$option" in
    s) steps=$OPTARG ;;
    a) architectures=$OPTARG ;;
    o) old=$(realpath "$OPTARG") ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- bookworm trixie
words="yes stop left right go up down no "
declare -A cells
failed=0
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

wanted() { [[ ",$steps," == *",$1,"* ]]; }
step() { # RELEASE ARCHITECTURE STEP COMMAND...
  local log=$clean_folder/$1-$2-$3.log start=$SECONDS cell="$1 $2 $3" tests skipped
  if ! wanted "$3" || [[ ",$architectures," != *",$2,"* ]]; then
    return 0
  fi
  echo "== $cell"
  if "${@:4}" >"$log" 2>&1; then
    tests=$(sed -nE 's/.*tests passed, .* out of ([0-9]+)$/, \1 tests/p' "$log")
    skipped=$(grep -c '(Skipped)$' "$log")
    [ "$skipped" -eq 0 ] || tests+=" ($skipped skipped)"
    cells[$cell]="ok$tests, $((SECONDS - start)) s"
  else
    cells[$cell]="FAILED"
    failed=$((failed + 1))
    tail -20 "$log"
  fi
  echo "   ${cells[$cell]}"
}

build() { # TREE PRESET
  local options=("${together[@]}")
  [ "$2" = pi ] || options+=(-DKWSD_OPTIMIZE_ROOMS=OFF)
  enter "$1" cmake --preset "$2" "${options[@]}" && enter "$1" cmake --build --preset "$2"
}
tests() { enter "$1" ctest --preset "$2" --no-tests=error --parallel "$((2 * $(nproc)))" "${@:3}"; } # TREE PRESET OPTION...
clang() { # TREE
  enter "$1" cmake --preset dev -B build/clang -DCMAKE_CXX_COMPILER=clang++ -DKWSD_TRAINER=OFF -DKWSD_OPTIMIZE_ROOMS=OFF "${together[@]}" &&
    enter "$1" cmake --build build/clang
}
packages() { # TREE SUFFIX
  enter "$1" rm -rf build/package build/package-arm64 # options of an earlier run
  enter "$1" .ci/package "${together[@]}" "-DKWSD_DEBIAN_SUFFIX=$2"
}
words_of() { # TREE
  [ "$(enter "$1" kwsd run -i /srv/demo.wav --format text --log-level warning | tr '\n' ' ')" = "$words" ]
}

# The life of the package in a system of its own: RELEASE ARCHITECTURE
install() {
  local tree=$clean_folder/install-$1-$2 left
  local apt_get=(apt-get -qq -o Dpkg::Options::=--force-confold)
  fresh_tree "$tree" "$1" "$2" || return
  cp tests/data/demo.wav "$tree/srv/"
  cp -r "$clean_folder/repository" "$tree/srv/repository"
  sed 's#^URIs: .*#URIs: file:/srv/repository#' "$clean_folder/repository/$1.sources" >"$tree/etc/apt/sources.list.d/kwsd.sources"
  enter "$tree" "${apt_get[@]}" update || return
  if [ -n "$old" ]; then
    cp "$old/$1"/kwsd_*_"$2".deb "$tree/srv/old.deb" || return
    enter "$tree" "${apt_get[@]}" install -y --no-install-recommends /srv/old.deb || return
    echo '# mine' >>"$tree/etc/kwsd/kwsd.toml"
    echo 'threshold = ["stop=0.41"]' >>"$tree/etc/kwsd/kwsd.toml"
    cp "$tree/etc/kwsd/kwsd.toml" "$tree/srv/mine.toml"
    enter "$tree" "${apt_get[@]}" upgrade -y --with-new-pkgs --no-install-recommends || return # as apt upgrade
    cmp "$tree/etc/kwsd/kwsd.toml" "$tree/srv/mine.toml" || return
  else
    enter "$tree" "${apt_get[@]}" install -y --no-install-recommends kwsd || return
  fi
  enter "$tree" dpkg-query -W kwsd | grep -F "$(dpkg-deb -f "$clean_folder/packages/$1"/kwsd_*_"$2".deb Version)" || return
  if [ -e "$tree/srv/mine.toml" ]; then
    enter "$tree" "${apt_get[@]}" install -y --allow-downgrades --no-install-recommends /srv/old.deb || return
    cmp "$tree/etc/kwsd/kwsd.toml" "$tree/srv/mine.toml" || return
    enter "$tree" "${apt_get[@]}" install -y --no-install-recommends kwsd || return
    cmp "$tree/etc/kwsd/kwsd.toml" "$tree/srv/mine.toml" || return
    enter "$tree" kwsd run -i /srv/demo.wav --no-wall-clock | grep '"keyword":"stop".*"threshold":0.41' || return
    sed -i '/^threshold/d' "$tree/etc/kwsd/kwsd.toml"
  fi
  words_of "$tree" || return
  enter "$tree" "${apt_get[@]}" purge -y kwsd || return
  left=$(find "$tree"/{etc,usr,var/lib} -xdev -path "$tree/etc/apt" -prune -o -path '*/lib/apt' -prune -o -name '*kwsd*' -print)
  echo "left after the purge: $left"
  [ -z "$left" ]
}

demo() { # RELEASE
  local tree=$clean_folder/demo-$1
  fresh_tree "$tree" "$1" || return
  copy_source "$tree"
  enter "$tree" .ci/demo --format text --log-level warning | tee "$tree/srv/printed"
  [ "$(tail -8 "$tree/srv/printed" | tr '\n' ' ')" = "$words" ]
}

mkdir -p "$clean_folder"
for release in "$@"; do
  tree=$clean_folder/$release
  case "$release" in bookworm) suffix=+deb12 ;; *) suffix=+deb13 ;; esac
  if wanted build || wanted clang || wanted package || wanted unit || wanted integration || wanted trainer; then
    [ -e "$tree/usr/bin/apt-get" ] || fresh_tree "$tree" "$release" || exit 1
    copy_source "$tree"
    enter "$tree" sh -c 'apt-get -qq update && apt-get -qq install -y ccache && .ci/packages test' >"$clean_folder/$release-packages.log" 2>&1 ||
      { tail "$clean_folder/$release-packages.log"; exit 1; }
  fi
  step "$release" amd64 build build "$tree" dev
  step "$release" arm64 build build "$tree" pi
  step "$release" amd64 clang clang "$tree"
  for pair in amd64=dev arm64=pi; do
    step "$release" "${pair%=*}" unit tests "$tree" "${pair#*=}" -E '^(integration|trainer)\.'
    step "$release" "${pair%=*}" integration tests "$tree" "${pair#*=}" -R '^integration\.' -E 'train|own_word'
  done
  step "$release" amd64 trainer tests "$tree" dev -R '^trainer\.|train|own_word'
  step "$release" amd64 package packages "$tree" "$suffix"
  cells["$release arm64 package"]=${cells["$release amd64 package"]-} # the same run
  if [[ ${cells["$release arm64 package"]} == ok* ]]; then
    rm -rf "$clean_folder/packages/$release"
    mkdir -p "$clean_folder/packages/$release"
    cp "$tree"/src/build/package/*.deb "$tree"/src/build/package-arm64/*_arm64.deb "$clean_folder/packages/$release/"
  fi
  if wanted install; then
    GNUPGHOME=$(mktemp -d)
    export GNUPGHOME
    gpg --batch --quiet --passphrase '' --quick-generate-key 'throw-away key' ed25519 sign
    rm -rf "$clean_folder/repository"
    SOURCE_DATE_EPOCH=$(date +%s) .ci/repository "$clean_folder/repository" \
      "$(gpg --list-keys --with-colons | sed -n 's/^fpr:*\([0-9A-F]*\):$/\1/p')" "$release=$clean_folder/packages/$release"
    gpgconf --kill gpg-agent
    rm -rf "$GNUPGHOME"
  fi
  for architecture in amd64 arm64; do
    step "$release" "$architecture" install install "$release" "$architecture"
  done
  cells["$release arm64 demo"]=${cells["$release arm64 install"]:+in install}
  step "$release" amd64 demo demo "$release"
done

columns=(build clang unit integration trainer package install demo)
{
  echo "| release | architecture |$(printf ' %s |' "${columns[@]}")"
  echo "|---|---|$(printf '%.0s---|' "${columns[@]}")"
  for release in "$@"; do
    for architecture in amd64 arm64; do
      echo "| $release | $architecture |$(for column in "${columns[@]}"; do echo -n " ${cells["$release $architecture $column"]:--} |"; done)"
    done
  done
} | tee "$clean_folder/table.md"
[ "$failed" -eq 0 ]
