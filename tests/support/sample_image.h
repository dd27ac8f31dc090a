// A small program image in which everything occurs that an image can hold, and which is valid.
#pragma once

#include "runtime/image/map_layout.h"
#include "runtime/image/program_image.h"
#include "tests/support/record_formats.h"

namespace stapd::test {

inline std::vector<MapSpec> sample_maps() {
  using Type = MapSpec::Type;
  return {{"ring", Type::array, 4, 4096 + 65536 + 8192, 3, true},
          {"state", Type::array, 4, 1024, 1, true},
          {"control", Type::ring_buffer, 0, 0, 4096, false},
          {"scratch", Type::array, 4, 4096, 12, true},
          {"data", Type::array, 4, 64, 1, false},
          {"g_counts", Type::hash, 24, 16, 2048, false},
          {"g_times", Type::percpu_hash, 8, 56 + 13 * 8, 2048, false}};
}

inline std::vector<GlobalSpec> sample_globals() {
  GlobalSpec counter;
  counter.name = "counter";
  counter.init = -7;
  counter.state_offset = 128;
  counter.lock_offset = 136;
  GlobalSpec text;
  text.name = "text";
  text.kind = ValueKind::string;
  text.capacity = 64;
  text.init_text = "start";
  text.state_offset = 144;
  text.show_at_end = true;
  GlobalSpec counts;
  counts.name = "counts";
  counts.is_array = counts.wrap = true;
  counts.key = {{true, 0, 16}, {false, 16, 8}};
  counts.key_size = 24;
  counts.max_entries = 2048;
  counts.map = 5;
  counts.sequence_offset = 512;
  counts.lock_offset = 520;
  GlobalSpec times;
  times.name = "times";
  times.kind = ValueKind::statistic;
  times.is_array = true;
  times.key = {{false, 0, 8}};
  times.key_size = 8;
  times.max_entries = 2048;
  times.statistic.variance = true;
  times.statistic.bit_shift = 3;
  times.statistic.histogram = HistogramShape{true, 0, 100, 10, 13};
  times.map = 6;
  times.sequence_offset = 528;
  return {counter, text, counts, times};
}

// counts[execname(), pid()]++ ; print it ; call a function
inline ir::Function sample_handler() {
  using ir::Op;
  using ir::Operand;
  auto target = [](uint32_t a, uint32_t b = ir::kNoBlock) { return std::array<uint32_t, 2>{a, b}; };
  ir::Function function;
  function.name = "probe_1";
  function.is_handler = true;
  function.registers = 4;
  function.slots = {16, 64};
  function.stats = {3};
  function.iterations = {{ir::Iteration::Sort::value, 1, true}};
  function.lock_sets = {{{0, 2}}};
  ir::Block entry, loop, out;
  entry.code = {
      {Op::context_string,
       static_cast<int8_t>(ir::ContextString::execname),
       0,
       {Operand::slot(0)},
       {},
       {ir::kNoBlock, ir::kNoBlock},
       1},
      {Op::context, static_cast<int8_t>(ir::ContextValue::pid), 0, {Operand::reg(0)}, {}},
      {Op::array_add,
       0,
       2,
       {{}, Operand::reg(1)},
       {Operand::imm(1), Operand::slot(0), Operand::reg(0)}},
      {Op::iter_open, 0, 2, {Operand::reg(0)}, {Operand::imm(-1), Operand::any(), Operand::reg(0)}},
      {Op::jump, 0, 0, {}, {}, target(1)}};
  loop.code = {{Op::iter_next,
                0,
                2,
                {Operand::reg(2), Operand::slot(0), Operand::reg(0), Operand::reg(3)},
                {}},
               {Op::branch,
                static_cast<int8_t>(ir::Compare::eq),
                0,
                {},
                {Operand::reg(2), Operand::imm(0)},
                target(2, 1)}};
  out.code = {
      {Op::iter_close, 0, 2, {}, {}},
      {Op::stat_read, 0, 3, {Operand::stat(0)}, {Operand::reg(0)}},
      {Op::print, 0, 0, {}, {Operand::reg(0), Operand::slot(0)}},
      {Op::call, 0, 1, {Operand::reg(1)}, {Operand::reg(0), Operand::literal(0)}, target(3, 3)}};
  ir::Block end;
  end.code = {{Op::done, 0, 0, {}, {}}};
  function.blocks = {entry, loop, out, end};
  return function;
}

inline ir::Function sample_function() {
  using ir::Operand;
  ir::Function function;
  function.name = "helper";
  function.may_next = true;
  function.registers = 2;
  function.slots = {32};
  function.params = {Operand::reg(0), Operand::slot(0)};
  ir::Block block;
  block.code = {{ir::Op::neg, 0, 0, {Operand::reg(1)}, {Operand::reg(0)}},
                {ir::Op::regex_match, 0, 0, {Operand::reg(1)}, {Operand::slot(0)}},
                {ir::Op::ret, 0, 0, {}, {Operand::reg(1), Operand::imm(0)}}};
  function.blocks = {block};
  return function;
}

// counter != 0
inline ir::Function sample_condition() {
  using ir::Operand;
  ir::Function function;
  function.name = "condition";
  function.registers = 2;
  ir::Block block;
  block.code = {{ir::Op::global_load, 0, 0, {Operand::reg(0)}, {}},
                {ir::Op::set,
                 static_cast<int8_t>(ir::Compare::ne),
                 0,
                 {Operand::reg(1)},
                 {Operand::reg(0), Operand::imm(0)}},
                {ir::Op::tell, 0, 0, {}, {Operand::reg(1)}},
                {ir::Op::ret, 0, 0, {}, {Operand::reg(1)}}};
  function.blocks = {block};
  return function;
}

inline ProbeSpec sample_probe() {
  ProbeSpec probe;
  probe.family = ProbeSpec::Family::uprobe;
  probe.point = "process(\"/bin/cat\").function(\"main\")";
  probe.alias = "cat.main";
  probe.where = 1;
  probe.optional = true;
  probe.program = 0;
  probe.order = -5;
  probe.interval_ns = 1'000'000;
  probe.randomize_ns = 1000;
  probe.name = "main";
  probe.path = "/bin/cat";
  probe.offset = 0x1234;
  probe.pid = 77;
  probe.syscall_number = 257;
  probe.frequency = 99;
  probe.condition = 0;
  return probe;
}

inline ProgramImage sample_image() {
  ProgramImage image;
  image.session_name = "sample";
  image.script_name = "sample.stp";
  image.script_text = "probe process(\"/bin/cat\").function(\"main\") { }\n";
  image.arguments = {"one", "two words"};
  image.limits.max_errors = 3;
  image.limits.max_string = 256;
  image.literals = {"literal", ""};
  image.data = std::string("\1\0\2\0\3\0\4\0", 8);
  // Two states, two classes of bytes, a list of one move.
  RegexSpec regex{"x", 1, 2, 2, 8, 264, 4, 280, 2, 1};
  image.data.resize(288);
  image.data[8 + 'x'] = 1;
  image.regexes = {regex};
  image.maps = sample_maps();
  image.globals = sample_globals();
  image.functions = {sample_handler(), sample_function(), sample_condition()};
  image.conditions = {{2, 960, true}};
  ProgramSpec program;
  program.name = "probe_1";
  program.context = ProgramContext::user_registers;
  program.insns = {0x1122334455667788, 0x95};
  program.relocations = {{Relocation::Kind::map_value, 0, kStateMap, 8}};
  program.subprograms = {0, 1};
  program.lines = {{0, 1}, {1, 2}};
  image.programs = {program};
  image.probes = {sample_probe()};
  image.formats = {FormatBuilder()
                       .literal("pid ")
                       .integer(8, "pid")
                       .print(FormatPiece::Conversion::decimal, FormatPiece::left, 6, 2)
                       .text("name")
                       .print(FormatPiece::Conversion::string)
                       .build()};
  image.formats[0].near = "near identifier 'x' at sample.stp:1:2";
  image.formats[0].histogram = *image.globals[3].statistic.histogram;
  image.source_map = {{"", 0, 0}, {"sample.stp", 1, 2}, {"sample.stp", 3, 4}};
  return image;
}

}  // namespace stapd::test
