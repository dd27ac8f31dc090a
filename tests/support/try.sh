#!/bin/bash
# The first look that `./dev try` gives, on a tree that is set up and built: try.sh BIN_FOLDER.
set -euo pipefail
bin=$1

for program in stapd stapctl; do
  [[ -x $bin/$program ]] || {
    echo "dev: this tree does not build $program yet, so there is nothing to try" >&2
    exit 1
  }
done
