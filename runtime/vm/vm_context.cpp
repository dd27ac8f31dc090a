#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>

#include "runtime/base/clock.h"
#include "runtime/vm/activation.h"

namespace stapd {

using ir::ContextValue;
using ir::Op;

bool Activation::context_op(const ir::Instr& instr) {
  switch (instr.op) {
    case Op::context:
      set(instr.dst[0], context_value(static_cast<ContextValue>(instr.sub)));
      return true;
    case Op::context_string:
      set_text(instr.dst[0], invocation_.context.execname);
      return true;
    case Op::argument: {
      const auto& arguments = invocation_.context.arguments;
      set(instr.dst[0],
          instr.aux < arguments.size() ? static_cast<int64_t>(arguments[instr.aux]) : 0);
      return true;
    }
    case Op::reg:
    case Op::user_reg:
      set(instr.dst[0], 0);
      return true;
    case Op::load:
      load_memory(instr);
      return true;
    case Op::load_string:
      load_string(instr);
      return true;
    case Op::load_bytes:
      load_bytes(instr);
      return true;
    default:
      return false;
  }
}

int64_t Activation::context_value(ContextValue which) {
  const HandlerContext& context = invocation_.context;
  switch (which) {
    case ContextValue::pid:
      return context.pid;
    case ContextValue::tid:
      return context.tid;
    case ContextValue::uid:
      return context.uid;
    case ContextValue::gid:
      return context.gid;
    case ContextValue::cpu:
      return context.cpu;
    case ContextValue::task:
      return static_cast<int64_t>(context.task);
    case ContextValue::mono_ns:
    case ContextValue::cycles:
      return static_cast<int64_t>(read_mono_clock());
    case ContextValue::real_ns:
      return static_cast<int64_t>(read_real_clock());
    case ContextValue::jiffies:
      return invocation_.context.jiffies ? invocation_.context.jiffies() : 0;
    case ContextValue::target:
      return reinterpret_cast<const SessionState*>(vm_.maps_.state())->target;
    case ContextValue::random: {
      static thread_local std::minstd_rand engine(std::random_device{}());
      return static_cast<int64_t>(engine());
    }
    case ContextValue::user_mode:
      return 0;
  }
  return 0;
}

void Activation::load_memory(const ir::Instr& instr) {
  unsigned bytes = static_cast<unsigned>(std::abs(instr.sub));
  uint64_t value = 0;
  const auto& read = invocation_.context.read_memory;
  bool ok = read && read(static_cast<ir::Space>(instr.aux),
                         static_cast<uint64_t>(number(instr.args[0])), &value, bytes);
  if (!ok) value = 0;
  int shift = 64 - 8 * static_cast<int>(bytes);
  if (instr.sub < 0 && shift > 0)
    value = static_cast<uint64_t>(static_cast<int64_t>(value << shift) >> shift);
  set(instr.dst[0], static_cast<int64_t>(value));
  set(instr.dst[1], ok ? 0 : 1);
}

// Byte by byte up to the end, the greatest length or a fault, which only counts before the end.
void Activation::load_string(const ir::Instr& instr) {
  uint64_t address = static_cast<uint64_t>(number(instr.args[0]));
  int64_t most = std::min<int64_t>(number(instr.args[1]), function_.slots[instr.dst[0].value]);
  const auto& read = invocation_.context.read_memory;
  std::string out;
  bool ok = static_cast<bool>(read);
  for (int64_t i = 0; ok && i + 1 < most; ++i) {
    char c = 0;
    ok = read(static_cast<ir::Space>(instr.aux), address + static_cast<uint64_t>(i), &c, 1);
    if (!ok || c == 0) break;
    out += c;
  }
  set_text(instr.dst[0], ok ? out : "");
  set(instr.dst[1], ok ? 0 : 1);
}

void Activation::load_bytes(const ir::Instr& instr) {
  int64_t most = function_.slots[instr.dst[0].value] - 1;
  int64_t count = std::clamp<int64_t>(number(instr.args[1]), 0, most);
  std::string bytes(static_cast<size_t>(count), '\0');
  const auto& read = invocation_.context.read_memory;
  bool ok = read && read(static_cast<ir::Space>(instr.aux),
                         static_cast<uint64_t>(number(instr.args[0])), bytes.data(), bytes.size());
  slots_[instr.dst[0].value] = ok ? bytes : "";
  set(instr.dst[1], ok ? 0 : 1);
}

}  // namespace stapd
