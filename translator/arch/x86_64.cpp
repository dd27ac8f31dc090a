// x86_64, and what it says of 32-bit programs that it runs.
#include <elf.h>

#include "translator/arch/machine.h"

namespace stapd::arch {
namespace {

// struct pt_regs, in its own order.
enum Slot : uint16_t {
  kR15 = 0,
  kR14 = 8,
  kR13 = 16,
  kR12 = 24,
  kRbp = 32,
  kRbx = 40,
  kR11 = 48,
  kR10 = 56,
  kR9 = 64,
  kR8 = 72,
  kRax = 80,
  kRcx = 88,
  kRdx = 96,
  kRsi = 104,
  kRdi = 112,
  kOrigRax = 120,
  kRip = 128,
  kCs = 136,
  kFlags = 144,
  kRsp = 152,
  kSs = 160,
};

constexpr Register kRegisters[] = {
    {"r15", kR15, 8},
    {"r14", kR14, 8},
    {"r13", kR13, 8},
    {"r12", kR12, 8},
    {"rbp", kRbp, 8},
    {"rbx", kRbx, 8},
    {"r11", kR11, 8},
    {"r10", kR10, 8},
    {"r9", kR9, 8},
    {"r8", kR8, 8},
    {"rax", kRax, 8},
    {"rcx", kRcx, 8},
    {"rdx", kRdx, 8},
    {"rsi", kRsi, 8},
    {"rdi", kRdi, 8},
    {"rip", kRip, 8},
    {"orig_rax", kOrigRax, 8},
    {"xcs", kCs, 8},
    {"eflags", kFlags, 8},
    {"rsp", kRsp, 8},
    {"xss", kSs, 8},
    {"ebp", kRbp, 4},
    {"ebx", kRbx, 4},
    {"eax", kRax, 4},
    {"ecx", kRcx, 4},
    {"edx", kRdx, 4},
    {"esi", kRsi, 4},
    {"edi", kRdi, 4},
    {"eip", kRip, 4},
    {"orig_eax", kOrigRax, 4},
    {"esp", kRsp, 4},
    {"bp", kRbp, 2},
    {"bx", kRbx, 2},
    {"ax", kRax, 2},
    {"cx", kRcx, 2},
    {"dx", kRdx, 2},
    {"si", kRsi, 2},
    {"di", kRdi, 2},
    {"orig_ax", kOrigRax, 2},
    {"ip", kRip, 2},
    {"cs", kCs, 2},
    {"flags", kFlags, 2},
    {"sp", kRsp, 2},
    {"ss", kSs, 2},
    {"al", kRax, 1},
    {"ah", kRax + 1, 1},
    {"bl", kRbx, 1},
    {"bh", kRbx + 1, 1},
    {"cl", kRcx, 1},
    {"ch", kRcx + 1, 1},
    {"dl", kRdx, 1},
    {"dh", kRdx + 1, 1},
};

constexpr uint16_t kFunctionArguments[] = {kRdi, kRsi, kRdx, kRcx, kR8, kR9};
constexpr uint16_t kSystemCallArguments[] = {kRdi, kRsi, kRdx, kR10, kR8, kR9};
// System V ABI, "DWARF Register Number Mapping"; 16 is the return address.
constexpr uint16_t kDwarf[] = {kRax, kRdx, kRcx, kRbx, kRsi, kRdi, kRbp, kRsp, kR8,
                               kR9,  kR10, kR11, kR12, kR13, kR14, kR15, kRip};

using Code = std::span<const uint8_t>;

bool starts_with(Code code, std::initializer_list<uint8_t> bytes) {
  if (code.size() < bytes.size()) return false;
  return std::equal(bytes.begin(), bytes.end(), code.begin());
}

// What the kernel's uprobes carry out themselves instead of letting the program step over it
// (branch_setup_xol_ops() and push_setup_xol_ops() in arch/x86/kernel/uprobes.c). Long nops only
// since 6.18; before, they cost no more than the endbr64 in front of them.
bool is_emulated(Code code) {
  if (code.empty()) return false;
  uint8_t first = code[0];
  if (first == 0x66 && code.size() > 1 && code[1] == 0x90) return true;  // two-byte nop
  if (starts_with(code, {0x66, 0x0f, 0x1f}) || starts_with(code, {0x0f, 0x1f})) return true;
  if (first == 0x0f) return code.size() > 1 && (code[1] & 0xf0) == 0x80;  // jcc far
  if (first == 0x41) return code.size() > 1 && (code[1] & 0xf8) == 0x50;  // push r8 to r15
  bool is_push = (first & 0xf8) == 0x50;
  bool is_short_jcc = (first & 0xf0) == 0x70;
  return is_push || is_short_jcc || first == 0x90 || first == 0xe8 || first == 0xe9 ||
         first == 0xeb;
}

unsigned skip_endbr(Code code) {
  constexpr unsigned kEndbrBytes = 4;
  bool is_endbr =
      starts_with(code, {0xf3, 0x0f, 0x1e, 0xfa}) || starts_with(code, {0xf3, 0x0f, 0x1e, 0xfb});
  return is_endbr && is_emulated(code.subspan(kEndbrBytes)) ? kEndbrBytes : 0;
}

}  // namespace

const Machine kX86_64 = {
    .name = "x86_64",
    .systemtap_name = "x86_64",
    .elf_machine = EM_X86_64,
    .page_size = 4096,
    .pt_regs_size = 168,
    .registers = kRegisters,
    .function_arguments = kFunctionArguments,
    .system_call_arguments = kSystemCallArguments,
    .return_value = kRax,
    .stack_pointer = kRsp,
    .instruction_pointer = kRip,
    .frame_pointer = kRbp,
    .system_call_number = kOrigRax,
    .compat_status_flag = 2,  // TS_COMPAT
    .stack_slots_before_arguments = 1,
    .dwarf_registers = kDwarf,
    .probe_site_skip = skip_endbr,
};

}  // namespace stapd::arch
