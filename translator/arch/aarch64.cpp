// aarch64. Prepared: the tables are complete, no test host runs it yet.
#include <elf.h>

#include <array>

#include "translator/arch/machine.h"

namespace stapd::arch {
namespace {

constexpr uint16_t x(unsigned number) { return static_cast<uint16_t>(number * 8); }
constexpr uint16_t kSp = 248, kPc = 256, kPstate = 264, kOrigX0 = 272, kSystemCallNumber = 280;

constexpr Register kRegisters[] = {
    {"x0", x(0), 8},         {"x1", x(1), 8},   {"x2", x(2), 8},   {"x3", x(3), 8},
    {"x4", x(4), 8},         {"x5", x(5), 8},   {"x6", x(6), 8},   {"x7", x(7), 8},
    {"x8", x(8), 8},         {"x9", x(9), 8},   {"x10", x(10), 8}, {"x11", x(11), 8},
    {"x12", x(12), 8},       {"x13", x(13), 8}, {"x14", x(14), 8}, {"x15", x(15), 8},
    {"x16", x(16), 8},       {"x17", x(17), 8}, {"x18", x(18), 8}, {"x19", x(19), 8},
    {"x20", x(20), 8},       {"x21", x(21), 8}, {"x22", x(22), 8}, {"x23", x(23), 8},
    {"x24", x(24), 8},       {"x25", x(25), 8}, {"x26", x(26), 8}, {"x27", x(27), 8},
    {"x28", x(28), 8},       {"x29", x(29), 8}, {"x30", x(30), 8}, {"fp", x(29), 8},
    {"lr", x(30), 8},        {"sp", kSp, 8},    {"pc", kPc, 8},    {"pstate", kPstate, 8},
    {"orig_x0", kOrigX0, 8}, {"w0", x(0), 4},   {"w1", x(1), 4},   {"w2", x(2), 4},
    {"w3", x(3), 4},         {"w4", x(4), 4},   {"w5", x(5), 4},   {"w6", x(6), 4},
    {"w7", x(7), 4},         {"w8", x(8), 4},   {"w9", x(9), 4},   {"w10", x(10), 4},
    {"w11", x(11), 4},       {"w12", x(12), 4}, {"w13", x(13), 4}, {"w14", x(14), 4},
    {"w15", x(15), 4},       {"w16", x(16), 4}, {"w17", x(17), 4}, {"w18", x(18), 4},
    {"w19", x(19), 4},       {"w20", x(20), 4}, {"w21", x(21), 4}, {"w22", x(22), 4},
    {"w23", x(23), 4},       {"w24", x(24), 4}, {"w25", x(25), 4}, {"w26", x(26), 4},
    {"w27", x(27), 4},       {"w28", x(28), 4}, {"w29", x(29), 4}, {"w30", x(30), 4},
};

constexpr uint16_t kFunctionArguments[] = {x(0), x(1), x(2), x(3), x(4), x(5), x(6), x(7)};
// x0 is overwritten by the result while the call runs; what it was is in orig_x0.
constexpr uint16_t kSystemCallArguments[] = {kOrigX0, x(1), x(2), x(3), x(4), x(5)};

constexpr auto kDwarf = [] {  // x0 to x30, then the stack pointer
  std::array<uint16_t, 32> offsets = {};
  for (unsigned i = 0; i < offsets.size(); ++i) offsets[i] = x(i);
  return offsets;
}();

// `bti c` at a function's entry is a hint that the kernel steps over as it does what follows it.
unsigned no_skip(std::span<const uint8_t>) { return 0; }

}  // namespace

const Machine kAarch64 = {
    .name = "aarch64",
    .systemtap_name = "arm64",
    .elf_machine = EM_AARCH64,
    .page_size = 4096,
    .pt_regs_size = 336,
    .registers = kRegisters,
    .function_arguments = kFunctionArguments,
    .system_call_arguments = kSystemCallArguments,
    .return_value = x(0),
    .stack_pointer = kSp,
    .instruction_pointer = kPc,
    .frame_pointer = x(29),
    .system_call_number = kSystemCallNumber,
    .stack_slots_before_arguments = 0,
    .dwarf_registers = kDwarf,
    .probe_site_skip = no_skip,
};

}  // namespace stapd::arch
