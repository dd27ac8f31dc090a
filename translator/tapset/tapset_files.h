// Which files make up the tapset library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "translator/lex/script_facts.h"

namespace stapd {

// The files with `extension` (".stp", ".stpm") of each folder of `paths` in turn. A folder also has
// parts for this kernel only, which go first: linux/ARCH, linux, RELEASE/ARCH, RELEASE, the same
// for ever shorter RELEASE, ARCH, and last the folder itself. A file with the same place in its
// folder (or the same inode) as an earlier one is left out: what is found first wins.
std::vector<std::string> list_tapset_files(const std::vector<std::string>& paths,
                                           const ScriptFacts& facts, std::string_view extension);

// Not more than `most` bytes; a longer file is an error.
Result<std::string> read_source_text(const std::string& path, size_t most);

}  // namespace stapd
