// The one door to zstd.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace stapd {

// Makes zstd frames, one after the other; keeps its memory between them.
class Compressor {
 public:
  explicit Compressor(int level);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // One frame of `bytes`. At each of `cuts` (ascending offsets) a zstd block ends, so that parts
  // with different statistics get tables of their own.
  std::string compress(std::string_view bytes, const std::vector<size_t>& cuts = {});

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::string frame_;  // memory for the next one
};

// The content of one frame, which is `size` bytes exactly, or an error.
Result<std::string> decompress_untrusted(std::string_view frame, size_t size);

// The first `size` bytes of it, without unpacking what follows.
Result<std::string> decompress_start_untrusted(std::string_view frame, size_t size);

}  // namespace stapd
