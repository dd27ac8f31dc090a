#include "translator/tapset/macro_library.h"

#include "translator/lex/lexer.h"
#include "translator/tapset/tapset_files.h"

namespace stapd {

MacroLibrary::MacroLibrary(SourceFiles& files, const std::vector<std::string>& tapset_paths,
                           const ScriptFacts& facts, Diagnostics& diagnostics) {
  for (const std::string& path : list_tapset_files(tapset_paths, facts, ".stpm")) {
    Result<std::string> text = read_source_text(path, kMaxSourceBytes);
    if (!text) {
      diagnostics.add(DiagnosticKind::tapset_not_readable, {},
                      fmt::format("macro tapset \"{}\" has errors, and will be skipped: {}", path,
                                  text.error().message));
      continue;
    }
    const FileId file = files.add(path, std::move(*text), SourceOrigin::tapset);
    Diagnostics own;
    buffers_.push_back(tokenize(files, file, {}, own));
    if (!own.has_errors()) add_library_macros(files, buffers_.back(), facts, macros_, own);
    for (const Diagnostic& d : own.all()) diagnostics.add(d);
  }
}

}  // namespace stapd
