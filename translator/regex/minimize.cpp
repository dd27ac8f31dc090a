#include <map>

#include "translator/regex/determinize.h"

namespace stapd::regex {

// Moore's: states are of one kind until a transition tells them apart.
Automaton minimize(const Automaton& automaton) {
  const size_t count = automaton.states.size();
  std::vector<uint32_t> kind(count);
  if (automaton.registers == 0) kind[kMatched] = 1;
  std::map<std::vector<std::pair<uint8_t, uint8_t>>, uint32_t> move_lists;
  std::vector<std::vector<uint32_t>> moves(count);
  for (size_t i = 0; i < count; ++i)
    for (const Transition& t : automaton.states[i]) {
      std::vector<std::pair<uint8_t, uint8_t>> list;
      for (const Move& move : t.moves) list.emplace_back(move.to, move.from);
      const auto next = static_cast<uint32_t>(move_lists.size());
      moves[i].push_back(move_lists.try_emplace(std::move(list), next).first->second);
    }
  for (size_t kinds = 0;;) {
    std::map<std::vector<uint32_t>, uint32_t> numbers;
    std::vector<uint32_t> next_kind(count);
    for (size_t i = 0; i < count; ++i) {
      std::vector<uint32_t> look = {kind[i]};
      for (size_t c = 0; c < automaton.states[i].size(); ++c) {
        look.push_back(kind[automaton.states[i][c].to]);
        look.push_back(moves[i][c]);
      }
      const auto fresh = static_cast<uint32_t>(numbers.size());
      next_kind[i] = numbers.try_emplace(std::move(look), fresh).first->second;
    }
    kind = std::move(next_kind);
    if (numbers.size() == kinds) break;
    kinds = numbers.size();
  }
  // Numbers go by first occurrence, so that kStopped and kMatched keep theirs.
  Automaton out = automaton;
  out.states.clear();
  for (size_t i = 0; i < count; ++i) {
    if (kind[i] != out.states.size()) continue;
    out.states.push_back(automaton.states[i]);
    for (Transition& t : out.states.back()) t.to = kind[t.to];
  }
  out.start = kind[automaton.start];
  return out;
}

}  // namespace stapd::regex
