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
// The wall clock is slewed all the time; what is more than this was set by somebody.
constexpr int64_t kClockJump = 1'000'000;

std::vector<AttachedSession*> pointers(const Attachment::Sessions& sessions) {
  std::vector<AttachedSession*> all;
  for (const auto& session : sessions) all.push_back(session.get());
  return all;
}

// Whether poll() gives all records up to the end of the range.
bool is_behind(const TimeRange& range) {
  ClockReading now = read_clocks();
  return now.boot - AttachedSession::kSettleNs > range.end(now);
}

}  // namespace

Attachment::Attachment(Sessions sessions, const TimeRange& range, RecordShow& show)
    : sessions_(std::move(sessions)),
      range_(range),
      show_(show),
      merge_(pointers(sessions_)),
      clock_(read_clocks()) {}

Status Attachment::run() {
  STAPD_TRY(open_signals());
  bool ended = false;
  while (!detached_ && !(ended && !waiting_)) {
    if (!waiting_) {
      // Asked before the records are taken: what was written until then is among them.
      bool reached = is_behind(range_);
      poll();
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
  for (const auto& session : sessions_)
    if (SessionWatch* watch = session->watch()) fds.push_back({watch->fd(), POLLIN, 0});
  ::poll(fds.data(), fds.size(), kPollMs);
  if (fds[0].revents) detached_ = true;
}

void Attachment::look_at_clock() {
  ClockReading now = read_clocks();
  auto jump = static_cast<int64_t>(now.real - clock_.real_of(now.boot));
  if (jump > kClockJump || jump < -kClockJump) clock_.add(now);
}

void Attachment::look_at_daemon() {
  for (const auto& session : sessions_) {
    SessionWatch* watch = session->watch();
    auto news = watch ? watch->look(read_boot_clock()) : std::nullopt;
    if (news) notice(*session, *news);
  }
}

// All at one moment, so that what one session holds back is held back by all.
void Attachment::poll() {
  look_at_clock();
  uint64_t now = read_boot_clock();
  for (const auto& session : sessions_) {
    std::vector<std::string> news;
    session->poll(now, news);
    for (const std::string& text : news) notice(*session, text);
  }
  waiting_ = true;
}

// As many as there is room for.
void Attachment::show_waiting() {
  RecordedRecord record;
  while (waiting_ && show_.queue().size() < kMostQueued) {
    auto session = merge_.next(record.record);
    waiting_ = session.has_value();
    if (!session) return;
    record.real = clock_.real_of(record.record.time);
    record.recording = *session;
    record.schema = &sessions_[*session]->session().schema();
    show_.show(record);
  }
}

bool Attachment::all_ended() const {
  return std::all_of(sessions_.begin(), sessions_.end(),
                     [](const auto& session) { return session->has_ended(); });
}

void Attachment::notice(const AttachedSession& session, const std::string& text) {
  std::string who = sessions_.size() > 1 ? session.session().name() + ": " : "";
  show_.queue().to(STDERR_FILENO) += "stapctl: " + who + text + "\n";
}

Status Attachment::finish() {
  std::vector<std::vector<SegmentReport>> reports;
  for (const auto& session : sessions_) reports.push_back(session->report());
  STAPD_TRY(show_.finish(reports, detached_ ? "detached" : "end"));
  for (const auto& session : sessions_)
    if (session->has_ended() && session->watch())
      show_.queue().to(STDERR_FILENO) +=
          fmt::format("stapctl: session {} has ended\n", session->session().name());
  STAPD_TRY(write_rest());
  std::string on;
  for (const auto& session : sessions_)
    if (!session->has_ended()) on += (on.empty() ? "" : ", ") + session->session().name();
  if (!on.empty())
    ctl::notice(fmt::format("detached; {} {} on recording", on,
                            on.find(',') == std::string::npos ? "goes" : "go"));
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
