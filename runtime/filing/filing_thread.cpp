#include "runtime/filing/filing_thread.h"

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>

#include "runtime/base/clock.h"
#include "runtime/base/units.h"

namespace stapd {
namespace {

constexpr uint64_t kMillisecond = 1'000'000;
// Records are held back so long for those of other CPUs to be put before them. With the time
// between two looks, files lag by less than a second.
constexpr uint64_t kHoldBack = 20 * kMillisecond;
constexpr uint64_t kBetweenLooks = 900 * kMillisecond;
// Where no program rings when the ring fills, as in sessions that stap left.
constexpr uint64_t kBetweenLooksUnrung = 100 * kMillisecond;
// How long an end waits for a disk that refuses.
constexpr uint64_t kFinishPatience = 3000 * kMillisecond;
constexpr useconds_t kFinishRetryUs = 100'000;

}  // namespace

Result<std::unique_ptr<FilingThread>> FilingThread::make(std::shared_ptr<Filing::Shared> shared,
                                                         const FilingSource& source,
                                                         SharedArea area) {
  STAPD_ASSIGN(FilingState state, FilingState::open(area.data(), area.size()));
  const RingShape& shape = source.maps.shape();
  if (state.segments() != shape.segments)
    return fail(ErrorCode::corrupt, "the session's files are of another ring");
  std::unique_ptr<FilingThread> thread(
      new FilingThread(std::move(shared), source.info, std::move(area), std::move(state)));
  STAPD_ASSIGN(thread->ring_,
               map_foreign_ring(source.maps.ring_fd(), shape.segment_size, shape.segments));
  if (source.doorbell < 0) return thread;
  STAPD_ASSIGN(thread->doorbell_fd_, duplicate_fd(source.doorbell));
  STAPD_ASSIGN(Doorbell doorbell, Doorbell::open(thread->doorbell_fd_.get()));
  thread->doorbell_.emplace(std::move(doorbell));
  return thread;
}

void FilingThread::run() {
  prctl(PR_SET_NAME, "stapd-filing");
  for (;;) {
    Wishes wishes = take_wishes();
    uint64_t now = read_boot_clock();
    bool due = now >= next_look_;
    if (due) next_look_ = now + (doorbell_ ? kBetweenLooks : kBetweenLooksUnrung);
    if (!sink_ && (due || wishes.finish)) open_sink();
    if (wishes.switch_file && sink_) sink_->request_switch();
    if (wishes.finish) {
      finish(wishes.reason);
      break;
    }
    if (sink_) {
      work(now, due || wishes.leave, false);
      note_read(wishes.asked);
    }
    publish();
    if (wishes.leave) break;
    wait();
  }
  // Unlocks the files before anybody hears of the end.
  sink_.reset();
  std::lock_guard lock(shared_->mutex);
  shared_->ended = true;
  shared_->changed.notify_all();
}

void FilingThread::note_read(uint64_t asked) {
  std::lock_guard lock(shared_->mutex);
  if (std::exchange(shared_->read, asked) != asked) shared_->changed.notify_all();
}

FilingThread::Wishes FilingThread::take_wishes() {
  uint64_t ignored;
  (void)!::read(shared_->wake.get(), &ignored, sizeof ignored);
  std::lock_guard lock(shared_->mutex);
  return {shared_->leave, shared_->finish, std::exchange(shared_->switch_file, false),
          shared_->reason, shared_->asked};
}

void FilingThread::wait() {
  uint64_t now = read_boot_clock();
  uint64_t left = next_look_ > now ? next_look_ - now : 0;
  timespec timeout{static_cast<time_t>(left / 1'000'000'000),
                   static_cast<long>(left % 1'000'000'000)};
  pollfd waited[] = {{shared_->wake.get(), POLLIN, 0},
                     {doorbell_ && sink_ ? doorbell_->fd() : -1, POLLIN, 0}};
  ::ppoll(waited, std::size(waited), &timeout, nullptr);
}

void FilingThread::open_sink() {
  SinkInput input{layer_, state_, info_};
  bool text = state_.settings().format == FileSettings::Format::text;
  Result<std::unique_ptr<RecordSink>> sink =
      text ? open_text_sink(input) : open_recording_sink(input);
  if (!sink) {
    ++unopened_;
    note_trouble(true, sink.error().message);
    return;
  }
  sink_ = std::move(*sink);
  reader_.emplace(ring_.mapping(), info_->formats);
  FollowOptions follow;
  follow.settle_ns = kHoldBack;
  follow.positions = sink_->positions();
  follower_.emplace(*reader_, follow);
}

// All that the ring has goes into the sink.
void FilingThread::work(uint64_t now, bool visible, bool flush) {
  if (doorbell_) doorbell_->answer();
  flush ? follower_->flush(now) : follower_->poll(now);
  for (RingRecord record; follower_->next(record);) {
    sink_->add(record);
    sink_->pass(record.segment, follower_->position(record.segment));
  }
  (void)sink_->settle(report_of(*follower_, *reader_), visible);
  note_trouble(sink_->trouble().failing(), sink_->trouble().message());
}

void FilingThread::finish(const std::string& reason) {
  uint64_t deadline = read_boot_clock() + kFinishPatience;
  if (sink_) work(read_boot_clock(), true, true);
  while (failing_ && read_boot_clock() < deadline) {
    ::usleep(kFinishRetryUs);
    sink_ ? work(read_boot_clock(), true, true) : open_sink();
    if (sink_ && failing_) work(read_boot_clock(), true, true);
  }
  Status finished = sink_ ? sink_->finish(reason) : fail(ErrorCode::io, "no file could be opened");
  publish();
  {
    std::lock_guard lock(shared_->mutex);
    shared_->status.finished = true;
  }
  tell(FilingNews::Kind::finished, finished ? "" : finished.error().message);
}

void FilingThread::note_trouble(bool failing, const std::string& message) {
  if (failing == failing_) return;
  failing_ = failing;
  uint64_t now = read_boot_clock();
  uint64_t unwritten = sink_ ? sink_->counts().unwritten : 0;
  if (failing) {
    failing_since_ = now;
    unwritten_before_ = unwritten;
    return tell(FilingNews::Kind::trouble_began, message);
  }
  tell(FilingNews::Kind::trouble_ended,
       fmt::format("after {}; {} records were lost to the disk",
                   duration_text(now - failing_since_), unwritten - unwritten_before_));
}

void FilingThread::publish() {
  FilingStatus status;
  if (sink_) {
    SinkCounts counts = sink_->counts();
    const FileRotation& files = sink_->files();
    status.path = files.path();
    status.files = files.state().files.size();
    for (const RotatedFile& file : files.state().files) status.bytes += file.size;
    status.written = counts.written;
    status.unwritten = counts.unwritten;
    status.overwritten = counts.overwritten;
    status.blocks = counts.blocks;
    status.failures = sink_->trouble().failures();
    if (failing_) status.trouble = sink_->trouble().message();
  } else {
    status.path = state_.settings().path;
  }
  status.failures += unopened_;
  std::lock_guard lock(shared_->mutex);
  if (failing_ && !sink_) status.trouble = shared_->status.trouble;
  shared_->status = std::move(status);
}

void FilingThread::tell(FilingNews::Kind kind, std::string text) {
  {
    std::lock_guard lock(shared_->mutex);
    if (kind == FilingNews::Kind::trouble_began) shared_->status.trouble = text;
    shared_->untold.push_back({kind, std::move(text)});
  }
  uint64_t one = 1;
  (void)!::write(shared_->news.get(), &one, sizeof one);
}

}  // namespace stapd
