#include "ctl/client/recording.h"

#include "ctl/client/read_sealed.h"
#include "runtime/base/clock.h"
#include "runtime/load/run_word.h"

namespace stapd::ctl {
namespace {

// Times are those of the wall clock as it goes now; as long as nobody has set it since the session
// started, a record has the same time whenever it is read.
ClockReading clock_for(const ClockReading& started) {
  ClockReading now = read_clocks();
  if (wall_clock_set_by(started, now) == 0) now.real = started.real + (now.boot - started.boot);
  return now;
}

Result<RecordingInfo> read_schema(int fd, uint32_t segments) {
  STAPD_ASSIGN(std::string encoded, read_sealed(fd, "the session's schema"));
  STAPD_ASSIGN(RecordingInfo info, decode_schema_untrusted(encoded));
  if (info.segments != segments)
    return failf(ErrorCode::corrupt, "a ring of {} segments, and a schema of {}", segments,
                 info.segments);
  info.clock = clock_for(info.clock);
  return info;
}

}  // namespace

Result<std::unique_ptr<Recording>> Recording::open(const RecordingFiles& files) {
  std::unique_ptr<Recording> recording(new Recording);
  STAPD_ASSIGN(recording->info_, read_schema(files.schema.get(), files.segments));
  STAPD_ASSIGN(recording->ring_,
               map_foreign_ring(files.ring.get(), files.segment_bytes, files.segments));
  STAPD_ASSIGN(recording->state_, map_foreign_state(files.state.get(), files.state_bytes));
  return recording;
}

Result<std::unique_ptr<Recording>> Recording::open(const SnapshotFiles& first,
                                                   const std::string& path) {
  std::unique_ptr<Recording> recording(new Recording);
  STAPD_ASSIGN(recording->info_, read_schema(first.schema.get(), first.segments));
  STAPD_ASSIGN(recording->ring_, reserve_copied_ring(first.segment_bytes, first.segments));
  recording->ring_.id = first.ring_id;
  recording->copied_from_ = path;
  STAPD_TRY(recording->replace(first));
  return recording;
}

Status Recording::replace(const SnapshotFiles& snapshot) {
  is_elsewhere_ = snapshot.ring_id != ring_.id;
  if (is_elsewhere_) return {};
  STAPD_TRY(map_copied_segments(snapshot.ring.get(), ring_, snapshot.first, snapshot.end));
  // Parts are copied one after the other: the first one lacks what came before a later one's end.
  if (snapshot.ended && snapshot.first == 0)
    copy_ = snapshot.replaced ? Fate::replaced : Fate::ended;
  return {};
}

RingReader Recording::reader() const { return RingReader(ring_.mapping(), info_.formats); }

Recording::Fate Recording::fate() const {
  if (!copied_from_.empty()) return copy_;
  const auto* state = reinterpret_cast<const SessionState*>(state_.data());
  uint32_t ended = load_ended(*state);
  if (!ended) return Fate::grows;
  return ended == SessionState::replaced ? Fate::replaced : Fate::ended;
}

}  // namespace stapd::ctl
