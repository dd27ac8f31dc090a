// Syntax trees to the elaborated program. The door of this room.
#pragma once

#include <optional>
#include <vector>

#include "translator/ast/ast.h"
#include "translator/elaborate/options.h"
#include "translator/elaborate/program.h"
#include "translator/probes/probe_builder.h"
#include "translator/source/source_files.h"
#include "translator/tapset/tapset_library.h"

namespace stapd {

struct ElaborateInput {
  SourceFiles& files;
  const std::vector<const ast::Script*>& scripts;  // the user's
  TapsetLibrary& library;
  probes::BuildContext& host;
  const ElaborateOptions& options;
};

// Nothing when there were errors; they are in `diagnostics`. What comes back may still hold what
// cannot be lowered: see refuse_unexecutable().
std::optional<sem::Program> elaborate(const ElaborateInput& input, Diagnostics& diagnostics);

}  // namespace stapd
