// Files to start with, for every sink.
#pragma once

#include "runtime/filing/record_sink.h"

namespace stapd {

// Those that are there, none of which another process writes; the folder is made if it is missing.
Result<RotationState> take_over_files(const std::string& path);

// The newest file, if its writer was killed before it wrote anything into it.
void remove_unwritten(RotationState& state);

// Of a state that find_rotated_files() made: leaves it so that reopen_last() goes on with the file
// `path`, cut to `size`. False when it is not the newest one.
bool go_on_with(RotationState& state, const std::string& path, uint64_t size);

}  // namespace stapd
