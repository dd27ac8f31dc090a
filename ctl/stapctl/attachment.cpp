#include "ctl/stapctl/attachment.h"

#include <poll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iterator>
#include <utility>

#include "runtime/base/clock.h"

namespace stapd::ctl {
namespace {

// How often new records are looked for; nobody is woken up when there are none.
constexpr int kPollMs = 100;
// What waits for a slow reader before the ring is left to overwrite: the ring counts what is lost.
constexpr size_t kMostQueued = 8 << 20;

// Whether poll() gives all records up to the end of the range.
bool is_behind(const TimeRange& range) {
  ClockReading now = read_clocks();
  return now.boot - AttachedRing::kSettleNs > range.end(now);
}

}  // namespace

Attachment::Attachment(const TimeRange& range, RecordShow& show) : range_(range), show_(show) {}

Status Attachment::add(const std::string& name, ReadSessions rings, size_t first,
                       const AttachOptions& options) {
  auto tell_of = [this, name](const std::string& text) {
    tell(sessions_.size() > 1 ? name + ": " + text : text);
  };
  STAPD_ASSIGN(std::unique_ptr<AttachedSession> session,
               AttachedSession::open(name, std::move(rings), first, options, show_, tell_of));
  sessions_.push_back(std::move(session));
  return {};
}

Status Attachment::run() {
  STAPD_TRY(open_signals());
  std::vector<AttachedSession*> all;
  for (const auto& session : sessions_) all.push_back(session.get());
  merge_.emplace(std::move(all));
  bool ended = false;
  while (!detached_ && !(ended && !waiting_)) {
    if (!waiting_) {
      // Asked before the records are taken: what was written until then is among them.
      bool reached = is_behind(range_);
      STAPD_TRY(poll());
      ended = reached || all_ended();
    }
    show_waiting();
    look_at_daemon();
    show_.settle(read_boot_clock());
    STAPD_TRY(show_.queue().write_ready());
    if (!ended || waiting_) wait();
  }
  return finish();
}

// Signals are waited for like everything else, so that a reader that takes nothing cannot keep us.
Status Attachment::open_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  return signals_.valid() ? Status{} : Status(fail_errno("signalfd", errno));
}

// Who has records that wait for the output waits for the output alone.
void Attachment::wait() {
  std::vector<pollfd> fds = {{signals_.get(), POLLIN, 0}, {show_.queue().next_fd(), POLLOUT, 0}};
  for (const auto& session : sessions_) fds.push_back({session->daemon_fd(), POLLIN, 0});
  ::poll(fds.data(), fds.size(), kPollMs);
  if (fds[0].revents) detached_ = true;
}

void Attachment::look_at_daemon() {
  for (const auto& session : sessions_) session->look_at_daemon(read_boot_clock());
}

// All at one moment, so that what one session holds back is held back by all.
Status Attachment::poll() {
  ClockReading now = read_clocks();
  for (const auto& session : sessions_) STAPD_TRY(session->poll(now));
  waiting_ = true;
  return {};
}

// As many as there is room for.
void Attachment::show_waiting() {
  RecordedRecord record;
  while (waiting_ && show_.queue().size() < kMostQueued) {
    auto session = merge_->next(record.record);
    waiting_ = session.has_value();
    if (!session) return;
    record.real = sessions_[*session]->real_of(record.record.time);
    record.recording = sessions_[*session]->recording();
    record.schema = &sessions_[*session]->schema();
    show_.show(record);
  }
}

bool Attachment::all_ended() const {
  return std::all_of(sessions_.begin(), sessions_.end(),
                     [](const auto& session) { return session->has_ended(); });
}

void Attachment::tell(const std::string& text) {
  show_.queue().to(STDERR_FILENO) += "stapctl: " + text + "\n";
}

Status Attachment::finish() {
  std::vector<std::vector<SegmentReport>> reports;
  for (const auto& session : sessions_) session->add_reports(reports);
  STAPD_TRY(show_.finish(reports, detached_ ? "detached" : "end"));
  for (const auto& session : sessions_)
    if (session->has_ended()) tell(session->end());
  STAPD_TRY(write_rest());
  std::string on;
  for (const auto& session : sessions_)
    if (session->is_recording()) on += (on.empty() ? "" : ", ") + session->name();
  bool several = on.find(',') != std::string::npos;
  if (!on.empty())
    notice(fmt::format("detached; {} {} on recording", on, several ? "go" : "goes"));
  else if (!all_ended())
    notice("detached");
  return {};
}

// Whoever detaches wants to be gone: what cannot be written now is left; a second signal leaves the
// rest of an ended session, too.
Status Attachment::write_rest() {
  OutputQueue& queue = show_.queue();
  STAPD_TRY(queue.write_ready());
  while (!queue.empty() && !detached_) {
    pollfd fds[] = {{signals_.get(), POLLIN, 0}, {queue.next_fd(), POLLOUT, 0}};
    ::poll(fds, std::size(fds), -1);
    if (fds[0].revents) return {};
    STAPD_TRY(queue.write_ready());
  }
  return {};
}

}  // namespace stapd::ctl
