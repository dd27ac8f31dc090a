#include "translator/parse/parse_file.h"

namespace stapd {
namespace {

// `private` is a keyword since 3.0.
LexOptions lex_options(const ParseFileOptions& options) {
  LexOptions lex;
  lex.arguments = options.arguments;
  lex.has_private = compare_versions(options.facts->language_version, "3.0") >= 0;
  return lex;
}

bool is_empty(const SourceFiles& files, FileId file, const TokenBuffer& tokens, const char* when,
              Diagnostics& diagnostics) {
  if (tokens.tokens.size() > 1) return false;
  diagnostics.add(DiagnosticKind::empty_script, {},
                  fmt::format("Input file '{}' is empty{}.", files.name(file), when));
  return true;
}

}  // namespace

std::optional<ast::Script> parse_file(SourceFiles& files, FileId file,
                                      const ParseFileOptions& options, Diagnostics& diagnostics) {
  static const MacroTable kNoMacros;
  const size_t errors = diagnostics.errors();
  const auto failed = [&] { return diagnostics.errors() != errors; };

  TokenBuffer raw = tokenize(files, file, lex_options(options), diagnostics);
  if (failed()) return std::nullopt;
  if (!options.allow_empty && is_empty(files, file, raw, "", diagnostics)) return std::nullopt;

  const TokenBuffer tokens = preprocess(files, raw, options.macros ? *options.macros : kNoMacros,
                                        *options.facts, diagnostics);
  if (failed()) return std::nullopt;
  if (!options.allow_empty && is_empty(files, file, tokens, " after preprocessing", diagnostics))
    return std::nullopt;

  ParseOptions parse;
  parse.embedded_code = options.facts->guru || files.origin(file) == SourceOrigin::tapset;
  ast::Script script = parse_tokens(file, tokens, parse, diagnostics);
  if (failed()) return std::nullopt;
  script.lexed = std::move(raw);
  script.lexed.tokens.clear();
  return script;
}

void warn_unused_arguments(const ScriptArguments& arguments, Diagnostics& diagnostics) {
  for (size_t i = 0; i < arguments.values.size(); ++i)
    if (!arguments.used[i])
      diagnostics.add(DiagnosticKind::unused_argument, {},
                      fmt::format("unused command line option ${0}/@{0}", i + 1));
}

}  // namespace stapd
