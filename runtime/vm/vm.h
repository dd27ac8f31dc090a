// Runs handlers in the daemon: an interpreter of the handler IR over the session's maps. It means
// exactly what the programs in the kernel mean.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/format/record_text.h"
#include "runtime/image/program_image.h"
#include "runtime/ring/ring_writer.h"
#include "runtime/vm/map_access.h"

namespace stapd {

// Where a handler runs, as it sees it. The default is this process.
struct HandlerContext {
  uint32_t pid = 0, tid = 0, uid = 0, gid = 0, cpu = 0;
  std::string execname;
  uint64_t task = 0;
  std::vector<uint64_t> arguments;
  // Reads memory of the kernel or of the process; false is a fault.
  std::function<bool(ir::Space, uint64_t address, void* to, size_t size)> read_memory;

  std::function<int64_t()> jiffies;

  static HandlerContext of_this_process();
};

struct HandlerResult {
  enum class End : uint8_t { done, raised };
  End end = End::done;
  bool exit_requested = false;
};

class Vm {
 public:
  // Borrows all. `segment` is where records go; null throws them away.
  Vm(const ProgramImage& image, MapAccess& maps, RingWriter* segment);

  // Runs the handler `function`. `action_limit`: statements that it may execute.
  HandlerResult run(uint32_t function, const HandlerContext& context, uint32_t action_limit);
  // What a condition's function returns.
  int64_t evaluate(uint32_t function);

 private:
  friend class Activation;

  const ProgramImage& image_;
  MapAccess& maps_;
  RingWriter* segment_;
  RecordFormatter formatter_;
};

}  // namespace stapd
