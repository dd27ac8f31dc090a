#include "translator/elaborate/derive_probes.h"

#include <algorithm>

#include "translator/ast/ast_printer.h"

namespace stapd {
namespace {

using Component = ast::ProbePointComponent;

std::string points_text(ast::ProbePoints points, std::string_view separator) {
  std::string text;
  for (const ast::ProbePoint* point : points) {
    if (!text.empty()) text += separator;
    text += ast::print_point(*point);
  }
  return text;
}

// "a = b = begin", "a += begin"
std::string alias_text(const ast::AliasDecl& alias) {
  return points_text(alias.names, " = ") + (alias.prologue ? " = " : " += ") +
         points_text(alias.points, ", ");
}

}  // namespace

void ProbeDeriver::derive(const ast::ProbeDecl& probe, const ast::Script& script,
                          std::vector<DerivedProbe>& out) {
  Trail trail;
  trail.parts = {{probe.body, &script, true}};
  trail.derivation = {points_text(probe.points, ",")};
  trail.token = probe.token;
  derive_points(probe.points, script, trail, out, nullptr);
}

bool ProbeDeriver::too_many(const std::vector<DerivedProbe>& out, const Token& at) {
  if (out.size() < kMaxProbes) return false;
  if (!too_many_)
    diagnostics_.add(DiagnosticKind::too_many_probes, place_of(at),
                     fmt::format("more than {} probes", kMaxProbes));
  too_many_ = true;
  return true;
}

// A comma list. False when nothing came of it. `failure`: gets the first fault, which then is not
// reported here.
bool ProbeDeriver::derive_points(ast::ProbePoints points, const ast::Script& script,
                                 const Trail& trail, std::vector<DerivedProbe>& out,
                                 Failure* failure) {
  const size_t before = out.size();
  bool failed = false;
  for (const ast::ProbePoint* point : points) {
    if (too_many(out, point->token())) break;
    const size_t at = out.size();
    Trail inner = trail;
    inner.optional |= point->optional;
    const Outcome outcome = derive_point(*point, {}, script, std::move(inner), out);
    const bool is_scripts_own = !failure;
    if (is_scripts_own && !point->optional) {
      ++asked_;
      for (size_t i = at; i < out.size(); ++i) out[i].point.spec.asked = asked_;
    }
    if (!outcome && !point->optional && !trail.optional) {
      if (!failure)
        report(*point, outcome.error());
      else if (!failed)
        *failure = outcome.error();
      failed = true;
    }
    // A sufficient point that was found makes those behind it needless.
    if (point->sufficient && out.size() > at) break;
  }
  return out.size() > before && !failed;
}

void ProbeDeriver::report(const ast::ProbePoint& point, Failure failure) {
  Diagnostic d{failure.kind, "while resolving probe point", place_of(point.token()), {}, {}, {}};
  if (options_.tolerate_missing_probes) {
    d.kind = DiagnosticKind::probe_left_out;
    d.message = "this probe point is left out";
  }
  for (const DiagnosticNote& note : failure.through)
    if (!(note.place.where == d.place.where)) d.notes.push_back(note);
  d.notes.push_back({std::move(failure.message), std::move(failure.place)});
  diagnostics_.add(std::move(d));
}

// `extra`: components that an alias's use put behind its name.
ProbeDeriver::Outcome ProbeDeriver::derive_point(const ast::ProbePoint& point,
                                                 std::vector<Component> extra,
                                                 const ast::Script& script, Trail trail,
                                                 std::vector<DerivedProbe>& out) {
  std::vector<Component> components(point.components.begin(), point.components.end());
  components.insert(components.end(), extra.begin(), extra.end());
  if (point.condition)
    trail.conditions.insert(trail.conditions.begin(), {point.condition, &script});
  const PointMatches matches = tree_.match(components);
  if (!matches) {
    const PointMismatch& why = matches.error();
    return tl::unexpected(Failure{why.kind, why.message, place_of(why.token), {}});
  }
  const bool wildcard = std::ranges::any_of(
      components, [](const Component& c) { return c.name.find('*') != c.name.npos; });
  const size_t before = out.size();
  std::optional<Failure> first;
  for (const PointMatch& match : *matches) {
    if (too_many(out, point.token())) break;
    const Outcome outcome = derive_match(match, point, trail, out);
    if (!outcome && !first) first = outcome.error();
  }
  // Of what a wildcard matched, not all needs to exist on this machine.
  if (!first || (wildcard && out.size() > before)) return {};
  return tl::unexpected(*first);
}

ProbeDeriver::Outcome ProbeDeriver::derive_match(const PointMatch& match,
                                                 const ast::ProbePoint& point, const Trail& trail,
                                                 std::vector<DerivedProbe>& out) {
  if (match.family) {
    if (Outcome outcome = derive_family(match, point, trail, out); !outcome) return outcome;
  }
  for (const AliasSource& alias : match.aliases)
    if (Outcome outcome = derive_alias(match, alias, point, trail, out); !outcome) return outcome;
  return {};
}

ProbeDeriver::Outcome ProbeDeriver::derive_family(const PointMatch& match,
                                                  const ast::ProbePoint& point, const Trail& trail,
                                                  std::vector<DerivedProbe>& out) {
  const Token& at = point.token();
  if (match.family->privilege > options_.privilege)
    return tl::unexpected(Failure{DiagnosticKind::privilege,
                                  "probe point is not allowed for this privilege",
                                  place_of(at),
                                  {}});
  probes::BuildResult built = match.family->build(match.components, host_);
  if (!built) {
    const probes::BuildError& error = built.error();
    const bool placed = error.component < match.components.size();
    return tl::unexpected(Failure{error.kind,
                                  error.message,
                                  place_of(placed ? match.components[error.component].token : at),
                                  {}});
  }
  for (probes::DerivedPoint& derived : *built) {
    if (too_many(out, at)) break;
    DerivedProbe probe;
    probe.point = std::move(derived);
    probe.parts = trail.parts;
    probe.conditions = trail.conditions;
    probe.token = trail.token;
    probe.point.spec.point = probe.point.point;
    probe.point.spec.alias = trail.alias.empty() ? probe.point.point : trail.alias;
    probe.point.spec.optional = trail.optional;
    for (size_t i = trail.derivation.size(); i-- > 0;)
      probe.derivation += (probe.derivation.empty() ? "" : " <- ") + trail.derivation[i];
    out.push_back(std::move(probe));
  }
  return {};
}

ProbeDeriver::Outcome ProbeDeriver::derive_alias(const PointMatch& match, const AliasSource& source,
                                                 const ast::ProbePoint& point, const Trail& trail,
                                                 std::vector<DerivedProbe>& out) {
  const ast::AliasDecl& alias = *source.alias;
  const Token& at = point.token();
  if (std::ranges::find(trail.open, &alias) != trail.open.end() ||
      trail.open.size() >= kMaxAliasDepth)
    return tl::unexpected(Failure{
        DiagnosticKind::recursive_alias,
        fmt::format("recursive loop in alias expansion of {}", ast::print_point(*alias.names[0])),
        place_of(at),
        {}});
  if (std::ranges::find(used_, source.script) == used_.end()) used_.push_back(source.script);
  Trail inner = trail;
  inner.open.push_back(&alias);
  inner.derivation.push_back(alias_text(alias));
  if (inner.alias.empty()) inner.alias = probes::point_text(match.components);
  if (alias.prologue)
    inner.parts.insert(inner.parts.begin(), {alias.prologue, source.script, false});
  if (alias.epilogue) inner.parts.push_back({alias.epilogue, source.script, false});
  const std::vector<Component> suffix(
      match.components.begin() + static_cast<ptrdiff_t>(match.suffix_start),
      match.components.end());
  Failure failure{DiagnosticKind::no_such_probe_point, "no match", place_of(at), {}};
  if (suffix.empty()) {
    if (derive_points(alias.points, *source.script, inner, out, &failure)) return {};
  } else {
    // The suffix makes new points of the alias's own.
    const size_t before = out.size();
    for (const ast::ProbePoint* own : alias.points) {
      Trail with_suffix = inner;
      with_suffix.optional |= own->optional;
      const Outcome outcome =
          derive_point(*own, suffix, *source.script, std::move(with_suffix), out);
      if (!outcome && !own->optional) failure = outcome.error();
    }
    if (out.size() > before) return {};
  }
  failure.through.insert(failure.through.begin(),
                         {"while resolving probe point", place_of(alias.points[0]->token())});
  return tl::unexpected(std::move(failure));
}

}  // namespace stapd
