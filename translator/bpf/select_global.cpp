// Globals: scalars in the state map, by direct address; arrays in hash maps.
#include <algorithm>
#include <cerrno>

#include "runtime/base/check.h"
#include "translator/bpf/select.h"

namespace stapd::bpf {

using ir::Op;
using ir::Operand;

namespace {

constexpr int32_t kNoExist = BPF_NOEXIST;

}  // namespace

bool Selector::select_global(const ir::Instr& instr) {
  const GlobalSpec* global =
      instr.aux < image_.globals.size() ? &image_.globals[instr.aux] : nullptr;
  switch (instr.op) {
    case Op::global_load: {
      Reg value = state_address(global->state_offset);
      emit_.load(Size::u64, value, value, 0);
      set(instr.dst[0], value);
      return true;
    }
    case Op::global_store: {
      Reg value = use(instr.args[0]);
      emit_.store(Size::u64, state_address(global->state_offset), 0, value);
      return true;
    }
    case Op::global_add:
      select_global_add(instr);
      return true;
    case Op::global_load_string:
      read_string_form(place_of(instr.dst[0]), state_address(global->state_offset), 0,
                       global->capacity);
      return true;
    case Op::global_store_string: {
      Reg state = state_address(global->state_offset);
      write_string_form(state, 0, global->capacity, source_of(instr.args[0]));
      return true;
    }
    case Op::array_load:
    case Op::array_load_string:
      select_array_load(instr);
      return true;
    case Op::array_store:
    case Op::array_store_string:
      select_array_store(instr);
      return true;
    case Op::array_add:
      select_array_add(instr);
      return true;
    case Op::array_has: {
      Reg found = emit_.make_reg();
      Label end = emit_.make_label();
      build_key(*global, instr.args, 0);
      lookup(global->map, plan_.temp);
      emit_.move_imm(found, 0);
      emit_.jump_if_imm(Jump::eq, R0, 0, end);
      emit_.move_imm(found, 1);
      emit_.label(end);
      set(instr.dst[0], found);
      return true;
    }
    case Op::array_delete:
      build_key(*global, instr.args, 0);
      emit_.map(R1, global->map);
      frame_address(R2, plan_.temp);
      emit_.call(kMapDeleteElem, 2);
      return true;
    case Op::array_clear:
      select_array_clear(instr);
      return true;
    case Op::stat_add:
      select_stat_add(instr);
      return true;
    case Op::stat_read:
      select_stat_read(instr);
      return true;
    case Op::stat_field:
      select_stat_field(instr);
      return true;
    default:
      return false;
  }
}

Reg Selector::state_address(uint32_t offset) {
  Reg address = emit_.make_reg();
  emit_.map_value(address, kStateMap, offset);
  return address;
}

void Selector::select_global_add(const ir::Instr& instr) {
  Reg summand = copy_of(instr.args[0]);
  Reg address = state_address(image_.globals[instr.aux].state_offset);
  if (instr.dst[0].kind == Operand::Kind::none) {
    emit_.atomic_add(address, 0, summand);
    return;
  }
  Reg value = copy_of(instr.args[0]);
  emit_.atomic_fetch_add(address, 0, summand);
  emit_.alu(Alu::add, value, summand);
  set(instr.dst[0], value);
}

// The key of an array at plan_.temp, its strings zero padded to the width they have in all keys.
void Selector::build_key(const GlobalSpec& global, const std::vector<Operand>& args, size_t first) {
  STAPD_CHECK(args.size() - first == global.key.size());
  for (size_t i = 0; i < global.key.size(); ++i) build_key_part(global.key[i], args[first + i]);
}

void Selector::build_key_part(const KeyPart& part, const Operand& operand) {
  int32_t at = plan_.temp + part.offset;
  if (part.is_string)
    build_key_string(part, at, source_of(operand));
  else if (is_imm32(operand))
    emit_.store_imm(Size::u64, frame_, at, static_cast<int32_t>(operand.value));
  else
    emit_.store(Size::u64, frame_, at, use(operand));
}

void Selector::build_key_string(const KeyPart& part, int32_t at, const StringSource& from) {
  bool plain = from.is_short || (!from.is_literal && is_short_string(from.capacity));
  if (plain && round_up_8(from.capacity) <= part.size) {
    uint32_t bytes = round_up_8(from.capacity);
    copy_words(frame_, at, frame_, from.offset + (from.is_short ? 0 : 8), bytes);
    zero_words(frame_, at + bytes, part.size - bytes);
    return;
  }
  if (from.is_literal && from.text->size() < 64) {
    std::string text = from.text->substr(0, part.size - 1);
    text.resize(part.size);
    for (uint32_t i = 0; i < part.size; i += 8) {
      uint64_t word;
      std::memcpy(&word, text.data() + i, 8);
      store_word(frame_, at + i, word);
    }
    return;
  }
  Reg length = length_of(from), bytes = bytes_of(from);
  if (part.size <= 64) {
    zero_words(frame_, at, part.size);
  } else {
    Reg zeros = emit_.make_reg();
    emit_.map_value(zeros, kDataMap, data_.zeros(part.size));
    copy_block(frame_, at, zeros, 0, part.size);
  }
  emit_.at_most(length, part.size - 1);
  frame_address(R1, at);
  emit_.move(R2, length);
  emit_.move(R3, bytes);
  emit_.call(kProbeReadKernel, 3);
}

void Selector::select_array_load(const ir::Instr& instr) {
  const GlobalSpec& global = image_.globals[instr.aux];
  Label end = emit_.make_label();
  build_key(global, instr.args, 0);
  if (instr.op == Op::array_load) {
    Reg value = emit_.make_reg();
    lookup(global.map, plan_.temp);
    emit_.move_imm(value, 0);
    emit_.jump_if_imm(Jump::eq, R0, 0, end);
    emit_.load(Size::u64, value, R0, kElementValueOffset);
    emit_.label(end);
    set(instr.dst[0], value);
    return;
  }
  const SlotPlace& to = place_of(instr.dst[0]);
  Label absent = emit_.make_label();
  lookup(global.map, plan_.temp);
  emit_.jump_if_imm(Jump::eq, R0, 0, absent);
  Reg element = emit_.make_reg();
  emit_.move(element, R0);
  read_string_form(to, element, kElementValueOffset, global.capacity);
  emit_.jump(end);
  emit_.label(absent);
  copy_literal(to, "");
  emit_.label(end);
}

// Writes a new element with `write_value` (at the frame offset it is given) under the key at
// plan_.temp. Falls through when it is there, goes to `exists` when another CPU was first, and to
// `failed` when the array is full and does not wrap.
void Selector::insert_element(const GlobalSpec& global,
                              const std::function<void(int32_t)>& write_value, Label exists,
                              Label failed) {
  int32_t value = plan_.temp + static_cast<int32_t>(round_up_8(global.key_size));
  Reg number = emit_.make_reg(), result = emit_.make_reg();
  Label inserted = emit_.make_label();
  next_insertion(global, number);
  emit_.store(Size::u64, frame_, value, number);
  write_value(value + static_cast<int32_t>(kElementValueOffset));
  auto update = [&] {
    emit_.map(R1, global.map);
    frame_address(R2, plan_.temp);
    frame_address(R3, value);
    emit_.move_imm(R4, kNoExist);
    call_update();
    emit_.move(result, R0);
  };
  update();
  emit_.jump_if_imm(Jump::eq, result, 0, inserted);
  emit_.jump_if_imm(Jump::eq, result, -EEXIST, exists);
  if (!global.wrap) {
    emit_.jump(failed);
    emit_.label(inserted);
    return;
  }
  emit_.call_subprogram(eviction_of(global), 0);
  update();
  emit_.jump_if_imm(Jump::ne, result, 0, failed);
  emit_.label(inserted);
  note_insertion(global, number);
}

// r0 = 0 or -errno. Up to Linux 6.3 the kernel's function returns an int: the upper half of the
// register is anything.
void Selector::call_update() {
  emit_.call(kMapUpdateElem, 4);
  emit_.alu_imm(Alu::shl, R0, 32);
  emit_.alu_imm(Alu::sar, R0, 32);
}

void Selector::next_insertion(const GlobalSpec& global, Reg number) {
  emit_.move_imm(number, 1);
  emit_.atomic_fetch_add(state_address(global.sequence_offset), 0, number);
  emit_.alu_imm(Alu::add, number, 1);
}

// Into the order map of a wrapping array: its insertion and the key at plan_.temp.
void Selector::note_insertion(const GlobalSpec& global, Reg number) {
  Reg entry = emit_.make_reg();
  order_entry(emit_, global, entry, number);
  emit_.store(Size::u64, entry, 0, number);
  copy_block(entry, 8, frame_, plan_.temp, global.key_size);
}

uint32_t Selector::eviction_of(const GlobalSpec& global) {
  auto [it, fresh] = evictions_.try_emplace(&global, 0);
  if (fresh) it->second = make_eviction(global, functions_);
  return it->second;
}

void Selector::select_array_store(const ir::Instr& instr) {
  const GlobalSpec& global = image_.globals[instr.aux];
  bool is_string = instr.op == Op::array_store_string;
  Reg number = is_string ? 0 : use(instr.args[0]);
  auto write = [&](Reg base, int32_t offset) {
    if (is_string)
      write_string_form(base, offset, global.capacity, source_of(instr.args[0]));
    else
      emit_.store(Size::u64, base, offset, number);
  };
  Reg status = emit_.make_reg(), element = emit_.make_reg();
  Label insert = emit_.make_label(), again = emit_.make_label(), failed = emit_.make_label(),
        end = emit_.make_label(), stored = emit_.make_label();
  build_key(global, instr.args, 1);
  emit_.label(again);
  lookup(global.map, plan_.temp);
  emit_.jump_if_imm(Jump::eq, R0, 0, insert);
  emit_.move(element, R0);
  write(element, kElementValueOffset);
  emit_.jump(stored);
  emit_.label(insert);
  // Lost a race for the same key: the other CPU's element is overwritten, as if it had come first.
  Label exists = emit_.make_label();
  insert_element(
      global, [&](int32_t at) { write(frame_, at); }, exists, failed);
  emit_.jump(stored);
  emit_.label(exists);
  lookup(global.map, plan_.temp);
  emit_.jump_if_imm(Jump::eq, R0, 0, failed);
  emit_.move(element, R0);
  write(element, kElementValueOffset);
  emit_.label(stored);
  emit_.move_imm(status, 0);
  emit_.jump(end);
  emit_.label(failed);
  emit_.move_imm(status, 1);
  emit_.label(end);
  set(instr.dst[0], status);
}

void Selector::select_array_add(const ir::Instr& instr) {
  const GlobalSpec& global = image_.globals[instr.aux];
  bool wants_value = instr.dst[0].kind != Operand::Kind::none;
  Reg summand = use(instr.args[0]), value = emit_.make_reg(), status = emit_.make_reg();
  Label insert = emit_.make_label(), failed = emit_.make_label(), end = emit_.make_label(),
        added = emit_.make_label();
  auto add_to_r0 = [=, this] {
    Reg element = emit_.make_reg();
    emit_.move(element, R0);
    emit_.move(value, summand);
    if (wants_value) {
      emit_.atomic_fetch_add(element, kElementValueOffset, value);
      emit_.alu(Alu::add, value, summand);
    } else {
      emit_.atomic_add(element, kElementValueOffset, value);
    }
  };
  build_key(global, instr.args, 1);
  lookup(global.map, plan_.temp);
  emit_.jump_if_imm(Jump::eq, R0, 0, insert);
  add_to_r0();
  emit_.label(added);
  emit_.move_imm(status, 0);
  emit_.label(end);
  set(instr.dst[1], status);
  if (wants_value) set(instr.dst[0], value);
  cold([=, this, &global] {
    Label exists = emit_.make_label();
    emit_.label(insert);
    insert_element(
        global,
        [&](int32_t at) {
          emit_.store(Size::u64, frame_, at, summand);
          emit_.move(value, summand);
        },
        exists, failed);
    emit_.jump(added);
    emit_.label(exists);
    lookup(global.map, plan_.temp);
    emit_.jump_if_imm(Jump::eq, R0, 0, failed);
    add_to_r0();
    emit_.jump(added);
    emit_.label(failed);
    emit_.move_imm(value, 0);
    emit_.move_imm(status, 1);
    emit_.jump(end);
  });
}

// for_each(map, callback(map, key, value, context) { delete(map, key); return 0; })
void Selector::select_array_clear(const ir::Instr& instr) {
  const GlobalSpec& global = image_.globals[instr.aux];
  if (!global.is_array) return clear_statistic(global);
  uint32_t index = static_cast<uint32_t>(functions_.size());
  functions_.emplace_back();
  Function& callback = functions_.back();
  callback.name = "clear." + global.name;
  Emitter emit(callback);
  emit.map(R1, global.map);
  emit.call(kMapDeleteElem, 2);
  emit.move_imm(R0, 0);
  emit.exit();
  emit_.map(R1, global.map);
  emit_.subprogram_address(R2, index);
  emit_.move_imm(R3, 0);
  emit_.move_imm(R4, 0);
  emit_.call(kForEachMapElem, 4);
}

}  // namespace stapd::bpf
