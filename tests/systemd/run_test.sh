#!/bin/bash
# Boots a container with real systemd, D-Bus and journal and runs one test in it:
# run_test.sh BUILD_FOLDER TEST_FILE. Exit status 0 passed, 77 skipped, else failed.
# What the test printed, the console and the journal stay in BUILD_FOLDER/Testing/systemd/NAME.
set -euo pipefail
HERE=$(dirname "$(readlink -f "$0")")
readonly HERE

# Mounts and processes live in namespaces of this run, so that nothing is left however it ends; on a
# host with systemd, the container's cgroups are below a scope that systemd gave us.
if [[ ! -v STAPD_TEST_CONTAINED ]]; then
  scope=()
  [[ ! -d /run/systemd/system ]] || scope=(systemd-run --scope --quiet -p Delegate=yes --)
  STAPD_TEST_CONTAINED=1 exec "${scope[@]}" unshare --mount --propagation private --pid --fork \
    --kill-child --mount-proc -- "$0" "$@"
fi

BUILD_FOLDER=$(readlink -f "$1")
TEST_FILE=$(readlink -f "$2")
export BUILD_FOLDER
readonly TEST_FILE
NAME=$(basename "$TEST_FILE" .test)
readonly NAME
export OUT=$BUILD_FOLDER/Testing/systemd/$NAME
TIMEOUT=$(sed -n 's/^# timeout: *\([0-9]\+\)$/\1/p' "$TEST_FILE")
readonly TIMEOUT=${TIMEOUT:-60}
# shellcheck source=tests/systemd/container.sh
source "$HERE/container.sh"

trap end_container EXIT
trap 'exit 130' INT TERM

# The optional TEST.host runs on the host: prepare (before the first boot), boot (before each), finish.
run_host_part() {
  local script=${TEST_FILE%.test}.host
  [[ -e $script ]] || return 0
  STEP=$step bash -euo pipefail "$script" "$1" || fail "$NAME.host $1: exit status $?"
}

fail() {
  echo "FAILED: $*"
  echo "---- what the test printed"
  cat "$OUT/log" 2>/dev/null || true
  echo "---- console"
  tail -n 40 "$OUT/console" 2>/dev/null || true
  echo "---- journal up to the end of the test (all of it: $OUT/journal.txt)"
  journal_of_test | grep -v 'unmet condition check' | tail -n 60
  exit 1
}

# Without the shutdown, which is long and says nothing.
journal_of_test() {
  local last
  last=$(grep -n 'stapd-test.service: \(Main process exited\|Deactivated\)' "$OUT/journal.txt" 2>/dev/null |
    tail -n 1 | cut -d: -f1)
  head -n "${last:--0}" "$OUT/journal.txt" 2>/dev/null || true
}

# One boot; prints nothing. Leaves the verdict in $OUT/verdict.
boot_step() {
  echo "$step" >"$OUT/step"
  rm -f "$OUT/verdict"
  run_host_part boot
  local status=0
  boot_container "$((deadline - SECONDS))" || status=$?
  save_journal
  ((status != 124)) || fail "not done after $TIMEOUT s (step $step)"
  [[ -s $OUT/verdict ]] || fail "the container ended without a verdict (step $step, exit status $status)"
}

rm -rf "$OUT"
mkdir -p "$OUT"
step=1
make_container
run_host_part prepare
deadline=$((SECONDS + TIMEOUT))
verdict=reboot
while [[ $verdict == reboot ]]; do
  boot_step
  verdict=$(cat "$OUT/verdict")
  step=$((step + 1))
done
[[ $verdict != fail ]] || fail "$NAME"
run_host_part finish
cat "$OUT/log"
[[ $verdict != skip ]] || exit 77
