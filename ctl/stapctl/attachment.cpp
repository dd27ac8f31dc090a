#include "ctl/stapctl/attachment.h"

#include <poll.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iterator>
#include <utility>

#include "ctl/show/ledger_text.h"
#include "runtime/base/clock.h"

namespace stapd::ctl {
namespace {

// How often new records are looked for; nobody is woken up when there are none.
constexpr int kPollMs = 100;
// Long enough for a handler to end, short enough that nobody waits.
constexpr uint64_t kSettleNs = 20'000'000;
// What waits for a slow reader before the ring is left to overwrite: the ring counts what is lost.
constexpr size_t kMostQueued = 8 << 20;

FollowOptions follow_options(uint64_t since) {
  FollowOptions options;
  options.settle_ns = kSettleNs;
  options.since = since;
  return options;
}

uint64_t dropped_of(const RingReader& reader) {
  uint64_t dropped = 0;
  for (uint32_t segment = 0; segment < reader.segments(); ++segment) {
    SegmentLedger ledger = reader.counters(segment);
    dropped += dropped_records(ledger) + skipped_handlers(ledger);
  }
  return dropped;
}

}  // namespace

Attachment::Attachment(std::string name, Recording& recording, uint64_t since,
                       const ShowOptions& show, SessionWatch& watch)
    : name_(std::move(name)),
      recording_(recording),
      watch_(watch),
      reader_(recording.reader()),
      follower_(reader_, follow_options(since)),
      output_(recording.image().formats, recording.segments(), queue_, show),
      dropped_(dropped_of(reader_)) {}

Status Attachment::run() {
  STAPD_TRY(open_signals());
  bool ended = false;
  while (!ended && !detached_) {
    if (queue_.size() < kMostQueued) {
      watch_.refresh(recording_, follower_.positions(), read_boot_clock());
      // Asked before the records are taken: what was written until then is among them.
      ended = recording_.has_ended() || watch_.has_ended();
      ended ? show_rest() : show_new();
    }
    if (auto news = watch_.look(read_boot_clock())) notice(*news);
    STAPD_TRY(queue_.write_ready());
    if (!ended) wait();
  }
  if (output_.unreadable())
    notice("left out, since they fit no format: " + counted(output_.unreadable(), "record"));
  if (!detached_) notice(fmt::format("session {} has ended", name_));
  STAPD_TRY(write_rest());
  if (detached_) std::fprintf(stderr, "stapctl: detached; %s goes on recording\n", name_.c_str());
  return {};
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

void Attachment::wait() {
  pollfd fds[] = {
      {signals_.get(), POLLIN, 0}, {watch_.fd(), POLLIN, 0}, {queue_.next_fd(), POLLOUT, 0}};
  ::poll(fds, std::size(fds), kPollMs);
  if (fds[0].revents) detached_ = true;
}

void Attachment::show_new() {
  output_.look_at_clock();
  follower_.poll(read_boot_clock());
  take_records();
}

void Attachment::show_rest() {
  follower_.flush(read_boot_clock());
  take_records();
}

void Attachment::take_records() {
  note_losses();
  for (RingRecord record; follower_.next(record);) output_.show(record);
}

// What was overwritten before we came is no gap in what is shown.
void Attachment::note_losses() {
  uint64_t overwritten = follower_.total().overwritten;
  if (!first_ && overwritten > overwritten_)
    notice("overwritten before they were shown: " + counted(overwritten - overwritten_, "record"));
  first_ = false;
  overwritten_ = overwritten;
  uint64_t dropped = dropped_of(reader_);
  if (dropped > dropped_) notice("dropped: " + counted(dropped - dropped_, "record"));
  dropped_ = dropped;
}

void Attachment::notice(const std::string& text) {
  queue_.to(STDERR_FILENO) += "stapctl: " + text + "\n";
}

// Whoever detaches wants to be gone: what cannot be written now is left; a second signal leaves the
// rest of an ended session, too.
Status Attachment::write_rest() {
  STAPD_TRY(queue_.write_ready());
  while (!queue_.empty() && !detached_) {
    pollfd fds[] = {{signals_.get(), POLLIN, 0}, {queue_.next_fd(), POLLOUT, 0}};
    ::poll(fds, std::size(fds), -1);
    if (fds[0].revents) return {};
    STAPD_TRY(queue_.write_ready());
  }
  return {};
}

}  // namespace stapd::ctl
