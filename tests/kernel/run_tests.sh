#!/bin/bash
# Boots one of Debian's kernels in a virtual machine and runs tests in it, all in one boot:
# run_tests.sh BUILD_FOLDER KERNEL TEST_FILE... Exit status 0 when none failed and one passed, 77 when
# all were skipped. Everything said stays in BUILD_FOLDER/Testing/kernel/KERNEL.
set -euo pipefail
HERE=$(dirname "$(readlink -f "$0")")
readonly HERE
BUILD_FOLDER=$(readlink -f "$1")
readonly BUILD_FOLDER KERNEL=$2
shift 2
readonly OUT=${STAPD_KERNEL_TEST_OUT:-$BUILD_FOLDER/Testing/kernel/$KERNEL}
readonly BOOT_SECONDS=60

# wanted_tests TEST_FILE...: those that do not ask for other kernels in a line `# kernels: NAME...`.
wanted_tests() {
  local path kernels
  for path in "$@"; do
    kernels=$(sed -n 's/^# kernels: *//p' "$path")
    [[ -n $kernels && " $kernels " != *" $KERNEL "* ]] || echo "$path"
  done
}

# What all the tests may take together, by their own limits.
seconds_of() {
  cat "$@" | awk -v tests=$# -v boot="$BOOT_SECONDS" \
    '/^# timeout: *[0-9]+$/ { said++; sum += $3 } END { print boot + sum + (tests - said) * 60 }'
}

# KVM is not used even where it is to be had: the same tests run everywhere in the same way, and a
# guest with KVM crashes on some of the hosts that offer it.
boot() {
  timeout --kill-after=5 "$1" qemu-system-x86_64 -accel tcg -cpu max -smp 2 -m 1500 \
    -kernel "$(compgen -G "$kernel_folder/boot/vmlinuz-*")" -initrd "$OUT/initramfs" \
    -append "console=ttyS0 loglevel=4 panic=-1 stapd_kernel=$KERNEL" \
    -display none -monitor none -nic none -no-reboot \
    -serial "file:$OUT/console" -serial "file:$OUT/log" </dev/null
}

# verdict_of NAME: pass, skip, "fail WHY", or nothing when the test did not come to its end.
verdict_of() { tr -d '\r' <"$OUT/log" | sed -n "s/^@@ end $1 //p"; }

# What a test printed.
output_of() { tr -d '\r' <"$OUT/log" | sed -n "/^@@ begin $1\$/,/^@@ end $1 /p" | grep -v '^@@ '; }

# Sets passed, failed and skipped.
report() {
  local path name verdict
  for path in "$@"; do
    name=$(basename "$path" .test)
    verdict=$(verdict_of "$name")
    case ${verdict:=fail did not come to its end} in
      pass) passed=$((passed + 1)) ;;
      skip) skipped=$((skipped + 1)) ;;
      *) failed=$((failed + 1)) ;;
    esac
    echo "$KERNEL $name: $verdict"
    [[ $verdict == pass ]] || output_of "$name" | sed 's/^/    /' || true
  done
}

mapfile -t tests < <(wanted_tests "$@")
if ((${#tests[@]} == 0)); then
  echo "no test asks for the kernel $KERNEL"
  exit 77
fi
rm -rf "$OUT"
mkdir -p "$OUT"
kernel_folder=$("$HERE/fetch_kernel.sh" "$KERNEL")
"$HERE/make_initramfs.sh" "$BUILD_FOLDER" "$OUT/initramfs" "${tests[@]}"
status=0
boot "$(seconds_of "${tests[@]}")" >"$OUT/qemu" 2>&1 || status=$?
rm -f "$OUT/initramfs"

passed=0 failed=0 skipped=0
report "${tests[@]}"
if ((failed > 0)) || ! grep -q '^@@ done' "$OUT/log"; then
  echo "FAILED: $failed of ${#tests[@]} tests (qemu's exit status $status: $(head -c 500 "$OUT/qemu"))"
  echo "---- console"
  tr -d '\r' <"$OUT/console"
  exit 1
fi
((passed > 0)) || exit 77
