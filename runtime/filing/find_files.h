// The files that a session wrote before, by their names.
#pragma once

#include <string>
#include <vector>

#include "runtime/store/file_rotation.h"

namespace stapd {

// Files that rotation by this path could have made, by number; nothing else is ever taken for one,
// since rotation deletes them. `path` as check_file_path() lets it pass.
std::vector<RotatedFile> find_rotated_files(const std::string& path);

}  // namespace stapd
