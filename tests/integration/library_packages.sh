#!/usr/bin/env bash
# Installs libkwsd0, libkwsd-dev and python3-kwsd in a clean system, as root, and uses them as a program's author does:
# C with pkg-config, shared and static, C++ with CMake, Python; each must print what the others print.
#
#   library_packages.sh [-r RELEASE] libkwsd0.deb libkwsd-dev.deb python3-kwsd.deb      bookworm
#
# The system stays in /var/tmp/kwsd-clean ($KWSD_CLEAN). Needs mmdebstrap.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/integration/clean_debian.sh
. tests/integration/clean_debian.sh

release=bookworm
[ "${1-}" != -r ] || { release=$2; shift 2; }
[ $# -eq 3 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
tree=$clean_folder/library-$release
fresh_tree "$tree" "$release"
mkdir -p "$tree/srv/cmake"
cp "$@" models/commands.kwsm tests/data/demo.wav "$tree/srv/"
cp app/library/examples/spot.cpp "$tree/srv/cmake/"
cat >"$tree/srv/cmake/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.20)
project(spot LANGUAGES CXX)
find_package(kwsd 0.1 REQUIRED)
add_executable(spot spot.cpp)
target_link_libraries(spot PRIVATE kwsd::kwsd)
END
cat >"$tree/srv/use.sh" <<'END'
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install -y --no-install-recommends /srv/libkwsd0_*.deb /srv/libkwsd-dev_*.deb /srv/python3-kwsd_*.deb \
  gcc g++ libc6-dev pkg-config cmake make >/dev/null
examples=/usr/share/doc/libkwsd-dev/examples
cd /srv
tail -c +45 demo.wav >demo.raw
cc -std=c99 -Wall -Wextra -Werror $examples/spot.c -o shared $(pkg-config --cflags --libs kwsd)
ldd shared | grep -q libkwsd.so.0
cc -std=c99 $examples/spot.c -o static $(pkg-config --cflags kwsd) -Wl,-Bstatic -lkwsd -Wl,-Bdynamic -lstdc++ -lm
! ldd static | grep libkwsd
cmake -S cmake -B cmake/build >/dev/null
cmake --build cmake/build >/dev/null
for program in ./shared ./static cmake/build/spot "python3 /usr/share/doc/python3-kwsd/examples/spot.py"; do
  $program /srv/commands.kwsm <demo.raw >out
  echo "$program: $(tr '\n' ';' <out)"
  [ "$(cut -d' ' -f1 out | tr '\n' ' ')" = "yes stop left right go up down no " ]
  [ ! -e first ] || cmp first out
  mv out first
done
apt-get -qq purge -y libkwsd0 libkwsd-dev python3-kwsd >/dev/null
left=$(find /etc /usr /var/lib -xdev -name '*kwsd*' ! -path '/var/lib/apt/*')
echo "left after the purge: ${left:-nothing}"
[ -z "$left" ]
END
enter "$tree" bash /srv/use.sh
