#include "translator/regex/byte_classes.h"

#include <algorithm>
#include <map>

namespace stapd::regex {

// Splits the classes by one set after the other.
ByteClasses find_byte_classes(const Nfa& nfa) {
  std::array<uint32_t, 256> class_of{};
  class_of.fill(1);
  class_of[0] = 0;
  std::vector<const ByteSet*> seen;
  for (const State& state : nfa.states) {
    if (!state.takes_byte) continue;
    if (std::ranges::any_of(seen, [&](const ByteSet* set) { return *set == state.set; })) continue;
    seen.push_back(&state.set);
    std::map<std::pair<uint32_t, bool>, uint32_t> numbers;
    for (size_t byte = 1; byte < 256; ++byte) {
      const auto number = static_cast<uint32_t>(numbers.size() + 1);
      class_of[byte] = numbers.try_emplace({class_of[byte], state.set[byte]}, number).first->second;
    }
  }
  ByteClasses out;
  for (size_t byte = 0; byte < 256; ++byte) {
    out.class_of[byte] = static_cast<uint8_t>(class_of[byte]);
    // Classes are numbered by their first byte.
    if (class_of[byte] == out.examples.size()) out.examples.push_back(static_cast<uint8_t>(byte));
  }
  return out;
}

}  // namespace stapd::regex
