#include "runtime/store/column.h"

#include <algorithm>
#include <array>
#include <bit>

namespace stapd {
namespace {

enum Mode : uint8_t {
  kConstant = 0,
  kVarints = 1,
  kDifferences = 2,
  kDictionary = 3,
  kPlanes = 4,
  kDifferencePlanes = 5,
};
enum StringMode : uint8_t { kPlainStrings = 0, kStringTable = 1 };

constexpr size_t kMaxDictionary = 256;
constexpr size_t kDictionaryPays = 4;  // when a value occurs so often on average
// From so many values on, planes of bytes pack better than varints.
constexpr size_t kFewValues = 32;

uint64_t difference(int64_t value, int64_t before) {
  return fold_sign(
      static_cast<int64_t>(static_cast<uint64_t>(value) - static_cast<uint64_t>(before)));
}

// The different values of a column, as long as they are few.
class SmallDictionary {
 public:
  // Index of the value, or -1 when there are too many.
  int find_or_add(int64_t value) {
    size_t slot = static_cast<uint64_t>(value) * 0x9e3779b97f4a7c15 >> (64 - kSlotBits);
    for (; slots_[slot] >= 0; slot = (slot + 1) % slots_.size())
      if (values_[static_cast<size_t>(slots_[slot])] == value) return slots_[slot];
    if (values_.size() == kMaxDictionary) return -1;
    slots_[slot] = static_cast<int16_t>(values_.size());
    values_.push_back(value);
    return slots_[slot];
  }
  const std::vector<int64_t>& values() const { return values_; }
  SmallDictionary() { slots_.fill(-1); }

 private:
  static constexpr int kSlotBits = 10;
  std::array<int16_t, 1 << kSlotBits> slots_;
  std::vector<int64_t> values_;
};

// The index of each value as a byte; false when there are too many different ones.
bool make_dictionary(std::span<const int64_t> values, SmallDictionary& dictionary,
                     std::string& indexes) {
  indexes.resize(values.size());
  int index = dictionary.find_or_add(values[0]);
  for (size_t i = 0; i < values.size(); ++i) {
    // Values come in runs.
    if (i > 0 && values[i] != values[i - 1]) index = dictionary.find_or_add(values[i]);
    if (index < 0) return false;
    indexes[i] = static_cast<char>(index);
  }
  return true;
}

bool is_constant(std::span<const int64_t> values) {
  return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == values[0]; });
}

// The bytes of each of value_at(0), value_at(1), ..., lowest first, go to planes of their own.
template <size_t kWidth, class ValueAt>
void put_planes(char* planes, size_t count, ValueAt value_at) {
  for (size_t i = 0; i < count; ++i) {
    uint64_t value = value_at(i);
    for (size_t plane = 0; plane < kWidth; ++plane)
      planes[plane * count + i] = static_cast<char>(value >> (8 * plane));
  }
}

template <class ValueAt>
void encode_planes(BlockBody& body, size_t count, uint64_t all_bits, ValueAt value_at) {
  static constexpr decltype(&put_planes<1, ValueAt>) kPut[] = {
      put_planes<1, ValueAt>, put_planes<2, ValueAt>, put_planes<3, ValueAt>,
      put_planes<4, ValueAt>, put_planes<5, ValueAt>, put_planes<6, ValueAt>,
      put_planes<7, ValueAt>, put_planes<8, ValueAt>};
  auto width = std::max<size_t>(1, (64 - static_cast<size_t>(std::countl_zero(all_bits)) + 7) / 8);
  body.bytes += static_cast<char>(width);
  size_t start = body.bytes.size();
  body.bytes.resize(start + width * count);
  kPut[width - 1](body.bytes.data() + start, count, value_at);
  // Noted one after the other, as if the planes had been appended.
  if (count < BlockBody::kLeastPart) return;
  for (size_t plane = 1; plane < width; ++plane) body.cuts.push_back(start + plane * count);
}

// Columns of many different values.
void encode_many(BlockBody& body, std::span<const int64_t> values) {
  // What the bits of the values say against those of their differences.
  uint64_t plain_bits = 0, step_bits = 0, all_plain = 0, all_steps = 0;
  int64_t before = values[0];
  for (int64_t value : values) {
    uint64_t plain = fold_sign(value), step = difference(value, before);
    before = value;
    plain_bits += static_cast<uint64_t>(std::bit_width(plain));
    step_bits += static_cast<uint64_t>(std::bit_width(step));
    all_plain |= static_cast<uint64_t>(value);
    all_steps |= step;
  }
  bool by_steps = step_bits < plain_bits, few = values.size() < kFewValues;
  auto step_at = [&](size_t i) { return difference(values[i], values[i ? i - 1 : 0]); };
  auto plain_at = [&](size_t i) { return static_cast<uint64_t>(values[i]); };
  body.bytes += static_cast<char>(few ? (by_steps ? kDifferences : kVarints)
                                      : (by_steps ? kDifferencePlanes : kPlanes));
  if (by_steps) append_svarint(body.bytes, values[0]);
  if (few)
    for (size_t i = 0; i < values.size(); ++i)
      append_varint(body.bytes, by_steps ? step_at(i) : fold_sign(values[i]));
  else if (by_steps)
    encode_planes(body, values.size(), all_steps, step_at);
  else
    encode_planes(body, values.size(), all_plain, plain_at);
}

bool decode_planes(VarintReader& in, size_t count, bool differences, std::vector<int64_t>& values) {
  uint64_t before = differences ? static_cast<uint64_t>(in.get_signed()) : 0;
  size_t width = in.get_byte();
  if (width < 1 || width > 8) return false;
  std::string_view planes = in.get_raw(uint64_t{width} * count);
  if (!in.ok()) return false;
  for (size_t i = 0; i < count; ++i) {
    uint64_t value = 0;
    for (size_t plane = 0; plane < width; ++plane)
      value |= uint64_t{static_cast<unsigned char>(planes[plane * count + i])} << (8 * plane);
    if (differences) value = before += static_cast<uint64_t>(unfold_sign(value));
    values.push_back(static_cast<int64_t>(value));
  }
  return true;
}

bool decode_dictionary(VarintReader& in, size_t count, std::vector<int64_t>& values) {
  uint64_t size = in.get();
  if (size < 1 || size > kMaxDictionary) return false;
  std::vector<int64_t> dictionary(size);
  for (int64_t& value : dictionary) value = in.get_signed();
  std::string_view indexes = in.get_raw(count);
  if (!in.ok()) return false;
  for (char index : indexes) {
    auto at = static_cast<unsigned char>(index);
    if (at >= size) return false;
    values.push_back(dictionary[at]);
  }
  return true;
}

}  // namespace

void encode_integers(BlockBody& body, std::span<const int64_t> values) {
  if (values.empty()) return;
  body.cut();
  if (is_constant(values)) {
    body.bytes += static_cast<char>(kConstant);
    append_svarint(body.bytes, values[0]);
    return;
  }
  SmallDictionary dictionary;
  std::string indexes;
  if (make_dictionary(values, dictionary, indexes)) {
    size_t different = dictionary.values().size();
    if (different * kDictionaryPays <= values.size()) {
      body.bytes += static_cast<char>(kDictionary);
      append_varint(body.bytes, different);
      for (int64_t value : dictionary.values()) append_svarint(body.bytes, value);
      body.bytes += indexes;
      return;
    }
  }
  encode_many(body, values);
}

bool decode_integers(VarintReader& in, size_t count, std::vector<int64_t>& values) {
  values.clear();
  if (count == 0) return true;
  uint64_t mode = in.get();
  // Every mode but the constant takes a byte a value at least: a count beyond that is a lie.
  if (!in.ok() || (mode != kConstant && count > in.left())) return false;
  values.reserve(count);
  switch (mode) {
    case kConstant:
      values.assign(count, in.get_signed());
      return in.ok();
    case kVarints:
      for (size_t i = 0; i < count; ++i) values.push_back(in.get_signed());
      return in.ok();
    case kDifferences: {
      auto value = static_cast<uint64_t>(in.get_signed());
      for (size_t i = 0; i < count; ++i)
        values.push_back(static_cast<int64_t>(value += static_cast<uint64_t>(in.get_signed())));
      return in.ok();
    }
    case kDictionary:
      return decode_dictionary(in, count, values);
    case kPlanes:
      return decode_planes(in, count, false, values);
    case kDifferencePlanes:
      return decode_planes(in, count, true, values);
    default:
      return false;
  }
}

void StringColumn::add(std::string_view text) {
  // Strings come in runs.
  if (!which_.empty() && text_at(static_cast<size_t>(which_.back())) == text)
    return which_.push_back(which_.back());
  auto known = known_.find(text);
  if (known == known_.end()) {
    known = known_.emplace(std::string(text), static_cast<int64_t>(ends_.size())).first;
    bytes_.append(text);
    ends_.push_back(bytes_.size());
  }
  which_.push_back(known->second);
}

std::string_view StringColumn::text_at(size_t index) const {
  size_t start = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(bytes_).substr(start, ends_[index] - start);
}

void StringColumn::encode(BlockBody& body) const {
  if (which_.empty()) return;
  body.cut();
  bool all_different = ends_.size() == which_.size();
  body.bytes += static_cast<char>(all_different ? kPlainStrings : kStringTable);
  if (all_different) {
    std::vector<int64_t> lengths;
    lengths.reserve(ends_.size());
    for (size_t i = 0; i < ends_.size(); ++i)
      lengths.push_back(static_cast<int64_t>(text_at(i).size()));
    encode_integers(body, lengths);
    body.cut();
    body.bytes += bytes_;
  } else {
    append_varint(body.bytes, ends_.size());
    for (size_t i = 0; i < ends_.size(); ++i) append_varint_string(body.bytes, text_at(i));
    encode_integers(body, which_);
  }
}

void StringColumn::clear() {
  bytes_.clear();
  ends_.clear();
  known_.clear();
  which_.clear();
}

bool decode_strings(VarintReader& in, size_t count, DecodedStrings& strings) {
  strings.table.clear();
  strings.which.clear();
  if (count == 0) return true;
  uint64_t mode = in.get();
  if (mode == kPlainStrings) {
    std::vector<int64_t> lengths;
    if (!decode_integers(in, count, lengths)) return false;
    for (int64_t length : lengths)
      strings.table.push_back(in.get_raw(static_cast<uint64_t>(length)));
    return in.ok();
  }
  if (mode != kStringTable) return false;
  uint64_t size = in.get();
  if (size == 0 || size > count || size > in.left()) return false;
  for (uint64_t i = 0; i < size; ++i) strings.table.push_back(in.get_string());
  if (!in.ok() || !decode_integers(in, count, strings.which)) return false;
  return std::all_of(strings.which.begin(), strings.which.end(),
                     [&](int64_t index) { return static_cast<uint64_t>(index) < size; });
}

}  // namespace stapd
