#include "translator/source/diagnostics.h"

#include <algorithm>

namespace stapd {
namespace {

constexpr DiagnosticKindInfo kKinds[] = {
#define STAPD_DIAGNOSTIC(name, stage) {#name, DiagnosticStage::stage},
#include "translator/source/diagnostic_kind.def"
#undef STAPD_DIAGNOSTIC
};

bool is_error(DiagnosticKind kind) { return info(kind).stage != DiagnosticStage::warning; }

}  // namespace

const DiagnosticKindInfo& info(DiagnosticKind kind) { return kKinds[static_cast<size_t>(kind)]; }

void Diagnostics::add(Diagnostic diagnostic) {
  const auto same = [&](const Diagnostic& other) {
    return other.kind == diagnostic.kind && other.place.where == diagnostic.place.where &&
           other.message == diagnostic.message;
  };
  if (std::any_of(all_.begin(), all_.end(), same)) return;
  const bool error = is_error(diagnostic.kind);
  if (error) ++errors_;
  if (is_full(diagnostic.kind)) {
    ++not_kept_;
    return;
  }
  if (error) ++kept_errors_;
  all_.push_back(std::move(diagnostic));
}

void Diagnostics::rewind(size_t size) {
  while (all_.size() > size) {
    if (is_error(all_.back().kind)) {
      --errors_;
      --kept_errors_;
    }
    all_.pop_back();
  }
}

}  // namespace stapd
