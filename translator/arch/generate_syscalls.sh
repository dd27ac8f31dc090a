#!/bin/sh
# Writes a table of system calls: STAPD_SYSTEM_CALL(number, name), in ascending order.
# usage: generate_syscalls.sh x86_64|i386|aarch64 OUTPUT COMPILER [FLAG...]
set -eu
machine=$1 output=$2
shift 2

case $machine in
x86_64) header='asm/unistd_64.h' defines='' ;;
i386) header='asm/unistd_32.h' defines='' ;;
aarch64) # what arch/arm64/include/uapi/asm/unistd.h asks of the generic table
  header='asm-generic/unistd.h'
  defines='-D__ARCH_WANT_RENAMEAT -D__ARCH_WANT_NEW_STAT -D__ARCH_WANT_SET_GET_RLIMIT
    -D__ARCH_WANT_TIME32_SYSCALLS -D__ARCH_WANT_SYS_CLONE3 -D__ARCH_WANT_MEMFD_SECRET' ;;
*) echo "$0: unknown machine $machine" >&2; exit 1 ;;
esac

# Calls that are younger than the headers of the oldest host we build on; their numbers are the
# same on every machine (include/uapi/asm-generic/unistd.h).
younger='451 cachestat
452 fchmodat2
454 futex_wake
455 futex_wait
456 futex_requeue
457 statmount
458 listmount
459 lsm_get_self_attr
460 lsm_set_self_attr
461 lsm_list_modules
462 mseal
463 setxattrat
464 getxattrat
465 listxattrat
466 removexattrat
467 open_tree_attr
468 file_getattr
469 file_setattr'
if [ "$machine" = x86_64 ]; then
  younger="$younger
335 uretprobe
336 uprobe
453 map_shadow_stack"
fi

# shellcheck disable=SC2086  # the defines are several words
preprocessed=$(printf '#include <%s>\n' "$header" | "$@" $defines -E -dD -P -x c -)
{
  # -dD keeps the definitions; a name may stand for another one (__NR_fcntl for __NR3264_fcntl).
  printf '%s\n' "$preprocessed" | awk '
    /^#undef/ { delete value[$2] }
    /^#define __NR/ { value[$2] = $3 }
    END {
      for (name in value) {
        if (name !~ /^__NR_/ || name == "__NR_syscalls" || name == "__NR_arch_specific_syscall")
          continue
        number = value[name]
        if (number in value) number = value[number]
        if (number ~ /^[0-9]+$/) print number, substr(name, 6)
      }
    }'
  printf '%s\n' "$younger"
} | sort -n -k1,1 -u | awk '{ printf "STAPD_SYSTEM_CALL(%s, %s)\n", $1, $2 }' >"$output.new"

[ "$(wc -l <"$output.new")" -gt 250 ] || { echo "$0: no table from <$header>" >&2; exit 1; }
mv "$output.new" "$output"
