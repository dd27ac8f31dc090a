// The locks that make a handler atomic. A lock is a word in the state map: 0, or the CPU that holds
// it plus one. They are taken in ascending order, all or none.
#include "translator/bpf/select.h"

namespace stapd::bpf {

// Waits a bounded time for each; at once when this very CPU is the holder, because then we have
// interrupted it and it cannot go on before us.
void Selector::select_lock(const ir::Instr& instr) {
  const std::vector<uint32_t>& globals = function_.lock_sets[instr.aux].globals;
  Reg owner = emit_.make_reg(), status = emit_.make_reg();
  Label end = emit_.make_label();
  emit_.call(kGetSmpProcessorId, 0);
  emit_.move(owner, R0);
  emit_.alu_imm(Alu::add, owner, 1);
  for (size_t i = 0; i < globals.size(); ++i) {
    uint32_t offset = image_.globals[globals[i]].lock_offset;
    Label busy = emit_.make_label(), taken = emit_.make_label();
    Reg word = state_address(offset);
    emit_.move_imm(R0, 0);
    emit_.compare_exchange(word, 0, owner);
    emit_.jump_if_imm(Jump::ne, R0, 0, busy);
    emit_.label(taken);
    cold([=, this] {
      Label failed = emit_.make_label();
      emit_.label(busy);
      emit_.jump_if(Jump::eq, R0, owner, failed);
      emit_.map_value(R1, kStateMap, offset);
      emit_.move(R2, owner);
      emit_.call_subprogram(library_.index_of(LibraryFunction::wait_for_lock), 2);
      emit_.jump_if_imm(Jump::eq, R0, 0, taken);
      emit_.label(failed);
      release(globals, i);
      emit_.move_imm(status, 1);
      emit_.jump(end);
    });
  }
  emit_.move_imm(status, 0);
  emit_.label(end);
  set(instr.dst[0], status);
}

void Selector::select_unlock(const ir::Instr& instr) {
  const std::vector<uint32_t>& globals = function_.lock_sets[instr.aux].globals;
  release(globals, globals.size());
}

// The first `count`. A plain store releases on x86; elsewhere an exchange orders what came before.
void Selector::release(const std::vector<uint32_t>& globals, size_t count) {
  for (size_t i = count; i-- > 0;) {
    Reg word = state_address(image_.globals[globals[i]].lock_offset);
    if (input_.facts.unordered_stores) {
      Reg zero = emit_.make_reg();
      emit_.move_imm(zero, 0);
      emit_.exchange(word, 0, zero);
    } else {
      emit_.store_imm(Size::u64, word, 0, 0);
    }
  }
}

}  // namespace stapd::bpf
