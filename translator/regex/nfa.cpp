#include "translator/regex/nfa.h"

namespace stapd::regex {
namespace {

constexpr size_t kMostStates = 20000;

// Each method makes a part that goes on to `next` and returns its entry.
class Builder {
 public:
  std::optional<Nfa> run(const Tree& tree) {
    nfa_.groups = tree.groups;
    nfa_.accept = add({});
    nfa_.start = part(tree.root, 1, 0, nfa_.accept);
    if (full()) return std::nullopt;
    return std::move(nfa_);
  }

 private:
  bool full() const { return nfa_.states.size() > kMostStates; }

  uint32_t add(State state) {
    nfa_.states.push_back(std::move(state));
    return static_cast<uint32_t>(nfa_.states.size() - 1);
  }
  uint32_t add_arcs(std::vector<Arc> arcs) {
    State state;
    state.arcs = std::move(arcs);
    return add(std::move(state));
  }
  static Arc plain(uint32_t to) {
    Arc arc;
    arc.to = to;
    return arc;
  }

  uint32_t part(const Node& node, uint16_t height, uint16_t ordinal, uint32_t next,
                uint32_t not_empty_since = kNoState) {
    if (full()) return next;
    Arc close = plain(next);
    close.bracket = Arc::Bracket::close;
    close.height = height;
    close.not_after = not_empty_since;
    Arc open = plain(kNoState);
    open.bracket = Arc::Bracket::open;
    open.height = height;
    open.ordinal = ordinal;
    if (node.kind == Node::Kind::group) {
      open.tag = static_cast<int16_t>(2 * node.group);
      close.tag = static_cast<int16_t>(2 * node.group + 1);
    }
    open.to = inside(node, static_cast<uint16_t>(height + 1), add_arcs({close}));
    return add_arcs({open});
  }

  uint32_t inside(const Node& node, uint16_t height, uint32_t next) {
    switch (node.kind) {
      case Node::Kind::empty:
        return next;
      case Node::Kind::set: {
        State state;
        state.takes_byte = true;
        state.set = node.set;
        state.next = next;
        return add(std::move(state));
      }
      case Node::Kind::at_start:
      case Node::Kind::at_end: {
        Arc arc = plain(next);
        arc.when = node.kind == Node::Kind::at_start ? Arc::When::at_start : Arc::When::at_end;
        return add_arcs({arc});
      }
      case Node::Kind::sequence:
        for (size_t i = node.children.size(); i-- > 0;)
          next = part(node.children[i], height, static_cast<uint16_t>(i), next);
        return next;
      case Node::Kind::choice: {
        std::vector<Arc> arcs;
        for (size_t i = 0; i < node.children.size(); ++i)
          arcs.push_back(plain(part(node.children[i], height, static_cast<uint16_t>(i), next)));
        return add_arcs(std::move(arcs));
      }
      case Node::Kind::repeat:
        return repeat(node, height, next);
      case Node::Kind::group:
        return part(node.children[0], height, 0, next);
    }
    return next;
  }

  // Copies for the rounds that are counted; one more round for ever goes back to its own end. Only
  // rounds that must be there may be empty, and the first.
  uint32_t repeat(const Node& node, uint16_t height, uint32_t next) {
    const Node& body = node.children[0];
    uint32_t entry = next, copies = node.most;
    if (node.most == Node::kNoLimit) {
      const uint32_t again = add_arcs({});
      const uint32_t round = part(body, height, 0, again);
      nfa_.states[again].arcs = {plain(round), plain(next)};
      entry = node.least > 0 ? round : add_arcs({plain(round), plain(next)});
      copies = node.least > 0 ? node.least - 1 : 0;
    }
    for (uint32_t i = copies; i-- > 0 && !full();) {
      if (i < node.least) {
        entry = part(body, height, 0, entry);
        continue;
      }
      const uint32_t choose = add_arcs({});
      const uint32_t round = part(body, height, 0, entry, i == 0 ? kNoState : choose);
      nfa_.states[choose].arcs = {plain(round), plain(next)};
      entry = choose;
    }
    return entry;
  }

  Nfa nfa_;
};

}  // namespace

std::optional<Nfa> build_nfa(const Tree& tree) { return Builder().run(tree); }

}  // namespace stapd::regex
