#include <algorithm>
#include <span>
#include <unordered_map>

#include "translator/regex/determinize.h"

namespace stapd::regex {
namespace {

bool is_open(const Arc& arc, bool at_start, bool at_end) {
  return (arc.when != Arc::When::at_start || at_start) && (arc.when != Arc::When::at_end || at_end);
}

// The states from which `accept` is reached without a byte.
std::vector<bool> accepting_states(const Nfa& nfa, bool at_start, bool at_end) {
  std::vector<std::vector<uint32_t>> sources(nfa.states.size());
  for (uint32_t state = 0; state < nfa.states.size(); ++state)
    for (const Arc& arc : nfa.states[state].arcs)
      if (is_open(arc, at_start, at_end)) sources[arc.to].push_back(state);
  std::vector<bool> accepting(nfa.states.size());
  std::vector<uint32_t> work = {nfa.accept};
  while (!work.empty()) {
    const uint32_t at = work.back();
    work.pop_back();
    if (accepting[at]) continue;
    accepting[at] = true;
    work.insert(work.end(), sources[at].begin(), sources[at].end());
  }
  return accepting;
}

class TestBuilder {
 public:
  TestBuilder(const Nfa& nfa, const ByteClasses& classes)
      : nfa_(nfa), classes_(classes), seen_in_(nfa.states.size()) {
    for (bool at_start : {false, true})
      for (bool at_end : {false, true})
        accepting_[at_start][at_end] = accepting_states(nfa, at_start, at_end);
  }

  std::optional<Automaton> run() {
    Automaton& out = out_;
    out.class_of = classes_.class_of;
    out.classes = static_cast<uint32_t>(classes_.examples.size());
    out.states.assign(2, std::vector<Transition>(out.classes));
    for (Transition& stays : out.states[kMatched]) stays.to = kMatched;
    out.start = state_of({}, true);
    for (size_t i = 2; i < out.states.size(); ++i) {
      if (out.states.size() > kMostAutomatonStates ||
          out.states.size() * out.classes > kMostTableEntries || effort_ > kMostEffort)
        return std::nullopt;
      fill(i);
    }
    return std::move(out);
  }

 private:
  bool accepts(const std::vector<uint32_t>& from, bool at_start, bool at_end) const {
    const std::vector<bool>& accepting = accepting_[at_start][at_end];
    return accepting[nfa_.start] ||
           std::ranges::any_of(from, [&](uint32_t state) { return accepting[state]; });
  }

  // The states that take a byte, of those that `from` and the beginning reach without one.
  std::vector<uint32_t> takers_from(const std::vector<uint32_t>& from, bool at_start) {
    ++search_;
    std::vector<uint32_t> takers;
    std::vector<uint32_t> work(from.rbegin(), from.rend());
    work.push_back(nfa_.start);
    while (!work.empty()) {
      const uint32_t at = work.back();
      work.pop_back();
      if (seen_in_[at] == search_) continue;
      seen_in_[at] = search_;
      ++effort_;
      if (nfa_.states[at].takes_byte) takers.push_back(at);
      for (const Arc& arc : nfa_.states[at].arcs)
        if (is_open(arc, at_start, false)) work.push_back(arc.to);
    }
    return takers;
  }

  // `from`: the states behind the byte that was taken last, ascending.
  uint32_t state_of(std::vector<uint32_t> from, bool at_start) {
    if (accepts(from, at_start, false)) return kMatched;
    const auto next = static_cast<uint32_t>(out_.states.size());
    const auto [it, fresh] = numbers_.try_emplace({at_start, std::move(from)}, next);
    if (fresh) {
      out_.states.emplace_back();
      keys_.push_back(&it->first);
    }
    return it->second;
  }

  void fill(size_t state) {
    const auto& [at_start, from] = *keys_[state - 2];
    const std::vector<uint32_t> takers = takers_from(from, at_start);
    std::vector<Transition> row(out_.classes);
    row[0].to = accepts(from, at_start, true) ? kMatched : kStopped;
    for (uint32_t c = 1; c < out_.classes; ++c) {
      std::vector<uint32_t> next;
      for (uint32_t taker : takers)
        if (nfa_.states[taker].set[classes_.examples[c]]) next.push_back(nfa_.states[taker].next);
      std::ranges::sort(next);
      row[c].to = state_of(std::move(next), false);
    }
    out_.states[state] = std::move(row);
  }

  using Key = std::pair<bool, std::vector<uint32_t>>;  // at_start, from
  struct KeyHash {
    size_t operator()(const Key& key) const {
      const std::span bytes = std::as_bytes(std::span(key.second));
      const auto* text = reinterpret_cast<const char*>(bytes.data());
      return std::hash<std::string_view>()({text, bytes.size()}) + key.first;
    }
  };
  const Nfa& nfa_;
  const ByteClasses& classes_;
  std::array<std::array<std::vector<bool>, 2>, 2> accepting_;  // by at_start, by at_end
  std::vector<uint32_t> seen_in_;                              // search, by state
  uint32_t search_ = 0;
  uint64_t effort_ = 0;  // states come through
  Automaton out_;
  std::unordered_map<Key, uint32_t, KeyHash> numbers_;
  std::vector<const Key*> keys_;
};

}  // namespace

std::optional<Automaton> determinize_test(const Nfa& nfa, const ByteClasses& classes) {
  return TestBuilder(nfa, classes).run();
}

}  // namespace stapd::regex
