#include "translator/regex/determinize.h"
#include "translator/regex/parse_regex.h"

namespace stapd::regex {

std::variant<Automaton, RegexError> compile_regex(std::string_view text, Wanted wanted) {
  std::variant<Tree, RegexError> parsed = parse_regex(text);
  if (const RegexError* error = std::get_if<RegexError>(&parsed)) return *error;
  const RegexError too_large{0, "it needs too many states"};
  const std::optional<Nfa> nfa = build_nfa(std::get<Tree>(parsed));
  if (!nfa) return too_large;
  const ByteClasses classes = find_byte_classes(*nfa);
  const std::optional<Automaton> automaton =
      wanted == Wanted::test ? determinize_test(*nfa, classes) : determinize_groups(*nfa, classes);
  if (!automaton) return too_large;
  return minimize(*automaton);
}

}  // namespace stapd::regex
