// Probe points of the script to derived probes: wildcards, aliases and families are expanded, and
// with each derived probe comes the list of bodies that make up its handler.
#pragma once

#include <string>
#include <vector>

#include "translator/ast/ast.h"
#include "translator/elaborate/options.h"
#include "translator/elaborate/probe_point_tree.h"
#include "translator/probes/probe_builder.h"

namespace stapd {

// What a hostile script may cost.
constexpr size_t kMaxProbes = 20'000;
constexpr size_t kMaxAliasDepth = 64;

// A prologue, the handler itself or an epilogue, and the file whose private names it sees.
struct HandlerPart {
  const ast::Block* body = nullptr;
  const ast::Script* script = nullptr;
  bool is_handler = false;  // what the probe itself says, and no alias
};
struct ConditionPart {
  const ast::Expr* condition = nullptr;
  const ast::Script* script = nullptr;
};

struct DerivedProbe {
  probes::DerivedPoint point;
  std::vector<HandlerPart> parts;         // in the order in which they run
  std::vector<ConditionPart> conditions;  // all must hold
  std::string derivation;                 // "a = begin <- b = a <- b"
  Token token;                            // of the script's `probe`
};

// Files that derivation used: with an alias, everything in its file belongs to the program.
using UsedScripts = std::vector<const ast::Script*>;

class ProbeDeriver {
 public:
  ProbeDeriver(ProbePointTree& tree, probes::BuildContext& host, const ElaborateOptions& options,
               Diagnostics& diagnostics)
      : tree_(tree), host_(host), options_(options), diagnostics_(diagnostics) {}

  // Appends what `probe` becomes. Points that cannot be resolved and are not optional are faults.
  void derive(const ast::ProbeDecl& probe, const ast::Script& script,
              std::vector<DerivedProbe>& out);
  const UsedScripts& used() const { return used_; }

 private:
  // What is collected on the way from the script's point through aliases.
  struct Trail {
    std::vector<HandlerPart> parts;
    std::vector<ConditionPart> conditions;
    std::vector<std::string> derivation;  // the script's own first
    std::string alias;                    // what pn() says, once known
    std::vector<const ast::AliasDecl*> open;
    bool optional = false;
    Token token;
  };
  // One reason why a point has no probes: the message at its innermost, then where it came through.
  struct Failure {
    DiagnosticKind kind;
    std::string message;
    Place place;
    std::vector<DiagnosticNote> through;
  };
  using Outcome = tl::expected<void, Failure>;

  bool derive_points(ast::ProbePoints points, const ast::Script& script, const Trail& trail,
                     std::vector<DerivedProbe>& out, Failure* failure);
  Outcome derive_point(const ast::ProbePoint& point, std::vector<ast::ProbePointComponent> extra,
                       const ast::Script& script, Trail trail, std::vector<DerivedProbe>& out);
  Outcome derive_match(const PointMatch& match, const ast::ProbePoint& point, const Trail& trail,
                       std::vector<DerivedProbe>& out);
  Outcome derive_family(const PointMatch& match, const ast::ProbePoint& point, const Trail& trail,
                        std::vector<DerivedProbe>& out);
  Outcome derive_alias(const PointMatch& match, const AliasSource& source,
                       const ast::ProbePoint& point, const Trail& trail,
                       std::vector<DerivedProbe>& out);
  void report(const ast::ProbePoint& point, Failure failure);
  bool too_many(const std::vector<DerivedProbe>& out, const Token& at);

  ProbePointTree& tree_;
  probes::BuildContext& host_;
  const ElaborateOptions& options_;
  Diagnostics& diagnostics_;
  UsedScripts used_;
  bool too_many_ = false;
  uint32_t asked_ = 0;  // points that must have a probe
};

}  // namespace stapd
