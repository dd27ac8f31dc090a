// The BPF code generator: the handlers of an image to programs.
#pragma once

#include "runtime/base/result.h"
#include "runtime/image/program_image.h"
#include "translator/bpf/data_pool.h"

namespace stapd::bpf {

// Facts of the kernel and machine that instructions depend on.
// Of system calls that are hooked together; thread_status < 0: they cannot be.
struct SyscallFacts {
  std::vector<int32_t> arguments;  // offsets in pt_regs
  int32_t number = 0;              // likewise
  int32_t thread_status = -1;      // in task_struct: where the kernel says that a call is one of
  uint32_t compat_flag = 0;        // another ABI, with other numbers; 0: there is none
};

struct CodegenFacts {
  int32_t task_comm_offset = -1;  // of task_struct's comm; -1: unknown
  bool current_task_btf = false;
  bool lookup_percpu_elem = false;
  std::vector<int32_t>
      argument_registers;  // offsets in pt_regs, for `argument` at a function's entry
  int32_t return_register = 0;
  int32_t code_segment_register = -1;  // pt_regs.cs on x86: bits 0 and 1 set in user mode
  bool unordered_stores = false;       // commit needs a barrier
  bool uprobe_multi = false;           // one link for many places of a program
  SyscallFacts syscall;
};

struct GenerateInput {
  const ProgramImage& image;
  const ir::Function& function;  // calls inlined
  ProgramContext context;
  bool for_daemon;  // writes into the daemon's segment
  const CodegenFacts& facts;
  const std::vector<bool>& contended;  // global -> its statistic is updated by several programs
  bool interruptible = false;          // may execute MAXACTION_INTERRUPTIBLE statements
  bool variables_in_memory = false;    // in the scratch frame, and not in registers or on the stack
  bool is_shared = false;              // by probes whose links have cookies
};

// A program, and what it needs beside what the image has.
struct GeneratedProgram {
  ProgramSpec program;
  uint32_t scratch_size = 0;    // bytes of a scratch frame
  uint32_t longest_string = 0;  // bytes that must be behind every string in a map (library.h)
  std::vector<MapSpec> areas;   // of its foreach loops; their indexes follow image.maps
};

// So many that they should share hooks: SyscallFacts are worth finding out.
bool has_many_syscalls(const ProgramImage& image);

// Makes one program. Grows the image's data map through `data`.
Result<GeneratedProgram> generate_program(const GenerateInput& input, DataPool& data);

// Makes the programs of an image: of every handler of the kernel's events, and of the daemon's
// timers that must run in the kernel, because they share globals with the others in a way that only
// a program can keep whole; with `all_in_kernel` of every handler. Completes the image's maps.
// `handlers`: gets the text of what each program is made of.
Status generate(ProgramImage& image, const CodegenFacts& facts, bool all_in_kernel = false,
                std::string* handlers = nullptr);

}  // namespace stapd::bpf
