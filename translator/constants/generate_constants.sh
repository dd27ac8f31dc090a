#!/bin/sh
# Writes the table of the kernel's constants: all macros and enumerators of headers.txt that are
# constant integers. The compiler itself is asked which ones are: a list of assertions is compiled,
# one a line, and lines with an error are taken out until none is left.
# Beside the headers, it takes socket_constants.h, and what the kernel and scripts call BITS_PER_LONG
# and PAGE_SIZE.
# usage: generate_constants.sh HEADERS OUTPUT COMPILER [FLAG...]
set -eu
headers=$1 output=$2 folder=$(cd "$(dirname "$0")" && pwd)
shift 2
LC_ALL=C
export LC_ALL
work=$output.work
rm -rf "$work"
mkdir -p "$work"

# The C library's headers and the kernel's define the same things twice. Where the kernel's include
# the former, they get what they need of them from here.
mkdir -p "$work/libc/sys" "$work/libc/net" "$work/libc/netinet"
for header in features string stdlib unistd time sys/types sys/time sys/ioctl sys/uio \
  net/if net/if_arp netinet/in; do
  : >"$work/libc/$header.h"
done
cat >"$work/libc/sys/socket.h" <<'EOF'
#pragma once
typedef unsigned short sa_family_t;
struct sockaddr { unsigned short sa_family; char sa_data[14]; };
EOF
cat >"$work/libc/limits.h" <<'EOF'
#pragma once
#define INT_MAX __INT_MAX__
#define INT_MIN (-__INT_MAX__ - 1)
EOF
cat >"$work/libc/stdint.h" <<'EOF'
#pragma once
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __INT8_TYPE__ int8_t;
typedef __INT16_TYPE__ int16_t;
typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t;
EOF
set -- "$@" -I "$work/libc"

# Words of C++ that are names in C.
cat >"$work/more.h" <<EOF
#define class class_
#define new new_
#define private private_
#define template template_
#include "$folder/socket_constants.h"
#include <asm/bitsperlong.h>
#define BITS_PER_LONG __BITS_PER_LONG
#ifdef __x86_64__
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096
#endif
EOF

# The headers that this host has, one a line; what does not compile beside the others is left out.
awk '/^[a-z]/ { printf "#if __has_include(<%s>)\nHAVE \"%s\"\n#endif\n", $1, $1 }' "$headers" |
  "$@" -x c++ -E -P - | sed -n 's/^HAVE "\(.*\)"$/#include <\1>/p' >"$work/of_host"
{
  echo '#include "more.h"'
  cat "$work/of_host"
} >"$work/includes.h"
until "$@" -x c++ -std=gnu++20 -w -fsyntax-only "$work/includes.h" 2>"$work/errors"; do
  # "In file included from .../includes.h:12:" or "... from .../includes.h:12,"
  line=$(sed -n 's/^.*includes\.h:\([0-9]*\)[:,].*/\1/p' "$work/errors" | head -1)
  if [ -z "$line" ]; then
    cat "$work/errors" >&2
    exit 1
  fi
  echo "$0: left out: $(sed -n "${line}p" "$work/includes.h")" >&2
  sed -i "${line}d" "$work/includes.h"
done

# Object-like macros with a body that may be an expression.
"$@" -x c++ -E -dM /dev/null | sort >"$work/of_compiler"
"$@" -x c++ -E -dM "$work/includes.h" | sort >"$work/of_all"
comm -13 "$work/of_compiler" "$work/of_all" |
  awk '$2 !~ /[(]/ && NF > 2 && $2 !~ /^__NR/ && !/[;{"\\]/ { print $2 }' >"$work/candidates"
# Enumerators: names at the start of an enum's body and after its commas, outside of parentheses.
"$@" -x c++ -E -P "$work/includes.h" | tr -s ' \t\n' ' ' |
  sed 's/\([{}(),;=]\)/\n\1\n/g' | awk '
    { gsub(/^ +| +$/, "") }
    $1 == "enum" { after_enum = 1; next }
    $0 == "{" && after_enum { in_body = 1; take = 1; depth = 0; after_enum = 0; next }
    $0 != "" { after_enum = 0 }
    !in_body || $0 == "" { next }
    $0 == "}" { in_body = 0; next }
    $0 == "(" { depth++; next }
    $0 == ")" { depth--; next }
    $0 == "," && depth == 0 { take = 1; next }
    take { if ($0 ~ /^[A-Za-z_][A-Za-z_0-9]*$/) print; take = 0 }' >>"$work/candidates"
sort -u "$work/candidates" -o "$work/candidates"

round=0
while :; do
  {
    printf '#include "%s"\n' "$work/includes.h"
    awk '{ printf "static_assert(((%s) | 0) == (%s));\n", $1, $1 }' "$work/candidates"
  } >"$work/check.cpp"
  if "$@" -std=gnu++20 -w -fsyntax-only -fmax-errors=0 -ftrack-macro-expansion=0 "$work/check.cpp" \
    2>"$work/errors"; then break; fi
  round=$((round + 1))
  sed -n 's/^.*check\.cpp:\([0-9]*\):.* error: .*/\1/p' "$work/errors" | sort -u >"$work/bad"
  if [ ! -s "$work/bad" ] || [ "$round" -gt 9 ]; then
    grep error "$work/errors" | head -5 >&2
    echo "$0: the kernel's headers do not compile" >&2
    exit 1
  fi
  awk 'NR == FNR { bad[$1 - 1]; next } !(FNR in bad)' "$work/bad" "$work/candidates" >"$work/kept"
  mv "$work/kept" "$work/candidates"
done

count=$(wc -l <"$work/candidates")
[ "$count" -gt 3000 ] || { echo "$0: only $count constants found" >&2; exit 1; }
# Preprocessed, so that whoever compiles it needs none of the above.
{
  echo "#include \"$work/includes.h\""
  echo 'extern const char stapd_constant_names[] ='
  awk '{ printf "\"%s\\0\"\n", $1 }' "$work/candidates"
  echo ';'
  echo 'extern const unsigned stapd_constant_offsets[] = {'
  awk '{ printf "%d,\n", offset; offset += length($1) + 1 }' "$work/candidates"
  echo '};'
  echo 'extern const long long stapd_constant_values[] = {'
  awk '{ printf "(long long)(%s),\n", $1 }' "$work/candidates"
  echo '};'
  echo "extern const unsigned stapd_constant_count = $count;"
} >"$work/table.cpp"
"$@" -std=gnu++20 -E -P "$work/table.cpp" >"$output.new"
rm -rf "$work"
mv "$output.new" "$output"
