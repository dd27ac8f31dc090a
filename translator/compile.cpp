#include "translator/compile.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <tuple>

#include "runtime/image/ir_text.h"
#include "runtime/image/map_names.h"
#include "translator/arch/machine.h"
#include "translator/ast/ast_printer.h"
#include "translator/bpf/disassemble.h"
#include "translator/bpf/generate.h"
#include "translator/elaborate/elaborate.h"
#include "translator/elaborate/program_printer.h"
#include "translator/elaborate/refuse_unexecutable.h"
#include "translator/host_view.h"
#include "translator/ir/guard_processes.h"
#include "translator/lower/lower.h"
#include "translator/parse/parse_file.h"

namespace stapd {
namespace {

// Only for tests: handlers of the daemon as programs (-D STAPD_ALL_IN_KERNEL=1).
constexpr const char* kAllInKernel = "STAPD_ALL_IN_KERNEL";
// Records without time, as CompileOptions::record_time (-D STAPD_NO_TIME=1): reading the clock
// costs more than the rest of a small record.
constexpr const char* kNoTime = "STAPD_NO_TIME";

class Compilation {
 public:
  Compilation(const CompileOptions& options, const KernelInfo& kernel, const arch::Machine& machine)
      : options_(options), host_(options, kernel, machine), arguments_(options.arguments) {}

  CompileOutcome run(CompilePhase stop_after) {
    CompileOutcome outcome;
    Status done = compile(stop_after, outcome);
    outcome.ok = done && !diagnostics_.has_errors();
    outcome.diagnostics = host_.render(diagnostics_, files_);
    outcome.passes = clock_.reports();
    if (!done && !done.error().message.empty())
      outcome.diagnostics += "ERROR: " + done.error().message + "\n";
    if (options_.warnings_are_errors && !outcome.diagnostics.empty()) outcome.ok = false;
    if (!outcome.ok) outcome.image.reset();
    return outcome;
  }

 private:
  // An error with a message is what no diagnostic says; one without says that diagnostics do.
  static tl::unexpected<Error> faults() { return fail(ErrorCode::invalid_argument, ""); }

  // --compatible
  Status check_language_version() const {
    const std::string newest = ScriptFacts().language_version;
    if (compare_versions(host_.facts.language_version, newest) <= 0) return {};
    return failf(ErrorCode::invalid_argument,
                 "the language of version {} is in the future: {} is the newest",
                 host_.facts.language_version, newest);
  }

  Status compile(CompilePhase stop_after, CompileOutcome& outcome) {
    STAPD_TRY(check_language_version());
    STAPD_ASSIGN(Limits limits, read_limits());
    TapsetLibrary library(files_, options_.tapset_paths, host_.facts, diagnostics_);
    STAPD_TRY(parse_scripts(library));
    clock_.end_pass(
        fmt::format("parsed user script and {}", counted(library.file_count(), "library script")));
    if (stop_after <= CompilePhase::parse) {
      outcome.product = ast::print_script(scripts_[0], options_.script_name);
      return {};
    }
    std::vector<const ast::Script*> scripts;
    for (const ast::Script& script : scripts_) scripts.push_back(&script);
    probes::BuildContext host = host_.build_context();
    ElaborateOptions elaborate_options = host_.elaborate_options(limits);
    std::optional<sem::Program> program =
        elaborate({files_, scripts, library, host, elaborate_options}, diagnostics_);
    clock_.end_pass(analysis_text(program));
    if (!program) return faults();
    if (stop_after == CompilePhase::elaborate) {
      outcome.product = print_program(*program);
      return {};
    }
    if (!refuse_unexecutable(*program, diagnostics_)) return faults();
    STAPD_ASSIGN(ProgramImage image, lower_program(*program));
    clock_.end_pass("lowered to " + counted(image.functions.size(), "function"));
    if (stop_after == CompilePhase::lower) {
      for (const ir::Function& function : image.functions)
        outcome.product += ir::to_text(function, image) + "\n";
      return {};
    }
    STAPD_TRY(guard_processes_of(image));
    std::string handlers;
    STAPD_TRY(bpf::generate(image, codegen_facts(image), options_.macros.count(kAllInKernel) > 0,
                            stop_after == CompilePhase::place ? &handlers : nullptr));
    if (stop_after == CompilePhase::place) {
      outcome.product = handlers;
      return {};
    }
    for (const ProgramSpec& made : image.programs) outcome.product += bpf::disassemble(made) + "\n";
    clock_.end_pass("generated " + counted(image.programs.size(), "BPF program"));
    outcome.image = std::move(image);
    return {};
  }

  static std::string counted(size_t count, const char* what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
  }

  static std::string analysis_text(const std::optional<sem::Program>& program) {
    if (!program) return "analyzed script: it has errors";
    return fmt::format("analyzed script: {}, {}, {}", counted(program->probes.size(), "probe"),
                       counted(program->functions.size(), "function"),
                       counted(program->globals.size(), "global"));
  }

  Result<Limits> read_limits() {
    Limits limits;
    for (const auto& [name, value] : options_.macros) STAPD_TRY(set_limit(limits, name, value));
    if (options_.suppress_handler_errors) {
      limits.quiet_errors = true;
      limits.max_errors = limits.max_skipped = UINT32_MAX;
      limits.error_window_ms = 0;
    }
    if (limits.error_window_ms && limits.max_errors > kMaxTimedErrors)
      return failf(ErrorCode::invalid_argument,
                   "-D MAXERRORS={}: with MAXERRORS_INTERVAL at most {}", limits.max_errors,
                   kMaxTimedErrors);
    return limits;
  }

  Status parse_scripts(const TapsetLibrary& library) {
    ParseFileOptions parse;
    parse.arguments = &arguments_;
    parse.macros = &library.macros();
    parse.facts = &host_.facts;
    auto add = [&](const std::string& name, const std::string& text) {
      FileId file = files_.add(name, text, SourceOrigin::user);
      if (auto script = parse_file(files_, file, parse, diagnostics_))
        scripts_.push_back(std::move(*script));
    };
    add(options_.script_name, options_.script_text);
    for (const auto& [name, text] : options_.extra_scripts) add(name, text);
    if (diagnostics_.has_errors() || scripts_.empty()) return faults();
    warn_unused_arguments(arguments_, diagnostics_);
    return {};
  }

  Result<ProgramImage> lower_program(const sem::Program& program) {
    LowerOptions lower_options;
    lower_options.record_time = options_.record_time && options_.macros.count(kNoTime) == 0;
    lower_options.show_globals_at_end = options_.show_globals_at_end;
    lower_options.file_name = [this](FileId file) { return files_.name(file); };
    STAPD_ASSIGN(ProgramImage image, lower(program, lower_options));
    image.session_name = options_.session_name;
    image.script_name = options_.script_name;
    image.script_text = options_.script_text;
    image.arguments = options_.arguments;
    if (options_.ring_doorbell) add_doorbell(image);
    return image;
  }

  static void add_doorbell(ProgramImage& image) {
    image.doorbell = static_cast<uint32_t>(image.maps.size());
    image.maps.push_back({kDoorbellPin, MapSpec::Type::ring_buffer, 0, 0, 4096, false});
  }

  // What programs want to know of the machine; BTF is only opened when a handler asks for a name.
  bpf::CodegenFacts codegen_facts(const ProgramImage& image) {
    bpf::CodegenFacts facts;
    facts.current_task_btf = host_.kernel.features.current_task_btf;
    facts.lookup_percpu_elem = host_.kernel.features.lookup_percpu_elem;
    facts.uprobe_multi = host_.kernel.features.uprobe_multi;
    facts.argument_registers.assign(host_.machine.function_arguments.begin(),
                                    host_.machine.function_arguments.end());
    facts.return_register = host_.machine.return_value;
    if (auto cs = host_.machine.find_register("xcs")) facts.code_segment_register = cs->offset;
    facts.unordered_stores = host_.machine.name != "x86_64";
    if (facts.current_task_btf && asks_for_execname(image))
      facts.task_comm_offset = member_offset("struct task_struct", "comm");
    if (facts.current_task_btf && host_.machine.compat_status_flag && bpf::has_many_syscalls(image))
      facts.syscall = syscall_facts();
    return facts;
  }

  // Programs by path are known by their file's number: what the path names now.
  Status guard_processes_of(ProgramImage& image) {
    ProcessFacts facts;
    if (has_process_paths(image)) {
      STAPD_TRY(read_process_facts(facts));
      for (ProbeSpec& probe : image.probes) {
        struct stat file = {};
        if (probe.path.empty() || stat(probe.path.c_str(), &file) != 0) continue;
        probe.inode = file.st_ino;
        // The kernel's dev_t has 20 bits of minor number.
        probe.device = uint64_t{major(file.st_dev)} << 20 | minor(file.st_dev);
      }
    }
    guard_processes(image, facts);
    return {};
  }

  Status read_process_facts(ProcessFacts& facts) {
    STAPD_TRY(host_.types.open());
    const std::tuple<int64_t*, const char*, const char*> members[] = {
        {&facts.task_mm, "struct task_struct", "mm"},
        {&facts.mm_exe_file, "struct mm_struct", "exe_file"},
        {&facts.file_inode, "struct file", "f_inode"},
        {&facts.inode_number, "struct inode", "i_ino"},
        {&facts.inode_superblock, "struct inode", "i_sb"},
        {&facts.superblock_device, "struct super_block", "s_dev"}};
    for (const auto& [offset, type, member] : members) {
      std::optional<btf::Member> found = host_.types.find_type(type).find_member(member);
      if (!found)
        return failf(ErrorCode::unsupported, "this kernel's BTF has no {}.{}", type, member);
      *offset = static_cast<int64_t>(found->offset());
    }
    return {};
  }

  static bool asks_for_execname(const ProgramImage& image) {
    for (const ir::Function& function : image.functions)
      for (const ir::Block& block : function.blocks)
        for (const ir::Instr& instr : block.code)
          if (instr.op == ir::Op::context_string) return true;
    return false;
  }

  bpf::SyscallFacts syscall_facts() {
    bpf::SyscallFacts facts;
    facts.arguments.assign(host_.machine.system_call_arguments.begin(),
                           host_.machine.system_call_arguments.end());
    facts.number = host_.machine.system_call_number;
    facts.compat_flag = host_.machine.compat_status_flag;
    int32_t thread = member_offset("struct task_struct", "thread_info");
    int32_t status = member_offset("struct thread_info", "status");
    if (thread >= 0 && status >= 0) facts.thread_status = thread + status;
    return facts;
  }

  // In bytes; -1 when this kernel has no such member.
  int32_t member_offset(const char* type, const char* name) {
    std::optional<btf::Member> member = host_.types.find_type(type).find_member(name);
    return member ? static_cast<int32_t>(member->offset()) : -1;
  }

  const CompileOptions& options_;
  HostView host_;
  PassClock clock_;
  ScriptArguments arguments_;
  SourceFiles files_;
  Diagnostics diagnostics_;
  std::deque<ast::Script> scripts_;
};

}  // namespace

CompileOutcome compile(const CompileOptions& options, const KernelInfo& kernel,
                       CompilePhase stop_after) {
  const arch::Machine* machine = arch::find_machine(kernel.machine);
  if (!machine) return refuse_machine(kernel);
  return Compilation(options, kernel, *machine).run(stop_after);
}

}  // namespace stapd
