#include "translator/lex/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <unordered_map>

#include "translator/lex/char_reader.h"

namespace stapd {
namespace {

bool starts_identifier(int c) { return c == '_' || c == '$' || c == '@' || std::isalpha(c); }
bool continues_identifier(int c) { return c == '_' || c == '$' || std::isalnum(c); }

const std::unordered_map<std::string_view, TokenKind>& keywords() {
  static const std::unordered_map<std::string_view, TokenKind> table = {
#define STAPD_KEYWORD(name, text) {text, TokenKind::name},
#include "translator/lex/token_kind.def"
  };
  return table;
}

struct Operator {
  std::string_view text;
  TokenKind kind;
};

// Those that begin with `first`, longest first: the order of the table.
const std::vector<Operator>& operators(unsigned char first) {
  static const auto by_first_byte = [] {
    std::array<std::vector<Operator>, 256> table;
    for (const Operator& op : std::initializer_list<Operator>{
#define STAPD_OPERATOR(name, text) {text, TokenKind::name},
#include "translator/lex/token_kind.def"
         })
      table[static_cast<unsigned char>(op.text[0])].push_back(op);
    return table;
  }();
  return by_first_byte[first];
}

class Lexer {
 public:
  Lexer(const SourceFiles& files, FileId file, const LexOptions& options, Diagnostics& diagnostics)
      : reader_(files.text(file), file), options_(options), diagnostics_(diagnostics) {}

  TokenBuffer run() {
    while (lex_token()) {
      if (buffer_.tokens.size() >= kMaxTokens) {
        fault(DiagnosticKind::too_many_tokens, reader_.where(),
              fmt::format("script is too large: more than {} tokens", kMaxTokens));
        break;
      }
    }
    buffer_.tokens.push_back({TokenKind::end, false, reader_.where(), {}});
    return std::move(buffer_);
  }

 private:
  void fault(DiagnosticKind kind, SourceLocation where, std::string message) {
    diagnostics_.add(kind, {where, "junk ''"}, std::move(message));
  }

  void add(TokenKind kind, SourceLocation where, std::string_view text) {
    buffer_.tokens.push_back({kind, glued_, where, text});
    glued_ = true;
  }

  // False at the end, and after a fault behind which nothing can be told apart.
  bool lex_token() {
    skip_blanks();
    const int c = reader_.peek();
    if (c == CharReader::kEnd) return false;
    const SourceLocation where = reader_.where();
    if (c == '$' || c == '@') {
      const int second = reader_.peek(1);
      if (second == '#' || std::isdigit(second)) return substitute_argument(c == '@', where);
    }
    if (starts_identifier(c)) return lex_word(where);
    if (std::isdigit(c)) return lex_number(where);
    if (c == '"') return lex_string(where);
    if (c == '%' && reader_.peek(1) == '{') return lex_embedded(where);
    if (std::ispunct(c)) return lex_operator(where);
    return lex_junk(where);
  }

  void skip_blanks() {
    for (;; glued_ = false) {
      const int c = reader_.peek();
      if (std::isspace(c)) {
        reader_.next();
      } else if (c == '#' || (c == '/' && reader_.peek(1) == '/')) {
        for (int d = c; d != '\n' && d != CharReader::kEnd; d = reader_.peek()) reader_.next();
      } else if (c == '/' && reader_.peek(1) == '*') {
        reader_.skip(2);
        while (reader_.peek() != CharReader::kEnd &&
               !(reader_.peek() == '*' && reader_.peek(1) == '/'))
          reader_.next();
        reader_.skip(2);
      } else {
        return;
      }
    }
  }

  // The text of what `more` takes from the reader: a view, or a copy when a paste ends inside it.
  template <class Predicate>
  std::string_view read_while(Predicate more) {
    const char* start = reader_.position();
    const bool began_in_paste = reader_.in_paste();
    size_t length = 0;
    std::string copy;
    while (more(reader_.peek())) {
      if (began_in_paste) copy += static_cast<char>(reader_.peek());
      reader_.next();
      ++length;
    }
    if (began_in_paste) return buffer_.keep(std::move(copy));
    return {start, length};
  }

  bool lex_word(SourceLocation where) {
    bool first = true;
    const std::string_view text = read_while([&](int c) {
      const bool take = first ? starts_identifier(c) : continues_identifier(c);
      first = false;
      return take;
    });
    TokenKind kind = text[0] == '@' ? TokenKind::at_word : TokenKind::identifier;
    if (const auto it = keywords().find(text); it != keywords().end() && is_enabled(it->second))
      kind = it->second;
    add(kind, where, text);
    return true;
  }

  bool is_enabled(TokenKind keyword) const {
    return keyword != TokenKind::kw_private || options_.has_private;
  }

  bool lex_number(SourceLocation where) {
    add(TokenKind::number, where, read_while([](int c) { return std::isalnum(c) != 0; }));
    return true;
  }

  // Escapes that C knows are kept as they are, for whoever wants the bytes; of any other the
  // backslash goes.
  bool lex_string(SourceLocation where) {
    reader_.next();
    std::string text;
    for (;;) {
      const int c = reader_.next();
      if (c == '"') break;
      if (c == CharReader::kEnd || c == '\n' || c == '\0') {
        fault(DiagnosticKind::unterminated_string, where, "Could not find matching closing quote");
        return false;
      }
      if (c != '\\') {
        text += static_cast<char>(c);
        continue;
      }
      const int escaped = reader_.next();
      if (escaped == CharReader::kEnd) continue;  // the next turn reports it
      if (escaped != '\0' &&
          std::string_view("01234567xabfnrtv\\").find(static_cast<char>(escaped)) !=
              std::string_view::npos)
        text += '\\';
      text += static_cast<char>(escaped);
    }
    add(TokenKind::string, where, buffer_.keep(std::move(text)));
    return true;
  }

  bool lex_embedded(SourceLocation where) {
    reader_.skip(2);
    std::string text;
    for (;;) {
      const int c = reader_.next();
      if (c == CharReader::kEnd) {
        fault(DiagnosticKind::unterminated_embedded_code, where,
              "Could not find matching '%}' to close embedded function block");
        return false;
      }
      if (c == '%' && reader_.peek() == '}') break;
      if (c == '}' && reader_.peek() == '%')
        diagnostics_.add(DiagnosticKind::suspicious_embedded_end, {reader_.where(), "junk ''"},
                         "possible erroneous closing '}%', use '%}'?");
      text += static_cast<char>(c);
    }
    reader_.next();
    add(TokenKind::embedded_code, where, buffer_.keep(std::move(text)));
    return true;
  }

  bool lex_operator(SourceLocation where) {
    for (const auto& [text, kind] : operators(static_cast<unsigned char>(reader_.peek()))) {
      bool matches = true;
      for (size_t i = 0; matches && i < text.size(); ++i)
        matches = reader_.peek(i) == static_cast<unsigned char>(text[i]);
      if (!matches) continue;
      reader_.skip(text.size());
      add(kind, where, text);
      return true;
    }
    return lex_junk(where);
  }

  bool lex_junk(SourceLocation where) {
    add(TokenKind::junk, where, buffer_.keep(std::string(1, static_cast<char>(reader_.next()))));
    return true;
  }

  // $1 $# put the argument's characters before the rest of the text; @1 @# are string tokens.
  bool substitute_argument(bool quoted, SourceLocation where) {
    if (reader_.in_paste()) {
      fault(DiagnosticKind::nested_argument, where,
            "invalid nested substitution of command line arguments");
      reader_.next();
      return true;
    }
    reader_.next();
    const size_t count = options_.arguments ? options_.arguments->values.size() : 0;
    const std::optional<std::string> text = argument_text(count);
    if (!text)
      add(TokenKind::missing_argument, where,
          buffer_.keep(fmt::format("command line argument out of range [1-{}]", count)));
    else if (quoted)
      add(TokenKind::string, where, buffer_.keep(escaped(*text)));
    else
      reader_.paste(buffer_.keep(*text), where);
    return true;
  }

  std::optional<std::string> argument_text(size_t count) {
    if (reader_.peek() == '#') {
      reader_.next();
      return std::to_string(count);
    }
    size_t index = 0;
    while (std::isdigit(reader_.peek()))
      index = std::min<size_t>(index * 10 + static_cast<size_t>(reader_.next() - '0'), 1u << 30);
    if (index < 1 || index > count) return std::nullopt;
    options_.arguments->used[index - 1] = true;
    return options_.arguments->values[index - 1];
  }

  // As a string token spells it.
  static std::string escaped(std::string_view text) {
    std::string out;
    for (char c : text) {
      if (c == '\\')
        out += "\\\\";
      else if (std::isprint(static_cast<unsigned char>(c)))
        out += c;
      else
        out += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    }
    return out;
  }

  CharReader reader_;
  const LexOptions& options_;
  Diagnostics& diagnostics_;
  TokenBuffer buffer_;
  bool glued_ = false;
};

}  // namespace

TokenBuffer tokenize(const SourceFiles& files, FileId file, const LexOptions& options,
                     Diagnostics& diagnostics) {
  if (files.text(file).size() > kMaxSourceBytes) {
    diagnostics.add(DiagnosticKind::source_too_large, {{file, 1, 1}, "junk ''"},
                    fmt::format("script is too large: more than {} MiB", kMaxSourceBytes >> 20));
    TokenBuffer empty;
    empty.tokens.push_back({TokenKind::end, false, {file, 1, 1}, {}});
    return empty;
  }
  return Lexer(files, file, options, diagnostics).run();
}

}  // namespace stapd
