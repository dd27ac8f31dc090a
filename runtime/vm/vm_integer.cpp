#include <cstdlib>

#include "runtime/format/value_text.h"
#include "runtime/vm/activation.h"

namespace stapd {

using ir::Compare;
using ir::Op;

namespace {

bool compare(Compare how, int64_t a, int64_t b) {
  uint64_t ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  switch (how) {
    case Compare::eq:
      return a == b;
    case Compare::ne:
      return a != b;
    case Compare::lt:
      return a < b;
    case Compare::le:
      return a <= b;
    case Compare::gt:
      return a > b;
    case Compare::ge:
      return a >= b;
    case Compare::ult:
      return ua < ub;
  }
  return false;
}

int64_t divide(int64_t a, int64_t b) {
  return b == -1 ? static_cast<int64_t>(-static_cast<uint64_t>(a)) : a / b;
}
int64_t modulo(int64_t a, int64_t b) { return b == -1 ? 0 : a % b; }

}  // namespace

bool Activation::holds(const ir::Instr& branch) const {
  return compare(static_cast<Compare>(branch.sub), number(branch.args[0]), number(branch.args[1]));
}

bool Activation::integer_op(const ir::Instr& instr) {
  if (instr.op > Op::extend) return false;
  int64_t a = number(instr.args[0]);
  int64_t b = instr.args.size() > 1 ? number(instr.args[1]) : 0;
  uint64_t ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  uint64_t result = 0;
  switch (instr.op) {
    case Op::mov:
      result = ua;
      break;
    case Op::neg:
      result = -ua;
      break;
    case Op::bit_not:
      result = ~ua;
      break;
    case Op::add:
      result = ua + ub;
      break;
    case Op::sub:
      result = ua - ub;
      break;
    case Op::mul:
      result = ua * ub;
      break;
    case Op::div:
      result = static_cast<uint64_t>(divide(a, b));
      break;
    case Op::mod:
      result = static_cast<uint64_t>(modulo(a, b));
      break;
    case Op::bit_and:
      result = ua & ub;
      break;
    case Op::bit_or:
      result = ua | ub;
      break;
    case Op::bit_xor:
      result = ua ^ ub;
      break;
    case Op::shl:
      result = ua << (ub & 63);
      break;
    case Op::shr:
      result = ua >> (ub & 63);
      break;
    case Op::sar:
      result = static_cast<uint64_t>(a >> (ub & 63));
      break;
    case Op::set:
      result = compare(static_cast<Compare>(instr.sub), a, b);
      break;
    case Op::extend: {
      int shift = 64 - std::abs(instr.sub);
      result = ua << shift;
      result = instr.sub < 0 ? static_cast<uint64_t>(static_cast<int64_t>(result) >> shift)
                             : result >> shift;
      break;
    }
    default:
      return false;
  }
  set(instr.dst[0], static_cast<int64_t>(result));
  return true;
}

}  // namespace stapd
