// The thread of a Filing: from the ring into a sink.
#pragma once

#include <optional>

#include "runtime/filing/filing_shared.h"
#include "runtime/filing/record_sink.h"
#include "runtime/load/doorbell.h"
#include "runtime/load/foreign_map.h"
#include "runtime/ring/ring_follower.h"

namespace stapd {

class FilingThread {
 public:
  // Maps all that it needs by itself: it may outlive the session.
  static Result<std::unique_ptr<FilingThread>> make(std::shared_ptr<Filing::Shared> shared,
                                                    const FilingSource& source, SharedArea area);
  void run();

 private:
  FilingThread(std::shared_ptr<Filing::Shared> shared, std::shared_ptr<const RecordingInfo> info,
               SharedArea area, FilingState state)
      : shared_(std::move(shared)),
        info_(std::move(info)),
        area_(std::move(area)),
        state_(std::move(state)) {}

  struct Wishes {
    bool leave = false, finish = false, switch_file = false;
    std::string reason;
    uint64_t asked = 0;
  };
  Wishes take_wishes();
  void wait();
  void open_sink();
  void work(uint64_t now, bool visible, bool flush);
  void finish(const std::string& reason);
  void note_trouble(bool failing, const std::string& message);
  void note_read(uint64_t asked);
  void publish();
  void tell(FilingNews::Kind kind, std::string text);

  std::shared_ptr<Filing::Shared> shared_;
  std::shared_ptr<const RecordingInfo> info_;
  SharedArea area_;
  FilingState state_;
  ForeignRing ring_;
  UniqueFd doorbell_fd_;
  std::optional<Doorbell> doorbell_;

  PosixFiles layer_;
  std::unique_ptr<RecordSink> sink_;  // null: it could not be opened so far
  std::optional<RingReader> reader_;
  std::optional<RingFollower> follower_;
  uint64_t next_look_ = 0;  // CLOCK_BOOTTIME
  bool failing_ = false;
  uint64_t failing_since_ = 0, unwritten_before_ = 0;
  uint64_t unopened_ = 0;  // attempts to open the sink
};

}  // namespace stapd
