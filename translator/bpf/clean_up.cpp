#include "translator/bpf/clean_up.h"

#include <numeric>

#include "translator/bpf/live_ranges.h"

namespace stapd::bpf {

void remove_unreachable(Function& function) {
  std::vector<MachineBlock> blocks = machine_blocks(function);
  std::vector<bool> reached(blocks.size());
  std::vector<uint32_t> work = {0};
  while (!work.empty()) {
    uint32_t b = work.back();
    work.pop_back();
    if (reached[b]) continue;
    reached[b] = true;
    for (uint32_t next : blocks[b].successors) work.push_back(next);
  }
  std::vector<Insn> kept;
  for (uint32_t b = 0; b < blocks.size(); ++b)
    if (reached[b])
      kept.insert(kept.end(), function.code.begin() + blocks[b].begin,
                  function.code.begin() + blocks[b].end);
  // A jump over nothing but labels to one of them.
  std::vector<Insn> result;
  for (size_t i = 0; i < kept.size(); ++i) {
    bool useless = false;
    if (is_jump(kept[i]) && is_always(kept[i]))
      for (size_t j = i + 1; j < kept.size() && is_label(kept[j]); ++j)
        useless |= kept[j].label == kept[i].label;
    if (!useless) result.push_back(kept[i]);
  }
  function.code = std::move(result);
}

namespace {

bool only_writes_register(const Insn& insn) {
  if (is_label(insn)) return false;
  if (insn.code == kLoadImm64 || insn.code == kSubAddress) return true;
  uint8_t group = BPF_CLASS(insn.code);
  return group == BPF_ALU || group == BPF_ALU64 || group == BPF_LDX;
}

}  // namespace

void remove_unread(Function& function) {
  for (bool changed = true; changed;) {
    changed = false;
    std::vector<uint32_t> reads(function.next_virtual);
    for (const Insn& insn : function.code) {
      Effects effects = effects_of(insn);
      for (int i = 0; i < effects.read_count; ++i) {
        // That an instruction changes a register does not make it needed.
        bool itself = only_writes_register(insn) && effects.reads[i] == insn.dst;
        if (!itself) ++reads[effects.reads[i]];
      }
    }
    std::vector<Insn> kept;
    for (const Insn& insn : function.code) {
      bool unread = only_writes_register(insn) && is_virtual(insn.dst) && reads[insn.dst] == 0;
      if (!unread) kept.push_back(insn);
      changed |= unread;
    }
    function.code = std::move(kept);
  }
}

void join_copies(Function& function) {
  std::vector<Ranges> ranges = compute_live_ranges(function);
  std::vector<Reg> same(function.next_virtual);
  std::iota(same.begin(), same.end(), 0);
  auto find = [&](Reg reg) {
    while (same[reg] != reg) reg = same[reg];
    return reg;
  };
  for (const Insn& insn : function.code) {
    if (!is_move(insn) || !is_virtual(insn.dst) || !is_virtual(insn.src)) continue;
    Reg to = find(insn.dst), from = find(insn.src);
    if (to == from || overlap(ranges[to], ranges[from])) continue;
    add_ranges(ranges[to], ranges[from]);
    same[from] = to;
  }
  std::vector<Insn> kept;
  for (Insn& insn : function.code) {
    if (!is_label(insn)) {
      insn.dst = find(insn.dst);
      insn.src = find(insn.src);
      if (is_move(insn) && insn.dst == insn.src) continue;
    }
    kept.push_back(insn);
  }
  function.code = std::move(kept);
}

}  // namespace stapd::bpf
