#include <algorithm>
#include <map>

#include "translator/regex/determinize.h"

namespace stapd::regex {
namespace {

class TestBuilder {
 public:
  TestBuilder(const Nfa& nfa, const ByteClasses& classes) : nfa_(nfa), classes_(classes) {}

  std::optional<Automaton> run() {
    Automaton& out = out_;
    out.class_of = classes_.class_of;
    out.classes = static_cast<uint32_t>(classes_.examples.size());
    out.states.assign(2, std::vector<Transition>(out.classes));
    for (Transition& stays : out.states[kMatched]) stays.to = kMatched;
    out.start = state_of({}, true);
    for (size_t i = 2; i < out.states.size(); ++i) {
      if (out.states.size() > kMostAutomatonStates ||
          out.states.size() * out.classes > kMostTableEntries)
        return std::nullopt;
      fill(i);
    }
    return std::move(out);
  }

 private:
  struct Reached {
    std::vector<uint32_t> takers;  // states that take a byte
    bool accepts = false;
  };

  Reached reach(const std::vector<uint32_t>& from, bool at_start, bool at_end) {
    Reached out;
    std::vector<bool> seen(nfa_.states.size());
    std::vector<uint32_t> work(from.rbegin(), from.rend());
    work.push_back(nfa_.start);
    while (!work.empty()) {
      const uint32_t at = work.back();
      work.pop_back();
      if (seen[at]) continue;
      seen[at] = true;
      out.accepts = out.accepts || at == nfa_.accept;
      if (nfa_.states[at].takes_byte) out.takers.push_back(at);
      for (const Arc& arc : nfa_.states[at].arcs)
        if ((arc.when != Arc::When::at_start || at_start) &&
            (arc.when != Arc::When::at_end || at_end))
          work.push_back(arc.to);
    }
    return out;
  }

  // `from`: the states behind the byte that was taken last, ascending.
  uint32_t state_of(std::vector<uint32_t> from, bool at_start) {
    if (reach(from, at_start, false).accepts) return kMatched;
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
    const Reached here = reach(from, at_start, false);
    std::vector<Transition> row(out_.classes);
    row[0].to = reach(from, at_start, true).accepts ? kMatched : kStopped;
    for (uint32_t c = 1; c < out_.classes; ++c) {
      std::vector<uint32_t> next;
      for (uint32_t taker : here.takers)
        if (nfa_.states[taker].set[classes_.examples[c]]) next.push_back(nfa_.states[taker].next);
      std::ranges::sort(next);
      row[c].to = state_of(std::move(next), false);
    }
    out_.states[state] = std::move(row);
  }

  using Key = std::pair<bool, std::vector<uint32_t>>;
  const Nfa& nfa_;
  const ByteClasses& classes_;
  Automaton out_;
  std::map<Key, uint32_t> numbers_;
  std::vector<const Key*> keys_;
};

}  // namespace

std::optional<Automaton> determinize_test(const Nfa& nfa, const ByteClasses& classes) {
  return TestBuilder(nfa, classes).run();
}

}  // namespace stapd::regex
