#include "stapd/daemon.h"

#include <sys/resource.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

#include "runtime/base/clock.h"
#include "runtime/load/kernel_features.h"
#include "stapd/host/event_loop.h"
#include "stapd/host/paths.h"
#include "stapd/host/run_folder.h"
#include "stapd/session/manager.h"

namespace stapd {
namespace {

constexpr char kBtf[] = "/sys/kernel/btf/vmlinux";

Status check_host() {
  if (geteuid() != 0)
    return fail(ErrorCode::permission_denied, "root is needed: stapd loads BPF programs");
  std::error_code error;
  if (std::filesystem::file_size(kBtf, error) == 0 || error)
    return failf(ErrorCode::unsupported,
                 "this kernel does not describe its types: {} is missing (CONFIG_DEBUG_INFO_BTF=y; "
                 "Debian's kernels have it)",
                 kBtf);
  KernelFeatures features;
  return probe_kernel_features(features);
}

// Every probe is a descriptor or more.
void raise_file_limit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void block_child_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

// What `systemctl status` shows.
class StatusLine : public Manager::Observer {
 public:
  explicit StatusLine(Manager& manager) : manager_(manager) { manager_.add_observer(*this); }
  ~StatusLine() override { manager_.remove_observer(*this); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  void on_state(const Session&) override { tell(); }
  void tell() { sd_notify(0, ("STATUS=" + manager_.summary()).c_str()); }

 private:
  Manager& manager_;
};

// Its folder in /run was removed, and is there again.
Status fill_run_folder(Manager& manager, bus::BusServer& server, const Paths& paths, Log& log) {
  STAPD_TRY(server.serve_socket(paths.private_socket));
  STAPD_TRY(manager.note_stopped_again());
  log.write({LOG_WARNING, fmt::format("somebody removed {}: it is there again, and what records "
                                      "went on",
                                      paths.run_folder)});
  return {};
}

void reload(Manager& manager) {
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
             static_cast<unsigned long long>(read_mono_clock() / 1000));
  manager.reload();
  sd_notify(0, "READY=1");
}

}  // namespace

Status run_daemon(const DaemonOptions& options, Log& log) {
  STAPD_TRY(check_host());
  STAPD_ASSIGN(Paths paths, Paths::of_root(options.root));
  STAPD_ASSIGN(std::unique_ptr<RunFolder> run_folder, RunFolder::take(paths));
  raise_file_limit();
  block_child_signals();

  STAPD_ASSIGN(std::unique_ptr<EventLoop> loop, EventLoop::create());
  Manager manager(*loop, paths, log);
  bus::BusServer server(*loop, manager, log);
  StatusLine status(manager);
  EventSource ending[2], hangup, files;
  STAPD_ASSIGN(ending[0], loop->on_signal(SIGTERM, [&] { loop->quit(); }));
  STAPD_ASSIGN(ending[1], loop->on_signal(SIGINT, [&] { loop->quit(); }));
  STAPD_ASSIGN(hangup, loop->on_signal(SIGHUP, [&] { reload(manager); }));
  STAPD_ASSIGN(files, loop->on_signal(SIGUSR2, [&] { manager.switch_files(); }));
  STAPD_TRY(manager.take_over());
  STAPD_TRY(server.serve_socket(paths.private_socket));
  Status lost;
  auto give_up = [&](const Error& why) {
    lost = tl::unexpected(why);
    loop->quit();
  };
  STAPD_TRY(run_folder->watch(
      *loop, {[&] { return fill_run_folder(manager, server, paths, log); }, give_up}));
  server.serve_bus(options.bus);
  STAPD_TRY(loop->feed_watchdog());
  status.tell();
  sd_notify(0, "READY=1");
  STAPD_TRY(loop->run());
  sd_notify(0, "STOPPING=1");
  manager.say_what_goes_on();
  return lost;
}

}  // namespace stapd
