#include "runtime/format/time_text.h"

#include <time.h>

#include "runtime/format/value_text.h"

namespace stapd {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

void append_calendar(std::string& out, const tm& time, char between) {
  char text[64];
  size_t size = strftime(text, sizeof text, "%Y-%m-%d", &time);
  out.append(text, size);
  out += between;
  size = strftime(text, sizeof text, "%H:%M:%S.", &time);
  out.append(text, size);
}

void append_padded(std::string& out, uint64_t number, int32_t digits) {
  append_number(out, static_cast<int64_t>(number), FormatPiece::Conversion::unsigned_decimal,
                FormatPiece::zero_pad, digits, -1);
}

}  // namespace

void append_rfc3339(std::string& out, uint64_t real_ns) {
  auto seconds = static_cast<time_t>(real_ns / kSecond);
  tm time{};
  gmtime_r(&seconds, &time);
  append_calendar(out, time, 'T');
  append_padded(out, real_ns % kSecond, 9);
  out += 'Z';
}

void StampedText::append(std::string& out, std::string_view text, const RecordStamp& stamp) {
  if (text.empty()) return;
  bool same_handler =
      stamp.time == last_time_ && stamp.cpu == last_cpu_ && stamp.session == last_session_;
  if (line_open_ && !same_handler) {
    out += '\n';
    line_open_ = false;
  }
  if (!line_open_) append_stamp(out, stamp);
  out.append(text);
  line_open_ = text.back() != '\n';
  last_time_ = stamp.time;
  last_cpu_ = stamp.cpu;
  if (stamp.session != last_session_) last_session_ = stamp.session;
}

void StampedText::append_stamp(std::string& out, const RecordStamp& stamp) {
  if (times_) append_time(out, stamp);
  if (!stamp.session.empty()) out.append(stamp.session).append(": ");
}

void StampedText::append_time(std::string& out, const RecordStamp& stamp) {
  if (uint64_t second = stamp.real_ns / kSecond; second != second_) {
    second_ = second;
    auto seconds = static_cast<time_t>(second);
    tm time{};
    localtime_r(&seconds, &time);
    second_text_.clear();
    append_calendar(second_text_, time, ' ');
  }
  out.append(second_text_);
  append_padded(out, stamp.real_ns % kSecond, 9);
  out += " [";
  if (stamp.cpu < 0)
    out += "---";
  else
    append_padded(out, static_cast<uint64_t>(stamp.cpu), 3);
  out += "] ";
}

}  // namespace stapd
