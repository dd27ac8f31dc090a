#include "runtime/recorder/system_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace stapd {
namespace {

// stapd is spared when memory runs out; that is not for what it starts. In a forked child: no
// allocation.
void allow_to_be_killed() {
  int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
  char first = 0;
  if (fd >= 0 && read(fd, &first, 1) == 1 && first == '-') (void)!pwrite(fd, "0", 1, 0);
  if (fd >= 0) close(fd);
}

}  // namespace

Result<pid_t> start_system_command(const std::string& command) {
  pid_t pid = fork();
  if (pid < 0) return fail_errno("system(\"" + command + "\")", errno);
  if (pid > 0) return pid;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  allow_to_be_killed();
  execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  _exit(127);
}

}  // namespace stapd
