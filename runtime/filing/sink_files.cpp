#include "runtime/filing/sink_files.h"

#include <filesystem>

#include "runtime/filing/find_files.h"
#include "runtime/store/byte_source.h"

namespace stapd {

Result<RotationState> take_over_files(const std::string& path) {
  // What is wrong with the folder, the first file's open() says.
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  RotationState state;
  for (RotatedFile& file : find_rotated_files(path)) {
    state.next = file.number + 1;
    state.files.push_back(std::move(file));
  }
  if (state.files.empty()) return state;
  const std::string& newest = state.files.back().path;
  Result<std::unique_ptr<FileSource>> source = FileSource::open(newest);
  if (source && (*source)->is_live())
    return failf(ErrorCode::busy, "{}: another process writes it", newest);
  return state;
}

void remove_unwritten(RotationState& state) {
  if (state.files.empty() || state.files.back().size > 0) return;
  std::error_code ignored;
  std::filesystem::remove(state.files.back().path, ignored);
  state.next = state.files.back().number;
  state.files.pop_back();
}

bool go_on_with(RotationState& state, const std::string& path, uint64_t size) {
  if (state.files.size() > 1 && state.files[state.files.size() - 2].path == path)
    remove_unwritten(state);
  if (state.files.empty() || state.files.back().path != path || state.files.back().size < size)
    return false;
  state.files.back().size = size;
  return true;
}

}  // namespace stapd
