#!/bin/bash
# Does what a newcomer does, on a Debian that has nothing: bare_debian.sh [DEV_ARGUMENT...]
# Clones this tree (what is committed) into a fresh minimal Debian 12 and runs ./dev there: `build`
# unless something else is said, e.g. `test lint unit`. SUITE=trixie makes it a Debian 13. Needs root and the network, and minutes: by
# hand, before what changes the set-up lands. The bare root is kept, what is done in it is thrown away.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
readonly CACHE=${STAPD_TEST_CACHE:-/var/cache/stapd-test}
readonly MIRROR=${STAPD_DEBIAN_MIRROR:-http://deb.debian.org/debian}
readonly SUITE=${SUITE:-bookworm}
readonly BASE=$CACHE/bare-$SUITE

if [[ ! -v STAPD_BARE_UNSHARED ]]; then
  STAPD_BARE_UNSHARED=1 exec unshare --mount --propagation private -- "$0" "$@"
fi

if [[ ! -e $BASE/etc/debian_version ]]; then
  echo "bare_debian: debootstrap into $BASE" >&2
  rm -rf "$BASE.partial"
  mkdir -p "$CACHE"
  debootstrap --variant=minbase "$SUITE" "$BASE.partial" "$MIRROR" >"$CACHE/bare.log" 2>&1
  rm -rf "$BASE"
  mv "$BASE.partial" "$BASE"
fi

work=$(mktemp -d "$CACHE/bare-run-XXXXXX")
trap 'umount --recursive --lazy "$work/root" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 143' INT TERM
mkdir "$work"/{upper,overlay,root,tree}
mount -t overlay -o "lowerdir=$BASE,upperdir=$work/upper,workdir=$work/overlay" overlay "$work/root"
git clone --quiet . "$work/tree"
cp /etc/resolv.conf "$work/root/etc/resolv.conf"

# A new host as far as files go, and the kernel's side as it is after a boot: no tracefs, no bpffs. Not
# a container: in a PID namespace, tests that compare process ids with the kernel's cannot be right.
mkdir "$work/root/root/stapd"
mount --bind "$work/tree" "$work/root/root/stapd"
mount -t proc proc "$work/root/proc"
mount -t sysfs sysfs "$work/root/sys"
mount --rbind /sys/fs/cgroup "$work/root/sys/fs/cgroup"
mount --rbind /dev "$work/root/dev"
mount -t tmpfs run "$work/root/run"
env --ignore-environment HOME=/root TERM="${TERM:-dumb}" STAPD_WERROR="${STAPD_WERROR:-OFF}" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  chroot "$work/root" /root/stapd/dev "${@:-build}"
