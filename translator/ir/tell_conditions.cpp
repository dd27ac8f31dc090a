#include "translator/ir/tell_conditions.h"

#include "translator/ir/append_function.h"
#include "translator/ir/ir_builder.h"
#include "translator/ir/place_locks.h"

namespace stapd {
namespace {

using ir::Op;

class ConditionTeller {
 public:
  ConditionTeller(ir::Function& handler, const ProgramImage& image, uint32_t condition)
      : handler_(handler),
        condition_(image.functions[image.conditions[condition].function]),
        index_(condition),
        reads_(accesses_of(condition_, image.globals.size())) {}

  // False when the handler writes nothing that the condition reads.
  bool run() {
    find_changed();
    const uint32_t blocks = static_cast<uint32_t>(handler_.blocks.size());
    bool tells = false;
    for (uint32_t b = 0; b < blocks; ++b) {
      if (!changed_[b] || !ir::successors(handler_.blocks[b]).empty()) continue;
      tell_before_end_of(b);
      tells = true;
    }
    return tells;
  }

 private:
  bool writes(const ir::Block& block) const {
    for (const ir::Instr& instr : block.code)
      if (writes_global(instr.op) && reads_[instr.aux].reads) return true;
    return false;
  }

  // For each block: at its end, a write may have been.
  void find_changed() {
    changed_.resize(handler_.blocks.size());
    std::vector<uint32_t> waiting;
    auto reach = [&](uint32_t block) {
      if (!changed_[block]) waiting.push_back(block);
      changed_[block] = true;
    };
    for (uint32_t b = 0; b < handler_.blocks.size(); ++b)
      if (writes(handler_.blocks[b])) reach(b);
    while (!waiting.empty()) {
      uint32_t block = waiting.back();
      waiting.pop_back();
      for (uint32_t next : ir::successors(handler_.blocks[block])) reach(next);
    }
  }

  // The condition's code between the block and what ends it.
  void tell_before_end_of(uint32_t block) {
    ir::Instr end = std::move(handler_.blocks[block].code.back());
    handler_.blocks[block].code.pop_back();
    const Offsets offsets = reserve_variables(handler_, condition_);
    IrBuilder build(handler_, block);
    build.set_where(end.where);
    build.jump(offsets.first_block);
    append_blocks(handler_, condition_, offsets);
    ir::Operand holds = build.make_reg();
    uint32_t last = build.make_block();
    for (uint32_t b = offsets.first_block; b < last; ++b) {
      std::vector<ir::Instr>& code = handler_.blocks[b].code;
      if (code.back().op != Op::ret) continue;
      const ir::Operand result = code.back().args[0];
      code.pop_back();
      build.set_block(b);
      build.append(Op::mov, {holds}, {result});
      build.jump(last);
    }
    build.set_block(last);
    build.append(Op::tell, {}, {holds}, index_);
    handler_.blocks[last].code.push_back(std::move(end));
  }

  ir::Function& handler_;
  const ir::Function& condition_;
  uint32_t index_;
  std::vector<Access> reads_;  // by global
  std::vector<bool> changed_;
};

}  // namespace

void tell_conditions(ir::Function& handler, ProgramImage& image) {
  for (uint32_t i = 0; i < image.conditions.size(); ++i)
    if (ConditionTeller(handler, image, i).run()) image.conditions[i].changes_in_kernel = true;
}

}  // namespace stapd
