#include "ctl/run/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace stapd::ctl {

Result<Signals> Signals::open() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD, SIGUSR2}) sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  UniqueFd fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return fail_errno("signalfd", errno);
  return Signals(std::move(fd));
}

Signals::News Signals::read() const {
  News news;
  signalfd_siginfo info;
  while (::read(fd(), &info, sizeof info) == sizeof info) {
    switch (info.ssi_signo) {
      case SIGQUIT:
        news.detach = true;
        break;
      case SIGUSR2:
        news.switch_files = true;
        break;
      case SIGCHLD:
        news.children = true;
        break;
      default:
        ++news.ends;
    }
  }
  return news;
}

}  // namespace stapd::ctl
