#include "ctl/stapctl/wall_text.h"

#include <ctime>

namespace stapd::ctl {

std::string wall_text(uint64_t real_ns) {
  auto seconds = static_cast<time_t>(real_ns / 1'000'000'000);
  tm time{};
  localtime_r(&seconds, &time);
  char text[64];
  size_t size = strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &time);
  return std::string(text, size);
}

}  // namespace stapd::ctl
