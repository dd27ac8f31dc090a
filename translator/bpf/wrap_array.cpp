#include "translator/bpf/wrap_array.h"

#include "translator/bpf/select.h"

namespace stapd::bpf {

void order_entry(Emitter& emit, const GlobalSpec& global, Reg dst, Reg number) {
  Reg offset = emit.make_reg();
  emit.move(offset, number);
  emit.alu_imm(Alu::bit_and, offset, static_cast<int32_t>(order_slots(global.max_entries) - 1));
  emit.alu_imm(Alu::mul, offset, static_cast<int32_t>(order_stride(global.key_size)));
  emit.map_value(dst, global.order_map, 0);
  emit.alu(Alu::add, dst, offset);
}

namespace {

// In the stack of the eviction, handed to its callbacks.
constexpr int32_t kDone = -8;    // an element was deleted
constexpr int32_t kLeast = -16;  // the least insertion that was seen
constexpr int32_t kCall = kLeast;
constexpr int32_t at(int32_t offset) { return offset - kCall; }

class EvictionWriter {
 public:
  EvictionWriter(const GlobalSpec& global, std::deque<Function>& functions)
      : global_(global),
        functions_(functions),
        spare_(order_slots(global.max_entries) * order_stride(global.key_size) + 8) {}

  uint32_t write() {
    uint32_t eviction = make("evict."), step = make("evict_step."), look = make("evict_look.");
    if (global_.kind == ValueKind::statistic) newest_ = make("evict_newest.");
    write_eviction(functions_[eviction], step, look);
    write_step(functions_[step]);
    write_look(functions_[look]);
    if (newest_) write_newest(functions_[newest_]);
    return eviction;
  }

 private:
  uint32_t make(const std::string& name) {
    functions_.emplace_back();
    functions_.back().name = name + global_.name;
    return static_cast<uint32_t>(functions_.size() - 1);
  }

  //   bpf_loop(step); if (!done) { for_each(look); delete what was least }
  void write_eviction(Function& function, uint32_t step, uint32_t look) {
    function.stack_bytes = 16;
    Emitter emit(function);
    Reg word = emit.make_reg(), cursor = emit.make_reg();
    Label out = emit.make_label();
    emit.store_imm(Size::u64, kFramePointer, kDone, 0);
    emit.store_imm(Size::u64, kFramePointer, kLeast, -1);
    emit.move_imm(R1, static_cast<int64_t>(order_slots(global_.max_entries)));
    emit.subprogram_address(R2, step);
    emit.move(R3, kFramePointer);
    emit.alu_imm(Alu::add, R3, kCall);
    emit.move_imm(R4, 0);
    emit.call(kLoop, 4);
    emit.load(Size::u64, word, kFramePointer, kDone);
    emit.jump_if_imm(Jump::ne, word, 0, out);
    emit.map(R1, global_.map);
    emit.subprogram_address(R2, look);
    emit.move(R3, kFramePointer);
    emit.alu_imm(Alu::add, R3, kCall);
    emit.move_imm(R4, 0);
    emit.call(kForEachMapElem, 4);
    emit.load(Size::u64, word, kFramePointer, kLeast);
    emit.jump_if_imm(Jump::eq, word, -1, out);
    emit.map_value(cursor, kStateMap, global_.sequence_offset + 8);
    emit.store(Size::u64, cursor, 0, word);
    emit.map(R1, global_.map);
    emit.map_value(R2, global_.order_map, spare_);
    emit.call(kMapDeleteElem, 2);
    emit.label(out);
    emit.move_imm(R0, 0);
    emit.exit();
  }

  // callback(r1 = round, r2 = call): the insertion behind the cursor. 1 ends the loop.
  void write_step(Function& function) {
    Emitter emit(function);
    Reg call = emit.make_reg(), cursor = emit.make_reg(), number = emit.make_reg(),
        last = emit.make_reg(), entry = emit.make_reg(), insertion = emit.make_reg(),
        key = emit.make_reg();
    Label lost = emit.make_label(), gone = emit.make_label();
    emit.move(call, R2);
    emit.map_value(cursor, kStateMap, global_.sequence_offset);
    emit.load(Size::u64, last, cursor, 0);
    emit.load(Size::u64, number, cursor, 8);
    emit.alu_imm(Alu::add, number, 1);
    emit.jump_if(Jump::ugt, number, last, lost);
    order_entry(emit, global_, entry, number);
    emit.load(Size::u64, insertion, entry, 0);
    emit.jump_if(Jump::ne, insertion, number, lost);
    emit.map_value(cursor, kStateMap, global_.sequence_offset);
    emit.store(Size::u64, cursor, 8, number);
    emit.move(key, entry);
    emit.alu_imm(Alu::add, key, 8);
    load_insertion(function, emit, key, insertion, gone);
    emit.jump_if(Jump::ne, insertion, number, gone);
    emit.map(R1, global_.map);
    emit.move(R2, key);
    emit.call(kMapDeleteElem, 2);
    emit.store_imm(Size::u64, call, at(kDone), 1);
    emit.label(lost);
    emit.move_imm(R0, 1);
    emit.exit();
    emit.label(gone);
    emit.move_imm(R0, 0);
    emit.exit();
  }

  // insertion = that of the element with this key; to `gone` when there is none.
  void load_insertion(Function& function, Emitter& emit, Reg key, Reg insertion, Label gone) {
    if (global_.kind != ValueKind::statistic) {
      emit.map(R1, global_.map);
      emit.move(R2, key);
      emit.call(kMapLookupElem, 2);
      emit.jump_if_imm(Jump::eq, R0, 0, gone);
      emit.load(Size::u64, insertion, R0, 0);
      return;
    }
    // On one of the CPUs: the greatest.
    int32_t offset = -static_cast<int32_t>(function.stack_bytes += 16);
    emit.store_imm(Size::u64, kFramePointer, offset, 0);
    emit.store(Size::u64, kFramePointer, offset + 8, key);
    emit.move_relocated(R1, Relocation::Kind::possible_cpus);
    emit.subprogram_address(R2, newest_);
    emit.move(R3, kFramePointer);
    emit.alu_imm(Alu::add, R3, offset);
    emit.move_imm(R4, 0);
    emit.call(kLoop, 4);
    emit.load(Size::u64, insertion, kFramePointer, offset);
    emit.jump_if_imm(Jump::eq, insertion, 0, gone);
  }

  // callback(r1 = cpu, r2 = &{insertion, key})
  void write_newest(Function& function) {
    Emitter emit(function);
    Reg call = emit.make_reg(), cpu = emit.make_reg(), key = emit.make_reg(), a = emit.make_reg(),
        b = emit.make_reg();
    Label out = emit.make_label();
    emit.move(cpu, R1);
    emit.move(call, R2);
    emit.load(Size::u64, key, call, 8);
    emit.map(R1, global_.map);
    emit.move(R2, key);
    emit.move(R3, cpu);
    emit.call(kMapLookupPercpuElem, 3);
    emit.jump_if_imm(Jump::eq, R0, 0, out);
    emit.load(Size::u64, a, R0, 0);
    emit.load(Size::u64, b, call, 0);
    emit.jump_if(Jump::ule, a, b, out);
    emit.store(Size::u64, call, 0, a);
    emit.label(out);
    emit.move_imm(R0, 0);
    emit.exit();
  }

  // callback(map, r2 = key, r3 = value, r4 = call): keeps the least insertion and its key.
  void write_look(Function& function) {
    Emitter emit(function);
    Reg call = emit.make_reg(), key = emit.make_reg(), insertion = emit.make_reg(),
        least = emit.make_reg(), spare = emit.make_reg();
    Label out = emit.make_label();
    emit.move(key, R2);
    emit.move(call, R4);
    if (global_.kind != ValueKind::statistic)
      emit.load(Size::u64, insertion, R3, 0);
    else
      load_insertion(function, emit, key, insertion, out);
    emit.load(Size::u64, least, call, at(kLeast));
    emit.jump_if(Jump::uge, insertion, least, out);
    emit.store(Size::u64, call, at(kLeast), insertion);
    emit.map_value(spare, global_.order_map, spare_);
    emit.move(R1, spare);
    emit.move_imm(R2, global_.key_size);
    emit.move(R3, key);
    emit.call(kProbeReadKernel, 3);
    emit.label(out);
    emit.move_imm(R0, 0);
    emit.exit();
  }

  const GlobalSpec& global_;
  std::deque<Function>& functions_;
  uint32_t spare_;  // offset of the key in the order map's last entry
  uint32_t newest_ = 0;
};

}  // namespace

uint32_t make_eviction(const GlobalSpec& global, std::deque<Function>& functions) {
  return EvictionWriter(global, functions).write();
}

}  // namespace stapd::bpf
