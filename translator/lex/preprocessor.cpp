#include "translator/lex/preprocessor.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "translator/lex/condition.h"
#include "translator/lex/lexer.h"

namespace stapd {
namespace {

using Tokens = std::span<const Token>;

// An expansion costs as many units as it puts tokens in, and some for itself. Bounds time even when
// a conditional throws the tokens away.
constexpr size_t kExpansionWork = 32;
constexpr size_t kMaxWork = 16'000'000;

// Argument lists of the macro whose body is being expanded, by parameter name.
using Arguments = std::unordered_map<std::string_view, std::vector<Token>>;

class Preprocessor {
 public:
  Preprocessor(SourceFiles& files, const MacroTable& library, const ScriptFacts& facts,
               Diagnostics& diagnostics)
      : files_(files), library_(library), facts_(facts), diagnostics_(diagnostics) {}

  std::vector<Token> run(Tokens raw) {
    std::vector<Token> out;
    expand(raw, nullptr, out);
    check_arguments(out);
    return out;
  }
  MacroTable take_macros() { return std::move(own_); }

 private:
  void fault(DiagnosticKind kind, const Token& at, std::string message) {
    diagnostics_.add(kind, place_of(at), std::move(message));
  }

  bool check_arguments(const std::vector<Token>& tokens) {
    bool ok = true;
    for (const Token& token : tokens) {
      if (!token.is(TokenKind::missing_argument)) continue;
      fault(DiagnosticKind::argument_out_of_range, token, std::string(token.text));
      ok = false;
    }
    return ok;
  }

  // Whether a limit is hit by putting in `size` tokens more; then nothing more is produced.
  bool exhausted(const Token& at, size_t produced, size_t size) {
    work_ += size + kExpansionWork;
    if (!exhausted_ && (produced + size > kMaxTokens || work_ > kMaxWork)) {
      exhausted_ = true;
      fault(DiagnosticKind::expansion_too_large, at, "macro expansion is too large");
    }
    return exhausted_;
  }

  // Appends what `tokens` become. `arguments`: of the macro whose body they are; null outside.
  void expand(Tokens tokens, const Arguments* arguments, std::vector<Token>& out) {
    for (size_t i = 0; i < tokens.size() && !exhausted_;) {
      const Token& token = tokens[i];
      switch (token.kind) {
        case TokenKind::at_word:
          i = expand_at_word(tokens, i, arguments, out);
          break;
        case TokenKind::conditional_open:
          i = expand_conditional(tokens, i, arguments, out);
          break;
        case TokenKind::conditional_then:
        case TokenKind::conditional_else:
        case TokenKind::conditional_close:
          fault(DiagnosticKind::stray_conditional, token, "incomplete conditional - missing '%('");
          ++i;
          break;
        default:
          out.push_back(token);
          ++i;
      }
    }
  }

  size_t expand_at_word(Tokens tokens, size_t at, const Arguments* arguments,
                        std::vector<Token>& out) {
    const Token& token = tokens[at];
    const std::string_view name = token.text.substr(1);
    if (token.text == "@define") {
      if (!arguments) return define(tokens, at);
      fault(DiagnosticKind::define_in_macro, token, "'@define' forbidden inside macro body");
      return tokens.size();
    }
    if (arguments)
      if (const auto it = arguments->find(name); it != arguments->end()) {
        if (!exhausted(token, out.size(), it->second.size()))
          paste_argument(it->second, token, out);
        return at + 1;
      }
    const Macro* macro = find_macro(name);
    if (!macro) {
      out.push_back(token);
      return at + 1;
    }
    return expand_macro(*macro, tokens, at, arguments, out);
  }

  const Macro* find_macro(std::string_view name) const {
    for (const MacroTable* table : {&own_, &library_})
      if (const auto it = table->find(name); it != table->end()) return &it->second;
    return nullptr;
  }

  void paste_argument(const std::vector<Token>& argument, const Token& parameter,
                      std::vector<Token>& out) {
    FileId base = 0, expansion = 0;
    for (size_t i = 0; i < argument.size(); ++i) {
      Token token = argument[i];
      if (i == 0 || token.where.file != base) {
        base = token.where.file;
        expansion = files_.add_expansion(base, parameter.text, parameter.where);
      }
      token.where.file = expansion;
      if (i == 0) token.glued = false;
      out.push_back(token);
    }
  }

  size_t expand_macro(const Macro& macro, Tokens tokens, size_t at, const Arguments* outer,
                      std::vector<Token>& out) {
    const Token& use = tokens[at];
    Arguments arguments;
    size_t next = at + 1;
    if (macro.takes_arguments()) {
      const std::optional<size_t> end = read_arguments(macro, tokens, at, outer, arguments);
      if (!end) return tokens.size();
      next = *end;
    }
    if (exhausted(use, out.size(), macro.body.size())) return next;
    if (std::find(active_.begin(), active_.end(), &macro) != active_.end()) {
      fault(DiagnosticKind::recursive_macro, use,
            fmt::format("macro '{}' expands to itself", use.text));
      return next;
    }
    if (!enter(use)) return next;
    active_.push_back(&macro);
    std::vector<Token> body = macro.body;
    const FileId expansion = files_.add_expansion(macro.name.where.file, use.text, use.where);
    for (Token& token : body) token.where.file = expansion;
    if (!body.empty()) body.front().glued = false;
    expand(body, &arguments, out);
    active_.pop_back();
    --depth_;
    return next;
  }

  bool enter(const Token& at) {
    if (depth_ >= kMaxMacroDepth) {
      fault(DiagnosticKind::expansion_too_deep, at,
            fmt::format("macros or conditionals are nested deeper than {}", kMaxMacroDepth));
      exhausted_ = true;
      return false;
    }
    ++depth_;
    return true;
  }

  // Reads "(a, b)" behind the macro's name at `at`; the position after it, or nothing.
  std::optional<size_t> read_arguments(const Macro& macro, Tokens tokens, size_t at,
                                       const Arguments* outer, Arguments& arguments) {
    const Token& use = tokens[at];
    const size_t wanted = macro.parameters.size();
    if (at + 1 >= tokens.size() || !tokens[at + 1].is(TokenKind::paren_open)) {
      fault(DiagnosticKind::macro_arguments, at + 1 < tokens.size() ? tokens[at + 1] : use,
            fmt::format("expected '(' in invocation of macro '{}' taking {} parameter{}", use.text,
                        wanted, wanted == 1 ? "" : "s"));
      return std::nullopt;
    }
    size_t start = at + 2, count = 0, nesting = 0;
    for (size_t i = start; i < tokens.size(); ++i) {
      const Token& token = tokens[i];
      if (token.is(TokenKind::paren_open) || token.is(TokenKind::bracket_open)) {
        ++nesting;
      } else if (nesting > 0) {
        nesting -= token.is(TokenKind::paren_close) || token.is(TokenKind::bracket_close);
      } else if (token.is(TokenKind::comma) || token.is(TokenKind::paren_close)) {
        const bool last = token.is(TokenKind::paren_close);
        if (!check_argument_count(macro, use, token, ++count, last)) return std::nullopt;
        std::vector<Token> argument;
        expand(tokens.subspan(start, i - start), outer, argument);
        arguments[macro.parameters[count - 1]] = std::move(argument);
        start = i + 1;
        if (last) return i + 1;
      }
    }
    fault(DiagnosticKind::macro_arguments, use, "could not find end of macro invocation");
    return std::nullopt;
  }

  bool check_argument_count(const Macro& macro, const Token& use, const Token& at, size_t count,
                            bool last) {
    const size_t wanted = macro.parameters.size();
    if (count > wanted || (!last && count == wanted)) {
      fault(DiagnosticKind::macro_arguments, at,
            fmt::format("too many parameters for macro '{}' (expected {})", use.text, wanted));
      return false;
    }
    if (last && count < wanted) {
      fault(DiagnosticKind::macro_arguments, at,
            fmt::format("too few parameters for macro '{}' (expected {})", use.text, wanted));
      return false;
    }
    return true;
  }

  // ---- definitions ------------------------------------------------------------------------------

  // The @define at `at`; the position after it.
  size_t define(Tokens tokens, size_t at) {
    size_t i = at + 1;
    if (i >= tokens.size() || !tokens[i].is(TokenKind::identifier)) {
      fault(DiagnosticKind::bad_define, i < tokens.size() ? tokens[i] : tokens[at],
            "expected identifier");
      return i;
    }
    Macro macro;
    macro.name = tokens[i++];
    const bool parameters_ok = read_parameters(tokens, i, macro);
    const std::optional<size_t> end = read_body(tokens, i, macro);
    if (!end) return tokens.size();
    if (parameters_ok) check_and_keep(std::move(macro));
    return *end;
  }

  bool read_parameters(Tokens tokens, size_t& i, Macro& macro) {
    if (i >= tokens.size() || !tokens[i].is(TokenKind::paren_open)) return true;
    for (++i; i < tokens.size(); ++i) {
      if (!tokens[i].is(TokenKind::identifier)) {
        fault(DiagnosticKind::bad_define, tokens[i], "expected identifier");
        return skip_to_body(tokens, i);
      }
      macro.parameters.push_back(tokens[i++].text);
      if (i < tokens.size() && tokens[i].is(TokenKind::comma)) continue;
      if (i < tokens.size() && tokens[i].is(TokenKind::paren_close)) {
        ++i;
        return true;
      }
      if (i < tokens.size()) fault(DiagnosticKind::bad_define, tokens[i], "expected ',' or ')'");
      return skip_to_body(tokens, i);
    }
    return true;  // read_body says that the body is missing
  }

  static bool skip_to_body(Tokens tokens, size_t& i) {
    while (i < tokens.size() && !tokens[i].is(TokenKind::conditional_open)) ++i;
    return false;
  }

  std::optional<size_t> read_body(Tokens tokens, size_t i, Macro& macro) {
    if (i >= tokens.size() || !tokens[i].is(TokenKind::conditional_open)) {
      fault(DiagnosticKind::bad_define, i < tokens.size() ? tokens[i] : macro.name,
            macro.takes_arguments() ? "expected '%('" : "expected '%(' or '('");
      return i;
    }
    const std::optional<size_t> end = find_close(tokens, i);
    if (!end) {
      fault(DiagnosticKind::bad_define, macro.name, "incomplete macro definition - missing '%)'");
      return std::nullopt;
    }
    macro.body.assign(tokens.begin() + static_cast<ptrdiff_t>(i) + 1,
                      tokens.begin() + static_cast<ptrdiff_t>(*end));
    return *end + 1;
  }

  void check_and_keep(Macro macro) {
    const std::string_view name = macro.name.text;
    if (name == "define") {
      fault(DiagnosticKind::bad_define, macro.name, "attempt to redefine '@define'");
      return;
    }
    if (const auto it = own_.find(name); it != own_.end()) {
      diagnostics_.add(
          {DiagnosticKind::macro_redefined,
           fmt::format("attempt to redefine macro '@{}' in the same file", name),
           place_of(macro.name),
           {},
           {{fmt::format("macro '@{}' first defined here", name), place_of(it->second.name)}},
           {}});
      return;
    }
    if (std::ranges::find(builtin_at_words(), name) != builtin_at_words().end())
      fault(DiagnosticKind::macro_hides_operator, macro.name,
            fmt::format("macro redefines built-in operator '@{}'", name));
    own_.emplace(name, std::move(macro));
  }

  // The %) that closes the %( at `open`.
  static std::optional<size_t> find_close(Tokens tokens, size_t open) {
    size_t nesting = 0;
    for (size_t i = open; i < tokens.size(); ++i) {
      if (tokens[i].is(TokenKind::conditional_open)) ++nesting;
      if (tokens[i].is(TokenKind::conditional_close) && --nesting == 0) return i;
    }
    return std::nullopt;
  }

  // ---- conditionals -----------------------------------------------------------------------------

  struct Conditional {
    size_t then = 0, otherwise = 0, close = 0;  // positions of %?, %: (or of %)) and %)
  };

  size_t expand_conditional(Tokens tokens, size_t open, const Arguments* arguments,
                            std::vector<Token>& out) {
    const std::optional<Conditional> parts = find_parts(tokens, open);
    if (!parts) return tokens.size();
    if (!enter(tokens[open])) return parts->close + 1;
    std::vector<Token> condition;
    expand(tokens.subspan(open + 1, parts->then - open - 1), arguments, condition);
    const std::optional<bool> holds =
        exhausted_ || !check_arguments(condition)
            ? std::nullopt
            : evaluate_condition(condition, tokens[open], facts_, diagnostics_);
    if (holds && *holds) {
      expand(tokens.subspan(parts->then + 1, parts->otherwise - parts->then - 1), arguments, out);
    } else if (holds && parts->otherwise != parts->close) {
      expand(tokens.subspan(parts->otherwise + 1, parts->close - parts->otherwise - 1), arguments,
             out);
    }
    --depth_;
    return parts->close + 1;
  }

  std::optional<Conditional> find_parts(Tokens tokens, size_t open) {
    Conditional parts;
    size_t nesting = 0;
    for (size_t i = open; i < tokens.size(); ++i) {
      const TokenKind kind = tokens[i].kind;
      if (kind == TokenKind::conditional_open) {
        ++nesting;
      } else if (kind == TokenKind::conditional_close && --nesting == 0) {
        parts.close = i;
        break;
      } else if (nesting == 1 && kind == TokenKind::conditional_then && !parts.then) {
        parts.then = i;
      } else if (nesting == 1 && kind == TokenKind::conditional_else) {
        if (parts.otherwise) {
          fault(DiagnosticKind::duplicate_else, tokens[i], "invalid conditional - duplicate '%:'");
          return std::nullopt;
        }
        parts.otherwise = i;
      }
    }
    if (!parts.then || (parts.otherwise && parts.otherwise < parts.then)) {
      fault(DiagnosticKind::expected_conditional_then, tokens[open],
            "expected '%?' marker for conditional");
      return std::nullopt;
    }
    if (!parts.close) {
      fault(DiagnosticKind::incomplete_conditional, tokens[open],
            "incomplete conditional at end of file");
      return std::nullopt;
    }
    if (!parts.otherwise) parts.otherwise = parts.close;
    return parts;
  }

  SourceFiles& files_;
  const MacroTable& library_;
  const ScriptFacts& facts_;
  Diagnostics& diagnostics_;
  MacroTable own_;
  std::vector<const Macro*> active_;
  size_t depth_ = 0, work_ = 0;
  bool exhausted_ = false;
};

}  // namespace

const std::vector<std::string>& builtin_at_words() {
  static const std::vector<std::string> names = {
      "cast",  "defined",   "probewrite", "entry",  "perf",     "var",         "avg",
      "count", "sum",       "min",        "max",    "variance", "hist_linear", "hist_log",
      "const", "kregister", "uregister",  "kderef", "uderef",   "enum",        "enumname"};
  return names;
}

TokenBuffer preprocess(SourceFiles& files, const TokenBuffer& raw, const MacroTable& library,
                       const ScriptFacts& facts, Diagnostics& diagnostics) {
  Preprocessor preprocessor(files, library, facts, diagnostics);
  TokenBuffer out;
  const Token& end = raw.tokens.back();
  out.tokens = preprocessor.run(Tokens(raw.tokens).first(raw.tokens.size() - 1));
  out.tokens.push_back(end);
  return out;
}

bool add_library_macros(SourceFiles& files, const TokenBuffer& raw, const ScriptFacts& facts,
                        MacroTable& library, Diagnostics& diagnostics) {
  const size_t errors = diagnostics.errors();
  Preprocessor preprocessor(files, library, facts, diagnostics);
  const std::vector<Token> rest = preprocessor.run(Tokens(raw.tokens).first(raw.tokens.size() - 1));
  if (!rest.empty())
    diagnostics.add(DiagnosticKind::token_in_macro_file, place_of(rest.front()),
                    fmt::format("unexpected token in library macro file '{}'",
                                files.name(raw.tokens.back().where.file)));
  MacroTable macros = preprocessor.take_macros();
  for (const auto& [name, macro] : macros)
    if (const auto it = library.find(name); it != library.end())
      diagnostics.add(
          {DiagnosticKind::macro_redefined,
           fmt::format("duplicate definition of library macro '@{}'", name),
           place_of(macro.name),
           {},
           {{fmt::format("macro '@{}' first defined here", name), place_of(it->second.name)}},
           {}});
  if (diagnostics.errors() != errors) return false;
  library.merge(std::move(macros));
  return true;
}

}  // namespace stapd
