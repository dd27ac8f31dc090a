#!/bin/bash
# `./dev` says one clear thing when it cannot go on, and its test summary tells the truth.
# dev_test.sh SCRATCH_FOLDER; needs root, to be somebody else and to hide files.
set -uo pipefail
source_folder=$(dirname "$(readlink -f "$0")")/../..
cd "$source_folder" || exit 1
scratch=$1
rm -rf "$scratch"
mkdir -p "$scratch"
failed=0

# expect NAME STATUS TEXT COMMAND...: its exit status, and one line of its output that holds TEXT.
expect() {
  local name=$1 want=$2 text=$3 output status
  shift 3
  output=$("$@" 2>&1)
  status=$?
  if [[ $status -ne $want ]] || ! grep -qF -- "$text" <<<"$output"; then
    printf 'FAILED %s: exit status %s, wanted %s and "%s"; output:\n%s\n' \
      "$name" "$status" "$want" "$text" "$output"
    failed=1
  fi
}

as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

# A mount namespace in which a folder is empty.
with_empty() {
  local folder=$1
  shift
  unshare --mount bash -c 'mount -t tmpfs none "$0" && "$@"' "$folder" "$@"
}

expect help 0 'usage: ./dev VERB' ./dev help
expect unknown_verb 2 "unknown verb frob" ./dev frob
for verb in setup test try bench chaos; do
  expect "${verb}_without_root" 1 "$verb needs root" as_nobody bash ./dev "$verb"
done
expect no_btf 1 'has no BTF' with_empty /sys/kernel/btf ./dev setup
expect mounts_bpffs 0 'mounting bpf_fs on /sys/fs/bpf' with_empty /sys/fs/bpf ./dev setup
expect mounts_tracefs 0 'mounting tracefs' with_empty /sys/kernel/tracing ./dev setup
expect setup_again 0 'packages: all there' ./dev setup

# Tests with known outcomes, run and summed up as ./dev does it.
cat >"$scratch/CTestTestfile.cmake" <<END
add_test(good true)
set_tests_properties(good PROPERTIES LABELS fine)
add_test(bad false)
set_tests_properties(bad PROPERTIES LABELS broken)
add_test(absent sh -c "echo no such thing here; exit 77")
set_tests_properties(absent PROPERTIES LABELS fine SKIP_RETURN_CODE 77)
add_test(unbuilt /nonexistent/program)
END
run_known() {
  bash -c 'set -euo pipefail; BUILD_FOLDER=$0
    source tests/support/setup.sh; source tests/support/run_tests.sh
    build_jobs() { echo 2; }
    run_tests "$@"' "$(realpath --relative-to=. "$scratch")" "$@"
}
expect all_known 8 '4 tests: 1 passed, 2 failed, 1 skipped' run_known
expect names_the_failed 8 "FAILED bad    again: ./dev test -R '^bad\$'" run_known
expect not_built_is_failed 8 'FAILED unbuilt' run_known
expect one_label 0 '2 tests: 1 passed, 0 failed, 1 skipped' run_known fine
expect reason_of_skip 0 'skipped absent: no such thing here' run_known fine
expect by_name 0 '1 tests: 1 passed, 0 failed, 0 skipped' run_known -R good
expect unknown_label 1 "no test has the label 'nosuch'" run_known nosuch
expect no_test_by_name 8 'No tests were found' run_known -R nosuch

((failed)) || echo "dev: all as expected"
exit "$failed"
