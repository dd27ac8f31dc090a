// Regular expressions: the automata of RegexSpec. The tables are bytes from outside, so what they
// name is looked at; one that names what is not there ends the match.
#include <cstring>

#include "runtime/vm/activation.h"

namespace stapd {

using ir::Op;

namespace {

uint32_t word_at(const ProgramImage& image, uint32_t offset, uint32_t index) {
  uint32_t word = 0;
  std::memcpy(&word, image.data.data() + offset + size_t{index} * 4, 4);
  return word;
}

}  // namespace

bool Activation::regex_op(const ir::Instr& instr) {
  RegexMatch& last = invocation_.match;
  switch (instr.op) {
    case Op::regex_test: {
      std::array<int64_t, kRegexRegisters> none;
      set(instr.dst[0], match_regex(image_.regexes[instr.aux], text(instr.args[0]), none));
      return true;
    }
    case Op::regex_match: {
      const RegexSpec& regex = image_.regexes[instr.aux];
      last.text = text(instr.args[0]);
      const bool matched = match_regex(regex, last.text, last.registers);
      last.groups = matched ? regex.groups : 0;
      set(instr.dst[0], matched);
      return true;
    }
    case Op::regex_groups:
      set(instr.dst[0], last.groups);
      return true;
    case Op::regex_group: {
      const auto group = static_cast<uint64_t>(number(instr.args[0]));
      std::string out;
      if (group < last.groups) {
        const int64_t from = last.registers[2 * group], to = last.registers[2 * group + 1];
        const auto size = static_cast<int64_t>(last.text.size());
        if (from >= 0 && from <= to && to <= size)
          out = last.text.substr(static_cast<size_t>(from), static_cast<size_t>(to - from));
      }
      set_text(instr.dst[0], std::move(out));
      return true;
    }
    default:
      return false;
  }
}

bool Activation::match_regex(const RegexSpec& regex, const std::string& text,
                             std::array<int64_t, kRegexRegisters>& registers) const {
  const auto* class_of =
      reinterpret_cast<const unsigned char*>(image_.data.data()) + regex.class_offset;
  const uint32_t matched = regex.classes;
  uint32_t row = regex.start;
  registers[0] = registers[kRegexNothing] = -1;
  for (size_t position = 0; position <= text.size(); ++position) {
    if (regex.groups == 0 && row == matched) return true;
    const auto byte = position < text.size() ? static_cast<unsigned char>(text[position]) : 0;
    const uint32_t index = row + class_of[byte];
    if (index >= regex.entries) break;
    const uint32_t entry = word_at(image_, regex.table_offset, index);
    for (uint32_t move = entry >> 16; move != 0 && move < regex.moves; ++move) {
      const uint32_t what = word_at(image_, regex.move_offset, move);
      const uint32_t from = what >> 8 & 0xff;
      registers[what & 0xff] =
          from == kRegexPosition ? static_cast<int64_t>(position) : registers[from];
      if (what >> 16) break;
    }
    row = entry & 0xffff;
    if (row == 0) break;
  }
  return regex.groups == 0 ? row == matched : registers[0] >= 0;
}

}  // namespace stapd
