#include "translator/arch/machine.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <set>

#include "translator/arch/syscalls.h"

#ifdef __x86_64__
#include <asm/ptrace.h>

#include <cstddef>
#endif

namespace stapd::arch {
namespace {

TEST(Machines, AreFoundByBothNames) {
  EXPECT_EQ(find_machine("x86_64"), &kX86_64);
  EXPECT_EQ(find_machine("aarch64"), &kAarch64);
  EXPECT_EQ(find_machine("arm64"), nullptr) << "uname says aarch64";
  EXPECT_EQ(find_machine_of_elf(EM_X86_64), &kX86_64);
  EXPECT_EQ(find_machine_of_elf(EM_386), &kX86_64);
  EXPECT_EQ(find_machine_of_elf(EM_AARCH64), &kAarch64);
  EXPECT_EQ(find_machine_of_elf(EM_PPC64), nullptr);
}

TEST(Registers, LieWithinThePtRegs) {
  for (const Machine* machine : {&kX86_64, &kAarch64}) {
    std::set<std::string_view> names;
    for (const Register& r : machine->registers) {
      EXPECT_TRUE(names.insert(r.name).second) << r.name << " occurs twice";
      EXPECT_LE(r.offset + r.bytes, machine->pt_regs_size) << r.name;
    }
  }
}

#ifdef __x86_64__
TEST(Registers, AreWhereTheHeadersSay) {
  auto offset = [](std::string_view name) { return kX86_64.find_register(name)->offset; };
  EXPECT_EQ(offset("r15"), offsetof(struct pt_regs, r15));
  EXPECT_EQ(offset("rbp"), offsetof(struct pt_regs, rbp));
  EXPECT_EQ(offset("r8"), offsetof(struct pt_regs, r8));
  EXPECT_EQ(offset("rax"), offsetof(struct pt_regs, rax));
  EXPECT_EQ(offset("rcx"), offsetof(struct pt_regs, rcx));
  EXPECT_EQ(offset("rdx"), offsetof(struct pt_regs, rdx));
  EXPECT_EQ(offset("rsi"), offsetof(struct pt_regs, rsi));
  EXPECT_EQ(offset("rdi"), offsetof(struct pt_regs, rdi));
  EXPECT_EQ(offset("orig_rax"), offsetof(struct pt_regs, orig_rax));
  EXPECT_EQ(offset("rip"), offsetof(struct pt_regs, rip));
  EXPECT_EQ(offset("rsp"), offsetof(struct pt_regs, rsp));
  EXPECT_EQ(kX86_64.pt_regs_size, sizeof(struct pt_regs));
  EXPECT_EQ(kX86_64.return_value, offsetof(struct pt_regs, rax));
  EXPECT_EQ(kX86_64.function_arguments[3], offsetof(struct pt_regs, rcx));
  EXPECT_EQ(kX86_64.system_call_arguments[3], offsetof(struct pt_regs, r10));
}
#endif

TEST(Registers, NarrowNames) {
  EXPECT_EQ(kX86_64.find_register("eax")->bytes, 4);
  EXPECT_EQ(kX86_64.find_register("ax")->bytes, 2);
  EXPECT_EQ(kX86_64.find_register("ah")->offset, kX86_64.find_register("al")->offset + 1);
  EXPECT_EQ(kAarch64.find_register("w3")->offset, kAarch64.find_register("x3")->offset);
  EXPECT_FALSE(kX86_64.find_register("x0"));
}

TEST(Registers, ByDwarfNumber) {
  EXPECT_EQ(kX86_64.offset_of_dwarf_register(5), kX86_64.find_register("rdi")->offset);
  EXPECT_EQ(kX86_64.offset_of_dwarf_register(7), kX86_64.find_register("rsp")->offset);
  EXPECT_EQ(kAarch64.offset_of_dwarf_register(31), kAarch64.find_register("sp")->offset);
  EXPECT_FALSE(kX86_64.offset_of_dwarf_register(17)) << "xmm0 is not in pt_regs";
}

unsigned skip(std::initializer_list<uint8_t> bytes) {
  std::vector<uint8_t> code(bytes);
  return kX86_64.probe_site_skip(code);
}

TEST(ProbeSite, BehindEndbrWhenTheKernelEmulatesWhatFollows) {
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa, 0x55}), 4u) << "push rbp";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa, 0x41, 0x57}), 4u) << "push r15";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa, 0x90}), 4u) << "nop";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa, 0x66, 0x90}), 4u) << "nop of two bytes";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0x1f, 0x44, 0, 0}), 4u) << "nop of five";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa, 0xe9, 0, 0, 0, 0}), 4u) << "jmp";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa, 0xeb, 0}), 4u) << "jmp short";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa, 0xe8, 0, 0, 0, 0}), 4u) << "call";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0x84, 0, 0, 0, 0}), 4u) << "je";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfb, 0x55}), 4u) << "endbr32";
}

TEST(ProbeSite, ElseTheEntry) {
  EXPECT_EQ(skip({0x55, 0x48, 0x89, 0xe5}), 0u) << "no endbr64";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x83, 0xec, 8}), 0u) << "sub rsp, 8";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa, 0x41, 0x89}), 0u) << "mov with a prefix";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0x05}), 0u) << "syscall";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa, 0x31, 0xc0}), 0u) << "xor";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa}), 0u) << "the code ends here";
  EXPECT_EQ(skip({0xf3, 0x0f, 0x1e, 0xfa, 0x0f}), 0u);
  EXPECT_EQ(skip({0xf3, 0x0f}), 0u);
  EXPECT_EQ(skip({}), 0u);
}

TEST(SystemCalls, ByNameAndNumber) {
  auto calls = system_calls(kX86_64);
  EXPECT_EQ(find_system_call(calls, "read"), 0u);
  EXPECT_EQ(find_system_call(calls, "openat"), 257u);
  EXPECT_EQ(find_system_call(calls, "mseal"), 462u) << "younger than the headers";
  EXPECT_FALSE(find_system_call(calls, "nosuch"));
  EXPECT_EQ(find_system_call_name(calls, 257), "openat");
  EXPECT_EQ(find_system_call_name(calls, 350), "") << "a gap";
  EXPECT_EQ(find_system_call_name(calls, 99999), "");
  EXPECT_EQ(find_system_call(compat_system_calls(kX86_64), "open"), 5u);
  EXPECT_EQ(find_system_call(system_calls(kAarch64), "openat"), 56u);
  EXPECT_EQ(find_system_call(system_calls(kAarch64), "fcntl"), 25u) << "an alias in the header";
  EXPECT_TRUE(compat_system_calls(kAarch64).empty());
}

TEST(SystemCalls, AreInOrder) {
  for (const Machine* machine : {&kX86_64, &kAarch64}) {
    for (auto calls : {system_calls(*machine), compat_system_calls(*machine)}) {
      for (size_t i = 1; i < calls.size(); ++i) EXPECT_LT(calls[i - 1].number, calls[i].number);
    }
  }
}

TEST(SystemCalls, NamesInTracefs) {
  EXPECT_EQ(tracefs_name_of_system_call("stat"), "newstat");
  EXPECT_EQ(tracefs_name_of_system_call("openat"), "openat");
}

}  // namespace
}  // namespace stapd::arch
