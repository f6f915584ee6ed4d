#!/usr/bin/env bash
# The add-on for Home Assistant without a container engine: the commands of its Dockerfile in a clean Debian, started with
# nspawn in a network of its own, and its health check. As root.
#
#   add_on.sh FOLDER [RELEASE]     FOLDER: home-assistant of a release (.ci/release); RELEASE: of its packages, trixie
#
# Needs mmdebstrap, systemd-container and iproute2. Ends with 0 when all of it is as it should be.
set -euo pipefail

folder=$(realpath "$1")
release=${2:-trixie}
cd "$(dirname "$0")/../.."
# shellcheck source=tests/integration/clean_debian.sh
. tests/integration/clean_debian.sh
. tests/integration/checks.sh
tree=$clean_folder/add-on-$release

fresh_tree "$tree" "$release"
cp -r "$folder/packages" "$tree/packages"
sed -n '/^RUN /,/[^\\]$/p' "$folder/Dockerfile" | sed 's/^RUN //' >"$tree/root/build"
check "the image's commands" enter "$tree" sh -e /root/build
install -D -t "$tree/usr/local/lib/kwsd" "$folder"/{run,health}
mkdir -p "$tree/data"
echo '{"models": ["computer", "jarvis"], "threshold": 0}' >"$tree/data/options.json"

inside() { nsenter --target "$container" --net chroot "$tree" "$@"; }
healthy() { inside /usr/local/lib/kwsd/health; }
described() { inside sh -c 'echo "{ \"type\": \"describe\" }" | nc -w 2 127.0.0.1 10400' | grep -q '"name":"jarvis"'; }
stopped() { ! kill -0 "$container" 2>/dev/null; }

unshare --mount --net --propagation private bash -c "mount -t tmpfs tmpfs /run; ip link set lo up
  exec timeout -k 5 300 systemd-nspawn -q -D '$tree' --register=no --keep-unit --console=pipe --as-pid2 /usr/local/lib/kwsd/run" \
  </dev/null >"$clean_folder/add-on.log" 2>&1 &
container=$!
check "becomes healthy" until_true 60 healthy
check "describes the models of its options" described
kill -TERM "$container"
check "stops when it is told to" until_true 10 stopped
cat "$clean_folder/add-on.log"
echo "== $failures failures"
[ "$failures" -eq 0 ]
