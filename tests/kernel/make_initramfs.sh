#!/bin/bash
# Packs what a virtual machine needs into OUTPUT: make_initramfs.sh BUILD_FOLDER OUTPUT TEST_FILE...
# That is busybox, our installed build with the libraries it is linked with, and the tests.
set -euo pipefail
HERE=$(dirname "$(readlink -f "$0")")
readonly HERE
readonly BUILD_FOLDER=$1 OUTPUT=$2
shift 2

TREE=$(mktemp -d)
readonly TREE
trap 'rm -rf "$TREE"' EXIT

# At the same path as here, which is where the loader of the virtual machine looks too.
copy_in_place() {
  mkdir -p "$TREE$(dirname "$1")"
  [[ -e $TREE$1 ]] || cp -L "$1" "$TREE$1"
}

add_programs() {
  local program library
  DESTDIR=$TREE cmake --install "$BUILD_FOLDER" --prefix /usr >/dev/null
  mkdir -p "$TREE/usr/bin"
  cp "$BUILD_FOLDER/bin/bpf_check" "$TREE/usr/bin/"
  find "$TREE" -type f -perm -100 | while read -r program; do
    # A script has neither symbols nor libraries.
    strip --strip-debug "$program" 2>/dev/null || continue
    { ldd "$program" 2>/dev/null || true; } | sed -n 's/^[^/]*\(\/[^ ]*\) (.*/\1/p' | while read -r library; do
      copy_in_place "$library"
    done
  done
}

add_busybox() {
  local applet
  mkdir -p "$TREE/bin"
  cp "$(command -v busybox)" "$TREE/bin/busybox"
  for applet in $("$TREE/bin/busybox" --list); do
    [[ -e $TREE/bin/$applet ]] || ln -s busybox "$TREE/bin/$applet"
  done
}

# list_tests TEST_FILE...: name and time limit of each, as init reads them.
list_tests() {
  local path limit
  for path in "$@"; do
    limit=$(sed -n 's/^# timeout: *\([0-9]\+\)$/\1/p' "$path")
    echo "$(basename "$path" .test) ${limit:-60}"
  done
}

mkdir -p "$TREE"/{proc,sys,dev,tmp,run,root,var/lib,etc,stapd-test/tests}
add_busybox
add_programs
install -m 755 "$HERE/init" "$TREE/init"
cp "$HERE/inside.sh" "$TREE/stapd-test/"
cp "$@" "$TREE/stapd-test/tests/"
list_tests "$@" >"$TREE/stapd-test/list"
cp -r "$HERE/../spec/language" "$TREE/stapd-test/"
# Not compressed: a virtual machine without KVM is slow at unpacking.
(cd "$TREE" && find . | cpio --quiet -o -H newc) >"$OUTPUT"
