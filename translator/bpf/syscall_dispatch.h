// Many system calls on one hook: a program on raw sys_enter or sys_exit that goes on to the program
// of the call's number. A hook of its own for each call costs other calls less, but twice as much
// when it is hit, and the kernel takes about 20 ms to give each one back.
#pragma once

#include "translator/bpf/generate.h"

namespace stapd::bpf {

// From this many calls on, they share a hook.
constexpr size_t kSharedSyscalls = 16;

class SyscallHooks {
 public:
  // Looks at what the probes of `image` ask for.
  SyscallHooks(const ProgramImage& image, const CodegenFacts& facts);

  bool any_shared() const { return shared_[0] || shared_[1]; }
  // Of a system call's probe: the shared hook's when it can have the call, else that of its own.
  ProgramContext context_of(const ProbeSpec& probe);

  // Adds the shared hooks that context_of() decided on.
  Status add_to(ProgramImage& image) const;

 private:
  Result<ProgramSpec> make_program(bool returns, uint32_t map) const;

  const CodegenFacts& facts_;
  bool shared_[2] = {};               // entry, return: enough calls
  std::vector<uint32_t> numbers_[2];  // calls that share it
};

}  // namespace stapd::bpf
