# The container of one test: a Debian root with our build installed, under an overlay that is thrown
# away. Sourced by run_test.sh, which has put us into mount and PID namespaces of our own.
# shellcheck shell=bash

readonly WORK=/run/stapd-test # a tmpfs that only this run sees
export ROOT=$WORK/root
cgroup=""

# Everything a test sees of us: the installed build, its helper programs, and the tests themselves.
make_container() {
  mkdir -p "$WORK"
  mount -t tmpfs -o mode=755 stapd-test "$WORK"
  mkdir "$WORK"/{install,upper,overlay,root,bpffs}
  DESTDIR=$WORK/install cmake --install "$BUILD_FOLDER" >"$WORK/install.log" || {
    cat "$WORK/install.log"
    return 1
  }
  local base programs
  mapfile -t programs < <(find "$WORK/install" "$BUILD_FOLDER/bin/bpf_check" -type f -perm -100)
  base=$("$HERE/make_root.sh" "${programs[@]}")
  exec 9<"$base.lock"
  flock --shared 9
  mount -t overlay -o "lowerdir=$base,upperdir=$WORK/upper,workdir=$WORK/overlay" overlay "$ROOT"
  cp -a "$WORK/install/." "$ROOT/"
  add_test_unit
  enter_cgroup
}

# It belongs to multi-user.target without holding it up, so that a test may wait for the boot's end.
add_test_unit() {
  mkdir -p "$ROOT/etc/systemd/system/multi-user.target.wants" "$ROOT/stapd-test"
  cat >"$ROOT/etc/systemd/system/stapd-test.service" <<END
[Unit]
Description=stapd's test $NAME
SuccessAction=exit
FailureAction=exit
SuccessActionExitStatus=0
FailureActionExitStatus=0
[Service]
Type=exec
ExecStart=/bin/bash /stapd-test/harness/inside.sh $NAME.test
StandardOutput=append:/out/log
StandardError=append:/out/log
END
  ln -s ../stapd-test.service "$ROOT/etc/systemd/system/multi-user.target.wants/"
}

# Containers that run at the same time need a cgroup each. Below systemd, our scope is one.
enter_cgroup() {
  [[ ! -d /run/systemd/system ]] || return 0
  local hierarchy
  hierarchy=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET) || {
    echo "no cgroup2 hierarchy is mounted, and systemd needs one"
    return 1
  }
  # Left over from runs that were killed: empty, and nobody's. A run sits in its own at once.
  remove_cgroups "stapd-test-*" -mmin +1 || true
  cgroup=$(mktemp -d "$hierarchy/stapd-test-$NAME-XXXXXX")
  echo 0 >"$cgroup/cgroup.procs"
}

# remove_cgroups PATTERN [FIND_CONDITION...]: in all hierarchies, since on a host that still has those of
# version 1, nspawn leaves the name in systemd's.
remove_cgroups() {
  local pattern=$1
  shift
  local folder
  find /sys/fs/cgroup -mindepth 1 -maxdepth 2 -name "$pattern" "$@" | while read -r folder; do
    find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null || return 1
  done
}

# boot_container SECONDS: until it has shut itself down. 124: it had to be stopped.
boot_container() {
  # A bpffs of its own: what is pinned there is gone with the next boot, as on a real host.
  ! mountpoint -q "$WORK/bpffs" || umount "$WORK/bpffs"
  mount -t bpf -o mode=0700 bpf "$WORK/bpffs"
  SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 timeout --kill-after=10 "$1" systemd-nspawn --quiet \
    --directory="$ROOT" --machine="stapd-test-${NAME//_/-}" --hostname=stapd-test --boot \
    --register=no --keep-unit --private-network --private-users=no --capability=all \
    --system-call-filter="bpf perf_event_open" --link-journal=no --resolv-conf=off --timezone=off \
    --console=pipe --bind="$OUT:/out" --bind="$WORK/bpffs:/sys/fs/bpf" \
    --bind-ro="$HERE:/stapd-test/harness" \
    --bind-ro="$(dirname "$TEST_FILE"):/stapd-test/tests" --bind-ro="$BUILD_FOLDER/bin:/stapd-test/bin" \
    --bind-ro="$WORK/install:/stapd-test/install" </dev/null >>"$OUT/console" 2>&1
}

save_journal() {
  journalctl --directory="$ROOT/var/log/journal" --no-pager --output=short-monotonic \
    >"$OUT/journal.txt" 2>&1 || true
}

# The namespaces take processes and mounts with them; a cgroup is all that would stay.
end_container() {
  [[ -n $cgroup ]] || return 0
  echo 0 >"$(dirname "$cgroup")/cgroup.procs"
  ! [[ -w $cgroup/cgroup.kill ]] || echo 1 >"$cgroup/cgroup.kill"
  local attempt
  for attempt in {1..50}; do
    remove_cgroups "$(basename "$cgroup")" && [[ ! -e $cgroup ]] && return
    sleep 0.1
  done
  echo "run_test: $cgroup is still in use after $attempt attempts" >&2
}
