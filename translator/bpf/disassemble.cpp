#include "translator/bpf/disassemble.h"

#include <fmt/core.h>
#include <linux/bpf.h>

#include <algorithm>
#include <cstring>
#include <iterator>

namespace stapd::bpf {
namespace {

const char* alu_operator(uint8_t op) {
  switch (op) {
    case BPF_ADD:
      return "+=";
    case BPF_SUB:
      return "-=";
    case BPF_MUL:
      return "*=";
    case BPF_DIV:
      return "/=";
    case BPF_OR:
      return "|=";
    case BPF_AND:
      return "&=";
    case BPF_LSH:
      return "<<=";
    case BPF_RSH:
      return ">>=";
    case BPF_MOD:
      return "%=";
    case BPF_XOR:
      return "^=";
    case BPF_MOV:
      return "=";
    case BPF_ARSH:
      return "s>>=";
    default:
      return "?=";
  }
}

const char* jump_operator(uint8_t op) {
  switch (op) {
    case BPF_JEQ:
      return "==";
    case BPF_JGT:
      return ">";
    case BPF_JGE:
      return ">=";
    case BPF_JSET:
      return "&";
    case BPF_JNE:
      return "!=";
    case BPF_JSGT:
      return "s>";
    case BPF_JSGE:
      return "s>=";
    case BPF_JLT:
      return "<";
    case BPF_JLE:
      return "<=";
    case BPF_JSLT:
      return "s<";
    case BPF_JSLE:
      return "s<=";
    default:
      return "?";
  }
}

const char* size_name(uint8_t code) {
  switch (BPF_SIZE(code)) {
    case BPF_B:
      return "u8";
    case BPF_H:
      return "u16";
    case BPF_W:
      return "u32";
    default:
      return "u64";
  }
}

std::string alu_text(const bpf_insn& insn) {
  char letter = BPF_CLASS(insn.code) == BPF_ALU ? 'w' : 'r';
  uint8_t op = BPF_OP(insn.code);
  if (op == BPF_NEG) return fmt::format("{0}{1} = -{0}{1}", letter, +insn.dst_reg);
  if (op == BPF_END)
    return fmt::format("r{0} = {1}{2} r{0}", +insn.dst_reg,
                       BPF_SRC(insn.code) == BPF_X ? "be" : "le", insn.imm);
  if (BPF_SRC(insn.code) == BPF_X)
    return fmt::format("{0}{1} {2} {0}{3}", letter, +insn.dst_reg, alu_operator(op), +insn.src_reg);
  return fmt::format("{}{} {} {}", letter, +insn.dst_reg, alu_operator(op), insn.imm);
}

std::string address(uint8_t reg, int16_t off) { return fmt::format("(r{} {:+d})", +reg, off); }

std::string atomic_text(const bpf_insn& insn) {
  std::string where =
      fmt::format("*({} *){}", size_name(insn.code), address(insn.dst_reg, insn.off));
  switch (insn.imm) {
    case BPF_ADD:
      return fmt::format("lock {} += r{}", where, +insn.src_reg);
    case BPF_ADD | BPF_FETCH:
      return fmt::format("r{} = fetch_add({}, r{})", +insn.src_reg, where, +insn.src_reg);
    case BPF_XCHG:
      return fmt::format("r{} = xchg({}, r{})", +insn.src_reg, where, +insn.src_reg);
    case BPF_CMPXCHG:
      return fmt::format("r0 = cmpxchg({}, r0, r{})", where, +insn.src_reg);
    default:
      return fmt::format("atomic {:#x} {}", insn.imm, where);
  }
}

std::string jump_text(const bpf_insn& insn, uint32_t at) {
  uint8_t op = BPF_OP(insn.code);
  if (op == BPF_EXIT) return "exit";
  if (op == BPF_CALL)
    return insn.src_reg == BPF_PSEUDO_CALL ? fmt::format("call pc{:+d}", insn.imm)
                                           : fmt::format("call helper {}", insn.imm);
  uint32_t target = at + 1 + insn.off;
  if (op == BPF_JA) return fmt::format("goto {}", target);
  if (BPF_SRC(insn.code) == BPF_X)
    return fmt::format("if r{} {} r{} goto {}", +insn.dst_reg, jump_operator(op), +insn.src_reg,
                       target);
  return fmt::format("if r{} {} {} goto {}", +insn.dst_reg, jump_operator(op), insn.imm, target);
}

std::string relocation_text(const Relocation& relocation) {
  switch (relocation.kind) {
    case Relocation::Kind::map:
      return fmt::format("map {}", relocation.map);
    case Relocation::Kind::map_value:
      return fmt::format("map {} value +{}", relocation.map, relocation.value);
    case Relocation::Kind::ring_half:
      return "ring half";
    case Relocation::Kind::ring_mask:
      return "ring mask";
    case Relocation::Kind::daemon_segment:
      return "daemon segment";
    case Relocation::Kind::possible_cpus:
      return "possible cpus";
  }
  return "?";
}

std::string insn_text(const bpf_insn& insn, uint32_t at, uint64_t next) {
  switch (BPF_CLASS(insn.code)) {
    case BPF_ALU:
    case BPF_ALU64:
      return alu_text(insn);
    case BPF_LDX:
      return fmt::format("r{} = *({} *){}", +insn.dst_reg, size_name(insn.code),
                         address(insn.src_reg, insn.off));
    case BPF_ST:
      return fmt::format("*({} *){} = {}", size_name(insn.code), address(insn.dst_reg, insn.off),
                         insn.imm);
    case BPF_STX:
      if (BPF_MODE(insn.code) == BPF_ATOMIC) return atomic_text(insn);
      return fmt::format("*({} *){} = r{}", size_name(insn.code), address(insn.dst_reg, insn.off),
                         +insn.src_reg);
    case BPF_LD:
      if (insn.src_reg == BPF_PSEUDO_FUNC)
        return fmt::format("r{} = subprogram pc{:+d}", +insn.dst_reg, insn.imm);
      return fmt::format("r{} = {:#x} ll", +insn.dst_reg,
                         static_cast<uint32_t>(insn.imm) | (next & 0xffffffff00000000ull));
    default:
      return jump_text(insn, at);
  }
}

}  // namespace

std::string disassemble(const ProgramSpec& program) {
  std::string out =
      fmt::format("program {} ({} instructions)\n", program.name, program.insns.size());
  size_t relocation = 0;
  for (uint32_t at = 0; at < program.insns.size(); ++at) {
    auto sub = std::find(program.subprograms.begin(), program.subprograms.end(), at);
    if (sub != program.subprograms.end() && at > 0)
      fmt::format_to(std::back_inserter(out), "subprogram {}:\n",
                     sub - program.subprograms.begin());
    bpf_insn insn;
    std::memcpy(&insn, &program.insns[at], sizeof insn);
    bool wide = insn.code == (BPF_LD | BPF_IMM | BPF_DW) && at + 1 < program.insns.size();
    std::string text = insn_text(insn, at, wide ? program.insns[at + 1] : 0);
    if (relocation < program.relocations.size() && program.relocations[relocation].insn == at)
      text += " ; " + relocation_text(program.relocations[relocation++]);
    fmt::format_to(std::back_inserter(out), "{:4}: {}\n", at, text);
    at += wide;
  }
  return out;
}

}  // namespace stapd::bpf
