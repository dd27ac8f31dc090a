#include "translator/ir/guard_processes.h"

#include <fmt/core.h>

#include "runtime/image/map_layout.h"
#include "translator/ir/ir_builder.h"

namespace stapd {
namespace {

using Family = ProbeSpec::Family;
using ir::Op;
using ir::Operand;

// Processes of one path at a time.
constexpr uint32_t kMaxProcesses = 4096;

// Questions at the start of a handler; what follows them is the handler as it was.
class Guard {
 public:
  explicit Guard(const ir::Function& handler) : handler_(handler), build_(guarded_) {
    guarded_.name = handler.name;
    guarded_.is_handler = true;
    no_ = build_.make_block();
    build_.set_block(no_);
    build_.append(Op::done, {}, {});
    build_.set_block(0);
  }

  IrBuilder& build() { return build_; }
  ir::Function& function() { return guarded_; }

  void require(ir::Compare compare, Operand a, Operand b) {
    uint32_t yes = build_.make_block();
    build_.branch(compare, a, b, yes, no_);
    build_.set_block(yes);
  }

  Operand context(ir::ContextValue value) {
    Operand result = build_.make_reg();
    build_.append(Op::context, {result}, {}, 0, static_cast<int8_t>(value));
    return result;
  }

  // The member at `offset` of what `base` points at.
  Operand member(Operand base, int64_t offset, int8_t size) {
    Operand value = build_.make_reg(), status = build_.make_reg();
    build_.append(Op::load, {value, status}, {build_.binary(Op::add, base, Operand::imm(offset))},
                  static_cast<uint32_t>(ir::Space::kernel), size);
    require(ir::Compare::eq, status, Operand::imm(0));
    return value;
  }

  // The handler behind the questions.
  ir::Function finish() {
    uint32_t first = static_cast<uint32_t>(guarded_.blocks.size());
    build_.jump(first);
    uint32_t registers = guarded_.registers;
    for (const ir::Block& block : handler_.blocks) {
      ir::Block copied = block;
      for (ir::Instr& instr : copied.code) {
        for (Operand& operand : instr.dst)
          if (operand.kind == Operand::Kind::reg) operand.value += registers;
        for (Operand& operand : instr.args)
          if (operand.kind == Operand::Kind::reg) operand.value += registers;
        for (uint32_t& target : instr.target)
          if (target != ir::kNoBlock) target += first;
      }
      guarded_.blocks.push_back(std::move(copied));
    }
    guarded_.registers += handler_.registers;
    guarded_.slots = handler_.slots;
    guarded_.stats = handler_.stats;
    guarded_.iterations = handler_.iterations;
    guarded_.lock_sets = handler_.lock_sets;
    return std::move(guarded_);
  }

 private:
  const ir::Function& handler_;
  ir::Function guarded_;
  IrBuilder build_;
  uint32_t no_ = 0;
};

class ProcessGuards {
 public:
  ProcessGuards(ProgramImage& image, const ProcessFacts& facts) : image_(image), facts_(facts) {}

  void run() {
    size_t probes = image_.probes.size();
    for (size_t i = 0; i < probes; ++i) {
      // Adding a probe moves the others.
      if (image_.probes[i].family == Family::process_begin) guard_begin(image_.probes[i]);
      if (image_.probes[i].family == Family::process_end) guard_end(i);
    }
  }

 private:
  void guard_begin(const ProbeSpec& probe) {
    Guard guard(image_.functions[probe.handler]);
    require_pid(guard, probe);
    if (!probe.path.empty()) require_file(guard, probe);
    image_.functions[probe.handler] = guard.finish();
  }

  void guard_end(size_t index) {
    std::optional<uint32_t> known;
    if (!image_.probes[index].path.empty()) known = add_begin(image_.probes[index]);
    const ProbeSpec& probe = image_.probes[index];
    Guard guard(image_.functions[probe.handler]);
    // Threads end, too; the process ends with its first one.
    Operand pid = guard.context(ir::ContextValue::pid);
    guard.require(ir::Compare::eq, pid, guard.context(ir::ContextValue::tid));
    require_pid(guard, probe);
    if (known) {
      Operand is_ours = guard.build().make_reg();
      guard.build().append(Op::array_has, {is_ours}, {pid}, *known);
      guard.require(ir::Compare::ne, is_ours, Operand::imm(0));
      guard.build().append(Op::array_delete, {}, {pid}, *known);
    }
    image_.functions[probe.handler] = guard.finish();
  }

  void require_pid(Guard& guard, const ProbeSpec& probe) {
    if (probe.pid < 0) return;
    guard.require(ir::Compare::eq, guard.context(ir::ContextValue::pid), Operand::imm(probe.pid));
  }

  void require_file(Guard& guard, const ProbeSpec& probe) {
    Operand mm = guard.member(guard.context(ir::ContextValue::task), facts_.task_mm, 8);
    guard.require(ir::Compare::ne, mm, Operand::imm(0));
    Operand inode = guard.member(guard.member(mm, facts_.mm_exe_file, 8), facts_.file_inode, 8);
    guard.require(ir::Compare::eq, guard.member(inode, facts_.inode_number, 8),
                  Operand::imm(static_cast<int64_t>(probe.inode)));
    Operand superblock = guard.member(inode, facts_.inode_superblock, 8);
    guard.require(ir::Compare::eq, guard.member(superblock, facts_.superblock_device, 4),
                  Operand::imm(static_cast<int64_t>(probe.device)));
  }

  // A global with the pids that run the path, and the probe that notes them. The global's index.
  uint32_t add_begin(const ProbeSpec& end) {
    uint32_t global = add_pid_set();
    ir::Function note;
    note.name = end.point + " begins";
    note.is_handler = true;
    IrBuilder build(note);
    Operand pid = build.make_reg(), status = build.make_reg();
    build.append(Op::context, {pid}, {}, 0, static_cast<int8_t>(ir::ContextValue::pid));
    build.append(Op::array_store, {status}, {Operand::imm(1), pid}, global);
    build.append(Op::done, {}, {});
    ProbeSpec begin = end;
    begin.family = Family::process_begin;
    begin.condition.reset();  // which processes run the path has to be known whenever one ends
    begin.handler = static_cast<uint32_t>(image_.functions.size());
    image_.functions.push_back(std::move(note));
    guard_begin(begin);
    image_.probes.push_back(std::move(begin));
    return global;
  }

  uint32_t add_pid_set() {
    GlobalSpec global;
    global.name = "(processes)";
    global.is_array = true;
    global.key = {KeyPart{}};
    global.key_size = 8;
    global.max_entries = kMaxProcesses;
    MapSpec& state = image_.maps[kStateMap];
    global.lock_offset = (state.value_size + 63) / 64 * 64;
    global.sequence_offset = global.lock_offset + 64;
    state.value_size = global.sequence_offset + 64;
    global.map = static_cast<uint32_t>(image_.maps.size());
    image_.maps.push_back({fmt::format("g{}_pids", image_.globals.size()), MapSpec::Type::hash, 8,
                           value_size(global), kMaxProcesses, false});
    image_.globals.push_back(std::move(global));
    return static_cast<uint32_t>(image_.globals.size() - 1);
  }

  ProgramImage& image_;
  const ProcessFacts& facts_;
};

}  // namespace

bool has_process_paths(const ProgramImage& image) {
  for (const ProbeSpec& probe : image.probes) {
    bool process = probe.family == Family::process_begin || probe.family == Family::process_end;
    if (process && !probe.path.empty()) return true;
  }
  return false;
}

void guard_processes(ProgramImage& image, const ProcessFacts& facts) {
  ProcessGuards(image, facts).run();
}

}  // namespace stapd
