#!/bin/bash
# PID 1's child stapd-test.service in the container: one boot of one test. What a test may use is
# below; README.md has an example.
# shellcheck disable=SC2034 # STEP is for the tests
set -euo pipefail

STEP=$(cat /out/step) # 1 at the first boot, 2 after the first reboot_host, ...
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/stapd-test/bin
export PATH HOME=/root LC_ALL=C.UTF-8

say() { printf '%s\n' "$*"; }

# Ends the test as failed.
fail() {
  say "FAILED: $*"
  exit 1
}

# Ends the test as skipped; the reason is shown in the summary.
skip() {
  say "$*"
  exit 77
}

# check WHAT COMMAND...: goes on when the command succeeds, and fails the test with WHAT otherwise.
check() {
  local what=$1
  shift
  "$@" || fail "$what (exit status $?): $*"
  say "ok: $what"
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || fail "did not happen in time: $*"
    sleep 0.05
  done
}

# Shuts down in order and boots again with STEP one higher. What is in the file system stays, what is
# in /run, in bpffs and in processes does not: as on a real host.
reboot_host() {
  echo reboot >/out/verdict
  exit 0
}

# Passed is only what came to its end: a test that is stopped from outside ends here too.
finish() {
  local status=$?
  [[ -e /out/verdict ]] && return
  case $status,$came_to_its_end in
    0,yes) echo pass ;;
    77,*) echo skip ;;
    *) echo fail ;;
  esac >/out/verdict
}

came_to_its_end=no
trap finish EXIT
trap 'say "FAILED: line $LINENO of ${BASH_SOURCE[0]}: $BASH_COMMAND"' ERR
# shellcheck source=/dev/null
source "/stapd-test/tests/$1"
came_to_its_end=yes
