#include "runtime/recorder/system_command.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace stapd {

Result<pid_t> start_system_command(const std::string& command) {
  pid_t pid = fork();
  if (pid < 0) return fail_errno("system(\"" + command + "\")", errno);
  if (pid > 0) return pid;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  _exit(127);
}

}  // namespace stapd
