#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <span>

#include "translator/regex/determinize.h"

namespace stapd::regex {
namespace {

// Which states a state is entered from, by the class of the byte.
class Sources {
 public:
  explicit Sources(const Automaton& automaton)
      : count_(automaton.states.size()), begins_(count_ * automaton.classes + 1) {
    for (const auto& row : automaton.states)
      for (uint32_t c = 0; c < row.size(); ++c) ++begins_[slot(row[c].to, c) + 1];
    std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
    states_.resize(begins_.back());
    std::vector<uint32_t> next(begins_.begin(), begins_.end() - 1);
    for (uint32_t state = 0; state < count_; ++state) {
      const std::vector<Transition>& row = automaton.states[state];
      for (uint32_t c = 0; c < row.size(); ++c) states_[next[slot(row[c].to, c)]++] = state;
    }
  }

  std::span<const uint32_t> of(uint32_t state, uint32_t byte_class) const {
    const size_t at = slot(state, byte_class);
    return std::span(states_).subspan(begins_[at], begins_[at + 1] - begins_[at]);
  }

 private:
  size_t slot(uint32_t state, uint32_t byte_class) const { return byte_class * count_ + state; }

  size_t count_;
  std::vector<uint32_t> begins_, states_;
};

class Partition {
 public:
  explicit Partition(std::vector<uint32_t> kind_of) : kind_of_(std::move(kind_of)) {
    for (uint32_t state = 0; state < kind_of_.size(); ++state) {
      if (kind_of_[state] >= members_.size()) members_.resize(kind_of_[state] + 1);
      members_[kind_of_[state]].push_back(state);
    }
  }

  size_t kinds() const { return members_.size(); }
  uint32_t kind_of(uint32_t state) const { return kind_of_[state]; }
  const std::vector<uint32_t>& members(size_t kind) const { return members_[kind]; }

  // Tells `apart`, each once, from the others of their kinds. The smaller part of a kind gets the
  // new number.
  void part(std::span<const uint32_t> apart) {
    std::map<uint32_t, std::vector<uint32_t>> by_kind;
    for (uint32_t state : apart) by_kind[kind_of_[state]].push_back(state);
    for (auto& [kind, fresh] : by_kind) {
      std::vector<uint32_t>& rest = members_[kind];
      if (fresh.size() == rest.size()) continue;
      const auto number = static_cast<uint32_t>(members_.size());
      for (uint32_t state : fresh) kind_of_[state] = number;
      std::erase_if(rest, [&](uint32_t state) { return kind_of_[state] == number; });
      if (rest.size() < fresh.size()) {
        rest.swap(fresh);
        for (uint32_t state : rest) kind_of_[state] = kind;
        for (uint32_t state : fresh) kind_of_[state] = number;
      }
      members_.push_back(std::move(fresh));
    }
  }

 private:
  std::vector<uint32_t> kind_of_;
  std::vector<std::vector<uint32_t>> members_;
};

// What can be told without looking at another state: acceptance and what transitions move.
std::vector<uint32_t> first_kinds(const Automaton& automaton) {
  using Moves = std::vector<std::pair<uint8_t, uint8_t>>;
  std::map<std::pair<bool, std::vector<Moves>>, uint32_t> numbers;
  std::vector<uint32_t> kinds;
  for (uint32_t state = 0; state < automaton.states.size(); ++state) {
    std::vector<Moves> moves;
    for (const Transition& t : automaton.states[state]) {
      moves.emplace_back();
      for (const Move& move : t.moves) moves.back().emplace_back(move.to, move.from);
    }
    const bool accepts = automaton.registers == 0 && state == kMatched;
    const auto fresh = static_cast<uint32_t>(numbers.size());
    kinds.push_back(numbers.try_emplace({accepts, std::move(moves)}, fresh).first->second);
  }
  return kinds;
}

}  // namespace

// Hopcroft's: who goes to a kind is told apart from who does not, and of a kind that was parted
// only the smaller part need be looked at again. Long chains, as {255} makes, take n log n of it.
Automaton minimize(const Automaton& automaton) {
  const Sources sources(automaton);
  Partition partition(first_kinds(automaton));
  for (size_t kind = 0; kind < partition.kinds(); ++kind) {
    const std::vector<uint32_t> members = partition.members(kind);
    for (uint32_t c = 0; c < automaton.classes; ++c) {
      std::vector<uint32_t> apart;
      for (uint32_t state : members) std::ranges::copy(sources.of(state, c), back_inserter(apart));
      partition.part(apart);
    }
  }
  // Numbers go by first occurrence, so that kStopped and kMatched keep theirs.
  constexpr uint32_t kUnnumbered = UINT32_MAX;
  std::vector<uint32_t> number(partition.kinds(), kUnnumbered);
  Automaton out = automaton;
  out.states.clear();
  for (uint32_t state = 0; state < automaton.states.size(); ++state) {
    uint32_t& of_kind = number[partition.kind_of(state)];
    if (of_kind != kUnnumbered) continue;
    of_kind = static_cast<uint32_t>(out.states.size());
    out.states.push_back(automaton.states[state]);
  }
  for (auto& row : out.states)
    for (Transition& t : row) t.to = number[partition.kind_of(t.to)];
  out.start = number[partition.kind_of(automaton.start)];
  return out;
}

}  // namespace stapd::regex
