#include "runtime/image/ir_text.h"

namespace stapd::ir {
namespace {

class Checker {
 public:
  Checker(const Function& function, const ProgramImage& image)
      : function_(function), image_(image) {}

  Status run() {
    if (function_.blocks.empty())
      return failf(ErrorCode::internal, "{}: no blocks", function_.name);
    for (size_t b = 0; b < function_.blocks.size(); ++b)
      STAPD_TRY(check_block(function_.blocks[b], b));
    return {};
  }

 private:
  Status check_block(const Block& block, size_t index) {
    if (block.code.empty())
      return failf(ErrorCode::internal, "{}: block b{} is empty", function_.name, index);
    for (size_t i = 0; i < block.code.size(); ++i) {
      const Instr& instr = block.code[i];
      bool last = i + 1 == block.code.size();
      std::string wrong;
      if (static_cast<int>(instr.op) >= kOps)
        wrong = "unknown operation";
      else if (has_trait(instr.op, 'T') != last)
        wrong = last ? "the block does not end with a terminator" : "a terminator inside the block";
      else
        wrong = check_instr(instr);
      if (!wrong.empty())
        return failf(ErrorCode::internal, "{}: b{}: `{}`: {}", function_.name, index,
                     static_cast<int>(instr.op) < kOps ? to_text(instr, image_) : "?", wrong);
    }
    return {};
  }

  std::string check_instr(const Instr& instr) {
    const char* rest = info(instr.op).signature;
    std::string wrong = check_operands(instr.dst, rest, true);
    if (!wrong.empty()) return wrong;
    const char* arguments = rest + 1;  // behind the ':'
    wrong = check_operands(instr.args, arguments, false);
    if (!wrong.empty()) return wrong;
    for (uint32_t target : instr.target)
      if (target != kNoBlock && target >= function_.blocks.size()) return "no such block";
    return check_aux(instr);
  }

  // Matches operands with the letters at `rest`, up to ':' or the end.
  std::string check_operands(const std::vector<Operand>& operands, const char*& rest, bool dst) {
    size_t i = 0;
    for (; *rest && *rest != ':'; ++rest) {
      char letter = *rest;
      if (letter == 'k' || letter == 'v') {
        for (; i < operands.size(); ++i)
          if (!fits(operands[i], letter, dst)) return "an operand of the wrong kind";
        continue;
      }
      bool optional = letter == '-';
      if (optional) letter = *++rest;
      if (i >= operands.size()) return "too few operands";
      if (!(optional && operands[i].kind == Operand::Kind::none) && !fits(operands[i], letter, dst))
        return "an operand of the wrong kind";
      ++i;
    }
    return i == operands.size() ? "" : "too many operands";
  }

  bool fits(const Operand& operand, char letter, bool dst) {
    using Kind = Operand::Kind;
    auto below = [&](size_t size) { return static_cast<uint64_t>(operand.value) < size; };
    bool reg = operand.kind == Kind::reg && below(function_.registers);
    bool slot = operand.kind == Kind::slot && below(function_.slots.size());
    bool stat = operand.kind == Kind::stat && below(function_.stats.size());
    bool literal = operand.kind == Kind::literal && below(image_.literals.size());
    bool imm = operand.kind == Kind::imm;
    switch (letter) {
      case 'r':
        return reg;
      case 's':
        return slot;
      case 't':
        return stat;
      case 'i':
        return reg || imm;
      case 'a':
        return slot || literal;
      case 'k':
        return reg || imm || slot || literal || operand.kind == Kind::any;
      case 'v':
        return dst ? reg || slot || stat || operand.kind == Kind::none
                   : reg || imm || slot || literal || stat;
      default:
        return false;
    }
  }

  std::string check_aux(const Instr& instr) {
    auto below = [&](size_t size) { return instr.aux < size; };
    switch (instr.op) {
      case Op::print:
      case Op::raise:
        return below(image_.formats.size()) ? "" : "no such format";
      case Op::call:
        return below(image_.functions.size()) ? "" : "no such function";
      case Op::regex_test:
      case Op::regex_match:
        return below(image_.regexes.size()) ? "" : "no such regular expression";
      case Op::tell:
        return below(image_.conditions.size()) ? "" : "no such condition";
      case Op::lock:
      case Op::unlock:
        return below(function_.lock_sets.size()) ? "" : "no such lock set";
      case Op::iter_open:
      case Op::iter_next:
      case Op::iter_close:
        if (static_cast<size_t>(instr.sub) >= function_.iterations.size())
          return "no such iteration";
        [[fallthrough]];
      case Op::global_load:
      case Op::global_store:
      case Op::global_add:
      case Op::global_load_string:
      case Op::global_store_string:
      case Op::array_load:
      case Op::array_load_string:
      case Op::array_store:
      case Op::array_store_string:
      case Op::array_add:
      case Op::array_has:
      case Op::array_delete:
      case Op::array_clear:
      case Op::stat_add:
      case Op::stat_read:
        return below(image_.globals.size()) ? "" : "no such global";
      default:
        return "";
    }
  }

  const Function& function_;
  const ProgramImage& image_;
};

}  // namespace

Status check(const Function& function, const ProgramImage& image) {
  return Checker(function, image).run();
}

}  // namespace stapd::ir
