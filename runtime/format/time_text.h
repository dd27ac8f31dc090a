// Times as text, and the stamps of `-t`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stapd {

// 2026-11-20T22:15:03.123456789Z, from ns since the epoch.
void append_rfc3339(std::string& out, uint64_t real_ns);

// Where and when a record was made.
struct RecordStamp {
  uint64_t real_ns = 0;           // wall time
  uint64_t time = 0;              // CLOCK_BOOTTIME, the same for all records of one handler
  int32_t cpu = -1;               // -1: in the daemon
  std::string_view session = {};  // when several are shown side by side
};

// Output with "2026-11-20 22:15:03.123456789 [003] session: " (local time) at the head of every
// line that a record starts. A record of another handler ends an unfinished line first.
class StampedText {
 public:
  // Without times only the session is said, where there is one.
  explicit StampedText(bool times = true) : times_(times) {}
  void append(std::string& out, std::string_view text, const RecordStamp& stamp);

 private:
  void append_stamp(std::string& out, const RecordStamp& stamp);
  void append_time(std::string& out, const RecordStamp& stamp);

  bool times_;
  bool line_open_ = false;
  uint64_t last_time_ = 0;
  int32_t last_cpu_ = -1;
  std::string last_session_;
  uint64_t second_ = UINT64_MAX;  // of which second_text_ is the text
  std::string second_text_;
};

}  // namespace stapd
