// Strongly connected components of the call graph, by Tarjan's algorithm with a stack of its own:
// how deep calls nest is up to the script.
#include <algorithm>

#include "translator/elaborate/check_program.h"
#include "translator/elaborate/walk.h"

namespace stapd {
namespace {

using Graph = std::vector<std::vector<uint32_t>>;  // function -> functions that it calls

Graph call_graph(sem::Program& program) {
  Graph calls(program.functions.size());
  for (size_t i = 0; i < calls.size(); ++i) {
    sem::for_each_expr(program.functions[i].body, [&](sem::Expr*& e) {
      if (e->kind == sem::Expr::Kind::call) calls[i].push_back(e->index);
    });
    if (const auto next = program.functions[i].next_overload) calls[i].push_back(*next);
  }
  return calls;
}

class Components {
 public:
  explicit Components(const Graph& graph)
      : graph_(graph),
        order_(graph.size()),
        low_(graph.size()),
        on_stack_(graph.size()),
        recursive_(graph.size()) {}

  std::vector<bool> run() {
    for (uint32_t node = 0; node < graph_.size(); ++node)
      if (order_[node] == 0) visit(node);
    return std::move(recursive_);
  }

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

  void close_component(uint32_t root) {
    const bool circle = stack_.back() != root;
    for (uint32_t node = UINT32_MAX; node != root;) {
      node = stack_.back();
      stack_.pop_back();
      on_stack_[node] = false;
      if (circle) recursive_[node] = true;
    }
  }

  const Graph& graph_;
  std::vector<uint32_t> order_, low_;
  std::vector<bool> on_stack_, recursive_;
  std::vector<uint32_t> stack_;
  std::vector<Frame> frames_;
  uint32_t count_ = 0;
};

}  // namespace

void mark_recursion(sem::Program& program) {
  const Graph graph = call_graph(program);
  const std::vector<bool> recursive = Components(graph).run();
  for (size_t i = 0; i < recursive.size(); ++i) program.functions[i].recursive = recursive[i];
}

}  // namespace stapd
