#include "ctl/run/holder_process.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "ctl/run/session_loop.h"
#include "runtime/base/clock.h"
#include "runtime/filing/filing_state.h"
#include "runtime/image/image_io.h"
#include "runtime/load/death_watch.h"
#include "runtime/load/session_pins.h"
#include "runtime/store/schema.h"

namespace stapd::ctl {
namespace {

// What SystemTap's own is called, so that it is found by those who know that.
constexpr char kProcessName[] = "stapio";

Status become_daemon() {
  if (setsid() < 0) return fail_errno("setsid", errno);
  if (chdir("/") < 0) return fail_errno("chdir", errno);
  UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return fail_errno("/dev/null", errno);
  for (int fd : {0, 1, 2})
    if (dup2(null.get(), fd) < 0) return fail_errno("/dev/null", errno);
  prctl(PR_SET_NAME, kProcessName);
  return {};
}

Status become_holder(const MetadataMap& metadata, const std::string& pin_folder) {
  STAPD_TRY(become_daemon());
  metadata.metadata().holder = static_cast<uint64_t>(getpid());
  return watch_this_process(holder_watch(pin_folder));
}

void tell(int fd, const std::string& text) {
  size_t at = 0;
  while (at < text.size()) {
    ssize_t size = ::write(fd, text.data() + at, text.size() - at);
    if (size <= 0) return;
    at += static_cast<size_t>(size);
  }
}

// "+" when it holds the session, else what went wrong.
std::string listen(int fd) {
  std::string text;
  char part[512];
  for (ssize_t size; (size = ::read(fd, part, sizeof part)) != 0;) {
    if (size < 0 && errno != EINTR) break;
    if (size > 0) text.append(part, static_cast<size_t>(size));
  }
  return text;
}

}  // namespace

Result<MetadataMap> pin_session(Recorder& recorder, const RunOptions& options, int filing) {
  STAPD_ASSIGN(std::string instance, instance_pins_of(options.root));
  ClockReading now = read_clocks();
  SessionMetadata metadata;
  metadata.started_real = now.real;
  metadata.started_boot = now.boot;
  metadata.holder_kind = HolderKind::process;
  metadata.holder = static_cast<uint64_t>(getpid());
  metadata.bulk = options.output && options.output->bulk;
  const std::string& script = recorder.image().script_name;
  copy_text(metadata.script_path,
            script == "<input>" ? script : std::filesystem::absolute(script).string());
  const uint32_t segments = recorder.ring().segments;
  RecordingInfo info = make_recording_info(recorder.image(), segments);
  info.session = options.session_name;
  STAPD_ASSIGN(MetadataMap map, MetadataMap::create(metadata, {encode_image(recorder.image()),
                                                               encode_schema(info), segments}));
  std::vector<std::pair<std::string, int>> more_pins;
  if (filing >= 0) more_pins.emplace_back(kFilingPin, filing);
  STAPD_TRY(
      recorder.pin(session_pins(instance, options.session_name), map.fd(), std::move(more_pins)));
  return map;
}

Result<pid_t> fork_holder(const MetadataMap& metadata, const std::string& pin_folder) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return fail_errno("pipe", errno);
  UniqueFd from_child(ends[0]), to_parent(ends[1]);
  std::fflush(nullptr);
  pid_t pid = fork();
  if (pid < 0) return fail_errno("starting the process that holds the session", errno);
  if (pid == 0) {
    from_child.reset();
    Status holds = become_holder(metadata, pin_folder);
    tell(to_parent.get(), holds ? "+" : holds.error().message);
    if (!holds) _exit(1);
    return 0;
  }
  to_parent.reset();
  std::string answer = listen(from_child.get());
  if (answer == "+") return pid;
  return failf(ErrorCode::io, "the process that should hold the session has failed: {}",
               answer.empty() ? "it died" : answer);
}

void hold_session(std::unique_ptr<Recorder> recorder, uint64_t deadline) {
  malloc_trim(0);  // what compiling took
  int status = 1;
  if (Result<Signals> signals = Signals::open()) {
    SessionLoop loop(*recorder, *signals, deadline);
    while (!loop.is_due_to_end()) loop.turn(nullptr);
    status = recorder->stop(Recorder::Pins::keep) && !recorder->has_failed() ? 0 : 1;
    loop.run_commands();
  }
  // Nothing above us is for this process.
  _exit(status);
}

std::string farewell(const std::string& session, const std::string& root) {
  return fmt::format(
      "Disconnecting from systemtap module.\nTo reconnect, type \"staprun {}-A {}\"\n",
      root.empty() ? "" : "--root=" + root + " ", session);
}

}  // namespace stapd::ctl
