#!/bin/sh
# Runs one test in the virtual machine; what a test may use is below. This is busybox's shell.

say() { printf '%s\n' "$*"; }

# Ends the test as failed.
fail() {
  say "FAILED: $*"
  exit 1
}

# Ends the test as skipped; the reason is shown in the summary.
skip() {
  say "skipped: $*"
  exit 77
}

# check WHAT COMMAND...: goes on when the command succeeds, and fails the test with WHAT otherwise.
check() {
  what=$1
  shift
  "$@" || fail "$what (exit status $?): $*"
  say "ok: $what"
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
  deadline=$(($(date +%s) + $1))
  shift
  until "$@"; do
    [ "$(date +%s)" -lt "$deadline" ] || fail "did not happen in time: $*"
    sleep 0.2
  done
}

# Exit status 0 without this line is no pass: a test that left early has not checked what it should.
came_to_its_end=no
finish() {
  status=$?
  if [ "$status" -eq 0 ] && [ "$came_to_its_end" = no ]; then
    say "FAILED: left before its end"
    exit 1
  fi
}
trap finish EXIT
set -eu
cd /tmp
# shellcheck source=/dev/null
. "/stapd-test/tests/$1.test"
came_to_its_end=yes
