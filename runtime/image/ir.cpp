#include "runtime/image/ir.h"

namespace stapd::ir {
namespace {

constexpr OpInfo kOpTable[] = {
#define STAPD_IR_OP(name, text, signature, traits) {text, signature, traits},
#include "runtime/image/ir_op.def"
#undef STAPD_IR_OP
};

}  // namespace

const OpInfo& info(Op op) { return kOpTable[static_cast<size_t>(op)]; }

bool has_trait(Op op, char trait) {
  for (const char* t = info(op).traits; *t; ++t)
    if (*t == trait) return true;
  return false;
}

std::vector<uint32_t> successors(const Block& block) {
  std::vector<uint32_t> result;
  for (uint32_t target : block.code.back().target)
    if (target != kNoBlock) result.push_back(target);
  return result;
}

}  // namespace stapd::ir
