// Records in and out of the body of a records block. docs/recording-format.md, "Records".
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/result.h"
#include "runtime/record/record_builder.h"
#include "runtime/record/record_view.h"
#include "runtime/ring/record_merge.h"
#include "runtime/store/column.h"
#include "runtime/store/schema.h"

namespace stapd {

// Collects records, in the order in which they are shown, into columns.
class RecordBlockBuilder {
 public:
  // Borrows the formats.
  explicit RecordBlockBuilder(std::span<const RecordFormat> formats);

  void add(const RingRecord& record);
  size_t records() const { return rows_.size(); }
  // About how large the body will be before it is compressed.
  size_t weight() const { return weight_; }
  uint64_t first_time() const { return first_time_; }
  uint64_t last_time() const { return last_time_; }

  // The body of what was collected, in the memory of `used`; the builder is empty afterwards.
  BlockBody take(const ClockReading& clock, const std::vector<SegmentTotals>& ledger,
                 BlockBody used = {});

 private:
  // The fields of one format: integers and buckets in numbers, the others in strings.
  struct FormatColumns {
    std::vector<std::vector<int64_t>> numbers;
    std::vector<StringColumn> strings;
  };
  // What every record has.
  struct Row {
    int64_t format, segment, time;
    int64_t step;  // between the numbers of its segment, 0: none is missing
    int64_t flags;
  };
  bool add_fields(std::string_view record, uint16_t number);
  void encode_rows(BlockBody& body);
  void clear();

  std::vector<CheckedFormat> formats_;
  std::vector<Row> rows_;
  std::vector<int64_t> column_;         // of rows_, one after the other
  std::vector<uint64_t> last_numbers_;  // by segment
  std::vector<FormatColumns> columns_;  // by format
  StringColumn opaque_;
  size_t weight_ = 0;
  uint64_t first_time_ = 0, last_time_ = 0;
};

// A record as it comes out of a recording: made anew, with the same format, time and values.
class RecordBlock {
 public:
  RecordBlock() = default;
  RecordBlock(RecordBlock&&) = default;
  RecordBlock& operator=(RecordBlock&&) = default;

  // Borrows the formats. `records` is what the header says.
  static Result<RecordBlock> decode_untrusted(std::string body,
                                              std::span<const RecordFormat> formats,
                                              uint64_t records);

  // The clocks, from the first kClockBytes of a body alone.
  static constexpr size_t kClockBytes = 3 * sizeof(uint64_t);
  static Result<ClockReading> decode_clock_untrusted(std::string_view body);

  size_t records() const { return times_.size(); }
  const ClockReading& clock() const { return clock_; }
  const std::vector<SegmentTotals>& ledger() const { return ledger_; }

  // The next record; its bytes are valid up to the next call.
  bool next(RingRecord& record);

 private:
  struct FormatColumns {
    std::vector<std::vector<int64_t>> numbers;
    std::vector<DecodedStrings> strings;
    size_t row = 0;
  };
  bool decode(VarintReader& in);
  bool decode_format(VarintReader& in, uint16_t number, size_t rows, uint64_t& budget);
  std::string_view make_record(uint16_t format, uint64_t time, uint64_t number, bool truncated);

  std::unique_ptr<const std::string> body_;  // strings point into it
  std::span<const RecordFormat> formats_;
  ClockReading clock_;
  std::vector<SegmentTotals> ledger_;
  std::vector<int64_t> format_numbers_, segments_, times_, steps_, flags_;
  std::map<uint16_t, FormatColumns> columns_;
  DecodedStrings opaque_;
  size_t at_ = 0, opaque_at_ = 0;
  std::map<int64_t, uint64_t> last_numbers_;  // by segment
  std::string bytes_;                         // of the record that next() gave
  std::vector<uint64_t> buckets_;
  std::vector<RecordValue> values_;
};

}  // namespace stapd
