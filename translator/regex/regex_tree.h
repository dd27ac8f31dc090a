// A regular expression as a tree: what parse_regex() makes of its text.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

namespace stapd::regex {

// Text is bytes; 0 ends it, so a set never holds 0.
using ByteSet = std::bitset<256>;

struct Node {
  enum class Kind : uint8_t {
    empty,
    set,       // one byte of `set`
    at_start,  // ^
    at_end,    // $
    sequence,  // children, one after the other
    choice,    // one of children
    repeat,    // children[0], `least` to `most` times
    group,     // children[0], reported as `group`
  };
  static constexpr uint32_t kNoLimit = UINT32_MAX;

  Kind kind = Kind::empty;
  ByteSet set;
  uint32_t least = 0, most = kNoLimit;
  uint32_t group = 0;
  std::vector<Node> children;
};

struct Tree {
  Node root;            // group 0: the whole match
  uint32_t groups = 1;  // with group 0
};

struct RegexError {
  size_t position = 0;  // in the text of the regular expression, in bytes
  std::string message;
};

}  // namespace stapd::regex
