#include "ctl/run/target_command.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace stapd::ctl {
namespace {

// Words, in quotes or not, are a program and its arguments, so that target() is the program itself;
// what has a shell's syntax is for a shell.
[[noreturn]] void execute(const std::string& command) {
  wordexp_t words = {};
  if (wordexp(command.c_str(), &words, WRDE_NOCMD | WRDE_UNDEF) == 0 && words.we_wordc > 0)
    execvp(words.we_wordv[0], words.we_wordv);
  else
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  std::fprintf(stderr, "stap: %s: %s\n", command.c_str(), std::strerror(errno));
  _exit(127);
}

// Waits for the gate to open, then is the command. A gate that closes without a word means that
// there is nothing to record.
[[noreturn]] void run_child(int gate, const std::string& command) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  char word = 0;
  if (::read(gate, &word, 1) != 1) _exit(0);
  execute(command);
}

}  // namespace

Result<std::unique_ptr<TargetCommand>> TargetCommand::prepare(const std::string& command) {
  int gate[2];
  if (pipe2(gate, O_CLOEXEC) < 0) return fail_errno("pipe", errno);
  UniqueFd read_end(gate[0]);
  auto result = std::make_unique<TargetCommand>();
  result->gate_.reset(gate[1]);
  pid_t pid = fork();
  if (pid < 0) return fail_errno("starting " + command, errno);
  if (pid == 0) {
    result->gate_.reset();
    run_child(read_end.get(), command);
  }
  result->pid_ = pid;
  return result;
}

TargetCommand::~TargetCommand() = default;

void TargetCommand::resume() {
  char word = 1;
  if (::write(gate_.get(), &word, 1) != 1) std::perror("stap: starting the command");
}

void TargetCommand::report_status() const {
  if (!status_) return;
  if (WIFSIGNALED(*status_))
    std::fprintf(stderr, "WARNING: child process exited with signal %d\n", WTERMSIG(*status_));
  else if (WEXITSTATUS(*status_) != 0)
    std::fprintf(stderr, "WARNING: child process exited with status %d\n", WEXITSTATUS(*status_));
}

}  // namespace stapd::ctl
