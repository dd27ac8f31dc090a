#!/bin/bash
# The harness says pass, fail and skip as it is, and leaves nothing behind: harness_test.sh BUILD_FOLDER.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
build_folder=$1
failed=0

# One of these at a time on a host: it looks for what is left of the fixtures, by their names.
exec 7>"/run/stapd-test-harness.lock"
flock 7

# expect TEST STATUS TEXT
expect() {
  local output status
  output=$("$here/run_test.sh" "$build_folder" "$here/harness/$1.test" 2>&1)
  status=$?
  if [[ $status -ne $2 ]] || ! grep -qF -- "$3" <<<"$output"; then
    printf 'FAILED %s: exit status %s, wanted %s and "%s"; output:\n%s\n' "$1" "$status" "$2" "$3" "$output"
    failed=1
  else
    echo "ok: $1"
  fi
}

# A harness that is killed takes its container with it. Its cgroup stays, empty: a later run removes it
# after a minute; here it is done at once, for the next run of this test.
expect_gone_after_kill() {
  "$here/run_test.sh" "$build_folder" "$here/harness/hangs.test" >/dev/null 2>&1 &
  local harness=$! deadline=$((SECONDS + 10))
  until pgrep --full 'machine=stapd-test-hangs' >/dev/null; do
    ((SECONDS < deadline)) || break
    sleep 0.1
  done
  kill -KILL "$harness"
  wait "$harness" 2>/dev/null
  sleep 0.5
  if pgrep --full --list-full 'machine=stapd-test-hangs'; then
    echo "FAILED killed: the container lives on"
    failed=1
  else
    echo "ok: killed"
  fi
  find /sys/fs/cgroup -depth -path '*/stapd-test-hangs-*' -type d -exec rmdir {} + || failed=1
}

left_behind() {
  pgrep --full --list-full 'systemd-nspawn.*stapd-test-(fails|hangs|powers-off)'
  grep /run/stapd-test /proc/mounts
  find /sys/fs/cgroup -maxdepth 2 -name 'stapd-test-fails-*' -o -maxdepth 2 -name 'stapd-test-hangs-*'
}

expect fails 1 'FAILED: one is two'
expect stops_short 1 'ls /no/such/folder'
expect hangs 1 'not done after 4 s (step 1)'
expect powers_off 1 'FAILED:'
expect ends_early 1 'FAILED: ends_early'
expect skips 77 'no such device'
expect host_part 0 'ok: the file of the host part'
left=$(left_behind)
expect_gone_after_kill
if [[ -n $left ]]; then
  echo "FAILED, left behind: $left"
  failed=1
fi
exit "$failed"
