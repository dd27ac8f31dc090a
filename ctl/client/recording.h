// A session's recording as this process reads it: the ring and the state mapped, the schema
// decoded. It goes on whatever becomes of stapd. Who may not have the ring itself reads copies of
// it, which are as new as the last one that stapd gave.
#pragma once

#include <memory>
#include <string>

#include "runtime/base/unique_fd.h"
#include "runtime/load/foreign_map.h"
#include "runtime/ring/ring_reader.h"
#include "runtime/store/schema.h"

namespace stapd::ctl {

// As stapd's OpenRecording hands them out; not yet believed.
struct RecordingFiles {
  UniqueFd schema, ring, state;
  uint64_t segment_bytes = 0, state_bytes = 0;
  uint32_t segments = 0;
};

// A copy of some segments, as stapd's TakeSnapshot hands it out; not yet believed.
struct SnapshotFiles {
  UniqueFd schema, ring;
  uint64_t segment_bytes = 0;
  uint32_t segments = 0, first = 0, end = 0, ring_id = 0;
  bool ended = false, replaced = false;
};

class Recording {
 public:
  static Result<std::unique_ptr<Recording>> open(const RecordingFiles& files);
  // Of the session at this path; the segments that are not in the first snapshot are to be added.
  static Result<std::unique_ptr<Recording>> open(const SnapshotFiles& first,
                                                 const std::string& path);
  // Segments of a newer snapshot take the place of those that are here, if it is of this ring.
  Status replace(const SnapshotFiles& snapshot);
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  const RecordingInfo& info() const { return info_; }
  uint32_t segments() const { return ring_.shape.segments; }
  RingReader reader() const;
  // Path of the session's object when this is a copy, which has to be kept new; else "".
  const std::string& copied_from() const { return copied_from_; }
  // The kernel's number of the ring: another one is another recording.
  uint32_t ring_id() const { return ring_.id; }
  // What becomes of the ring. Unless it still grows, its last record is written.
  enum class Fate {
    grows,
    ended,     // with its session
    replaced,  // the session goes on in another ring
    lost,      // likewise, but of this copy stapd has not the rest any more
  };
  Fate fate() const;
  // Of a copy: the ring that stapd has there is another one. Then the copy is as it was.
  bool is_elsewhere() const { return is_elsewhere_; }
  // Where it is gone for good.
  void give_up() { copy_ = Fate::lost; }

 private:
  Recording() = default;

  RecordingInfo info_;
  ForeignRing ring_;
  MapMemory state_;
  std::string copied_from_;
  Fate copy_ = Fate::grows;
  bool is_elsewhere_ = false;
};

}  // namespace stapd::ctl
