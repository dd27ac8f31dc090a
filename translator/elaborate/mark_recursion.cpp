// Strongly connected components of the call graph, by Tarjan's algorithm with a stack of its own:
// how deep calls nest is up to the script. MAXNESTING follows from it.
#include <algorithm>

#include "translator/elaborate/check_program.h"
#include "translator/elaborate/walk.h"

namespace stapd {
namespace {

// How much deeper than a script without recursion one may nest its calls.
constexpr uint32_t kRecursions = 10;

using Graph = std::vector<std::vector<uint32_t>>;  // function -> functions that it calls

Graph call_graph(sem::Program& program) {
  Graph calls(program.functions.size());
  for (size_t i = 0; i < calls.size(); ++i) {
    sem::for_each_expr(program.functions[i].body, [&](sem::Expr*& e) {
      if (e->kind != sem::Expr::Kind::call) return;
      for (std::optional<uint32_t> f = e->index; f; f = program.functions[*f].next_overload)
        calls[i].push_back(*f);
    });
  }
  return calls;
}

class Components {
 public:
  explicit Components(const Graph& graph)
      : graph_(graph),
        order_(graph.size()),
        low_(graph.size()),
        chain_(graph.size()),
        on_stack_(graph.size()),
        recursive_(graph.size()) {}

  void run() {
    for (uint32_t node = 0; node < graph_.size(); ++node)
      if (order_[node] == 0) visit(node);
  }
  const std::vector<bool>& recursive() const { return recursive_; }
  // How deep calls of the function nest, itself included, until one recurs.
  uint32_t chain(uint32_t node) const { return chain_[node]; }

 private:
  struct Frame {
    uint32_t node;
    size_t next_call;
  };

  void enter(uint32_t node) {
    order_[node] = low_[node] = ++count_;
    stack_.push_back(node);
    on_stack_[node] = true;
    frames_.push_back({node, 0});
  }

  void visit(uint32_t root) {
    enter(root);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      const uint32_t node = frame.node;
      if (frame.next_call < graph_[node].size()) {
        const uint32_t callee = graph_[node][frame.next_call++];
        if (callee == node) recursive_[node] = true;
        if (order_[callee] == 0)
          enter(callee);
        else if (on_stack_[callee])
          low_[node] = std::min(low_[node], order_[callee]);
        continue;
      }
      frames_.pop_back();
      if (!frames_.empty())
        low_[frames_.back().node] = std::min(low_[frames_.back().node], low_[node]);
      if (low_[node] == order_[node]) close_component(node);
    }
  }

  // What it calls is closed before it.
  void close_component(uint32_t root) {
    const auto first = std::find(stack_.begin(), stack_.end(), root);
    const std::vector<uint32_t> members(first, stack_.end());
    stack_.erase(first, stack_.end());
    uint32_t below = 0;
    for (uint32_t node : members) {
      on_stack_[node] = false;
      if (members.size() > 1) recursive_[node] = true;
      if (recursive_[node]) below = std::max(below, 1u);
      for (uint32_t callee : graph_[node]) below = std::max(below, chain_[callee]);
    }
    for (uint32_t node : members) chain_[node] = static_cast<uint32_t>(members.size()) + below;
  }

  const Graph& graph_;
  std::vector<uint32_t> order_, low_, chain_;
  std::vector<bool> on_stack_, recursive_;
  std::vector<uint32_t> stack_;
  std::vector<Frame> frames_;
  uint32_t count_ = 0;
};

}  // namespace

void mark_recursion(sem::Program& program) {
  const Graph graph = call_graph(program);
  Components components(graph);
  components.run();
  uint32_t longest = 0;
  bool recursion = false;
  for (uint32_t i = 0; i < graph.size(); ++i) {
    program.functions[i].recursive = components.recursive()[i];
    recursion |= components.recursive()[i];
    longest = std::max(longest, components.chain(i));
  }
  if (program.limits.max_nesting == 0)
    program.limits.max_nesting = longest + 1 + (recursion ? kRecursions : 0);
}

}  // namespace stapd
