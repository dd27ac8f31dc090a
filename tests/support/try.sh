#!/bin/bash
# The first look that `./dev try` gives, on a tree that is set up and built: try.sh BIN_FOLDER.
# A stapd of its own records this host for a few seconds; nothing is left of it, on ^C neither.
set -euo pipefail

bin=$1
profiles=$(dirname "$(readlink -f "$0")")/../../conf.d
readonly SECONDS_OF_WORK=4 LINES_SHOWN=12
root=$(mktemp -d /tmp/stapd-try.XXXXXX)
daemon=

say() { printf '\033[1m== %s\033[0m\n' "$*"; }

clean_up() {
  trap '' INT TERM
  if [[ -n $daemon ]]; then
    "$bin/stapctl" --root="$root" stop --all >/dev/null 2>&1 || true
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
  fi
  rm -rf "$root"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# show FILTER WORD...: the command as one would type it, and what the filter leaves of its words.
show() {
  local filter=$1
  shift
  printf '\n$ stapctl %s\n' "$*"
  "$bin/stapctl" --root="$root" "$@" 2>&1 | $filter
}

last_lines() { tail -n "$LINES_SHOWN"; }
missing_file() { grep --text -E 'no-such-file|records of' | tail -n 3; }

wait_for_daemon() {
  local tries
  for tries in {1..100}; do
    "$bin/stapctl" --root="$root" list >/dev/null 2>&1 && return
    kill -0 "$daemon" 2>/dev/null || break
    sleep 0.1
  done
  printf 'dev: stapd did not answer after %s tries; it says:\n' "$tries" >&2
  cat "$root/log" >&2
  exit 1
}

# Real programs, as any host runs them; one fails.
work() {
  local end=$((SECONDS + SECONDS_OF_WORK))
  while ((SECONDS < end)); do
    find /etc -name '*.conf' -newer /etc/passwd >/dev/null 2>&1 || true
    tar -cf - /etc/default 2>/dev/null | gzip >/dev/null
    cat /etc/no-such-file 2>/dev/null || true
    sleep 0.5
  done
}

say "stapd --root=$root, with the profiles of conf.d"
mkdir -p "$root/etc/stapd"
cp -r "$profiles" "$root/etc/stapd/conf.d"
# Of a session of its own: a ^C of the terminal is for this script, which then stops what records.
setsid "$bin/stapd" --root="$root" --bus=none >"$root/log" 2>&1 &
daemon=$!
wait_for_daemon
show cat start programs opens

say "this host works for $SECONDS_OF_WORK s, and nobody looks"
work
show cat list
show last_lines dump programs --last 3s
show missing_file dump opens --last 3s

say "that is gone again. One that stays:"
cat <<END_OF_HINTS
  mkdir -p /tmp/box/etc/stapd && cp -r conf.d /tmp/box/etc/stapd
  $bin/stapd --root=/tmp/box &
  $bin/stapctl --root=/tmp/box start programs
  $bin/stapctl --root=/tmp/box attach programs -n 10s    the last 10 s, then live; ^C detaches
  $bin/stapctl --root=/tmp/box dump programs --last 1min
  $bin/stapctl --root=/tmp/box stop --all                else it goes on recording without stapd

A script of your own: $bin/stap -e 'probe syscall.openat { println(execname(), " ", filename) }'
Then README.md (a first profile, a first incident) and docs/stapctl.md.
END_OF_HINTS
