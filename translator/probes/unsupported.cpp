// Points that SystemTap knows and we do not build yet. They are here so that a script which uses
// one is told so, and is not told that it made a spelling mistake.
#include "translator/probes/families.h"

namespace stapd::probes {
namespace {

BuildResult refuse(Components components, BuildContext&) {
  return not_supported(fmt::format("not yet supported: probe point {}", point_text(components)));
}

// Where functions, statements and the like are looked for, and who may.
struct Prefix {
  const char* text;
  Privilege privilege;
};
constexpr Prefix kCodeOfKernel[] = {{"kernel", Privilege::system},
                                    {"module(string)", Privilege::system}};
constexpr Prefix kCodeOfPrograms[] = {
    {"process", Privilege::user},
    {"process(string)", Privilege::user},
    {"process(number)", Privilege::user},
    {"process.library(string)", Privilege::user},
    {"process(string).library(string)", Privilege::user},
};
constexpr Prefix kProcesses[] = {{"process", Privilege::user},
                                 {"process(string)", Privilege::user},
                                 {"process(number)", Privilege::user}};

constexpr const char* kInCode[] = {
    "function(string)",
    "function(string).call",
    "function(string).return",
    "function(string).inline",
    "function(string).exported",
    "function(string).exported.return",
    "function(string).label(string)",
    "function(string).callee(string)",
    "function(string).callee(string).call",
    "function(string).callee(string).return",
    "function(string).callees",
    "function(string).callees(number)",
    "function(number)",
    "function(number).call",
    "function(number).return",
    "function(number).inline",
    "function(number).exported",
    "statement(string)",
    "statement(string).nearest",
    "statement(number)",
    "statement(number).nearest",
};
constexpr const char* kInKernelCode[] = {
    "function(string).return.maxactive(number)",
    "function(number).return.maxactive(number)",
    "trace(string)",
    "tracepoint(string)",
};
constexpr const char* kInPrograms[] = {
    "mark(string)",       "provider(string).mark(string)", "plt", "plt.return", "plt(string)",
    "plt(string).return",
};
constexpr const char* kOfProcesses[] = {
    "thread.begin",
    "thread.end",
    "syscall",
    "syscall.return",
    "insn",
    "insn.block",
    "data(number).write",
    "data(number).rw",
    "data(string).write",
    "data(string).rw",
    "data(number).length(number).write",
    "data(number).length(number).rw",
    "statement(number).absolute",
    "statement(number).absolute.return",
};

constexpr const char* kOthers[] = {
    "kernel.data(number).write",
    "kernel.data(number).rw",
    "kernel.data(number).length(number).write",
    "kernel.data(number).length(number).rw",
    "kernel.data(string).write",
    "kernel.data(string).rw",
    "kernel.mark(string)",
    "kernel.mark(string).format(string)",
    "kernel.statement(number).absolute",
    "kprobe.function(string)",
    "kprobe.function(string).call",
    "kprobe.function(string).return",
    "kprobe.function(string).return.maxactive(number)",
    "kprobe.module(string).function(string)",
    "kprobe.module(string).function(string).call",
    "kprobe.module(string).function(string).return",
    "kprobe.module(string).function(string).return.maxactive(number)",
    "kprobe.statement(number).absolute",
    "perf.type(number).config(number)",
    "perf.type(number).config(number).sample(number)",
    "perf.type(number).config(number).hz(number)",
    "perf.type(number).config(number).process",
    "perf.type(number).config(number).process(string)",
    "perf.type(number).config(number).sample(number).process",
    "perf.type(number).config(number).sample(number).process(string)",
    "perf.type(number).config(number).hz(number).process",
    "perf.type(number).config(number).hz(number).process(string)",
    "perf.type(number).config(number).counter(string)",
    "perf.type(number).config(number).process.counter(string)",
    "perf.type(number).config(number).process(string).counter(string)",
    "procfs.read",
    "procfs.read.maxsize(number)",
    "procfs.write",
    "procfs.umask(number).read",
    "procfs.umask(number).read.maxsize(number)",
    "procfs.umask(number).write",
    "procfs(string).read",
    "procfs(string).read.maxsize(number)",
    "procfs(string).write",
    "procfs(string).umask(number).read",
    "procfs(string).umask(number).read.maxsize(number)",
    "procfs(string).umask(number).write",
    "netfilter.hook(string).pf(string)",
    "netfilter.hook(string).pf(string).priority(string)",
    "netfilter.pf(string).hook(string)",
    "netfilter.pf(string).hook(string).priority(string)",
    "java(string).class(string).method(string)",
    "java(string).class(string).method(string).return",
    "java(number).class(string).method(string)",
    "java(number).class(string).method(string).return",
    "python2.module(string).function(string)",
    "python2.module(string).function(string).call",
    "python2.module(string).function(string).return",
    "python3.module(string).function(string)",
    "python3.module(string).function(string).call",
    "python3.module(string).function(string).return",
    "debuginfod.process(string)",
    "debuginfod.archive(string).process(string)",
};

void combine(std::vector<ProbeFamily>& out, std::span<const Prefix> prefixes,
             std::span<const char* const> suffixes) {
  for (const Prefix& prefix : prefixes)
    for (const char* suffix : suffixes)
      out.push_back({fmt::format("{}.{}", prefix.text, suffix), refuse, prefix.privilege});
}

}  // namespace

std::vector<ProbeFamily> unsupported_families() {
  std::vector<ProbeFamily> all;
  combine(all, kCodeOfKernel, kInCode);
  combine(all, kCodeOfKernel, kInKernelCode);
  combine(all, kCodeOfPrograms, kInCode);
  combine(all, kCodeOfPrograms, kInPrograms);
  combine(all, kProcesses, kOfProcesses);
  for (const char* pattern : kOthers)
    all.push_back({pattern, refuse,
                   std::string_view(pattern).ends_with(".absolute") ? Privilege::developer
                                                                    : Privilege::system});
  return all;
}

}  // namespace stapd::probes
