// Where each register of a machine function is live, as sorted ranges of positions. Instruction i
// reads at position 2i and writes at 2i + 1, so what dies in an instruction can share a register
// with what is born there.
#pragma once

#include <vector>

#include "translator/bpf/machine_code.h"

namespace stapd::bpf {

struct Range {
  uint32_t from, to;  // both ends included
};

// Sorted, disjoint.
using Ranges = std::vector<Range>;

bool overlap(const Ranges& a, const Ranges& b);
void add_ranges(Ranges& to, const Ranges& more);
uint32_t length_of(const Ranges& ranges);

// By register number; machine registers hold where the code itself uses them.
std::vector<Ranges> compute_live_ranges(const Function& function);

// First instruction of each basic block and where control can go from its end.
struct MachineBlock {
  uint32_t begin, end;
  std::vector<uint32_t> successors;  // indexes of blocks
};
std::vector<MachineBlock> machine_blocks(const Function& function);

}  // namespace stapd::bpf
