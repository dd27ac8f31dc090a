// A regular expression as an automaton that may be in several states at once (Thompson's
// construction). Every part of the expression is wrapped in a pair of brackets on the arcs: paths
// are compared by them when POSIX prefers one of two ways to match (posix_order.h).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "translator/regex/regex_tree.h"

namespace stapd::regex {

constexpr uint32_t kNoState = UINT32_MAX;

// An arc that takes no byte.
struct Arc {
  enum class When : uint8_t { always, at_start, at_end };
  enum class Bracket : uint8_t { none, open, close };
  uint32_t to = kNoState;
  When when = When::always;
  Bracket bracket = Bracket::none;
  uint16_t height = 0;            // of the bracket: how deep its part is nested
  uint16_t ordinal = 0;           // of an opening bracket: which of its siblings
  int16_t tag = -1;               // what is noted here: 2g the start of group g, 2g + 1 its end
  uint32_t not_after = kNoState;  // not on a path that has come through this state without a byte
};

struct State {
  bool takes_byte = false;  // one of `set`, then goes to `next`
  ByteSet set;
  uint32_t next = kNoState;
  std::vector<Arc> arcs;  // otherwise
};

struct Nfa {
  std::vector<State> states;
  uint32_t start = 0;
  uint32_t accept = 0;
  uint32_t groups = 1;
};

// Nothing when it would have too many states.
std::optional<Nfa> build_nfa(const Tree& tree);

}  // namespace stapd::regex
