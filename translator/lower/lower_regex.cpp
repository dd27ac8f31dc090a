// Regular expressions: automata into the image's data, =~ to the operations that run them.
#include <algorithm>
#include <cstring>
#include <map>

#include "runtime/base/check.h"
#include "translator/lower/function_lowering.h"
#include "translator/lower/lay_out_regexes.h"

namespace stapd {
namespace {

uint32_t append_words(std::string& data, const std::vector<uint32_t>& words) {
  data.resize((data.size() + 7) & ~size_t{7});
  const auto at = static_cast<uint32_t>(data.size());
  data.resize(at + words.size() * 4);
  std::memcpy(data.data() + at, words.data(), words.size() * 4);
  return at;
}

// The lists of moves, each stored once. List 0 is the empty one.
class MoveLists {
 public:
  uint32_t add(const std::vector<regex::Move>& list) {
    if (list.empty()) return 0;
    std::vector<uint32_t> words;
    for (const regex::Move& move : list) words.push_back(move.to | uint32_t{move.from} << 8);
    words.back() |= 1u << 16;
    const auto next = static_cast<uint32_t>(words_.size());
    const auto [it, fresh] = lists_.try_emplace(words, next);
    if (fresh) words_.insert(words_.end(), words.begin(), words.end());
    longest_ = std::max(longest_, words.size());
    return it->second;
  }
  const std::vector<uint32_t>& words() const { return words_; }
  size_t longest() const { return longest_; }

 private:
  std::vector<uint32_t> words_ = {0};
  std::map<std::vector<uint32_t>, uint32_t> lists_;
  size_t longest_ = 0;
};

}  // namespace

Status lay_out_regexes(const sem::Program& program, ProgramImage& image) {
  static_assert(regex::kPosition == kRegexPosition && regex::kNothing == kRegexNothing);
  for (const sem::Regex& source : program.regexes) {
    const regex::Automaton& automaton = source.automaton;
    RegexSpec spec;
    spec.text = source.text;
    spec.groups = source.wanted == regex::Wanted::groups ? automaton.groups : 0;
    spec.classes = automaton.classes;
    spec.start = automaton.start * automaton.classes;
    MoveLists lists;
    std::vector<uint32_t> table;
    for (const std::vector<regex::Transition>& row : automaton.states)
      for (const regex::Transition& t : row) {
        const uint32_t list = lists.add(t.moves);
        if (list > UINT16_MAX)
          return failf(ErrorCode::limit, "the regular expression \"{}\" has too many groups",
                       source.text);
        table.push_back(t.to * automaton.classes | list << 16);
      }
    spec.entries = static_cast<uint32_t>(table.size());
    spec.moves = static_cast<uint32_t>(lists.words().size());
    spec.most_moves = static_cast<uint32_t>(lists.longest());
    spec.class_offset = static_cast<uint32_t>(image.data.size());
    image.data.append(automaton.class_of.begin(), automaton.class_of.end());
    spec.table_offset = append_words(image.data, table);
    spec.move_offset = append_words(image.data, lists.words());
    image.regexes.push_back(std::move(spec));
  }
  return {};
}

FunctionLowering::Operand FunctionLowering::regex(const sem::Expr& expr) {
  const bool notes = image_.image().regexes[expr.index].groups > 0;
  const Operand text = string(*expr.args[0]), matched = build_.make_reg();
  build_.append(notes ? ir::Op::regex_match : ir::Op::regex_test, {matched}, {text}, expr.index);
  if (!expr.negated) return matched;
  const Operand result = build_.make_reg();
  build_.append(ir::Op::bit_xor, {result}, {matched, Operand::imm(1)});
  return result;
}

}  // namespace stapd
