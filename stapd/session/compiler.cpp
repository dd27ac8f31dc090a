#include "stapd/session/compiler.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <new>
#include <thread>

#include "runtime/base/clock.h"
#include "stapd/session/compile_profile.h"
#include "stapd/session/sealed_memfd.h"

namespace stapd {
namespace {

constexpr uint64_t kMaxSeconds = 60;
constexpr uint64_t kMaxMemory = 2ull << 30;

// A limit that cannot be set is done without: the deadline is there all the same.
void set_limit(__rlimit_resource resource, uint64_t value) {
  rlimit limit = {value, value};
  setrlimit(resource, &limit);
}

// In the child. What the daemon holds open is not the child's: a lock would outlive the daemon.
[[noreturn]] void run_child(const Profile& profile, int image, int text, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kCompileFailed);
  int kept[] = {fcntl(image, F_DUPFD, 10), fcntl(text, F_DUPFD, 10)};
  dup2(kept[0], 3);
  dup2(kept[1], 4);
  close_range(5, ~0u, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
#ifndef __SANITIZE_ADDRESS__
  set_limit(RLIMIT_AS, kMaxMemory);
#endif
  set_limit(RLIMIT_CPU, kMaxSeconds);
  set_limit(RLIMIT_CORE, 0);
  _exit(compile_profile(profile, 3, 4));
}

std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  for (off_t at = 0;;) {
    ssize_t size = pread(fd, buffer, sizeof buffer, at);
    if (size <= 0) return text;
    text.append(buffer, static_cast<size_t>(size));
    at += size;
  }
}

std::string without_final_newlines(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

Result<CompiledScript> result_of(int status, bool too_slow, UniqueFd image, const UniqueFd& text) {
  CompiledScript script;
  script.diagnostics = without_final_newlines(read_all(text.get()));
  if (too_slow)
    return failf(ErrorCode::limit, "the script took more than {} s to compile", kMaxSeconds);
  if (WIFSIGNALED(status))
    return failf(ErrorCode::internal, "the compiler was ended by signal {} ({})", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
  switch (WEXITSTATUS(status)) {
    case kCompileOk:
      STAPD_TRY(seal_memfd(image.get()));
      script.image = std::move(image);
      return script;
    case kCompileScriptWrong:
      return script;
    default:
      return fail(ErrorCode::unsupported, script.diagnostics);
  }
}

}  // namespace

Compiler::~Compiler() {
  for (Job& job : running_)
    if (job.pid > 0) kill(job.pid, SIGKILL);
}

void Compiler::submit(const Profile& profile, Done done) {
  waiting_.emplace_back();
  waiting_.back().profile = profile;
  waiting_.back().done = std::move(done);
  start_waiting();
}

void Compiler::start_waiting() {
  size_t at_once = std::max(1u, std::thread::hardware_concurrency());
  while (!waiting_.empty() && running_.size() < at_once) {
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    auto job = std::prev(running_.end());
    Status started = start(*job);
    if (started) continue;
    auto report = [this, job, error = started.error()] { finish(job, tl::unexpected(error)); };
    if (Result<EventSource> soon = loop_.soon(report)) job->failed = std::move(*soon);
  }
}

Status Compiler::start(Job& job) {
  STAPD_ASSIGN(job.image, make_memfd("stapd-image"));
  STAPD_ASSIGN(job.text, make_memfd("stapd-diagnostics"));
  pid_t parent = getpid();
  job.pid = fork();
  if (job.pid < 0) return fail_errno("starting the compiler", errno);
  if (job.pid == 0) run_child(job.profile, job.image.get(), job.text.get(), parent);
  auto at = std::find_if(running_.begin(), running_.end(), [&](Job& j) { return &j == &job; });
  STAPD_ASSIGN(job.child, loop_.on_child(job.pid, [this, at](int status) {
    finish(at, result_of(status, at->too_slow, std::move(at->image), at->text));
  }));
  uint64_t deadline = read_mono_clock() + kMaxSeconds * 1'000'000'000;
  STAPD_ASSIGN(job.deadline, loop_.at(deadline, [at] {
    at->too_slow = true;
    kill(at->pid, SIGKILL);
  }));
  return {};
}

void Compiler::finish(std::list<Job>::iterator job, Result<CompiledScript> result) {
  Done done = std::move(job->done);
  running_.erase(job);
  start_waiting();
  done(std::move(result));
}

}  // namespace stapd
