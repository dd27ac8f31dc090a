#include "translator/ir/simplify.h"

#include <algorithm>
#include <map>

#include "translator/ir/liveness.h"

namespace stapd {
namespace {

using ir::Op;
using ir::Operand;

// Jumps to blocks that only jump go on to where those go.
void thread_jumps(ir::Function& function) {
  auto final_target = [&](uint32_t block) {
    for (int hops = 0; hops < 100; ++hops) {
      const auto& code = function.blocks[block].code;
      if (code.size() != 1 || code[0].op != Op::jump || code[0].target[0] == block) break;
      block = code[0].target[0];
    }
    return block;
  };
  for (ir::Block& block : function.blocks)
    for (uint32_t& target : block.code.back().target)
      if (target != ir::kNoBlock) target = final_target(target);
}

void remove_unreachable_blocks(ir::Function& function) {
  std::vector<uint32_t> renumbered(function.blocks.size(), ir::kNoBlock), work = {0};
  std::vector<ir::Block> kept;
  while (!work.empty()) {
    uint32_t block = work.back();
    work.pop_back();
    if (renumbered[block] != ir::kNoBlock) continue;
    renumbered[block] = static_cast<uint32_t>(kept.size());
    kept.push_back(function.blocks[block]);
    for (uint32_t next : ir::successors(function.blocks[block])) work.push_back(next);
  }
  for (ir::Block& block : kept)
    for (uint32_t& target : block.code.back().target)
      if (target != ir::kNoBlock) target = renumbered[target];
  function.blocks = std::move(kept);
}

// A block whose only way in is a jump from one other block becomes that block's end.
void merge_blocks(ir::Function& function) {
  std::vector<uint32_t> ways_in(function.blocks.size());
  ways_in[0] = 1;
  for (const ir::Block& block : function.blocks)
    for (uint32_t next : ir::successors(block)) ++ways_in[next];
  for (uint32_t b = 0; b < function.blocks.size(); ++b) {
    for (;;) {
      std::vector<ir::Instr>& code = function.blocks[b].code;
      if (code.back().op != Op::jump) break;
      uint32_t next = code.back().target[0];
      if (next == b || next == 0 || ways_in[next] != 1) break;
      code.pop_back();
      std::vector<ir::Instr>& tail = function.blocks[next].code;
      code.insert(code.end(), tail.begin(), tail.end());
      tail = {code.back()};  // unreachable now
      ways_in[next] = 0;
    }
  }
}

bool has_cycle(const ir::Function& function) {
  std::vector<uint8_t> state(function.blocks.size());  // 1: on the path, 2: done
  std::vector<std::pair<uint32_t, std::vector<uint32_t>>> path = {
      {0, ir::successors(function.blocks[0])}};
  state[0] = 1;
  while (!path.empty()) {
    auto& [block, next] = path.back();
    if (next.empty()) {
      state[block] = 2;
      path.pop_back();
      continue;
    }
    uint32_t target = next.back();
    next.pop_back();
    if (state[target] == 1) return true;
    if (state[target] != 0) continue;
    state[target] = 1;
    path.push_back({target, ir::successors(function.blocks[target])});
  }
  return false;
}

// Where nothing repeats, a variable that is written in one place has one value: a copy of it is
// another name for it.
class CopyPropagation {
 public:
  explicit CopyPropagation(ir::Function& function) : function_(function) {}

  void run() {
    count_writes();
    for (const ir::Block& block : function_.blocks)
      for (const ir::Instr& instr : block.code) note(instr);
    if (names_.empty()) return;
    for (ir::Block& block : function_.blocks)
      for (ir::Instr& instr : block.code)
        for (Operand& operand : instr.args) operand = origin(operand);
  }

 private:
  using Key = std::pair<Operand::Kind, int64_t>;

  void count_writes() {
    for (const Operand& param : function_.params) ++writes_[{param.kind, param.value}];
    for (const ir::Block& block : function_.blocks)
      for (const ir::Instr& instr : block.code)
        for (const Operand& operand : instr.dst) ++writes_[{operand.kind, operand.value}];
    // What is read before it is written has the value 0 there, too.
    for (uint32_t reg : read_before_written(function_)) ++writes_[{Operand::Kind::reg, reg}];
    for (uint32_t slot : slots_read_before_written(function_))
      ++writes_[{Operand::Kind::slot, slot}];
  }

  bool written_once(const Operand& operand) const {
    auto it = writes_.find({operand.kind, operand.value});
    return it != writes_.end() && it->second == 1;
  }

  void note(const ir::Instr& instr) {
    if (instr.op != Op::mov && instr.op != Op::str_copy) return;
    const Operand &to = instr.dst[0], &from = instr.args[0];
    if (!written_once(to)) return;
    bool constant = from.kind == Operand::Kind::imm || from.kind == Operand::Kind::literal;
    if (!constant && !written_once(from)) return;
    if (instr.op == Op::str_copy &&
        (constant || function_.slots[from.value] > function_.slots[to.value]))
      return;  // a literal may have to be cut to the slot
    names_[{to.kind, to.value}] = from;
  }

  Operand origin(Operand operand) const {
    for (int hops = 0; hops < 1000; ++hops) {
      auto it = names_.find({operand.kind, operand.value});
      if (it == names_.end()) break;
      operand = it->second;
    }
    return operand;
  }

  ir::Function& function_;
  std::map<Key, uint32_t> writes_;
  std::map<Key, Operand> names_;
};

bool remove_dead(ir::Function& function) {
  Liveness liveness(function);
  bool removed = false;
  for (uint32_t b = 0; b < function.blocks.size(); ++b) {
    std::vector<bool> live = liveness.live_out(b);
    std::vector<ir::Instr>& code = function.blocks[b].code;
    for (size_t i = code.size(); i-- > 0;) {
      bool wanted = !ir::has_trait(code[i].op, 'P') && !ir::has_trait(code[i].op, 'R');
      for (const Operand& operand : code[i].dst)
        if (int64_t v = liveness.variable(operand); v >= 0 && live[static_cast<size_t>(v)])
          wanted = true;
      if (wanted) {
        liveness.step_backward(code[i], live);
      } else {
        code.erase(code.begin() + static_cast<std::ptrdiff_t>(i));
        removed = true;
      }
    }
  }
  return removed;
}

}  // namespace

void simplify(ir::Function& function) {
  thread_jumps(function);
  remove_unreachable_blocks(function);
  merge_blocks(function);
  remove_unreachable_blocks(function);
  if (!has_cycle(function)) CopyPropagation(function).run();
  while (remove_dead(function)) {
  }
}

}  // namespace stapd
