#include "translator/ir/dominators.h"

#include <algorithm>

namespace stapd {
namespace {

std::vector<uint32_t> reverse_postorder(const ir::Function& function) {
  std::vector<uint32_t> order;
  std::vector<bool> seen(function.blocks.size());
  std::vector<std::pair<uint32_t, std::vector<uint32_t>>> path = {
      {0, ir::successors(function.blocks[0])}};
  seen[0] = true;
  while (!path.empty()) {
    auto& [block, next] = path.back();
    if (next.empty()) {
      order.push_back(block);
      path.pop_back();
      continue;
    }
    uint32_t target = next.back();
    next.pop_back();
    if (seen[target]) continue;
    seen[target] = true;
    path.push_back({target, ir::successors(function.blocks[target])});
  }
  std::reverse(order.begin(), order.end());
  return order;
}

}  // namespace

// Cooper, Harvey and Kennedy: "A Simple, Fast Dominance Algorithm".
std::vector<uint32_t> immediate_dominators(const ir::Function& function) {
  std::vector<uint32_t> order = reverse_postorder(function);
  std::vector<uint32_t> place(function.blocks.size(), ir::kNoBlock);
  for (uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  std::vector<std::vector<uint32_t>> before(function.blocks.size());
  for (uint32_t block : order)
    for (uint32_t next : ir::successors(function.blocks[block])) before[next].push_back(block);
  std::vector<uint32_t> dominators(function.blocks.size(), ir::kNoBlock);
  dominators[0] = 0;
  bool changed = true;
  while (changed) {
    changed = false;
    for (uint32_t block : order) {
      if (block == 0) continue;
      uint32_t common = ir::kNoBlock;
      for (uint32_t predecessor : before[block]) {
        if (dominators[predecessor] == ir::kNoBlock) continue;
        uint32_t a = predecessor, b = common == ir::kNoBlock ? predecessor : common;
        while (a != b) {
          while (place[a] > place[b]) a = dominators[a];
          while (place[b] > place[a]) b = dominators[b];
        }
        common = a;
      }
      if (common != dominators[block]) {
        dominators[block] = common;
        changed = true;
      }
    }
  }
  return dominators;
}

bool is_dominated(const std::vector<uint32_t>& dominators, uint32_t block, uint32_t dominator) {
  for (;;) {
    if (block == dominator) return true;
    if (block == 0 || block == ir::kNoBlock) return false;
    block = dominators[block];
  }
}

uint32_t common_dominator(const std::vector<uint32_t>& dominators, uint32_t a, uint32_t b) {
  while (!is_dominated(dominators, b, a)) a = dominators[a];
  return a;
}

std::vector<bool> blocks_in_cycles(const ir::Function& function) {
  std::vector<bool> result(function.blocks.size());
  for (uint32_t start = 0; start < function.blocks.size(); ++start) {
    std::vector<bool> seen(function.blocks.size());
    std::vector<uint32_t> work = ir::successors(function.blocks[start]);
    while (!work.empty() && !result[start]) {
      uint32_t block = work.back();
      work.pop_back();
      if (block == start) result[start] = true;
      if (seen[block]) continue;
      seen[block] = true;
      for (uint32_t next : ir::successors(function.blocks[block])) work.push_back(next);
    }
  }
  return result;
}

}  // namespace stapd
