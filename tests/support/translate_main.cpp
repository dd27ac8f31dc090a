// translate_for_tests: runs the translator up to a phase and prints its product, or what is wrong.
// It reads no live kernel: what the script may know of one is on the command line.
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <set>

#include "runtime/image/ir_text.h"
#include "translator/ast/ast_printer.h"
#include "translator/ast/walk.h"
#include "translator/elaborate/elaborate.h"
#include "translator/elaborate/program_printer.h"
#include "translator/elaborate/refuse_unexecutable.h"
#include "translator/parse/parse_file.h"
#include "translator/source/render_diagnostics.h"
#include "translator/tapset/macro_library.h"
#include "translator/tapset/tapset_files.h"

namespace stapd {
namespace {

struct Arguments {
  std::string phase = "parse";
  std::optional<std::string> script_text;
  std::string script_path;
  std::vector<std::string> script_arguments;
  std::vector<std::string> tapset_paths;
  ScriptFacts facts;
  RenderOptions render;
  bool nodes = false;
  std::string list;
  KernelInfo kernel;
  KernelLists lists;
  ElaborateOptions elaborate;
  PrintProgramOptions print;
  bool check_executable = false;
};

constexpr const char* kUsage =
    "usage: translate_for_tests [--phase=lex|preprocess|parse|elaborate] [-g] [-I DIR]\n"
    "         [--kernel-build=DIR] [--release=R] [--arch=A] [--runtime=R] [--privilege=P]\n"
    "         [--compatible=V] [--color] [-w] [--kinds] [--nodes] FILE|-e TEXT [ARGUMENT...]\n"
    "       translate_for_tests --list=tokens|nodes|diagnostics|operations\n"
    "  of --phase=elaborate: [-u] [-v] [--capacities] [--attachments] [--executable] [-G N=V]\n"
    "         [-D N=V] [--btf=FILE] [--tracefs=DIR] [--kallsyms=FILE] [--hz=N]\n"
    "  --kinds: the kind of each diagnostic; --nodes: the kinds of the script's tree nodes\n";

// The facts of a kernel's build folder: its release and configuration.
void read_kernel_build(const std::string& folder, ScriptFacts& facts) {
  std::ifstream release(folder + "/include/generated/utsrelease.h");
  for (std::string line; std::getline(release, line);) {
    const size_t open = line.find('"'), close = line.rfind('"');
    if (open != line.npos && close > open)
      facts.kernel_release = line.substr(open + 1, close - open - 1);
  }
  std::ifstream config(folder + "/.config");
  for (std::string line; std::getline(config, line);) {
    const size_t equals = line.find('=');
    if (!line.starts_with("CONFIG_") || equals == line.npos) continue;
    std::string value = line.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
    facts.config[line.substr(0, equals)] = value;
  }
}

bool parse_option(std::string_view option, Arguments& out) {
  const std::pair<std::string_view, std::string*> texts[] = {
      {"--phase=", &out.phase},
      {"--list=", &out.list},
      {"--release=", &out.facts.kernel_release},
      {"--arch=", &out.facts.architecture},
      {"--btf=", &out.kernel.btf_path},
      {"--tracefs=", &out.kernel.tracefs_path},
      {"--kallsyms=", &out.lists.symbols},
      {"--runtime=", &out.facts.runtime},
      {"--privilege=", &out.facts.privilege},
      {"--compatible=", &out.facts.language_version}};
  for (const auto& [name, value] : texts) {
    if (!option.starts_with(name)) continue;
    *value = option.substr(name.size());
    return true;
  }
  constexpr std::string_view kBuild = "--kernel-build=";
  if (option.starts_with(kBuild))
    read_kernel_build(std::string(option.substr(kBuild.size())), out.facts);
  else if (option == "--color")
    out.render.color = true;
  else if (option == "--kinds")
    out.render.kinds = true;
  else if (option == "--nodes")
    out.nodes = true;
  else if (option == "-g")
    out.facts.guru = true;
  else if (option == "-w")
    out.render.warnings = false;
  else if (option == "-u")
    out.elaborate.unoptimized = true;
  else if (option == "-v")
    out.print.bodies = true;
  else if (option == "--capacities")
    out.print.capacities = true;
  else if (option == "--attachments")
    out.print.attachments = true;
  else if (option == "--executable")
    out.check_executable = true;
  else
    return false;
  return true;
}

// NAME=VALUE of -G and -D.
bool set_name_value(std::string_view option, const std::string& word, Arguments& out) {
  const size_t equals = word.find('=');
  if (equals == word.npos) return false;
  const std::string name = word.substr(0, equals), value = word.substr(equals + 1);
  if (option == "-G") {
    out.elaborate.globals[name] = value;
    return true;
  }
  const Status status = set_limit(out.elaborate.limits, name, value);
  if (!status) std::fprintf(stderr, "%s\n", status.error().message.c_str());
  return status.has_value();
}

std::optional<Arguments> parse_arguments(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const bool has_script = out.script_text || !out.script_path.empty();
    if (has_script) {
      out.script_arguments.emplace_back(word);
    } else if (word == "-e" && i + 1 < argc) {
      out.script_text = argv[++i];
    } else if (word == "-I" && i + 1 < argc) {
      out.tapset_paths.emplace_back(argv[++i]);
    } else if ((word == "-G" || word == "-D") && i + 1 < argc) {
      if (!set_name_value(word, argv[++i], out)) return std::nullopt;
    } else if (word.starts_with("-")) {
      if (!parse_option(word, out)) return std::nullopt;
    } else {
      out.script_path = word;
    }
  }
  if (!out.script_text && out.script_path.empty() && out.list.empty()) return std::nullopt;
  return out;
}

// The names of the kinds of node in the script, one a line.
std::string node_kinds(const ast::Script& script) {
  std::set<std::string> kinds;
  const auto visit = [&](const ast::Stmt* stmt) {
    if (stmt)
      ast::walk(
          *stmt, [&](const ast::Expr& e) { kinds.insert(ast::kind_name(e.kind)); },
          [&](const ast::Stmt& s) { kinds.insert(ast::kind_name(s.kind)); });
  };
  for (const ast::ProbeDecl* p : script.probes) visit(p->body);
  for (const ast::AliasDecl* a : script.aliases) {
    visit(a->prologue);
    visit(a->epilogue);
  }
  for (const ast::FunctionDecl* f : script.functions) visit(f->body);
  std::string text;
  for (const std::string& kind : kinds) text += kind + "\n";
  return text;
}

int list_kinds(const std::string& what) {
  if (what == "tokens") {
    for (size_t i = 0; i < kTokenKinds; ++i) std::puts(info(static_cast<TokenKind>(i)).name);
  } else if (what == "nodes") {
#define STAPD_EXPR(kind, Type) std::puts(ast::kind_name(ast::ExprKind::kind));
#define STAPD_STMT(kind, Type) std::puts(ast::kind_name(ast::StmtKind::kind));
#include "translator/ast/node_kind.def"
  } else if (what == "operations") {
    for (const std::string& name : ir::operation_names()) std::puts(name.c_str());
  } else {
    for (size_t i = 0; i < kDiagnosticKinds; ++i) {
      const DiagnosticKindInfo& kind = info(static_cast<DiagnosticKind>(i));
      static constexpr const char* kStages[] = {"parse", "semantic", "unsupported", "warning"};
      std::printf("%s %s\n", kind.name, kStages[static_cast<size_t>(kind.stage)]);
    }
  }
  return 0;
}

class Translation {
 public:
  explicit Translation(const Arguments& arguments)
      : arguments_(arguments), script_arguments_(arguments.script_arguments) {}

  int run() {
    std::string text;
    if (arguments_.script_text) {
      text = *arguments_.script_text;
    } else {
      Result<std::string> read = read_source_text(arguments_.script_path, kMaxSourceBytes);
      if (!read) {
        std::fprintf(stderr, "%s\n", read.error().message.c_str());
        return 1;
      }
      text = std::move(*read);
    }
    const std::string name = arguments_.script_text ? "<input>" : arguments_.script_path;
    const FileId file = files_.add(name, std::move(text), SourceOrigin::user);
    const bool ok = arguments_.phase == "lex"          ? lex_only(file)
                    : arguments_.phase == "preprocess" ? preprocess_only(file)
                    : arguments_.phase == "parse"      ? parse(file)
                                                       : elaborate(file);
    std::cout << product_;
    std::cerr << render_diagnostics(diagnostics_, files_, arguments_.render);
    return ok && !diagnostics_.has_errors() ? 0 : 1;
  }

 private:
  TokenBuffer tokens_of(FileId file) {
    LexOptions lex;
    lex.arguments = &script_arguments_;
    return tokenize(files_, file, lex, diagnostics_);
  }

  bool lex_only(FileId file) {
    print_tokens(tokens_of(file));
    return true;
  }

  bool preprocess_only(FileId file) {
    const MacroLibrary library(files_, arguments_.tapset_paths, arguments_.facts, diagnostics_);
    const TokenBuffer raw = tokens_of(file);
    if (diagnostics_.has_errors()) return false;
    print_tokens(preprocess(files_, raw, library.macros(), arguments_.facts, diagnostics_));
    return true;
  }

  void print_tokens(const TokenBuffer& tokens) {
    for (const Token& token : tokens.tokens)
      product_ += fmt::format("{}:{} {} {}\n", token.where.line, token.where.column,
                              info(token.kind).name, token.text);
  }

  bool parse(FileId file) {
    const MacroLibrary library(files_, arguments_.tapset_paths, arguments_.facts, diagnostics_);
    ParseFileOptions options;
    options.arguments = &script_arguments_;
    options.macros = &library.macros();
    options.facts = &arguments_.facts;
    const std::optional<ast::Script> script = parse_file(files_, file, options, diagnostics_);
    if (!script) return false;
    warn_unused_arguments(script_arguments_, diagnostics_);
    product_ =
        arguments_.nodes ? node_kinds(*script) : ast::print_script(*script, files_.name(file));
    return true;
  }

  bool elaborate(FileId file) {
    TapsetLibrary library(files_, arguments_.tapset_paths, arguments_.facts, diagnostics_);
    ParseFileOptions options;
    options.arguments = &script_arguments_;
    options.macros = &library.macros();
    options.facts = &arguments_.facts;
    const std::optional<ast::Script> script = parse_file(files_, file, options, diagnostics_);
    if (!script) return false;
    warn_unused_arguments(script_arguments_, diagnostics_);

    btf::Catalog types(arguments_.kernel.btf_path);
    Tracepoints tracepoints(types, arguments_.kernel.tracefs_path);
    KernelFunctions functions(types, arguments_.lists);
    const arch::Machine* machine = arch::find_machine(arguments_.facts.architecture);
    probes::BuildContext host{
        arguments_.kernel,     machine ? *machine : arch::kX86_64, types, tracepoints, functions,
        {"/", "/usr/bin:/bin"}};
    ElaborateOptions elaborate_options = arguments_.elaborate;
    elaborate_options.guru = arguments_.facts.guru;
    if (arguments_.facts.privilege == "stapusr")
      elaborate_options.privilege = probes::Privilege::user;
    if (arguments_.facts.privilege == "stapsys")
      elaborate_options.privilege = probes::Privilege::system;
    const std::vector<const ast::Script*> scripts = {&*script};
    const std::optional<sem::Program> program =
        stapd::elaborate({files_, scripts, library, host, elaborate_options}, diagnostics_);
    if (!program) return false;
    if (arguments_.check_executable && !refuse_unexecutable(*program, diagnostics_)) return false;
    product_ = print_program(*program, arguments_.print);
    return true;
  }

  const Arguments& arguments_;
  ScriptArguments script_arguments_;
  SourceFiles files_;
  Diagnostics diagnostics_;
  std::string product_;
};

int run(int argc, char** argv) {
  const std::optional<Arguments> arguments = parse_arguments(argc, argv);
  if (!arguments) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (!arguments->list.empty()) return list_kinds(arguments->list);
  return Translation(*arguments).run();
}

}  // namespace
}  // namespace stapd

int main(int argc, char** argv) { return stapd::run(argc, argv); }
