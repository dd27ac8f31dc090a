#include <algorithm>
#include <functional>

#include "runtime/record/record_view.h"
#include "runtime/store/record_block.h"

namespace stapd {
namespace {

using Kind = RecordField::Kind;

constexpr int64_t kTruncatedFlag = 1, kOpaqueFlag = 2;
constexpr size_t kWeightOfARecord = 6;  // format, segment, time, number, flags

bool is_number(const RecordField& field) {
  return field.kind == Kind::signed_integer || field.kind == Kind::unsigned_integer ||
         field.kind == Kind::buckets;
}

}  // namespace

RecordBlockBuilder::RecordBlockBuilder(std::span<const RecordFormat> formats)
    : formats_(formats.begin(), formats.end()), columns_(formats.size()) {
  for (size_t i = 0; i < formats.size(); ++i) {
    columns_[i].numbers.resize(formats[i].fields.size());
    columns_[i].strings.resize(formats[i].fields.size());
  }
}

void RecordBlockBuilder::add(const RingRecord& record) {
  auto header = read_header(record.bytes);
  bool known = header && add_fields(record.bytes, header->format);
  if (record.segment >= last_numbers_.size()) last_numbers_.resize(record.segment + 1);
  uint64_t& last = last_numbers_[record.segment];
  bool truncated = header && header->flags & kTruncated;
  rows_.push_back({header ? header->format : 0, record.segment, static_cast<int64_t>(record.time),
                   static_cast<int64_t>(record.number - last - 1),
                   (truncated ? kTruncatedFlag : 0) | (known ? 0 : kOpaqueFlag)});
  last = record.number;
  if (!known) opaque_.add(record.bytes);
  weight_ += kWeightOfARecord + (known ? 0 : record.bytes.size());
  first_time_ = rows_.size() == 1 ? record.time : std::min(first_time_, record.time);
  last_time_ = std::max(last_time_, record.time);
}

// False when the record fits no format.
bool RecordBlockBuilder::add_fields(std::string_view record, uint16_t number) {
  if (number >= formats_.size()) return false;
  auto view = RecordView::parse_untrusted(record, formats_[number]);
  if (!view) return false;
  FormatColumns& columns = columns_[number];
  const std::vector<RecordField>& fields = view->format().fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    const RecordField& field = fields[i];
    if (field.kind == Kind::buckets) {
      for (size_t bucket = 0; bucket < view->bucket_count(i); ++bucket)
        columns.numbers[i].push_back(static_cast<int64_t>(view->bucket(i, bucket)));
      weight_ += view->bucket_count(i);
    } else if (is_number(field)) {
      columns.numbers[i].push_back(load_integer(record.data(), field));
      weight_ += std::min<size_t>(field.size, 4);
    } else {
      size_t before = columns.strings[i].bytes();
      columns.strings[i].add(view->string(i));
      weight_ += 1 + columns.strings[i].bytes() - before;
    }
  }
  return true;
}

void RecordBlockBuilder::encode_rows(BlockBody& body) {
  for (int64_t Row::*part : {&Row::format, &Row::segment, &Row::time, &Row::step, &Row::flags}) {
    column_.resize(rows_.size());
    std::transform(rows_.begin(), rows_.end(), column_.begin(), std::mem_fn(part));
    encode_integers(body, column_);
  }
}

BlockBody RecordBlockBuilder::take(const ClockReading& clock,
                                   const std::vector<SegmentTotals>& ledger, BlockBody used) {
  BlockBody& body = used;
  body.bytes.clear();
  body.cuts.clear();
  body.bytes.reserve(weight_ + weight_ / 4);
  for (uint64_t time : {clock.boot, clock.mono, clock.real})
    body.bytes.append(reinterpret_cast<const char*>(&time), sizeof time);
  append_ledger(body.bytes, ledger);
  append_varint(body.bytes, records());
  encode_rows(body);
  for (size_t i = 0; i < formats_.size(); ++i)
    for (size_t field = 0; field < formats_[i].format().fields.size(); ++field)
      if (is_number(formats_[i].format().fields[field]))
        encode_integers(body, columns_[i].numbers[field]);
      else
        columns_[i].strings[field].encode(body);
  opaque_.encode(body);
  clear();
  return used;
}

void RecordBlockBuilder::clear() {
  rows_.clear();
  for (FormatColumns& columns : columns_) {
    for (auto& numbers : columns.numbers) numbers.clear();
    for (StringColumn& strings : columns.strings) strings.clear();
  }
  opaque_.clear();
  last_numbers_.clear();
  weight_ = 0;
  first_time_ = last_time_ = 0;
}

}  // namespace stapd
