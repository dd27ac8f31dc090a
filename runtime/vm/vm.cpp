#include "runtime/vm/vm.h"

#include <sched.h>
#include <unistd.h>

#include <fstream>

#include "runtime/vm/activation.h"

namespace stapd {

HandlerContext HandlerContext::of_this_process() {
  HandlerContext context;
  context.pid = static_cast<uint32_t>(getpid());
  context.tid = static_cast<uint32_t>(gettid());
  context.uid = getuid();
  context.gid = getgid();
  context.cpu = static_cast<uint32_t>(sched_getcpu());
  std::ifstream comm("/proc/thread-self/comm");
  std::getline(comm, context.execname);
  return context;
}

Vm::Vm(const ProgramImage& image, MapAccess& maps, RingWriter* segment)
    : image_(image), maps_(maps), segment_(segment), formatter_(image.formats) {}

HandlerResult Vm::run(uint32_t function, const HandlerContext& context, uint32_t action_limit) {
  Invocation invocation{context, action_limit};
  Activation activation(*this, image_.functions[function], invocation);
  HandlerResult result;
  if (activation.run({}, {}) == Activation::End::raised) result.end = HandlerResult::End::raised;
  result.exit_requested = invocation.exit_requested;
  return result;
}

// It asks nothing of where it runs, and has no statements to count.
int64_t Vm::evaluate(uint32_t function) {
  HandlerContext nowhere;
  Invocation invocation{nowhere, 0};
  Activation activation(*this, image_.functions[function], invocation);
  // An image from outside could end otherwise: then the handler is asked.
  return activation.run({}, {}) == Activation::End::returned ? activation.result_numbers()[0] : 1;
}

}  // namespace stapd
