#include <atomic>
#include <cerrno>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/image/map_layout.h"
#include "runtime/vm/activation.h"

namespace stapd {

using ir::Op;
using ir::Operand;

namespace {

// A word that programs change while we do.
std::atomic_ref<int64_t> word_at(std::byte* at) {
  return std::atomic_ref<int64_t>(*reinterpret_cast<int64_t*>(at));
}

int64_t add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

}  // namespace

bool Activation::global_op(const ir::Instr& instr) {
  switch (instr.op) {
    case Op::global_load:
      set(instr.dst[0], word_at(state_at(global_of(instr).state_offset)));
      return true;
    case Op::global_store:
      word_at(state_at(global_of(instr).state_offset)) = number(instr.args[0]);
      return true;
    case Op::global_add: {
      int64_t summand = number(instr.args[0]);
      set(instr.dst[0],
          add(word_at(state_at(global_of(instr).state_offset)).fetch_add(summand), summand));
      return true;
    }
    case Op::global_load_string: {
      const GlobalSpec& global = global_of(instr);
      const char* at = reinterpret_cast<const char*>(state_at(global.state_offset));
      set_text(instr.dst[0], decode_string({at, string_bytes(global.capacity)}, global.capacity));
      return true;
    }
    case Op::global_store_string:
      encode_string(state_at(global_of(instr).state_offset), global_of(instr).capacity,
                    text(instr.args[0]));
      return true;
    case Op::array_load:
    case Op::array_load_string:
      array_load(instr);
      return true;
    case Op::array_store: {
      std::string value(16, '\0');
      int64_t stored = number(instr.args[0]);
      std::memcpy(value.data() + kElementValueOffset, &stored, 8);
      set(instr.dst[0],
          array_store(global_of(instr), key_of(global_of(instr), instr.args, 1), value));
      return true;
    }
    case Op::array_store_string: {
      const GlobalSpec& global = global_of(instr);
      std::string value(value_size(global), '\0');
      encode_string(reinterpret_cast<std::byte*>(value.data()) + kElementValueOffset,
                    global.capacity, text(instr.args[0]));
      set(instr.dst[0], array_store(global, key_of(global, instr.args, 1), value));
      return true;
    }
    case Op::array_add:
      array_add(instr);
      return true;
    case Op::array_has: {
      std::string value;
      set(instr.dst[0],
          vm_.maps_.lookup(global_of(instr).map, key_of(global_of(instr), instr.args, 0), value));
      return true;
    }
    case Op::array_delete:
      vm_.maps_.remove(global_of(instr).map, key_of(global_of(instr), instr.args, 0));
      return true;
    case Op::array_clear:
      array_clear(global_of(instr));
      return true;
    case Op::stat_add:
      stat_add(instr);
      return true;
    case Op::stat_read:
      stat_read(instr);
      return true;
    case Op::stat_field:
      set(instr.dst[0], stat_field(instr));
      return true;
    default:
      return false;
  }
}

std::string Activation::key_of(const GlobalSpec& global, const std::vector<Operand>& args,
                               size_t first) {
  std::string key(global.key_size, '\0');
  for (size_t i = 0; i < global.key.size(); ++i) {
    KeyValue value;
    if (global.key[i].is_string)
      value.text = text(args[first + i]);
    else
      value.number = number(args[first + i]);
    encode_key_part(key, global.key[i], value);
  }
  return key;
}

void Activation::array_load(const ir::Instr& instr) {
  const GlobalSpec& global = global_of(instr);
  std::string value;
  bool found = vm_.maps_.lookup(global.map, key_of(global, instr.args, 0), value);
  if (instr.op == Op::array_load_string) {
    std::string_view bytes = std::string_view(value).substr(found ? kElementValueOffset : 0);
    set_text(instr.dst[0], found ? decode_string(bytes, global.capacity) : "");
    return;
  }
  int64_t result = 0;
  if (found) std::memcpy(&result, value.data() + kElementValueOffset, 8);
  set(instr.dst[0], result);
}

// `value_bytes` with room for the insertion number in front. The status.
int Activation::array_store(const GlobalSpec& global, std::string_view key,
                            const std::string& value_bytes) {
  std::string value = value_bytes, old;
  if (!vm_.maps_.lookup(global.map, key, old)) return insert(global, key, value) != 0;
  std::memcpy(value.data(), old.data(), 8);
  return vm_.maps_.update(global.map, key, value, false) != 0;
}

// A new element with the next insertion number; a full array% loses its oldest one for it.
int Activation::insert(const GlobalSpec& global, std::string_view key, std::string value) {
  int64_t number = word_at(state_at(global.sequence_offset)).fetch_add(1) + 1;
  std::memcpy(value.data(), &number, 8);
  int result = vm_.maps_.update(global.map, key, value, true);
  if (result == -E2BIG && global.wrap && evict_oldest(global))
    result = vm_.maps_.update(global.map, key, value, true);
  return result;
}

bool Activation::evict_oldest(const GlobalSpec& global) {
  std::string oldest;
  uint64_t least = UINT64_MAX;
  vm_.maps_.for_each(global.map, [&](std::string_view key, std::string_view value) {
    uint64_t number = insertion_of(value, global, vm_.maps_.cpus());
    if (number >= least) return;
    least = number;
    oldest = key;
  });
  if (oldest.empty()) return false;
  vm_.maps_.remove(global.map, oldest);
  return true;
}

void Activation::array_add(const ir::Instr& instr) {
  const GlobalSpec& global = global_of(instr);
  std::string key = key_of(global, instr.args, 1), value;
  int64_t sum = number(instr.args[0]);
  int status = 0;
  if (vm_.maps_.lookup(global.map, key, value)) {
    int64_t old;
    std::memcpy(&old, value.data() + kElementValueOffset, 8);
    sum = add(old, sum);
    std::memcpy(value.data() + kElementValueOffset, &sum, 8);
    status = vm_.maps_.update(global.map, key, value, false);
  } else {
    value.assign(16, '\0');
    std::memcpy(value.data() + kElementValueOffset, &sum, 8);
    status = insert(global, key, value);
  }
  set(instr.dst[0], status == 0 ? sum : 0);
  set(instr.dst[1], status != 0);
}

void Activation::array_clear(const GlobalSpec& global) {
  if (!global.is_array) {
    std::string zeros(round_up_8(stat_value_size(global.statistic)) * vm_.maps_.cpus(), '\0');
    vm_.maps_.update(global.map, std::string(4, '\0'), zeros, false);
    return;
  }
  std::vector<std::string> keys;
  vm_.maps_.for_each(global.map,
                     [&](std::string_view key, std::string_view) { keys.emplace_back(key); });
  for (const std::string& key : keys) vm_.maps_.remove(global.map, key);
}

// Into the first CPU's value: which one does not matter to who reads.
void Activation::stat_add(const ir::Instr& instr) {
  const GlobalSpec& global = global_of(instr);
  std::string key = global.is_array ? key_of(global, instr.args, 1) : std::string(4, '\0');
  std::string value;
  int status = 0;
  if (vm_.maps_.lookup(global.map, key, value)) {
    add_sample(reinterpret_cast<std::byte*>(value.data()), global.statistic, number(instr.args[0]));
    status = vm_.maps_.update(global.map, key, value, false);
  } else {
    value.assign(round_up_8(stat_value_size(global.statistic)) * vm_.maps_.cpus(), '\0');
    add_sample(reinterpret_cast<std::byte*>(value.data()), global.statistic, number(instr.args[0]));
    status = insert(global, key, value);
  }
  set(instr.dst[0], status != 0);
}

void Activation::stat_read(const ir::Instr& instr) {
  const GlobalSpec& global = global_of(instr);
  std::string key = global.is_array ? key_of(global, instr.args, 0) : std::string(4, '\0');
  std::string value;
  vm_.maps_.lookup(global.map, key, value);
  stats_[instr.dst[0].value] = merge_statistic(value, global.statistic, vm_.maps_.cpus());
}

int64_t Activation::stat_field(const ir::Instr& instr) {
  const StatValue& value = stats_[instr.args[0].value];
  switch (static_cast<ir::StatField>(instr.sub)) {
    case ir::StatField::count:
      return value.count;
    case ir::StatField::sum:
      return value.sum;
    case ir::StatField::min:
      return value.min;
    case ir::StatField::max:
      return value.max;
    case ir::StatField::average:
      return value.count ? value.average() : 0;
    case ir::StatField::variance:
      return value.variance;
    case ir::StatField::bucket: {
      uint64_t index = static_cast<uint64_t>(number(instr.args[1]));
      return index < value.buckets.size() ? static_cast<int64_t>(value.buckets[index]) : 0;
    }
  }
  return 0;
}

}  // namespace stapd
