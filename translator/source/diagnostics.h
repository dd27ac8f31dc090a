// Collects what is wrong with a script. Every phase adds to it and goes on to its own end; the
// pipeline stops after a phase that added an error.
#pragma once

#include <fmt/core.h>

#include <string>
#include <vector>

#include "translator/source/location.h"

namespace stapd {

enum class DiagnosticStage : uint8_t { parse, semantic, unsupported, warning };

enum class DiagnosticKind : uint16_t {
#define STAPD_DIAGNOSTIC(name, stage) name,
#include "translator/source/diagnostic_kind.def"
#undef STAPD_DIAGNOSTIC
};

struct DiagnosticKindInfo {
  const char* name;
  DiagnosticStage stage;
};
const DiagnosticKindInfo& info(DiagnosticKind kind);
constexpr size_t kDiagnosticKinds = 0
#define STAPD_DIAGNOSTIC(name, stage) +1
#include "translator/source/diagnostic_kind.def"
#undef STAPD_DIAGNOSTIC
    ;

// A token as messages call it. `token` is like "identifier 'x'", or "" when there is none.
struct Place {
  SourceLocation where;
  std::string token;
};

// A further line of the same fault with a place of its own: "type was first inferred here".
struct DiagnosticNote {
  std::string message;
  Place place;
};

struct Diagnostic {
  // How the place belongs to the message, in SystemTap's words.
  enum class Relation : uint8_t { at, saw };
  DiagnosticKind kind;
  std::string message;
  Place place;
  Relation relation = Relation::at;
  std::vector<DiagnosticNote> notes;
  std::string hint;  // a likely fix, or ""
};

class Diagnostics {
 public:
  // More errors, or more warnings, than this are only counted: a hostile script must not fill
  // memory with messages.
  static constexpr size_t kMost = 1000;

  Diagnostics() = default;
  Diagnostics(const Diagnostics&) = delete;
  Diagnostics& operator=(const Diagnostics&) = delete;

  // A diagnostic that says the same about the same place as an earlier one is dropped.
  void add(Diagnostic diagnostic);
  void add(DiagnosticKind kind, Place place, std::string message) {
    add({kind, std::move(message), std::move(place), {}, {}, {}});
  }

  bool has_errors() const { return errors_ > 0; }
  size_t errors() const { return errors_; }
  size_t not_kept() const { return not_kept_; }
  // Further ones are only counted: what a message costs to make can be saved.
  bool is_full(DiagnosticKind kind) const { return kept(kind) >= kMost; }
  const std::vector<Diagnostic>& all() const { return all_; }
  // Takes everything back that was added since all().size() was `size`.
  void rewind(size_t size);

 private:
  size_t kept(DiagnosticKind kind) const {
    return info(kind).stage == DiagnosticStage::warning ? all_.size() - kept_errors_ : kept_errors_;
  }

  std::vector<Diagnostic> all_;
  size_t kept_errors_ = 0;
  size_t errors_ = 0;
  size_t not_kept_ = 0;
};

}  // namespace stapd
