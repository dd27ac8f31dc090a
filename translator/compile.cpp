#include "translator/compile.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <tuple>

#include "runtime/image/ir_text.h"
#include "translator/arch/machine.h"
#include "translator/ast/ast_printer.h"
#include "translator/bpf/disassemble.h"
#include "translator/bpf/generate.h"
#include "translator/constants/constants.h"
#include "translator/elaborate/elaborate.h"
#include "translator/elaborate/program_printer.h"
#include "translator/elaborate/refuse_unexecutable.h"
#include "translator/ir/guard_processes.h"
#include "translator/lower/lower.h"
#include "translator/parse/parse_file.h"
#include "translator/source/render_diagnostics.h"

namespace stapd {
namespace {

// Only for tests: handlers of the daemon as programs (-D STAPD_ALL_IN_KERNEL=1).
constexpr const char* kAllInKernel = "STAPD_ALL_IN_KERNEL";

ScriptFacts facts_of(const CompileOptions& options, const KernelInfo& kernel,
                     const arch::Machine& machine) {
  ScriptFacts facts;
  facts.kernel_release = kernel.release;
  facts.architecture = machine.systemtap_name;
  facts.runtime = "bpf";
  facts.privilege = options.privilege;
  if (!options.compatible.empty()) facts.language_version = options.compatible;
  facts.guru = options.guru;
  facts.config.insert(kernel.config.begin(), kernel.config.end());
  return facts;
}

probes::Privilege privilege_of(const std::string& name) {
  if (name == "stapusr") return probes::Privilege::user;
  if (name == "stapsys") return probes::Privilege::system;
  return probes::Privilege::developer;
}

class Compilation {
 public:
  Compilation(const CompileOptions& options, const KernelInfo& kernel, const arch::Machine& machine)
      : options_(options),
        kernel_(kernel),
        machine_(machine),
        facts_(facts_of(options, kernel, machine)),
        arguments_(options.arguments),
        types_(kernel.btf_path),
        tracepoints_(types_, kernel.tracefs_path),
        functions_(types_, {}) {}

  CompileOutcome run(CompilePhase stop_after) {
    CompileOutcome outcome;
    Status done = compile(stop_after, outcome);
    outcome.ok = done && !diagnostics_.has_errors();
    RenderOptions render;
    render.color = options_.color;
    render.warnings = !options_.suppress_warnings;
    render.warnings_are_errors = options_.warnings_are_errors;
    outcome.diagnostics = render_diagnostics(diagnostics_, files_, render);
    if (!done && !done.error().message.empty())
      outcome.diagnostics += "ERROR: " + done.error().message + "\n";
    if (options_.warnings_are_errors && !outcome.diagnostics.empty()) outcome.ok = false;
    if (!outcome.ok) outcome.image.reset();
    return outcome;
  }

 private:
  // An error with a message is what no diagnostic says; one without says that diagnostics do.
  static tl::unexpected<Error> faults() { return fail(ErrorCode::invalid_argument, ""); }

  Status compile(CompilePhase stop_after, CompileOutcome& outcome) {
    STAPD_ASSIGN(Limits limits, read_limits());
    TapsetLibrary library(files_, options_.tapset_paths, facts_, diagnostics_);
    STAPD_TRY(parse_scripts(library));
    if (stop_after <= CompilePhase::parse) {
      outcome.product = ast::print_script(scripts_[0], options_.script_name);
      return {};
    }
    std::vector<const ast::Script*> scripts;
    for (const ast::Script& script : scripts_) scripts.push_back(&script);
    probes::BuildContext host{kernel_,
                              machine_,
                              types_,
                              tracepoints_,
                              functions_,
                              paths(),
                              options_.target_pid,
                              options_.target_path,
                              find_constant};
    ElaborateOptions elaborate_options{options_.globals,
                                       limits,
                                       privilege_of(options_.privilege),
                                       options_.guru,
                                       options_.unoptimized,
                                       options_.skip_badvars};
    std::optional<sem::Program> program =
        elaborate({files_, scripts, library, host, elaborate_options}, diagnostics_);
    if (!program) return faults();
    if (stop_after == CompilePhase::elaborate) {
      outcome.product = print_program(*program);
      return {};
    }
    if (!refuse_unexecutable(*program, diagnostics_)) return faults();
    STAPD_ASSIGN(ProgramImage image, lower_program(*program));
    if (stop_after == CompilePhase::lower) {
      for (const ir::Function& function : image.functions)
        outcome.product += ir::to_text(function, image) + "\n";
      return {};
    }
    STAPD_TRY(guard_processes_of(image));
    STAPD_TRY(bpf::generate(image, codegen_facts(image), options_.macros.count(kAllInKernel) > 0));
    for (const ProgramSpec& made : image.programs) outcome.product += bpf::disassemble(made) + "\n";
    outcome.image = std::move(image);
    return {};
  }

  Result<Limits> read_limits() {
    Limits limits;
    for (const auto& [name, value] : options_.macros) STAPD_TRY(set_limit(limits, name, value));
    return limits;
  }

  Status parse_scripts(const TapsetLibrary& library) {
    ParseFileOptions parse;
    parse.arguments = &arguments_;
    parse.macros = &library.macros();
    parse.facts = &facts_;
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

  PathContext paths() const {
    const char* path = getenv("PATH");
    return {options_.working_directory, path ? path : "/usr/bin:/bin"};
  }

  Result<ProgramImage> lower_program(const sem::Program& program) {
    LowerOptions lower_options;
    lower_options.record_time = options_.record_time;
    lower_options.show_globals_at_end = options_.show_globals_at_end;
    lower_options.file_name = [this](FileId file) { return files_.name(file); };
    STAPD_ASSIGN(ProgramImage image, lower(program, lower_options));
    image.session_name = options_.session_name;
    image.script_name = options_.script_name;
    image.script_text = options_.script_text;
    image.arguments = options_.arguments;
    return image;
  }

  // What programs want to know of the machine; BTF is only opened when a handler asks for a name.
  bpf::CodegenFacts codegen_facts(const ProgramImage& image) {
    bpf::CodegenFacts facts;
    facts.current_task_btf = kernel_.features.current_task_btf;
    facts.lookup_percpu_elem = kernel_.features.lookup_percpu_elem;
    facts.argument_registers.assign(machine_.function_arguments.begin(),
                                    machine_.function_arguments.end());
    facts.return_register = machine_.return_value;
    if (auto cs = machine_.find_register("xcs")) facts.code_segment_register = cs->offset;
    facts.unordered_stores = machine_.name != "x86_64";
    if (facts.current_task_btf && asks_for_execname(image))
      facts.task_comm_offset = member_offset("struct task_struct", "comm");
    if (facts.current_task_btf && machine_.compat_status_flag && bpf::has_many_syscalls(image))
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
    STAPD_TRY(types_.open());
    const std::tuple<int64_t*, const char*, const char*> members[] = {
        {&facts.task_mm, "struct task_struct", "mm"},
        {&facts.mm_exe_file, "struct mm_struct", "exe_file"},
        {&facts.file_inode, "struct file", "f_inode"},
        {&facts.inode_number, "struct inode", "i_ino"},
        {&facts.inode_superblock, "struct inode", "i_sb"},
        {&facts.superblock_device, "struct super_block", "s_dev"}};
    for (const auto& [offset, type, member] : members) {
      std::optional<btf::Member> found = types_.find_type(type).find_member(member);
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
    facts.arguments.assign(machine_.system_call_arguments.begin(),
                           machine_.system_call_arguments.end());
    facts.number = machine_.system_call_number;
    facts.compat_flag = machine_.compat_status_flag;
    int32_t thread = member_offset("struct task_struct", "thread_info");
    int32_t status = member_offset("struct thread_info", "status");
    if (thread >= 0 && status >= 0) facts.thread_status = thread + status;
    return facts;
  }

  // In bytes; -1 when this kernel has no such member.
  int32_t member_offset(const char* type, const char* name) {
    std::optional<btf::Member> member = types_.find_type(type).find_member(name);
    return member ? static_cast<int32_t>(member->offset()) : -1;
  }

  const CompileOptions& options_;
  const KernelInfo& kernel_;
  const arch::Machine& machine_;
  ScriptFacts facts_;
  ScriptArguments arguments_;
  SourceFiles files_;
  Diagnostics diagnostics_;
  std::deque<ast::Script> scripts_;
  btf::Catalog types_;
  Tracepoints tracepoints_;
  KernelFunctions functions_;
};

}  // namespace

CompileOutcome compile(const CompileOptions& options, const KernelInfo& kernel,
                       CompilePhase stop_after) {
  const arch::Machine* machine = arch::find_machine(kernel.machine);
  if (!machine) {
    CompileOutcome outcome;
    outcome.diagnostics = "ERROR: programs cannot be made for " + kernel.machine + "\n";
    return outcome;
  }
  return Compilation(options, kernel, *machine).run(stop_after);
}

}  // namespace stapd
