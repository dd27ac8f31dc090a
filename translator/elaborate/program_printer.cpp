#include "translator/elaborate/program_printer.h"

#include <fmt/core.h>

#include <algorithm>

#include "translator/elaborate/body_printer.h"

namespace stapd {
namespace {

using sem::Type;

class ProgramPrinter {
 public:
  ProgramPrinter(const sem::Program& program, const PrintProgramOptions& options)
      : program_(program), options_(options) {}

  std::string run() {
    if (!program_.globals.empty()) out_ += "# globals\n";
    for (const sem::Global& global : program_.globals) show(global);
    std::vector<const sem::Function*> functions;
    for (const sem::Function& function : program_.functions) functions.push_back(&function);
    std::ranges::stable_sort(functions, {}, &sem::Function::name);
    if (!functions.empty()) out_ += "# functions\n";
    for (const sem::Function* function : functions) show(*function);
    if (!program_.probes.empty()) out_ += "# probes\n";
    for (const sem::Probe& probe : program_.probes) show(probe);
    return std::move(out_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  std::string type(Type type, uint32_t capacity) const {
    if (!options_.capacities || type != Type::string) return sem::type_name(type);
    return fmt::format("{}[{}]", sem::type_name(type), capacity);
  }

  void show(const sem::Global& global) {
    out_ += global.name;
    if (global.wrap) out_ += '%';
    if (global.max_entries) put("[{}]", global.max_entries);
    put(":{}", type(global.type, global.capacity));
    for (size_t i = 0; i < global.key.size(); ++i)
      put("{}{}", i == 0 ? " [" : ", ", type(global.key[i], global.key_capacity[i]));
    if (!global.key.empty()) out_ += ']';
    if (options_.bodies && global.init) put(" = {}", *global.init);
    if (options_.bodies && global.init_text) put(" = {}", quote_text(*global.init_text));
    out_ += '\n';
  }

  void show_locals(const std::vector<sem::Local>& locals, size_t from) {
    if (locals.size() <= from) return;
    out_ += "  # locals\n";
    for (size_t i = from; i < locals.size(); ++i)
      put("  {}:{}\n", locals[i].name, type(locals[i].type, locals[i].capacity));
  }

  void show(const sem::Function& function) {
    put("{}:{} (", function.name, type(function.type, function.capacity));
    for (uint32_t i = 0; i < function.parameters; ++i) {
      const sem::Local& local = function.locals[i];
      put("{}{}:{}", i == 0 ? "" : ", ", local.name, type(local.type, local.capacity));
    }
    out_ += ")\n";
    show_locals(function.locals, function.parameters);
    if (!options_.bodies) return;
    if (function.body)
      put("{}\n", print_body(program_, function.locals, *function.body));
    else
      put("%{{{}%}}\n", function.embedded);
  }

  void show(const sem::Probe& probe) {
    out_ += probe.spec.point;
    if (probe.condition) put(" if ({})", print_expr(program_, probe.locals, *probe.condition));
    put(" /* <- {} */\n", probe.derivation);
    if (options_.attachments) show_attachment(probe.spec);
    show_locals(probe.locals, 0);
    if (options_.bodies && probe.body) put("{}\n", print_body(program_, probe.locals, *probe.body));
  }

  void show_attachment(const ProbeSpec& spec) {
    static constexpr const char* kFamilies[] = {
        "begin",      "end",       "error",          "never",         "timer",
        "tracepoint", "syscall",   "syscall_return", "uprobe",        "uretprobe",
        "kprobe",     "kretprobe", "profile",        "process_begin", "process_end"};
    put("  # attach {}", kFamilies[static_cast<size_t>(spec.family)]);
    if (!spec.alias.empty() && spec.alias != spec.point) put(" alias={}", spec.alias);
    if (!spec.name.empty()) put(" name={}", spec.name);
    if (!spec.path.empty()) put(" path={}", spec.path);
    if (spec.offset) put(" offset={:#x}", spec.offset);
    if (spec.pid >= 0) put(" pid={}", spec.pid);
    if (spec.order) put(" order={}", spec.order);
    if (spec.interval_ns) put(" interval_ns={}", spec.interval_ns);
    if (spec.randomize_ns) put(" randomize_ns={}", spec.randomize_ns);
    if (spec.frequency) put(" frequency={}", spec.frequency);
    if (spec.syscall_number) put(" number={}", spec.syscall_number);
    if (spec.optional) put(" optional");
    out_ += '\n';
  }

  const sem::Program& program_;
  const PrintProgramOptions& options_;
  std::string out_;
};

}  // namespace

std::string print_program(const sem::Program& program, const PrintProgramOptions& options) {
  return ProgramPrinter(program, options).run();
}

}  // namespace stapd
