#include <map>

#include "translator/builtin/builtin.h"
#include "translator/elaborate/check_program.h"
#include "translator/elaborate/walk.h"

namespace stapd {
namespace {

using sem::Expr;
using Kind = sem::Expr::Kind;

class RegexCompiler {
 public:
  RegexCompiler(sem::Program& program, Diagnostics& diagnostics)
      : program_(program), diagnostics_(diagnostics) {}

  void run() {
    sem::for_each_expr(program_, [&](Expr*& e) {
      if (e->kind == Kind::builtin && (e->index == static_cast<uint32_t>(Builtin::match_group) ||
                                       e->index == static_cast<uint32_t>(Builtin::match_groups)))
        wanted_ = regex::Wanted::groups;
    });
    sem::for_each_expr(program_, [&](Expr*& e) {
      if (e->kind == Kind::regex) compile(*e);
    });
  }

 private:
  void compile(Expr& e) {
    const auto next = static_cast<uint32_t>(program_.regexes.size());
    const auto [it, fresh] = numbers_.try_emplace(e.text, next);
    e.index = it->second;
    if (!fresh) return;
    std::variant<regex::Automaton, regex::RegexError> made = regex::compile_regex(e.text, wanted_);
    sem::Regex& regex = program_.regexes.emplace_back(e.text, wanted_);
    if (const regex::RegexError* error = std::get_if<regex::RegexError>(&made))
      report(e, *error);
    else
      regex.automaton = std::move(std::get<regex::Automaton>(made));
  }

  // The text with a mark below or before the place, as the rest of the line may be long.
  void report(const Expr& e, const regex::RegexError& error) {
    constexpr size_t kShown = 40;
    const size_t from = error.position > kShown ? error.position - kShown : 0;
    const std::string before = e.text.substr(from, error.position - from);
    const std::string behind = e.text.substr(error.position, kShown);
    diagnostics_.add(
        {DiagnosticKind::bad_regex,
         fmt::format("regular expression error at position {}: {}", error.position, error.message),
         {e.where, e.token},
         {},
         {},
         fmt::format("here: \"{}{} <-HERE-> {}{}\"", from > 0 ? "..." : "", before, behind,
                     error.position + kShown < e.text.size() ? "..." : "")});
  }

  sem::Program& program_;
  Diagnostics& diagnostics_;
  regex::Wanted wanted_ = regex::Wanted::test;
  std::map<std::string, uint32_t> numbers_;
};

}  // namespace

void compile_regexes(sem::Program& program, Diagnostics& diagnostics) {
  RegexCompiler(program, diagnostics).run();
}

}  // namespace stapd
