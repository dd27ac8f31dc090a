# Set-up for `./dev`: packages, tracefs, bpffs. Sourced; every function may be called again at any
# time and is quick when there is nothing to do.
# shellcheck shell=bash

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

# require_root WHAT: ends with one message when we are not root.
require_root() {
  [[ $EUID -eq 0 ]] || die "$1 needs root (packages, BPF, tracefs): try 'sudo ./dev ...'"
}

# Programs cannot be armed on a kernel that does not describe its types.
require_btf() {
  [[ -r /sys/kernel/btf/vmlinux ]] ||
    die "this kernel ($(uname -r)) has no BTF: /sys/kernel/btf/vmlinux is missing (CONFIG_DEBUG_INFO_BTF=y; Debian's kernels have it)"
}

# packages_for PURPOSE...: names, one a line.
packages_for() {
  local purpose
  for purpose in "$@"; do
    awk -v purpose="$purpose" '$1 == purpose { for (i = 2; i <= NF; i++) print $i }' \
      tests/support/packages.txt
  done | sort -u
}

# missing_packages PURPOSE...: those that dpkg does not have installed.
missing_packages() {
  comm -23 <(packages_for "$@") \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | awk '$1 == "installed" { print $2 }' | sort -u)
}

# apt's list lock has no timeout of its own: somebody else's update is waited for.
apt_update() {
  local attempt
  for attempt in 1 2 3 4 5 6; do
    apt-get -qq update && return 0
    say "apt-get update did not work (attempt $attempt of 6); again in 10 s"
    sleep 10
  done
  say "apt-get update did not work; going on with the lists that are there"
}

# Of apt's output, what shows that it goes on; its errors come as they are.
install_packages() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=900 -o Dpkg::Use-Pty=0 \
    install -y --no-install-recommends "$@" |
    { grep --line-buffered -E '^(Setting up|[0-9]+ upgraded|Need to get)' >&2 || true; }
}

setup_packages() {
  command -v dpkg-query >/dev/null || die "no dpkg here: the set-up knows Debian only (12 or later)"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then
    say "packages: all there"
    return 0
  fi
  require_root "installing packages (${missing[*]})"
  say "packages: installing ${missing[*]}"
  apt_update
  install_packages "${missing[@]}" || die "apt-get could not install the packages above"
}

# mount_kernel_fs TYPE FOLDER
mount_kernel_fs() {
  if [[ $(stat -f -c %T "$2" 2>/dev/null) == "$1" ]]; then
    return 0
  fi
  say "mounting $1 on $2"
  mount -t "${1%_fs}" "$1" "$2" || die "cannot mount ${1%_fs} on $2: the kernel lacks it, or this container may not mount"
}

setup_mounts() {
  mount_kernel_fs tracefs /sys/kernel/tracing
  mount_kernel_fs bpf_fs /sys/fs/bpf
}

# What needs the kernel's side, before the first test or try.
setup_host() {
  require_root "this"
  require_btf
  setup_mounts
}
