#include "translator/bpf/generate.h"

#include <algorithm>
#include <map>

#include "runtime/base/check.h"
#include "runtime/image/ir_text.h"
#include "runtime/image/map_layout.h"
#include "translator/bpf/allocate_registers.h"
#include "translator/bpf/clean_up.h"
#include "translator/bpf/encode.h"
#include "translator/bpf/select.h"
#include "translator/bpf/share_programs.h"
#include "translator/bpf/syscall_dispatch.h"
#include "translator/ir/inline_calls.h"
#include "translator/ir/ir_builder.h"
#include "translator/ir/place_locks.h"
#include "translator/ir/share_slots.h"
#include "translator/ir/simplify.h"
#include "translator/ir/tell_conditions.h"

namespace stapd::bpf {
namespace {

// Probes of one process stay with perf events: early kernels with uprobe.multi take its threads but
// the first for other processes.
ProgramContext context_of(const ProbeSpec& probe, const CodegenFacts& facts,
                          SyscallHooks& syscalls) {
  using Family = ProbeSpec::Family;
  switch (probe.family) {
    case Family::syscall:
    case Family::syscall_return:
      return syscalls.context_of(probe);
    case Family::uprobe:
    case Family::uretprobe:
      return facts.uprobe_multi && probe.pid < 0 ? ProgramContext::user_registers_multi
                                                 : ProgramContext::user_registers;
    case Family::kprobe:
    case Family::kretprobe:
      return ProgramContext::kernel_registers;
    case Family::profile:
      return ProgramContext::perf_event;
    default:
      return ProgramContext::raw_tracepoint;
  }
}

// A handler that can run while others do.
struct Candidate {
  uint32_t probe;
  bool in_kernel;
  ir::Function function;  // calls inlined
};

// Candidates that one program is made for; it is made of the first.
struct ProgramUsers {
  const Candidate* first;
  ProgramContext context;
  HandlerShape shape;
  std::vector<uint32_t> probes;
};

class ImageGenerator {
 public:
  ImageGenerator(ProgramImage& image, const CodegenFacts& facts, bool all_in_kernel)
      : image_(image), facts_(facts), all_in_kernel_(all_in_kernel), data_(image.data) {}

  Status run() {
    STAPD_TRY(collect());
    std::vector<SharedHandler> handlers;
    for (const Candidate& candidate : candidates_) handlers.push_back({&candidate.function});
    std::vector<bool> locked = find_locked_globals(handlers, image_);
    choose_timers(locked);
    find_contended();
    SyscallHooks syscalls(image_, facts_);
    for (Candidate& candidate : candidates_) {
      if (!candidate.in_kernel) continue;
      place_locks(candidate.function, locked);
      // After a handler of the daemon, the daemon looks itself.
      if (!runs_in_daemon(image_.probes[candidate.probe].family))
        tell_conditions(candidate.function, image_);
      join_users(candidate, context_of(image_.probes[candidate.probe], facts_, syscalls));
    }
    for (const ProgramUsers& users : users_) STAPD_TRY(add_program_of(users));
    STAPD_TRY(syscalls.add_to(image_));
    STAPD_TRY(add_heartbeat());
    image_.maps[kScratchMap].value_size = round_up_8(scratch_);
    image_.maps[kDataMap].value_size =
        round_up_8(static_cast<uint32_t>(image_.data.size())) + longest_string_ + 8;
    return {};
  }

  // What programs are made of: calls inlined, locks placed.
  std::string handlers() const {
    std::string text;
    for (const ProgramUsers& users : users_)
      text += ir::to_text(users.first->function, image_) + "\n";
    return text;
  }

 private:
  Status collect() {
    for (uint32_t i = 0; i < image_.probes.size(); ++i) {
      const ProbeSpec& probe = image_.probes[i];
      bool is_timer = probe.family == ProbeSpec::Family::timer;
      bool in_kernel = all_in_kernel_ || !runs_in_daemon(probe.family) || asks_kernel(probe);
      if (!in_kernel && !is_timer) continue;
      Result<ir::Function> function = inline_calls(image_.functions[probe.handler], image_);
      if (!function) return in_context("probe " + probe.point, function.error());
      simplify(*function);
      share_slots(*function);
      candidates_.push_back({i, in_kernel, std::move(*function)});
    }
    return {};
  }

  // Memory, and the task in it, is what only a program can read.
  bool asks_kernel(const ProbeSpec& probe) const {
    std::vector<bool> seen(image_.functions.size());
    std::vector<uint32_t> waiting = {probe.handler};
    while (!waiting.empty()) {
      uint32_t index = waiting.back();
      waiting.pop_back();
      if (seen[index]) continue;
      seen[index] = true;
      for (const ir::Block& block : image_.functions[index].blocks)
        for (const ir::Instr& instr : block.code) {
          if (instr.op == ir::Op::call) waiting.push_back(instr.aux);
          if (only_kernel_knows(instr)) return true;
        }
    }
    return false;
  }

  static bool only_kernel_knows(const ir::Instr& instr) {
    if (instr.op == ir::Op::context) {
      auto value = static_cast<ir::ContextValue>(instr.sub);
      return value == ir::ContextValue::task || value == ir::ContextValue::jiffies;
    }
    return instr.op == ir::Op::load || instr.op == ir::Op::load_string ||
           instr.op == ir::Op::load_bytes;
  }

  // A timer of the daemon runs as a program when it touches what is locked, or changes what
  // programs use: the daemon's maps calls are not atomic beside theirs.
  void choose_timers(const std::vector<bool>& locked) {
    std::vector<bool> used(image_.globals.size());
    for (const Candidate& candidate : candidates_) {
      if (!candidate.in_kernel) continue;
      std::vector<Access> accesses = accesses_of(candidate.function, image_.globals.size());
      for (size_t g = 0; g < used.size(); ++g)
        if (accesses[g].reads || accesses[g].writes) used[g] = true;
    }
    for (Candidate& candidate : candidates_) {
      if (candidate.in_kernel) continue;
      std::vector<Access> accesses = accesses_of(candidate.function, image_.globals.size());
      for (size_t g = 0; g < used.size(); ++g) {
        bool in_map = image_.globals[g].is_array || image_.globals[g].kind != ValueKind::integer;
        if (accesses[g].writes && used[g] && in_map) candidate.in_kernel = true;
        if ((accesses[g].writes || accesses[g].reads) && used[g] && locked[g])
          candidate.in_kernel = true;
      }
    }
  }

  // Statistics that more than one program adds to, or one that can be preempted.
  void find_contended() {
    std::vector<uint32_t> writers(image_.globals.size());
    for (const Candidate& candidate : candidates_) {
      if (!candidate.in_kernel) continue;
      ProbeSpec::Family family = image_.probes[candidate.probe].family;
      bool preemptible =
          family == ProbeSpec::Family::uprobe || family == ProbeSpec::Family::uretprobe;
      std::vector<Access> accesses = accesses_of(candidate.function, image_.globals.size());
      for (size_t g = 0; g < writers.size(); ++g)
        if (accesses[g].writes) writers[g] += preemptible ? 2 : 1;
    }
    for (uint32_t count : writers) contended_.push_back(count > 1);
  }

  // Only hooks with registers: a raw tracepoint has no cookie, and a program that it shared would
  // not run while it interrupts itself on another one.
  void join_users(const Candidate& candidate, ProgramContext context) {
    ProbeSpec& probe = image_.probes[candidate.probe];
    HandlerShape shape = shape_of(candidate.function, image_);
    bool can_share = context == ProgramContext::user_registers ||
                     context == ProgramContext::user_registers_multi ||
                     context == ProgramContext::kernel_registers;
    if (can_share) {
      auto [known, is_new] = sharable_.try_emplace({context, shape.bytes}, users_.size());
      if (!is_new) {
        ProgramUsers& users = users_[known->second];
        if (auto cookie = cookie_of(users.shape, shape)) {
          probe.cookie = *cookie;
          users.probes.push_back(candidate.probe);
          return;
        }
      }
    }
    users_.push_back({&candidate, context, std::move(shape), {candidate.probe}});
  }

  Status add_program_of(const ProgramUsers& users) {
    const ProbeSpec& first = image_.probes[users.first->probe];
    bool is_shared = false;
    for (uint32_t probe : users.probes) is_shared |= image_.probes[probe].cookie != 0;
    GenerateInput input{image_,        users.first->function,
                        users.context, runs_in_daemon(first.family),
                        facts_,        contended_};
    input.is_shared = is_shared;
    input.interruptible = input.for_daemon && first.family != ProbeSpec::Family::timer;
    STAPD_ASSIGN(uint32_t program, add_program(input));
    for (uint32_t probe : users.probes) image_.probes[probe].program = program;
    return {};
  }

  Result<uint32_t> add_program(const GenerateInput& input) {
    STAPD_ASSIGN(GeneratedProgram made, generate_program(input, data_));
    scratch_ = std::max(scratch_, made.scratch_size);
    longest_string_ = std::max(longest_string_, made.longest_string);
    image_.maps.insert(image_.maps.end(), made.areas.begin(), made.areas.end());
    image_.programs.push_back(std::move(made.program));
    return static_cast<uint32_t>(image_.programs.size() - 1);
  }

  Status add_heartbeat() {
    ir::Function function;
    function.name = "heartbeat";
    function.is_handler = true;
    IrBuilder build(function);
    build.append(ir::Op::print, {}, {}, kHeartbeatFormat);
    build.append(ir::Op::done, {}, {});
    GenerateInput input{image_, function, ProgramContext::raw_tracepoint,
                        false,  facts_,   contended_};
    STAPD_ASSIGN(image_.heartbeat, add_program(input));
    return {};
  }

  ProgramImage& image_;
  const CodegenFacts& facts_;
  bool all_in_kernel_;
  DataPool data_;
  std::vector<Candidate> candidates_;
  std::vector<ProgramUsers> users_;
  std::map<std::pair<ProgramContext, std::string>, size_t> sharable_;  // -> index in users_
  std::vector<bool> contended_;
  uint32_t scratch_ = kScratchHeaderSize;
  uint32_t longest_string_ = 0;
};

Result<GeneratedProgram> try_program(const GenerateInput& input, DataPool& data) {
  GeneratedProgram result;
  result.program.name = input.function.name;
  result.program.context = input.context;
  Selector selector(input, data, result);
  STAPD_ASSIGN(std::vector<Function> functions, selector.run());
  for (Function& function : functions) {
    remove_unreachable(function);
    remove_unread(function);
    join_copies(function);
    STAPD_TRY(allocate_registers(function));
  }
  STAPD_TRY(encode(functions, result.program));
  return result;
}

}  // namespace

// A handler with more values at a time than the stack has room for gets a frame for them.
Result<GeneratedProgram> generate_program(const GenerateInput& input, DataPool& data) {
  Result<GeneratedProgram> made = try_program(input, data);
  if (made || made.error().code != ErrorCode::limit) return made;
  GenerateInput roomy = input;
  roomy.variables_in_memory = true;
  return try_program(roomy, data);
}

Status generate(ProgramImage& image, const CodegenFacts& facts, bool all_in_kernel,
                std::string* handlers) {
  ImageGenerator generator(image, facts, all_in_kernel);
  STAPD_TRY(generator.run());
  if (handlers) *handlers = generator.handlers();
  return {};
}

}  // namespace stapd::bpf
