#include "runtime/image/ir_text.h"

#include <iterator>

namespace stapd::ir {
namespace {

constexpr const char* kCompare[] = {"eq", "ne", "lt", "le", "gt", "ge", "ult"};
constexpr const char* kContext[] = {"pid",    "tid",     "uid",      "gid",     "cpu",
                                    "task",   "mono_ns", "real_ns",  "jiffies", "cycles",
                                    "target", "random",  "user_mode"};
constexpr const char* kStatField[] = {"count",   "sum",      "min",   "max",
                                      "average", "variance", "bucket"};

template <size_t N>
std::string name_of(const char* const (&names)[N], int index) {
  return index >= 0 && static_cast<size_t>(index) < N ? names[index] : std::to_string(index);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '"' || c == '\\')
      out += std::string("\\") + c;
    else if (static_cast<unsigned char>(c) < 32)
      fmt::format_to(std::back_inserter(out), "\\{:03o}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + "\"";
}

std::string text_of(const Operand& operand, const ProgramImage& image) {
  switch (operand.kind) {
    case Operand::Kind::none:
      return "_";
    case Operand::Kind::reg:
      return fmt::format("r{}", operand.value);
    case Operand::Kind::imm:
      return fmt::format("{}", operand.value);
    case Operand::Kind::slot:
      return fmt::format("s{}", operand.value);
    case Operand::Kind::stat:
      return fmt::format("t{}", operand.value);
    case Operand::Kind::any:
      return "*";
    case Operand::Kind::literal:
      return static_cast<size_t>(operand.value) < image.literals.size()
                 ? quoted(image.literals[operand.value])
                 : fmt::format("literal{}", operand.value);
  }
  return "?";
}

// The meaning of `sub`, as ".lt", for the operations that have one.
std::string sub_text(const Instr& instr) {
  switch (instr.op) {
    case Op::set:
    case Op::branch:
      return "." + name_of(kCompare, instr.sub);
    case Op::context:
      return "." + name_of(kContext, instr.sub);
    case Op::context_string:
      return ".execname";
    case Op::stat_field:
      return "." + name_of(kStatField, instr.sub);
    case Op::load:
      return fmt::format(".{}{}", instr.sub < 0 ? "s" : "u", 8 * std::abs(instr.sub));
    case Op::extend:
      return fmt::format(".{}{}", instr.sub < 0 ? "s" : "u", std::abs(instr.sub));
    case Op::iter_open:
    case Op::iter_next:
    case Op::iter_close:
    case Op::action:
    case Op::skip:
      return fmt::format(".{}", instr.sub);
    default:
      return "";
  }
}

template <size_t N>
void add_each(std::vector<std::string>& names, Op op, const char* const (&subs)[N]) {
  for (const char* sub : subs) names.push_back(fmt::format("{}.{}", info(op).text, sub));
}

bool is_global_op(Op op) {
  return (op >= Op::global_load && op <= Op::stat_read) || op == Op::iter_open ||
         op == Op::iter_next || op == Op::iter_close;
}

// What `aux` names, as "@name".
std::string aux_text(const Instr& instr, const ProgramImage& image) {
  if (is_global_op(instr.op))
    return instr.aux < image.globals.size() ? " @" + image.globals[instr.aux].name : " @?";
  switch (instr.op) {
    case Op::argument:
    case Op::reg:
    case Op::user_reg:
    case Op::print:
    case Op::raise:
    case Op::tell:
    case Op::lock:
    case Op::unlock:
    case Op::str_append_number:
    case Op::str_append_fitted:
      return fmt::format(" #{}", instr.aux);
    case Op::load:
    case Op::load_string:
    case Op::load_bytes:
      return instr.aux == static_cast<uint32_t>(Space::user) ? " user" : " kernel";
    case Op::call:
      return instr.aux < image.functions.size() ? " " + image.functions[instr.aux].name : " ?";
    default:
      return "";
  }
}

}  // namespace

std::vector<std::string> operation_names() {
  std::vector<std::string> names;
  for (int i = 0; i < kOps; ++i) {
    const auto op = static_cast<Op>(i);
    switch (op) {
      case Op::set:
      case Op::branch:
        add_each(names, op, kCompare);
        break;
      case Op::context:
        add_each(names, op, kContext);
        break;
      case Op::stat_field:
        add_each(names, op, kStatField);
        break;
      default:
        names.emplace_back(info(op).text);
    }
  }
  return names;
}

std::string to_text(const Instr& instr, const ProgramImage& image) {
  std::string out;
  for (size_t i = 0; i < instr.dst.size(); ++i)
    out += (i ? ", " : "") + text_of(instr.dst[i], image);
  if (!instr.dst.empty()) out += " = ";
  out += info(instr.op).text + sub_text(instr) + aux_text(instr, image);
  for (size_t i = 0; i < instr.args.size(); ++i)
    out += (i ? ", " : " ") + text_of(instr.args[i], image);
  for (size_t i = 0; i < 2; ++i)
    if (instr.target[i] != kNoBlock)
      out += fmt::format("{}b{}", i ? ", " : " -> ", instr.target[i]);
  return out;
}

std::string to_text(const Function& function, const ProgramImage& image) {
  std::string out =
      fmt::format("{} {}(", function.is_handler ? "handler" : "function", function.name);
  for (size_t i = 0; i < function.params.size(); ++i)
    out += (i ? ", " : "") + text_of(function.params[i], image);
  out += fmt::format(") registers {}", function.registers);
  for (size_t i = 0; i < function.slots.size(); ++i)
    out += fmt::format("{}s{}:{}", i ? " " : " slots ", i, function.slots[i]);
  for (size_t i = 0; i < function.lock_sets.size(); ++i) {
    out += fmt::format(" locks #{}:", i);
    for (uint32_t global : function.lock_sets[i].globals)
      out += " " + (global < image.globals.size() ? image.globals[global].name : "?");
  }
  out += "\n";
  for (size_t b = 0; b < function.blocks.size(); ++b) {
    out += fmt::format("b{}:\n", b);
    for (const Instr& instr : function.blocks[b].code) out += "  " + to_text(instr, image) + "\n";
  }
  return out;
}

}  // namespace stapd::ir
