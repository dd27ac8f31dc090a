// Columns of a records block: all values of one field together, in the encoding that suits them.
// docs/recording-format.md, "Records".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/varint.h"

namespace stapd {

// A block's body while it is built. Where one column ends and the next has other statistics, a cut
// is noted: the compressor starts anew there.
struct BlockBody {
  std::string bytes;
  std::vector<size_t> cuts;

  void cut() {
    if (bytes.size() - (cuts.empty() ? 0 : cuts.back()) >= kLeastPart) cuts.push_back(bytes.size());
  }
  static constexpr size_t kLeastPart = 2048;  // smaller parts do not pay for tables of their own
};

void encode_integers(BlockBody& body, std::span<const int64_t> values);
// False when the bytes are no column of `count` values.
bool decode_integers(VarintReader& in, size_t count, std::vector<int64_t>& values);

// Strings, collected one by one.
class StringColumn {
 public:
  void add(std::string_view text);
  size_t count() const { return which_.size(); }
  size_t bytes() const { return bytes_.size(); }
  void encode(BlockBody& body) const;
  void clear();

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::string_view text_at(size_t index) const;

  // Each different string once, in the order of their first occurrence.
  std::string bytes_;
  std::vector<size_t> ends_;
  std::unordered_map<std::string, int64_t, Hash, std::equal_to<>> known_;
  std::vector<int64_t> which_;
};

// The strings of a column, read from a body that outlives them.
struct DecodedStrings {
  std::vector<std::string_view> table;
  std::vector<int64_t> which;  // index in the table; empty: the table itself

  std::string_view at(size_t index) const {
    return table[which.empty() ? index : static_cast<size_t>(which[index])];
  }
};
bool decode_strings(VarintReader& in, size_t count, DecodedStrings& strings);

}  // namespace stapd
