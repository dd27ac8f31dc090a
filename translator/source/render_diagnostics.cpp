#include "translator/source/render_diagnostics.h"

namespace stapd {
namespace {

// SystemTap's default SYSTEMTAP_COLORS.
constexpr const char* kErrorColor = "01;31";
constexpr const char* kWarningColor = "00;33";
constexpr const char* kSourceColor = "00;34";
constexpr const char* kCaretColor = "01";
constexpr const char* kTokenColor = "01";
constexpr const char* kHintColor = "00;32";

// A longer source line is not worth showing whole; the caret's surroundings are.
constexpr size_t kLongestLine = 300;

class Renderer {
 public:
  Renderer(const SourceFiles& files, const RenderOptions& options)
      : files_(files), options_(options) {}

  void render(const Diagnostic& d) {
    switch (info(d.kind).stage) {
      case DiagnosticStage::parse:
        return parse_error(d);
      case DiagnosticStage::semantic:
      case DiagnosticStage::unsupported:
        return semantic_error(d);
      case DiagnosticStage::warning:
        if (options_.warnings) warning(d);
        return;
    }
  }
  std::string take() { return std::move(out_); }
  void add(std::string_view text) { out_ += text; }

 private:
  static bool has_place(const Place& place) { return place.where.line != 0; }

  std::string colored(std::string_view text, const char* color) const {
    if (!options_.color) return std::string(text);
    return fmt::format("\033[{}m{}\033[m\033[K", color, text);
  }

  std::string described(const Place& place) const {
    return fmt::format("{} at {}", colored(place.token, kTokenColor), files_.describe(place.where));
  }

  void parse_error(const Diagnostic& d) {
    out_ += fmt::format("{} {}\n", colored("parse error:", kErrorColor), d.message);
    if (has_place(d.place)) {
      const char* relation =
          d.relation == Diagnostic::Relation::saw ? "        saw:" : "         at:";
      out_ += fmt::format("{} {}\n", relation, described(d.place));
      source(d.place, "     source: ");
    } else if (!d.place.token.empty()) {
      out_ += fmt::format("        saw: {}\n", d.place.token);
    }
    for (const DiagnosticNote& note : d.notes) {
      out_ += fmt::format("       note: {}: {}\n", note.message, described(note.place));
      source(note.place, "     source: ");
    }
    end(d);
  }

  void semantic_error(const Diagnostic& d) {
    semantic_line(d.message, d.place);
    for (const DiagnosticNote& note : d.notes) {
      out_ += '\n';
      semantic_line(note.message, note.place);
    }
    end(d);
  }

  void semantic_line(const std::string& message, const Place& place) {
    out_ += fmt::format("{} {}", colored("semantic error:", kErrorColor), message);
    if (!has_place(place)) {
      out_ += '\n';
      return;
    }
    out_ += fmt::format(": {}\n", described(place));
    source(place, "        source: ");
  }

  void warning(const Diagnostic& d) {
    out_ += fmt::format("{} {}", colored("WARNING:", kWarningColor), d.message);
    if (has_place(d.place)) {
      out_ += fmt::format(": {}\n", described(d.place));
      source(d.place, " source: ");
    } else {
      out_ += '\n';
    }
    for (const DiagnosticNote& note : d.notes) {
      out_ += fmt::format(" {}: {}\n", note.message, described(note.place));
      source(note.place, " source: ");
    }
    hint(d);
  }

  void end(const Diagnostic& d) {
    hint(d);
    out_ += '\n';
  }

  void hint(const Diagnostic& d) {
    if (options_.kinds) out_ += fmt::format("       kind: {}\n", info(d.kind).name);
    if (!d.hint.empty())
      out_ += fmt::format("       {} {}\n", colored("hint:", kHintColor), d.hint);
  }

  // The line and the caret, then the same for every macro on the way.
  void source(const Place& place, const char* label) {
    line_and_caret(place.where, label);
    for (const MacroUse& use : files_.macro_uses(place.where)) {
      const Place used = {use.where, fmt::format("operator '{}'", use.name)};
      out_ += fmt::format("\tin expansion of macro: {}\n", described(used));
      line_and_caret(use.where, label);
    }
  }

  void line_and_caret(SourceLocation where, const char* label) {
    std::string_view line = files_.line(where);
    size_t column = where.column ? where.column - 1 : 0;
    if (line.empty() || column > line.size()) return;
    if (line.size() > kLongestLine) {
      const size_t start = column > kLongestLine / 2 ? column - kLongestLine / 2 : 0;
      line = line.substr(start, kLongestLine);
      column -= start;
    }
    out_ += fmt::format("{}{}\n", label, colored(printable(line), kSourceColor));
    out_ += std::string(std::string_view(label).size(), ' ');
    for (char c : line.substr(0, column)) out_ += c == '\t' ? '\t' : ' ';
    out_ += fmt::format("{}\n", colored("^", kCaretColor));
  }

  // Control characters of the script must not reach a terminal.
  static std::string printable(std::string_view line) {
    std::string text(line);
    for (char& c : text)
      if ((static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f') c = '?';
    return text;
  }

  const SourceFiles& files_;
  const RenderOptions& options_;
  std::string out_;
};

}  // namespace

std::string render_diagnostics(const Diagnostics& diagnostics, const SourceFiles& files,
                               const RenderOptions& options) {
  Renderer renderer(files, options);
  size_t parse_errors = 0, warnings = 0;
  for (const Diagnostic& d : diagnostics.all()) {
    renderer.render(d);
    parse_errors += info(d.kind).stage == DiagnosticStage::parse;
    warnings += info(d.kind).stage == DiagnosticStage::warning;
  }
  if (parse_errors > 0)
    renderer.add(fmt::format("{} parse error{}.\n", parse_errors, parse_errors == 1 ? "" : "s"));
  if (diagnostics.not_kept() > 0)
    renderer.add(fmt::format("{} more messages.\n", diagnostics.not_kept()));
  if (options.warnings_are_errors && warnings > 0) renderer.add("warnings are treated as errors\n");
  return renderer.take();
}

}  // namespace stapd
