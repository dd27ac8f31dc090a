#!/bin/bash
# Makes the Debian root that the container tests boot, once, and keeps it: make_root.sh PROGRAM...
# Prints its folder. The release is the host's, so that the programs that were built here find the
# libraries they were linked with; the packages of those libraries are added as they are needed.
set -euo pipefail

readonly CACHE=${STAPD_TEST_CACHE:-/var/cache/stapd-test}
readonly MIRROR=${STAPD_DEBIAN_MIRROR:-http://deb.debian.org/debian}
readonly PACKAGES=systemd,systemd-sysv,dbus,polkitd,libpam-systemd,bpftool,procps
# shellcheck source=/dev/null
SUITE=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
[[ -n $SUITE ]] || {
  echo "make_root: /etc/os-release names no Debian release" >&2
  exit 1
}
readonly ROOT=$CACHE/systemd-root-$SUITE

# The list is in the root: a root that was made from another list is made anew.
is_made() { [[ $(cat "$ROOT/etc/stapd-test-packages" 2>/dev/null) == "$PACKAGES" ]]; }

make_root() {
  local partial=$ROOT.partial
  rm -rf "$partial" "$ROOT"
  echo "make_root: debootstrap $SUITE into $ROOT (about a minute, once)" >&2
  debootstrap --variant=minbase --include="$PACKAGES" "$SUITE" "$partial" "$MIRROR" >"$CACHE/debootstrap.log" 2>&1 || {
    tail -n 20 "$CACHE/debootstrap.log" >&2
    exit 1
  }
  # Fixed, so that the journals of several boots of one test are one host's.
  echo 0123456789abcdef0123456789abcdef >"$partial/etc/machine-id"
  echo stapd-test >"$partial/etc/hostname"
  mkdir -p "$partial/var/log/journal"
  echo "$PACKAGES" >"$partial/etc/stapd-test-packages"
  mv "$partial" "$ROOT"
}

# Paths of the shared libraries of PROGRAM...
libraries() { ldd "$@" 2>/dev/null | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | sort -u; }

# Names of the packages that hold the files on stdin.
owning_packages() {
  local path owner
  while read -r path; do
    # A merged /usr: dpkg knows a file by the path it was packed with, ldd says the one it found.
    owner=$(dpkg -S "$path" 2>/dev/null || dpkg -S "/usr$path" 2>/dev/null || dpkg -S "${path#/usr}" 2>/dev/null) || {
      echo "make_root: no package owns $path, which our programs need" >&2
      return 1
    }
    echo "${owner%%:*}"
  done | sort -u
}

# install_in_root PACKAGE...
install_in_root() {
  echo "make_root: adding $*" >&2
  cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
  chroot "$ROOT" sh -c 'apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@"' \
    sh "$@" >"$CACHE/apt.log" 2>&1 || {
    tail -n 20 "$CACHE/apt.log" >&2
    exit 1
  }
}

# The paths that are known to be there are kept in the root, since asking dpkg takes a second.
add_missing_libraries() {
  local known=$ROOT/etc/stapd-test-libraries new wanted missing
  touch "$known"
  new=$(comm -23 <(libraries "$@") "$known")
  [[ -n $new ]] || return 0
  wanted=$(owning_packages <<<"$new")
  mapfile -t missing < <(comm -23 <(echo "$wanted") \
    <(dpkg-query --admindir="$ROOT/var/lib/dpkg" -W -f '${Package}\n' | sort -u))
  ((${#missing[@]} == 0)) || install_in_root "${missing[@]}"
  sort -u -o "$known" "$known" <(echo "$new")
}

mkdir -p "$CACHE"
# Nobody runs a container on the root while it is changed: tests hold this lock shared.
exec 8>"$ROOT.lock"
if ! flock --timeout 900 8; then
  echo "make_root: $ROOT is in use for 15 minutes now" >&2
  exit 1
fi
is_made || make_root
(($# == 0)) || add_missing_libraries "$@"
echo "$ROOT"
