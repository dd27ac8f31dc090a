// What a session writes into files: [File] of its profile.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/store/file_rotation.h"

namespace stapd {

struct FileSettings {
  enum class Format : uint8_t { recording, text };

  std::string path;  // absolute; its last part may have strftime directives
  uint64_t size = 0;
  uint32_t count = 0;
  uint64_t max_age = 0;  // ns
  uint64_t total = 0;
  uint64_t keep_free = 0;
  Format format = Format::recording;
  bool compress = true;

  bool operator==(const FileSettings&) const = default;

  RotationOptions rotation() const {
    RotationOptions options;
    options.path = path;
    options.size = size;
    options.count = count;
    options.max_age = max_age;
    options.total = total;
    options.keep_free = keep_free;
    return options;
  }
};

// What is wrong with a path, or nothing.
Status check_file_path(const std::string& path);

}  // namespace stapd
