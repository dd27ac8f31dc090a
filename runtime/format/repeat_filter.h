// Suppresses warnings that were shown before, as SystemTap's tools do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

namespace stapd {

class RepeatFilter {
 public:
  // So many texts are remembered; further ones are shown each time.
  static constexpr size_t kMaxTexts = 1024;

  // Whether to show this one.
  bool is_new(std::string_view text);
  uint64_t suppressed() const { return suppressed_; }

 private:
  std::unordered_set<std::string> seen_;
  uint64_t suppressed_ = 0;
};

}  // namespace stapd
