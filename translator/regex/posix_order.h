// Which of two ways through an expression POSIX prefers: of the parts, in the order in which they
// begin, each is as long as it can be. Okui and Suzuki ("Disambiguation in regular expression
// matching via position automata with augmented transitions", 2010) decide it while the ways go on:
// at each byte, by the lowest bracket that each has passed since they parted. The way that has
// stayed deeper inside is the one whose part is longer; the last byte at which they differ decides,
// and where they never differ, the place where they parted.
#pragma once

#include <compare>
#include <vector>

#include "translator/regex/nfa.h"

namespace stapd::regex {

// Of a way as against another: what is kept from byte to byte.
struct Standing {
  static constexpr uint16_t kNone = UINT16_MAX;
  uint16_t lowest = kNone;  // bracket since they parted
  int8_t order = 0;         // -1: this one is preferred, 1: the other
  auto operator<=>(const Standing&) const = default;
};

// The brackets that a way has passed since the last byte.
using Brackets = std::vector<const Arc*>;

// `a` against `b` (first) and `b` against `a`, now. `before`: how they stood at the last byte;
// null when they were one then.
struct Comparison {
  Standing a, b;
};
Comparison compare_ways(const Brackets& a, const Brackets& b, const Comparison* before);

}  // namespace stapd::regex
