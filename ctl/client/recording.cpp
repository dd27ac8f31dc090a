#include "ctl/client/recording.h"

#include "ctl/client/read_sealed.h"
#include "runtime/image/image_io.h"

namespace stapd::ctl {

Result<std::unique_ptr<Recording>> Recording::open(const RecordingFiles& files) {
  std::unique_ptr<Recording> recording(new Recording);
  STAPD_ASSIGN(std::string image, read_sealed(files.image.get(), "the session's program image"));
  STAPD_ASSIGN(recording->image_, decode_image_untrusted(image));
  STAPD_ASSIGN(recording->ring_,
               map_foreign_ring(files.ring.get(), files.segment_bytes, files.segments));
  STAPD_ASSIGN(recording->state_, map_foreign_state(files.state.get(), files.state_bytes));
  return recording;
}

Result<std::unique_ptr<Recording>> Recording::open(const SnapshotFiles& first,
                                                   const std::string& path) {
  std::unique_ptr<Recording> recording(new Recording);
  STAPD_ASSIGN(std::string image, read_sealed(first.image.get(), "the session's program image"));
  STAPD_ASSIGN(recording->image_, decode_image_untrusted(image));
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
  if (snapshot.ended) copy_ = snapshot.replaced ? Fate::replaced : Fate::ended;
  return {};
}

RingReader Recording::reader() const {
  const RingShape& shape = ring_.shape;
  RingMapping mapping = {ring_.memory.data(), shape.segment_size, shape.stride, shape.segments};
  return RingReader(mapping, image_.formats);
}

Recording::Fate Recording::fate() const {
  if (!copied_from_.empty()) return copy_;
  const auto* state = reinterpret_cast<const SessionState*>(state_.data());
  uint32_t ended = __atomic_load_n(&state->ended, __ATOMIC_ACQUIRE);
  if (!ended) return Fate::grows;
  return ended == SessionState::replaced ? Fate::replaced : Fate::ended;
}

}  // namespace stapd::ctl
