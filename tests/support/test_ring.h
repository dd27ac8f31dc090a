// A ring in plain memory, for tests without BPF.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "runtime/ring/ring_reader.h"
#include "runtime/ring/ring_writer.h"
#include "tests/support/record_formats.h"

namespace stapd::test {

// What the tests' records hold: a sequence number, then a text that is derived from it.
inline std::vector<RecordFormat> ring_formats() {
  return {FormatBuilder(true).natural().text().build(),
          FormatBuilder(false).natural().text().build()};
}
enum TestFormat : uint16_t { kTimed, kUntimed };

class TestRing {
 public:
  explicit TestRing(uint32_t segments = 1, uint32_t segment_size = kMinSegmentSize)
      : stride_(segment_value_size(segment_size)),
        memory_(new uint64_t[stride_ * segments / 8]()),
        mapping_{bytes(), segment_size, stride_, segments},
        formats_(ring_formats()) {}

  const RingMapping& mapping() const { return mapping_; }
  RingReader reader(uint32_t patience_us = 1000) const {
    return RingReader(mapping_, formats_, patience_us);
  }
  RingWriter writer(uint32_t segment = 0) { return {control(segment), mapping_.segment_size}; }
  std::byte* control(uint32_t segment = 0) { return bytes() + segment * stride_; }
  SegmentControl& words(uint32_t segment = 0) {
    return *reinterpret_cast<SegmentControl*>(control(segment));
  }
  size_t size() const { return stride_ * mapping_.segments; }
  const RecordFormat& format(uint16_t index) const { return formats_[index]; }
  const std::vector<RecordFormat>& formats() const { return formats_; }

  // Starts as if `records` and `units` had been reserved before.
  void pretend(uint64_t records, uint64_t units, uint32_t segment = 0) {
    words(segment).head = units << kCountBits | (records & kCountMask);
    words(segment).epochs = records >> kCountBits;
  }

  bool write(uint32_t segment, uint64_t time, uint64_t value, std::string_view text = "",
             TestFormat format = kTimed) {
    RecordValue values[] = {RecordValue::of(static_cast<int64_t>(value)), RecordValue::of(text)};
    return writer(segment).write(format, formats_[format], time, values);
  }

  // The value in a record of ours.
  uint64_t value_of(const RingRecord& record) const {
    auto view = RecordView::parse_untrusted(record.bytes, formats_[kTimed]);
    if (view && view->header().format == kTimed) return static_cast<uint64_t>(view->integer(0));
    view = RecordView::parse_untrusted(record.bytes, formats_[kUntimed]);
    return view ? static_cast<uint64_t>(view->integer(0)) : UINT64_MAX;
  }
  std::vector<uint64_t> values(RingWindow window) const {
    std::vector<uint64_t> values;
    for (RingRecord record; window.next(record);) values.push_back(value_of(record));
    return values;
  }

 private:
  std::byte* bytes() { return reinterpret_cast<std::byte*>(memory_.get()); }

  size_t stride_;
  std::unique_ptr<uint64_t[]> memory_;
  RingMapping mapping_;
  std::vector<RecordFormat> formats_;
};

}  // namespace stapd::test
