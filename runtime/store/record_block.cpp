#include "runtime/store/record_block.h"

#include <algorithm>
#include <cstring>

namespace stapd {
namespace {

using Kind = RecordField::Kind;

constexpr int64_t kTruncatedFlag = 1, kOpaqueFlag = 2;
// Of all columns of a block together: what little damage may make us unpack.
constexpr uint64_t kMaxValues = 8u << 20;
constexpr uint64_t kMaxRecords = 1u << 20;
constexpr int64_t kMaxSegment = 65535;
constexpr int64_t kMaxFormat = 65535;

bool all_between(const std::vector<int64_t>& values, int64_t low, int64_t high) {
  return std::all_of(values.begin(), values.end(),
                     [&](int64_t value) { return value >= low && value <= high; });
}

}  // namespace

Result<RecordBlock> RecordBlock::decode_untrusted(std::string body,
                                                  std::span<const RecordFormat> formats,
                                                  uint64_t records) {
  RecordBlock block;
  block.body_ = std::make_unique<const std::string>(std::move(body));
  block.formats_ = formats;
  VarintReader in(*block.body_);
  if (!block.decode(in) || block.records() != records)
    return fail(ErrorCode::corrupt, "a records block that cannot be read");
  return block;
}

Result<ClockReading> RecordBlock::decode_clock_untrusted(std::string_view body) {
  ClockReading clock;
  if (body.size() < kClockBytes) return fail(ErrorCode::corrupt, "a records block without clocks");
  for (uint64_t* time : {&clock.boot, &clock.mono, &clock.real}) {
    std::memcpy(time, body.data(), sizeof *time);
    body.remove_prefix(sizeof *time);
  }
  return clock;
}

bool RecordBlock::decode(VarintReader& in) {
  auto clock = decode_clock_untrusted(in.get_raw(kClockBytes));
  if (!clock) return false;
  clock_ = *clock;
  if (!read_ledger(in, ledger_)) return false;
  uint64_t records = in.get();
  if (records > kMaxRecords) return false;
  for (auto* column : {&format_numbers_, &segments_, &times_, &steps_, &flags_})
    if (!decode_integers(in, records, *column)) return false;
  if (!all_between(format_numbers_, 0, kMaxFormat) || !all_between(segments_, 0, kMaxSegment))
    return false;
  std::map<uint16_t, size_t> rows;
  size_t opaque = 0;
  for (size_t i = 0; i < records; ++i) {
    if (flags_[i] & kOpaqueFlag)
      ++opaque;
    else
      ++rows[static_cast<uint16_t>(format_numbers_[i])];
  }
  uint64_t budget = kMaxValues;
  for (auto [format, count] : rows)
    if (!decode_format(in, format, count, budget)) return false;
  return decode_strings(in, opaque, opaque_) && in.left() == 0;
}

bool RecordBlock::decode_format(VarintReader& in, uint16_t number, size_t rows, uint64_t& budget) {
  if (number >= formats_.size()) return false;
  const RecordFormat& format = formats_[number];
  FormatColumns& columns = columns_[number];
  columns.numbers.resize(format.fields.size());
  columns.strings.resize(format.fields.size());
  for (size_t i = 0; i < format.fields.size(); ++i) {
    const RecordField& field = format.fields[i];
    uint64_t count = rows * (field.kind == Kind::buckets ? field.size / sizeof(uint64_t) : 1);
    if (count > budget) return false;
    budget -= count;
    bool is_number = field.kind == Kind::signed_integer || field.kind == Kind::unsigned_integer ||
                     field.kind == Kind::buckets;
    if (is_number ? !decode_integers(in, count, columns.numbers[i])
                  : !decode_strings(in, count, columns.strings[i]))
      return false;
  }
  return true;
}

bool RecordBlock::next(RingRecord& record) {
  if (at_ == times_.size()) return false;
  size_t i = at_++;
  uint64_t& last = last_numbers_[segments_[i]];
  last += static_cast<uint64_t>(steps_[i]) + 1;
  record.segment = static_cast<uint32_t>(segments_[i]);
  record.number = last;
  record.time = static_cast<uint64_t>(times_[i]);
  if (flags_[i] & kOpaqueFlag)
    record.bytes = opaque_.at(opaque_at_++);
  else
    record.bytes = make_record(static_cast<uint16_t>(format_numbers_[i]), record.time,
                               record.number, flags_[i] & kTruncatedFlag);
  return true;
}

std::string_view RecordBlock::make_record(uint16_t number, uint64_t time, uint64_t count,
                                          bool truncated) {
  const RecordFormat& format = formats_[number];
  FormatColumns& columns = columns_[number];
  size_t row = columns.row++;
  values_.resize(format.fields.size());
  buckets_.clear();
  // Room for all first, so that the spans stay valid.
  for (const RecordField& field : format.fields)
    if (field.kind == Kind::buckets) buckets_.resize(buckets_.size() + field.size / 8);
  size_t bucket_at = 0;
  for (size_t i = 0; i < format.fields.size(); ++i) {
    const RecordField& field = format.fields[i];
    if (field.kind == Kind::buckets) {
      size_t buckets = field.size / sizeof(uint64_t);
      auto from = columns.numbers[i].begin() + static_cast<ptrdiff_t>(row * buckets);
      std::copy_n(from, buckets, buckets_.begin() + static_cast<ptrdiff_t>(bucket_at));
      values_[i] = RecordValue::of(std::span<const uint64_t>(buckets_.data() + bucket_at, buckets));
      bucket_at += buckets;
    } else if (field.kind == Kind::signed_integer || field.kind == Kind::unsigned_integer) {
      values_[i] = RecordValue::of(columns.numbers[i][row]);
    } else {
      values_[i] = RecordValue::of(columns.strings[i].at(row));
    }
  }
  RecordSize size = measure_record(format, values_);
  bytes_.resize(size.length);
  uint8_t flags = truncated || size.truncated ? kCommitted | kTruncated : kCommitted;
  uint64_t word = record_header(count, flags, size.length, number);
  std::memcpy(bytes_.data(), &word, sizeof word);
  fill_record(std::as_writable_bytes(std::span(bytes_)), format, time, values_);
  return bytes_;
}

}  // namespace stapd
