#!/bin/bash
# Fetches and unpacks one of Debian's kernels, once: fetch_kernel.sh NAME, a name of kernels.txt.
# Prints the folder. apt works on lists of its own, so that the host's release does not matter.
set -euo pipefail
HERE=$(dirname "$(readlink -f "$0")")
readonly HERE
readonly CACHE=${STAPD_TEST_CACHE:-/var/cache/stapd-test}
readonly MIRROR=${STAPD_DEBIAN_MIRROR:-http://deb.debian.org/debian}
readonly SECURITY_MIRROR=${STAPD_DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
readonly NAME=$1
read -r architecture suites pattern < <(awk -v name="$NAME" '$1 == name { print $2, $3, $4 }' "$HERE/kernels.txt") || {
  echo "fetch_kernel: kernels.txt has no kernel '$NAME'" >&2
  exit 1
}
readonly FOLDER=$CACHE/kernel-$NAME

write_sources() {
  local suite uri
  for suite in ${suites//,/ }; do
    uri=$MIRROR
    [[ $suite != *-security ]] || uri=$SECURITY_MIRROR
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main"
  done
}

# private_apt COMMAND ARGUMENT...: apt on the lists of this architecture and these suites.
private_apt() {
  local state=$CACHE/apt-$architecture-${suites//,/-} command=$1
  shift
  mkdir -p "$state"/{lists/partial,archives/partial}
  touch "$state/status"
  write_sources >"$state/sources.list"
  "$command" -q -o "Dir::State=$state" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state" \
    -o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture" \
    -o APT::Sandbox::User=root "$@"
}

fetch() {
  local partial=$FOLDER.partial package
  rm -rf "$partial"
  mkdir -p "$partial/download"
  private_apt apt-get update >"$CACHE/kernel.log" 2>&1 || echo "fetch_kernel: apt-get update: see $CACHE/kernel.log" >&2
  package=$(private_apt apt-cache pkgnames linux-image- | grep -Ex "$pattern" | sort -V | tail -n 1) || {
    echo "fetch_kernel: no package matches $pattern in $suites" >&2
    exit 1
  }
  echo "fetch_kernel: $package" >&2
  (cd "$partial/download" && private_apt apt-get download "$package" >>"$CACHE/kernel.log" 2>&1) || {
    tail -n 20 "$CACHE/kernel.log" >&2
    exit 1
  }
  dpkg -x "$partial"/download/*.deb "$partial"
  rm -r "$partial/download"
  rm -rf "$FOLDER"
  mv "$partial" "$FOLDER"
}

mkdir -p "$CACHE"
exec 8>"$FOLDER.lock"
flock --timeout 900 8
compgen -G "$FOLDER/boot/vmlinuz-*" >/dev/null || fetch
echo "$FOLDER"
