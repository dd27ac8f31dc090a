// Which block of an IR function lies on every way to another.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/image/ir.h"

namespace stapd {

// block -> its immediate dominator; 0 for the entry, ir::kNoBlock for what cannot be reached.
std::vector<uint32_t> immediate_dominators(const ir::Function& function);
uint32_t common_dominator(const std::vector<uint32_t>& dominators, uint32_t a, uint32_t b);
// `dominator` is on every way to `block`, or is it.
bool is_dominated(const std::vector<uint32_t>& dominators, uint32_t block, uint32_t dominator);

// Blocks that control can come back to.
std::vector<bool> blocks_in_cycles(const ir::Function& function);

}  // namespace stapd
