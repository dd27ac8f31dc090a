#include "translator/lower/condition_table.h"

#include "runtime/image/image_io.h"
#include "runtime/image/map_layout.h"
#include "translator/lower/function_lowering.h"

namespace stapd {
namespace {

// Programs on many CPUs write a condition's state.
constexpr uint32_t kCacheLine = 64;

bool asks_where_it_runs(const ir::Function& function) {
  for (const ir::Block& block : function.blocks)
    for (const ir::Instr& instr : block.code)
      if (instr.op >= ir::Op::context && instr.op <= ir::Op::load_bytes) return true;
  return false;
}

}  // namespace

Result<std::optional<uint32_t>> ConditionTable::find_or_add(const sem::Probe& probe) {
  if (!probe.condition || probe.spec.family < ProbeSpec::Family::timer) return std::nullopt;
  ir::Function function;
  STAPD_TRY(FunctionLowering(builder_, function).lower_condition(probe));
  if (asks_where_it_runs(function)) return std::nullopt;
  auto [known, is_new] = known_.try_emplace(encode_function(function), 0);
  if (is_new) known->second = add(std::move(function));
  return known->second;
}

uint32_t ConditionTable::add(ir::Function function) {
  ProgramImage& image = builder_.image();
  ConditionSpec condition;
  condition.function = static_cast<uint32_t>(image.functions.size());
  MapSpec& state = image.maps[kStateMap];
  condition.state_offset = (state.value_size + kCacheLine - 1) / kCacheLine * kCacheLine;
  state.value_size = condition.state_offset + kCacheLine;
  function.name = fmt::format("condition {}", image.conditions.size());
  image.functions.push_back(std::move(function));
  image.conditions.push_back(condition);
  return static_cast<uint32_t>(image.conditions.size() - 1);
}

}  // namespace stapd
