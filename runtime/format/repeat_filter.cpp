#include "runtime/format/repeat_filter.h"

namespace stapd {

bool RepeatFilter::is_new(std::string_view text) {
  std::string copy(text);
  if (seen_.contains(copy)) {
    ++suppressed_;
    return false;
  }
  if (seen_.size() < kMaxTexts) seen_.insert(std::move(copy));
  return true;
}

}  // namespace stapd
