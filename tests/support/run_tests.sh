# `./dev test [LABEL... | -R REGEX | ctest option...]`: ctest over one build, then a summary by label.
# Sourced by `./dev`.
# shellcheck shell=bash

# test_selection ARGUMENT...: prints the ctest arguments, one a line. Plain words are labels, and one
# that no test has is refused: ctest itself would run nothing and say that all is well.
test_selection() {
  local known labels=() options=()
  known=$(ctest --test-dir "$BUILD_FOLDER" --print-labels | sed -n 's/^  //p')
  while (($#)); do
    case $1 in
      -R | -E | -I | --repeat) options+=("$1" "${2-}") && shift ;;
      -*) options+=("$1") ;;
      *)
        grep -qxF -- "$1" <<<"$known" ||
          die "no test has the label '$1'; labels: $(tr '\n' ' ' <<<"$known")(or: ./dev test -R REGEX)"
        labels+=("$1")
        ;;
    esac
    shift
  done
  if ((${#labels[@]})); then
    local IFS='|'
    options+=(-L "^(${labels[*]})\$")
  fi
  ((${#options[@]} == 0)) || printf '%s\n' "${options[@]}"
}

# Tests that may not share the machine say so themselves (RUN_SERIAL, RESOURCE_LOCK).
run_tests() {
  local selection status=0 results=$PWD/$BUILD_FOLDER/Testing/results.xml
  selection=$(test_selection "$@") || exit 1
  mapfile -t selection < <(printf '%s' "$selection")
  mkdir -p "$(dirname "$results")"
  rm -f "$results"
  ctest --test-dir "$BUILD_FOLDER" --no-tests=error --output-on-failure --no-label-summary \
    --timeout 300 -j "$(build_jobs)" --output-junit "$results" "${selection[@]}" || status=$?
  [[ -s $results ]] || die "ctest left no results (exit status $status)"
  tests/support/summarize_tests.py "$BUILD_FOLDER" "$results"
  return "$status"
}
