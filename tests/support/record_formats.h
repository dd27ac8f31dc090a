// Builders of record formats for tests.
#pragma once

#include <string>
#include <utility>

#include "runtime/record/record_format.h"
#include "runtime/record/record_view.h"

namespace stapd::test {

// Lays fields out one after the other, each at an offset that fits its size.
class FormatBuilder {
 public:
  explicit FormatBuilder(bool has_time = true) {
    format_.has_time = has_time;
    end_ = has_time ? 16 : 8;
  }
  FormatBuilder& integer(uint16_t size = 8, std::string name = "") {
    return add(RecordField::Kind::signed_integer, size, size, std::move(name));
  }
  FormatBuilder& natural(uint16_t size = 8, std::string name = "") {
    return add(RecordField::Kind::unsigned_integer, size, size, std::move(name));
  }
  FormatBuilder& chars(uint16_t size, std::string name = "") {
    return add(RecordField::Kind::chars, size, 1, std::move(name));
  }
  FormatBuilder& text(std::string name = "") {
    return add(RecordField::Kind::text, 2, 2, std::move(name));
  }
  FormatBuilder& memory(std::string name = "") {
    return add(RecordField::Kind::memory, 2, 2, std::move(name));
  }
  FormatBuilder& buckets(const HistogramShape& shape) {
    format_.histogram = shape;
    return add(RecordField::Kind::buckets, static_cast<uint16_t>(shape.buckets * 8), 8, "");
  }
  FormatBuilder& literal(std::string text) {
    FormatPiece piece;
    piece.text = std::move(text);
    format_.pieces.push_back(std::move(piece));
    return *this;
  }
  // Prints the field that was added last, or field `field`.
  FormatBuilder& print(FormatPiece::Conversion conversion, uint8_t flags = 0, int64_t width = -1,
                       int64_t precision = -1, int64_t field = -1) {
    using Source = FormatPiece::Source;
    FormatPiece piece;
    piece.conversion = conversion;
    piece.flags = flags;
    if (width >= 0) piece.width = {Source::Kind::constant, width, ""};
    if (precision >= 0) piece.precision = {Source::Kind::constant, precision, ""};
    int64_t last = static_cast<int64_t>(format_.fields.size()) - 1;
    piece.value = {Source::Kind::field, field >= 0 ? field : last, ""};
    format_.pieces.push_back(std::move(piece));
    return *this;
  }
  FormatBuilder& channel(RecordChannel channel) {
    format_.channel = channel;
    return *this;
  }
  RecordFormat build() const {
    RecordFormat format = format_;
    format.fixed_size = static_cast<uint16_t>(padded_to_unit(end_));
    return format;
  }

 private:
  FormatBuilder& add(RecordField::Kind kind, uint16_t size, uint16_t alignment, std::string name) {
    end_ = (end_ + alignment - 1u) / alignment * alignment;
    format_.fields.push_back({kind, static_cast<uint16_t>(end_), size, std::move(name)});
    end_ += size;
    return *this;
  }

  RecordFormat format_;
  uint32_t end_;
};

}  // namespace stapd::test
