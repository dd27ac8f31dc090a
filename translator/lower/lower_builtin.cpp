// Each builtin to its operation.
#include <algorithm>

#include "runtime/base/check.h"
#include "translator/lower/function_lowering.h"

namespace stapd {

using ir::ContextValue;
using ir::Op;
using sem::Expr;

namespace {

std::optional<ContextValue> context_value(Builtin builtin) {
  switch (builtin) {
    case Builtin::pid:
      return ContextValue::pid;
    case Builtin::tid:
      return ContextValue::tid;
    case Builtin::uid:
      return ContextValue::uid;
    case Builtin::gid:
      return ContextValue::gid;
    case Builtin::cpu:
      return ContextValue::cpu;
    case Builtin::task:
      return ContextValue::task;
    case Builtin::target:
      return ContextValue::target;
    case Builtin::user_mode:
      return ContextValue::user_mode;
    case Builtin::stp_pid:
      return ContextValue::shown_by;
    case Builtin::mono_ns:
      return ContextValue::mono_ns;
    case Builtin::real_ns:
      return ContextValue::real_ns;
    case Builtin::jiffies:
      return ContextValue::jiffies;
    case Builtin::cycles:
      return ContextValue::cycles;
    case Builtin::random:
      return ContextValue::random;
    default:
      return std::nullopt;
  }
}

struct Access {
  ir::Space space;
  int8_t size;  // as in ir: bytes, negative for signed
};

std::optional<Access> access_of(Builtin builtin) {
  switch (builtin) {
    case Builtin::kernel_s8:
      return Access{ir::Space::kernel, -1};
    case Builtin::kernel_s16:
      return Access{ir::Space::kernel, -2};
    case Builtin::kernel_s32:
      return Access{ir::Space::kernel, -4};
    case Builtin::kernel_s64:
      return Access{ir::Space::kernel, -8};
    case Builtin::user_s8:
      return Access{ir::Space::user, -1};
    case Builtin::user_u8:
      return Access{ir::Space::user, 1};
    case Builtin::user_s16:
      return Access{ir::Space::user, -2};
    case Builtin::user_u16:
      return Access{ir::Space::user, 2};
    case Builtin::user_s32:
      return Access{ir::Space::user, -4};
    case Builtin::user_u32:
      return Access{ir::Space::user, 4};
    case Builtin::user_s64:
      return Access{ir::Space::user, -8};
    default:
      return std::nullopt;
  }
}

}  // namespace

FunctionLowering::Operand FunctionLowering::builtin(const Expr& expr) {
  Builtin which = static_cast<Builtin>(expr.index);
  if (std::optional<ContextValue> value = context_value(which)) {
    Operand result = build_.make_reg();
    build_.append(Op::context, {result}, {}, 0, static_cast<int8_t>(*value));
    return result;
  }
  if (access_of(which)) return builtin_load(which, expr);
  switch (which) {
    case Builtin::execname: {
      Operand slot = build_.make_slot(16);
      build_.append(Op::context_string, {slot}, {}, 0,
                    static_cast<int8_t>(ir::ContextString::execname));
      return slot;
    }
    case Builtin::strlen: {
      Operand result = build_.make_reg();
      build_.append(Op::str_length, {result}, {string(*expr.args[0])});
      return result;
    }
    case Builtin::byte_at: {
      Operand text = stable(string(*expr.args[0]), {expr.args[1]});
      Operand index = integer(*expr.args[1]), result = build_.make_reg();
      build_.append(Op::str_byte, {result}, {text, index});
      return result;
    }
    case Builtin::substr: {
      Operand text = stable(string(*expr.args[0]), {expr.args[1], expr.args[2]});
      Operand start = stable(integer(*expr.args[1]), {expr.args[2]});
      Operand size = integer(*expr.args[2]);
      Operand slot = build_.make_slot(std::max(expr.capacity, 8u));
      build_.append(Op::str_slice, {slot}, {text, start, size});
      return slot;
    }
    case Builtin::match_groups: {
      Operand result = build_.make_reg();
      build_.append(Op::regex_groups, {result}, {});
      return result;
    }
    case Builtin::match_group: {
      Operand group = integer(*expr.args[0]);
      Operand slot = build_.make_slot(std::max(expr.capacity, 8u));
      build_.append(Op::regex_group, {slot}, {group});
      return slot;
    }
    case Builtin::kernel_string:
      return builtin_string_load(expr, ir::Space::kernel);
    case Builtin::user_string:
      return builtin_string_load(expr, ir::Space::user);
    case Builtin::exit:
      build_.append(Op::request_exit, {}, {});
      return Operand::imm(0);
    case Builtin::abort:
      build_.append(Op::request_exit, {}, {});
      // Uncaught, whatever surrounds it, and without a message.
      build_.append(Op::skip, {}, {}, 0, -1);
      return Operand::imm(0);
    case Builtin::warn:
      message_record(RecordChannel::warning, *expr.args[0]);
      return Operand::imm(0);
    case Builtin::system:
      message_record(RecordChannel::system, *expr.args[0]);
      return Operand::imm(0);
    case Builtin::error: {
      FormatPiece piece;
      piece.conversion = FormatPiece::Conversion::string;
      const Expr& text = *expr.args[0];
      if (std::optional<FormatPiece::Source> constant = constant_source(text)) {
        piece.value = *constant;
        raise(expr, {piece}, {}, {});
      } else {
        piece.value = {FormatPiece::Source::Kind::field, 0, ""};
        Operand message = string(text);
        raise(expr, {piece}, {message}, {field_of(text)});
      }
      return Operand::imm(0);
    }
    default:
      break;
  }
  fail_with(failf(ErrorCode::internal, "{}: a builtin that has no operation: {}",
                  image_.place_text(expr.where), info(which).name));
  return Operand::imm(0);
}

FunctionLowering::Operand FunctionLowering::builtin_load(Builtin which, const Expr& expr) {
  Access access = *access_of(which);
  Operand address = integer(*expr.args[0]);
  Operand value = build_.make_reg(), status = build_.make_reg();
  build_.append(Op::load, {value, status}, {address}, static_cast<uint32_t>(access.space),
                access.size);
  uint32_t fault = build_.make_block(), go_on = build_.make_block();
  build_.branch(ir::Compare::ne, status, Operand::imm(0), fault, go_on);
  build_.set_block(fault);
  raise_fault(expr, access.space, "", address);
  build_.set_block(go_on);
  return value;
}

FunctionLowering::Operand FunctionLowering::builtin_string_load(const Expr& expr, ir::Space space) {
  Operand address = stable(integer(*expr.args[0]), {expr.args[1]});
  Operand most = integer(*expr.args[1]);
  Operand slot = build_.make_slot(std::max(expr.capacity, 8u)), status = build_.make_reg();
  build_.append(Op::load_string, {slot, status}, {address, most}, static_cast<uint32_t>(space));
  uint32_t fault = build_.make_block(), go_on = build_.make_block();
  build_.branch(ir::Compare::ne, status, Operand::imm(0), fault, go_on);
  build_.set_block(fault);
  raise_fault(expr, space, "", address);
  build_.set_block(go_on);
  return slot;
}

}  // namespace stapd
