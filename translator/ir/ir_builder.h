// Appends instructions to an IR function, block by block.
#pragma once

#include <utility>
#include <vector>

#include "runtime/image/ir.h"

namespace stapd {

class IrBuilder {
 public:
  // Starts a new function.
  explicit IrBuilder(ir::Function& function) : function_(function) { block_ = make_block(); }
  // Goes on at the end of a block that has no terminator yet.
  IrBuilder(ir::Function& function, uint32_t block) : function_(function), block_(block) {}

  uint32_t make_block() {
    function_.blocks.emplace_back();
    return static_cast<uint32_t>(function_.blocks.size() - 1);
  }
  ir::Operand make_reg() { return ir::Operand::reg(function_.registers++); }
  ir::Operand make_slot(uint32_t capacity) {
    function_.slots.push_back(capacity);
    return ir::Operand::slot(static_cast<uint32_t>(function_.slots.size() - 1));
  }
  ir::Operand make_stat(uint32_t global) {
    function_.stats.push_back(global);
    return ir::Operand::stat(static_cast<uint32_t>(function_.stats.size() - 1));
  }

  // Where instructions go from now on.
  void set_block(uint32_t block) { block_ = block; }
  uint32_t block() const { return block_; }
  void set_where(uint32_t where) { where_ = where; }
  uint32_t where() const { return where_; }
  // True when the current block has its terminator.
  bool is_closed() const {
    const auto& code = function_.blocks[block_].code;
    return !code.empty() && ir::has_trait(code.back().op, 'T');
  }

  // Behind a terminator nothing can run: what is appended there is dropped.
  ir::Instr& append(ir::Op op, std::vector<ir::Operand> dst, std::vector<ir::Operand> args,
                    uint32_t aux = 0, int8_t sub = 0) {
    if (is_closed()) block_ = make_block();
    ir::Instr instr;
    instr.op = op;
    instr.sub = sub;
    instr.aux = aux;
    instr.dst = std::move(dst);
    instr.args = std::move(args);
    instr.where = where_;
    auto& code = function_.blocks[block_].code;
    code.push_back(std::move(instr));
    return code.back();
  }

  ir::Operand binary(ir::Op op, ir::Operand a, ir::Operand b) {
    ir::Operand result = make_reg();
    append(op, {result}, {a, b});
    return result;
  }
  void jump(uint32_t target) { append(ir::Op::jump, {}, {}).target[0] = target; }
  void branch(ir::Compare compare, ir::Operand a, ir::Operand b, uint32_t then,
              uint32_t otherwise) {
    append(ir::Op::branch, {}, {a, b}, 0, static_cast<int8_t>(compare)).target = {then, otherwise};
  }

 private:
  ir::Function& function_;
  uint32_t block_ = 0;
  uint32_t where_ = 0;
};

}  // namespace stapd
