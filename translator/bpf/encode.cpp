#include "translator/bpf/encode.h"

#include <cstring>
#include <limits>
#include <unordered_map>

#include "runtime/base/check.h"

namespace stapd::bpf {
namespace {

class Encoder {
 public:
  explicit Encoder(ProgramSpec& program) : program_(program) {}

  Status run(const std::vector<Function>& functions) {
    for (const Function& function : functions) {
      program_.subprograms.push_back(position());
      STAPD_TRY(add_function(function));
    }
    for (const auto& [at, target] : subprogram_calls_)
      patch_imm(at,
                static_cast<int32_t>(program_.subprograms[target]) - static_cast<int32_t>(at) - 1);
    return {};
  }

 private:
  uint32_t position() const { return static_cast<uint32_t>(program_.insns.size()); }

  Status add_function(const Function& function) {
    labels_.clear();
    jumps_.clear();
    for (const Insn& insn : function.code) add(insn);
    for (const auto& [at, label] : jumps_) {
      int64_t distance = static_cast<int64_t>(labels_.at(label)) - at - 1;
      if (distance > std::numeric_limits<int16_t>::max() ||
          distance < std::numeric_limits<int16_t>::min())
        return failf(ErrorCode::limit, "{}: the handler is too long: a jump over {} instructions",
                     function.name, distance);
      bpf_insn insn = decode(program_.insns[at]);
      insn.off = static_cast<int16_t>(distance);
      program_.insns[at] = bits(insn);
    }
    return {};
  }

  void add(const Insn& insn) {
    if (is_label(insn)) {
      labels_[insn.label] = position();
      return;
    }
    if (program_.lines.empty() || program_.lines.back().second != insn.where)
      program_.lines.push_back({position(), insn.where});
    if (insn.relocation) {
      program_.relocations.push_back(*insn.relocation);
      program_.relocations.back().insn = position();
    }
    if (is_jump(insn)) jumps_.push_back({position(), insn.label});
    bpf_insn out = {};
    out.code = insn.code;
    out.dst_reg = machine(insn.dst);
    out.src_reg = machine(insn.src);
    out.off = insn.off;
    out.imm = static_cast<int32_t>(insn.imm);
    if (insn.code == kSubAddress) {
      subprogram_calls_.push_back({position(), static_cast<uint32_t>(insn.imm)});
      out.code = kLoadImm64;
      out.src_reg = BPF_PSEUDO_FUNC;
    } else if (is_call(insn) && insn.call_subprogram) {
      subprogram_calls_.push_back({position(), static_cast<uint32_t>(insn.imm)});
      out.src_reg = BPF_PSEUDO_CALL;
    }
    if (insn.code == kAtMost) {
      bpf_insn skip = out;
      skip.code = BPF_JMP | BPF_JLE | BPF_K;
      skip.off = 1;
      program_.insns.push_back(bits(skip));
      out.code = BPF_ALU64 | BPF_MOV | BPF_K;
    }
    program_.insns.push_back(bits(out));
    if (out.code == kLoadImm64) {
      bpf_insn high = {};
      high.imm = insn.code == kSubAddress ? 0 : static_cast<int32_t>(insn.imm >> 32);
      program_.insns.push_back(bits(high));
    }
  }

  static uint8_t machine(Reg reg) {
    STAPD_CHECK(reg <= kFramePointer);
    return static_cast<uint8_t>(reg);
  }

  void patch_imm(uint32_t at, int32_t imm) {
    bpf_insn insn = decode(program_.insns[at]);
    insn.imm = imm;
    program_.insns[at] = bits(insn);
  }

  static uint64_t bits(const bpf_insn& insn) {
    uint64_t value;
    static_assert(sizeof insn == sizeof value);
    std::memcpy(&value, &insn, sizeof value);
    return value;
  }
  static bpf_insn decode(uint64_t value) {
    bpf_insn insn;
    std::memcpy(&insn, &value, sizeof insn);
    return insn;
  }

  ProgramSpec& program_;
  std::unordered_map<Label, uint32_t> labels_;
  std::vector<std::pair<uint32_t, Label>> jumps_;
  std::vector<std::pair<uint32_t, uint32_t>> subprogram_calls_;
};

}  // namespace

Status encode(const std::vector<Function>& functions, ProgramSpec& program) {
  return Encoder(program).run(functions);
}

}  // namespace stapd::bpf
