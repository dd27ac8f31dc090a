// process("PATH").begin, process(PID).end and the like sit on tracepoints that every process hits:
// their handlers are made to begin with the question whether it is theirs.
#pragma once

#include "runtime/image/program_image.h"

namespace stapd {

// Where the kernel keeps the file that a process runs: offsets of members, from BTF.
struct ProcessFacts {
  int64_t task_mm = -1;            // task_struct.mm
  int64_t mm_exe_file = -1;        // mm_struct.exe_file
  int64_t file_inode = -1;         // file.f_inode
  int64_t inode_number = -1;       // inode.i_ino
  int64_t inode_superblock = -1;   // inode.i_sb
  int64_t superblock_device = -1;  // super_block.s_dev
};

// True when an image has such probes with a path: then the facts are needed.
bool has_process_paths(const ProgramImage& image);

// Rewrites the handlers of process_begin and process_end probes. At the end of a process the kernel
// does not know its file any more: for a path, a probe of ours at its begin notes its pid in a
// global of ours. Whoever runs the session runs begin handlers for the processes that are there
// already.
void guard_processes(ProgramImage& image, const ProcessFacts& facts);

}  // namespace stapd
