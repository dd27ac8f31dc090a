// A regular expression of any bytes, to its first 0, and the rest as a text: an automaton that
// tests and one that notes groups must agree, and what they say must lie in the text.
#include <cstdlib>

#include "tests/fuzz/fuzzer.h"
#include "translator/regex/automaton.h"

using namespace stapd::regex;

namespace {

uint32_t step(const Automaton& automaton, uint32_t state, std::string_view text, size_t at,
              std::vector<size_t>& registers) {
  const auto byte = at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
  const Transition& taken = automaton.states.at(state).at(automaton.class_of[byte]);
  for (const Move& move : taken.moves)
    registers[move.to] = move.from == kPosition ? at : registers[move.from];
  return taken.to;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), std::min<size_t>(size, 200));
  const size_t cut = std::min(all.find('\0'), all.size());
  const auto tests = compile_regex(all.substr(0, cut), Wanted::test);
  const auto notes = compile_regex(all.substr(0, cut), Wanted::groups);
  const auto* test = std::get_if<Automaton>(&tests);
  const auto* note = std::get_if<Automaton>(&notes);
  if (!test || !note) return 0;
  std::string text(all.substr(cut));
  std::erase(text, '\0');
  constexpr size_t kUnset = SIZE_MAX;
  std::vector<size_t> registers(256, kUnset);
  uint32_t tested = test->start, noted = note->start;
  for (size_t at = 0; at <= text.size(); ++at) {
    if (tested != kMatched) tested = step(*test, tested, text, at, registers);
    noted = step(*note, noted, text, at, registers);
  }
  if ((tested == kMatched) != (registers[0] != kUnset)) std::abort();
  for (uint32_t g = 0; g < note->groups && registers[0] != kUnset; ++g) {
    const size_t from = registers[2 * g], to = registers[2 * g + 1];
    if ((from == kUnset) != (to == kUnset)) std::abort();
    if (from != kUnset && (from > to || to > text.size())) std::abort();
  }
  return 0;
}
