// A regular expression as tables, the product of this room: an automaton that is in one state, so
// that a text is decided in one pass. runtime/image/regex_tables.h says how it runs.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "translator/regex/regex_tree.h"

namespace stapd::regex {

// What a transition does to the registers, before anything else happens: `to` = `from`, which is a
// register, or the position of the byte that is taken.
struct Move {
  uint8_t to = 0, from = 0;
  bool operator==(const Move&) const = default;
};
constexpr uint8_t kPosition = 0xff;
constexpr uint8_t kNothing = 0xfe;  // a register that no move goes to

struct Transition {
  uint32_t to = 0;
  std::vector<Move> moves;
  bool operator==(const Transition&) const = default;
};

// State 0 is where nothing can come any more; without registers, 1 is the state in which it has
// matched. Class 0 is the end of the text.
constexpr uint32_t kStopped = 0;
constexpr uint32_t kMatched = 1;

struct Automaton {
  std::array<uint8_t, 256> class_of{};
  uint32_t classes = 1;
  std::vector<std::vector<Transition>> states;  // by class
  uint32_t start = 0;
  uint32_t groups = 1;
  // With groups noted: 2g and 2g + 1 are group g of the best match so far, other registers follow.
  uint32_t registers = 0;
};

enum class Wanted : uint8_t { test, groups };

// `test`: whether the text matches somewhere. `groups`: where, the leftmost and of those the
// longest match, and its groups by POSIX's rules.
std::variant<Automaton, RegexError> compile_regex(std::string_view text, Wanted wanted);

}  // namespace stapd::regex
