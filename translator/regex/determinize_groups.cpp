// The subset construction with positions: a state of the result is a list of configurations, each a
// state of the expression's automaton with the registers that hold where its groups begin and end.
// Ways that began earlier in the text come first; those that began together are compared by
// posix_order.h, and the better of two that come to the same state goes on alone.
#include <algorithm>
#include <deque>
#include <map>
#include <numeric>

#include "translator/regex/determinize.h"
#include "translator/regex/posix_order.h"

namespace stapd::regex {
namespace {

constexpr uint32_t kNoStep = UINT32_MAX;
constexpr size_t kMostRegisters = 240;

using Registers =
    std::vector<uint8_t>;  // by tag: a register, kNothing, or while it moves kPosition

struct Configuration {
  uint32_t state = 0;
  uint32_t rank = 0;  // 0: began first
  Registers tags;
  auto operator<=>(const Configuration&) const = default;
};

struct Kernel {
  bool at_start = false;
  bool found = false;  // there is a match, so none that begins later counts
  std::vector<Configuration> configurations;
  std::vector<Standing> standings;  // of each against each
  auto operator<=>(const Kernel&) const = default;
};

// How a state was reached from a configuration without taking a byte.
struct Way {
  uint32_t state = 0;
  uint32_t origin = 0;  // index of the configuration
  uint32_t last = kNoStep;
};
struct Step {
  uint32_t before = kNoStep;
  const Arc* arc = nullptr;
};

class Closure {
 public:
  Closure(const Nfa& nfa, const Kernel& kernel, bool at_end, uint64_t& effort)
      : nfa_(nfa),
        kernel_(kernel),
        at_end_(at_end),
        effort_(effort),
        way_to_(nfa.states.size(), -1) {
    const std::vector<Configuration>& all = kernel.configurations;
    for (uint32_t i = 0; i < all.size();) {
      const uint32_t rank = all[i].rank;
      for (; i < all.size() && all[i].rank == rank; ++i) reach({all[i].state, i, kNoStep});
      spread();
    }
  }

  // In the order of their ranks.
  const std::vector<Way>& ways() const { return ways_; }
  const Way* accepting() const {
    return way_to_[nfa_.accept] < 0 ? nullptr : &ways_[static_cast<size_t>(way_to_[nfa_.accept])];
  }
  uint32_t rank_of(const Way& way) const { return kernel_.configurations[way.origin].rank; }

  Registers tags_of(const Way& way) const {
    Registers tags = kernel_.configurations[way.origin].tags;
    look_back(way, [&](const Arc& arc) {
      if (arc.tag >= 0) tags[static_cast<size_t>(arc.tag)] = kPosition;
      return true;
    });
    return tags;
  }

  Comparison compare(const Way& a, const Way& b) const {
    if (nfa_.groups == 1) return {};
    if (a.origin == b.origin) return compare_ways(brackets_of(a), brackets_of(b), nullptr);
    const size_t count = kernel_.configurations.size();
    const Comparison before{kernel_.standings[a.origin * count + b.origin],
                            kernel_.standings[b.origin * count + a.origin]};
    return compare_ways(brackets_of(a), brackets_of(b), &before);
  }

 private:
  // The steps of a way since the last byte, the newest first, while `go_on` says so.
  template <typename GoOn>
  bool look_back(const Way& way, GoOn go_on) const {
    for (uint32_t at = way.last; at != kNoStep; at = steps_[at].before) {
      ++effort_;
      if (!go_on(*steps_[at].arc)) return false;
    }
    return true;
  }

  Brackets brackets_of(const Way& way) const {
    Brackets out;
    look_back(way, [&](const Arc& arc) {
      if (arc.bracket != Arc::Bracket::none) out.push_back(&arc);
      return true;
    });
    std::ranges::reverse(out);
    return out;
  }

  bool came_through(const Way& way, uint32_t state) const {
    return !look_back(way, [&](const Arc& arc) { return arc.to != state; }) ||
           kernel_.configurations[way.origin].state == state;
  }

  void reach(const Way& way) {
    int32_t& known = way_to_[way.state];
    if (known >= 0) {
      Way& other = ways_[static_cast<size_t>(known)];
      if (rank_of(other) != rank_of(way) || compare(way, other).a.order >= 0) return;
      other = way;
    } else {
      known = static_cast<int32_t>(ways_.size());
      ways_.push_back(way);
    }
    if (!nfa_.states[way.state].takes_byte) work_.push_back(way.state);
  }

  void spread() {
    while (!work_.empty() && effort_ < kMostEffort) {
      const Way here = ways_[static_cast<size_t>(way_to_[work_.front()])];
      work_.pop_front();
      for (const Arc& arc : nfa_.states[here.state].arcs) {
        if (arc.when == Arc::When::at_start && !kernel_.at_start) continue;
        if (arc.when == Arc::When::at_end && !at_end_) continue;
        if (arc.not_after != kNoState && came_through(here, arc.not_after)) continue;
        if (came_through(here, arc.to)) continue;
        steps_.push_back({here.last, &arc});
        reach({arc.to, here.origin, static_cast<uint32_t>(steps_.size() - 1)});
      }
    }
  }

  const Nfa& nfa_;
  const Kernel& kernel_;
  bool at_end_;
  uint64_t& effort_;
  std::vector<int32_t> way_to_;  // index in ways_, by state
  std::vector<Way> ways_;
  std::vector<Step> steps_;
  std::deque<uint32_t> work_;
};

// Moves that happen at once, one after the other: a register is written when nobody needs it any
// more, and a circle is cut by `spare`.
std::vector<Move> in_sequence(std::vector<Move> moves, uint8_t spare) {
  std::erase_if(moves, [](const Move& m) { return m.to == m.from; });
  std::vector<Move> out;
  while (!moves.empty()) {
    const auto free = std::ranges::find_if(moves, [&](const Move& move) {
      return std::ranges::none_of(
          moves, [&](const Move& other) { return &other != &move && other.from == move.to; });
    });
    if (free != moves.end()) {
      out.push_back(*free);
      moves.erase(free);
      continue;
    }
    const uint8_t saved = moves.front().to;
    out.push_back({spare, saved});
    for (Move& move : moves)
      if (move.from == saved) move.from = spare;
  }
  return out;
}

class GroupsBuilder {
 public:
  GroupsBuilder(const Nfa& nfa, const ByteClasses& classes)
      : nfa_(nfa), classes_(classes), tags_(2 * nfa.groups) {}

  std::optional<Automaton> run() {
    out_.class_of = classes_.class_of;
    out_.classes = static_cast<uint32_t>(classes_.examples.size());
    out_.groups = nfa_.groups;
    out_.registers = tags_;
    out_.states.assign(1, std::vector<Transition>(out_.classes));
    kernels_.push_back(nullptr);
    Kernel first;
    first.at_start = true;
    begin_here(first, 0);
    first.standings.assign(1, {});
    out_.start = state_of(std::move(first));
    for (size_t i = 1; i < out_.states.size(); ++i) {
      if (out_.states.size() > kMostAutomatonStates ||
          out_.states.size() * out_.classes > kMostTableEntries || effort_ >= kMostEffort ||
          out_.registers > kMostRegisters)
        return std::nullopt;
      fill(i);
    }
    return std::move(out_);
  }

 private:
  void begin_here(Kernel& kernel, uint32_t rank) const {
    kernel.configurations.push_back({nfa_.start, rank, Registers(tags_, kNothing)});
  }

  uint32_t state_of(Kernel kernel) {
    if (kernel.configurations.empty()) return kStopped;
    const auto next = static_cast<uint32_t>(out_.states.size());
    const auto [it, fresh] = numbers_.try_emplace(std::move(kernel), next);
    if (fresh) {
      out_.states.emplace_back();
      kernels_.push_back(&it->first);
    }
    return it->second;
  }

  void fill(size_t state) {
    const Kernel& kernel = *kernels_[state];
    std::vector<Transition> row(out_.classes);
    const Closure at_end(nfa_, kernel, true, effort_);
    if (const Way* match = at_end.accepting()) row[0].moves = match_moves(at_end, *match);

    const Closure here(nfa_, kernel, false, effort_);
    const Way* match = here.accepting();
    std::vector<const Way*> takers;
    for (const Way& way : here.ways())
      if (nfa_.states[way.state].takes_byte &&
          (!match || here.rank_of(way) <= here.rank_of(*match)))
        takers.push_back(&way);
    std::vector<Standing> standings(takers.size() * takers.size());
    for (size_t i = 0; i < takers.size(); ++i)
      for (size_t j = i + 1; j < takers.size(); ++j) {
        if (here.rank_of(*takers[i]) != here.rank_of(*takers[j])) continue;
        const Comparison now = here.compare(*takers[i], *takers[j]);
        standings[i * takers.size() + j] = now.a;
        standings[j * takers.size() + i] = now.b;
      }
    for (uint32_t c = 1; c < out_.classes; ++c) {
      std::vector<size_t> kept;
      for (size_t i = 0; i < takers.size(); ++i)
        if (nfa_.states[takers[i]->state].set[classes_.examples[c]]) kept.push_back(i);
      if (match) row[c].moves = match_moves(here, *match);
      advance(here, takers, kept, standings, match || kernel.found, row[c]);
    }
    out_.states[state] = std::move(row);
  }

  std::vector<Move> match_moves(const Closure& closure, const Way& match) const {
    std::vector<Move> moves;
    const Registers tags = closure.tags_of(match);
    for (size_t tag = 0; tag < tags.size(); ++tag)
      moves.push_back({static_cast<uint8_t>(tag), tags[tag]});
    return moves;
  }

  // The kernel behind a byte that the takers `kept` take, with its registers numbered as they come
  // first, and the moves to there.
  void advance(const Closure& here, const std::vector<const Way*>& takers, std::vector<size_t> kept,
               const std::vector<Standing>& standings, bool found, Transition& transition) {
    std::ranges::sort(kept, {}, [&](size_t i) {
      return std::pair(here.rank_of(*takers[i]), nfa_.states[takers[i]->state].next);
    });
    Kernel next;
    next.found = found;
    uint32_t ranks = 0, last_rank = UINT32_MAX;
    for (size_t i : kept) {
      const uint32_t rank = here.rank_of(*takers[i]);
      if (rank != last_rank) ++ranks;
      last_rank = rank;
      next.configurations.push_back(
          {nfa_.states[takers[i]->state].next, ranks - 1, here.tags_of(*takers[i])});
    }
    if (!found) begin_here(next, ranks);
    const size_t count = next.configurations.size();
    next.standings.assign(count * count, {});
    effort_ += next.standings.size();
    for (size_t i = 0; i < kept.size(); ++i)
      for (size_t j = 0; j < kept.size(); ++j)
        next.standings[i * count + j] = standings[kept[i] * takers.size() + kept[j]];

    std::map<uint8_t, uint8_t> numbers;
    std::vector<Move> moves;
    for (Configuration& configuration : next.configurations)
      for (uint8_t& tag : configuration.tags) {
        if (tag == kNothing) continue;
        const size_t number = tags_ + numbers.size();
        const auto [it, fresh] =
            numbers.try_emplace(tag, static_cast<uint8_t>(std::min(number, kMostRegisters)));
        if (fresh) moves.push_back({it->second, tag});
        tag = it->second;
      }
    // One register more is the spare one.
    out_.registers = std::max(out_.registers, static_cast<uint32_t>(tags_ + numbers.size() + 1));
    for (const Move& move : in_sequence(std::move(moves), kSpare)) transition.moves.push_back(move);
    transition.to = state_of(std::move(next));
  }

  static constexpr uint8_t kSpare = kMostRegisters + 1;

  const Nfa& nfa_;
  const ByteClasses& classes_;
  uint32_t tags_;
  Automaton out_;
  uint64_t effort_ = 0;
  std::map<Kernel, uint32_t> numbers_;
  std::vector<const Kernel*> kernels_;  // by state
};

}  // namespace

std::optional<Automaton> determinize_groups(const Nfa& nfa, const ByteClasses& classes) {
  return GroupsBuilder(nfa, classes).run();
}

}  // namespace stapd::regex
