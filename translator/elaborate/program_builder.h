// The program while names are being bound: what exists so far, and which file's name means what.
// Functions, globals and files of the tapset library come in when something names them.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "translator/ast/ast.h"
#include "translator/elaborate/derive_probes.h"
#include "translator/elaborate/options.h"
#include "translator/elaborate/program.h"
#include "translator/elaborate/script_names.h"
#include "translator/source/source_files.h"
#include "translator/tapset/tapset_library.h"

namespace stapd {

// What a value of a foreign type is: types of the kernel, by its BTF.
using CType = btf::Type;

// What a value is in C: of the type, or the address of something of the type.
struct CView {
  CType type;
  bool is_address = false;
  bool operator==(const CView&) const = default;
};

// How a print's values become text, before their types are known.
struct PrintForm {
  bool with_format = false, with_newline = false, as_character = false;
  std::string delimiter;                         // between values
  std::vector<ast::FormatDirective> directives;  // with_format
};

// A path into foreign data that waits for the type of what it starts from.
struct PendingPath {
  const ast::TargetPath* path = nullptr;
  bool user_space = false;
};

// What only elaboration needs to know of the program's parts, beside the tree.
struct SideTables {
  std::vector<PrintForm> prints;                        // by Expr::index of a print
  std::vector<PendingPath> paths;                       // by Expr::index of an autocast
  std::unordered_map<const sem::Expr*, CView> c_views;  // of values that came from foreign data
  std::deque<std::string> texts;                        // that directives of prints point into
  struct Global {
    std::optional<size_t> arity;
    Place arity_place;
    bool declared_array = false;
    const ast::GlobalDecl* decl = nullptr;  // null: made by the translator
    Place place;
  };
  std::vector<Global> globals;  // as Program::globals
  struct Function {
    const ast::FunctionDecl* decl = nullptr;
    const ast::Script* script = nullptr;
    Place place;
    std::set<std::string> pragmas;        // of embedded C: "pure", "unprivileged" ...
    std::vector<uint32_t> reads, writes;  // globals, by pragma:read:, pragma:write:
  };
  std::vector<Function> functions;  // as Program::functions
};

class ProgramBuilder {
 public:
  ProgramBuilder(SourceFiles& files, TapsetLibrary& library, probes::BuildContext& host,
                 const ElaborateOptions& options, Diagnostics& diagnostics)
      : files_(files),
        library_(library),
        host_(host),
        options_(options),
        diagnostics_(diagnostics) {}
  ProgramBuilder(const ProgramBuilder&) = delete;

  // A script of the user, before anything is bound.
  void add_script(const ast::Script& script);

  // Binds a derived probe's handler, with its condition; the index in program().probes.
  void add_probe(const DerivedProbe& probe);
  // Binds bodies of functions that were named, and of the ones that those name, and so on; then
  // completes the handlers that they want something of.
  void bind_functions();
  // Tapset files that something named since the last call: their own probes belong to the program.
  std::vector<const ast::Script*> take_used_scripts() { return std::exchange(used_scripts_, {}); }

  sem::Program& program() { return program_; }
  SideTables& side() { return side_; }

  // ---- for binding bodies (bind_*.cpp) ----------------------------------------------------------
  std::optional<uint32_t> find_global(std::string_view name, const ast::Script& from);
  // The first overload to try, or nothing when there is no such function; a wrong number of
  // arguments is reported.
  std::optional<uint32_t> find_function(const ast::Call& call, const ast::Script& from,
                                        const DerivedProbe* probe);
  uint32_t add_hidden_global(std::string name);
  // Whether the function needs the probe that it is called from: target variables, pp() ...
  bool needs_probe(const ast::FunctionDecl& function, const ast::Script& script);
  std::vector<std::string> similar_globals(std::string_view name) const;

  SourceFiles& files() { return files_; }
  Diagnostics& diagnostics() { return diagnostics_; }
  probes::BuildContext& host() { return host_; }
  const ElaborateOptions& options() const { return options_; }
  bool is_user(const ast::Script& script) const {
    return files_.origin(script.file) == SourceOrigin::user;
  }

  // Number that tells the snapshots of one derived .return probe from those of others.
  uint32_t next_entry_id() { return next_entry_id_++; }
  // The array that keeps what `saved` was at the entry; one for all probes of one handler.
  uint32_t entry_global(const ast::Expr& saved);
  // The array of how deep a thread is in functions with snapshots.
  uint32_t entry_depth_global();
  // In a function that a .return probe calls: what `saved` was at the entry.
  sem::Expr* entry_value(const DerivedProbe& probe, const ast::Expr& saved,
                         const ast::Script& script, const Token& token);
  // The entry that belongs to a .return probe, as a probe of its own.
  const DerivedProbe& make_entry_probe(const DerivedProbe& of);
  void add_bound_probe(sem::Probe probe) { program_.probes.push_back(std::move(probe)); }

 private:
  struct Candidate {
    const ast::FunctionDecl* decl;
    const ast::Script* script;
    int64_t priority;
  };
  struct PendingFunction {
    uint32_t index;
    const DerivedProbe* probe;  // null: not for one probe
  };
  // What functions of one .return probe want saved at the entry.
  struct EntryValues {
    struct Value {
      const ast::Expr* expr;
      const ast::Script* script;
    };
    uint32_t id = 0;
    std::vector<Value> values;
  };
  void add_entry_values(const DerivedProbe& derived, const EntryValues& wanted);
  void use(const ast::Script& script);
  std::optional<uint32_t> declare_global(const ast::GlobalDecl& decl, const ast::Script& script);
  const ast::GlobalDecl* find_global_decl(std::string_view name, const ast::Script& from,
                                          const ast::Script** owner);
  void initialize(sem::Global& global, const ast::GlobalDecl& decl);
  std::vector<Candidate> candidates(std::string_view name, const ast::Script& from);
  std::vector<std::string> similar_functions(std::string_view name) const;
  bool report_wrong_arity(const ast::Call& call, const std::vector<Candidate>& all);
  uint32_t declare_function(const Candidate& candidate, const DerivedProbe* probe);
  void bind_function(const PendingFunction& pending);
  void read_pragmas(uint32_t index, const ast::FunctionDecl& decl, const ast::Script& script);
  bool body_needs_probe(const ast::FunctionDecl& function, const ast::Script& script);

  SourceFiles& files_;
  TapsetLibrary& library_;
  probes::BuildContext& host_;
  const ElaborateOptions& options_;
  Diagnostics& diagnostics_;
  sem::Program program_;
  SideTables side_;

  std::vector<const ast::Script*> user_scripts_, used_scripts_;
  std::set<const ast::Script*> known_scripts_;
  ScriptNames names_;
  std::map<const ast::GlobalDecl*, uint32_t> globals_;
  using FunctionKey = std::pair<const ast::FunctionDecl*, const DerivedProbe*>;
  std::map<FunctionKey, uint32_t> functions_;
  std::deque<PendingFunction> pending_;
  std::unordered_map<const ast::FunctionDecl*, bool> needs_probe_;
  size_t call_depth_ = 0;
  std::deque<DerivedProbe> entry_probes_;
  std::map<const ast::Expr*, uint32_t> entry_globals_;
  std::optional<uint32_t> entry_depth_;
  uint32_t next_entry_id_ = 0;
  std::map<const DerivedProbe*, uint32_t> probe_indexes_;  // in program_.probes
  std::map<const DerivedProbe*, EntryValues> entry_values_;
};

}  // namespace stapd
