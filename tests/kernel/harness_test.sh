#!/bin/bash
# The harness says pass, fail and skip as it is, also when the kernel dies: harness_test.sh BUILD_FOLDER.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
build_folder=$(readlink -f "$1")
failed=0

# run NAME...: the named fixtures in one boot; sets output and status.
run() {
  output=$(STAPD_KERNEL_TEST_OUT=$build_folder/Testing/kernel/harness "$here/run_tests.sh" \
    "$build_folder" 6.1 "${@/#/$here/harness/}" 2>&1)
  status=$?
}

# expect STATUS LINE...
expect() {
  local line
  if [[ $status -ne $1 ]]; then
    echo "FAILED: exit status $status, wanted $1"
    failed=1
  fi
  for line in "${@:2}"; do
    if grep -qF -- "$line" <<<"$output"; then
      echo "ok: $line"
    else
      echo "FAILED: no line with: $line"
      failed=1
    fi
  done
}

run passes.test fails.test hangs.test skips.test ends_early.test other_kernel.test
expect 1 '6.1 passes: pass' '6.1 fails: fail exit status 1' 'FAILED: one is two' \
  '6.1 hangs: fail not done after 2 s' '6.1 skips: skip' '6.1 ends_early: fail' 'FAILED: 3 of 5 tests'
((failed == 0)) || echo "$output"
run panics.test passes.test
expect 1 '6.1 panics: fail did not come to its end' '6.1 passes: fail did not come to its end' \
  'Kernel panic'
run other_kernel.test
expect 77 'no test asks for the kernel 6.1'
((failed == 0)) || echo "$output"
exit "$failed"
