# shellcheck shell=bash
# Clean Debian systems in folders, made by mmdebstrap, and commands inside of them. To be sourced, by root.

clean_folder=${KWSD_CLEAN:-/var/tmp/kwsd-clean} # the systems are kept there; remove it for new ones
# shellcheck disable=SC2034
together=(-DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=16) # as .ci/test: a third of the time

# arm64 programs run on this machine; until the calling script ends, where this had to be arranged.
run_arm64() {
  local binfmt=/proc/sys/fs/binfmt_misc
  [ "$(dpkg --print-architecture)" = amd64 ] || return 0
  [ -e $binfmt/register ] || mount -t binfmt_misc binfmt_misc $binfmt
  if [ ! -e $binfmt/qemu-aarch64 ]; then
    cat /usr/lib/binfmt.d/qemu-aarch64.conf >$binfmt/register
    trap 'echo -1 >/proc/sys/fs/binfmt_misc/qemu-aarch64' EXIT
  fi
}

# A machine with Cortex-A53 cores, as a Raspberry Pi 3 has; its console is standard output.
# shellcheck disable=SC2034
pi_machine=(qemu-system-aarch64 -M virt -cpu cortex-a53 -rtc clock=vm -nographic -no-reboot -monitor none -serial stdio -nic none)

arm64_kernel() { # FOLDER: Debian's kernel for arm64 and its modules, unpacked there
  local name
  name=$(apt-cache depends --important linux-image-arm64:arm64 | sed -n 's/.*Depends: //p')
  arm64_package "$1" "$name"
}

arm64_package() { # FOLDER NAME: a package for arm64, unpacked there without its dependencies
  mkdir -p "$1"
  (cd "$1" && apt-get -qq -o APT::Sandbox::User=root download "$2" && dpkg-deb -x ./*.deb . && rm ./*.deb)
}

fresh_tree() { # TREE RELEASE [ARCHITECTURE]: a new system in the folder TREE
  local architecture=${3:-amd64} archive
  archive=$clean_folder/$2-$architecture.tar
  [ "$architecture" = amd64 ] || run_arm64
  if [ ! -e "$archive" ]; then
    mkdir -p "$clean_folder"
    mmdebstrap --quiet --format=tar --variant=minbase --architectures="$architecture" --include=ca-certificates \
      --dpkgopt=force-unsafe-io "$2" "$archive.new" && mv "$archive.new" "$archive"
  fi
  rm -rf "$1"
  mkdir -p "$1"
  tar -x -f "$archive" -C "$1"
}

# The files that git knows go to /src of the system; /src/build, where programs are built, stays.
copy_source() { # TREE
  mkdir -p "$1/src"
  find "$1/src" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
  git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- -c | tar -x -C "$1/src"
}

# Runs a command as root in the system, in /src where that exists. With $KWSD_CCACHE, a folder, ccache compiles.
enter() { # TREE COMMAND...
  local tree=$1
  shift
  cp /etc/resolv.conf "$tree/etc/resolv.conf"
  mkdir -p "$tree/src" "$tree/root/.cache/ccache"
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child --propagation private bash -c '
    tree=$0
    mount -t proc proc "$tree/proc"
    mount --rbind /dev "$tree/dev"
    mount -t tmpfs tmpfs "$tree/run"
    [ -z "${KWSD_CCACHE-}" ] || mount --bind "$KWSD_CCACHE" "$tree/root/.cache/ccache"
    exec chroot "$tree" env -i PATH="${KWSD_CCACHE:+/usr/lib/ccache:}/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root \
      LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive ${SOURCE_DATE_EPOCH:+SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH} \
      bash -c "cd /src && exec \"\$@\"" - "$@"' "$tree" "$@" </dev/null
}
