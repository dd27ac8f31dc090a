// One ring of a session that is attached: its records as they come, and what is lost of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ctl/stapctl/read_session.h"
#include "runtime/base/clock.h"
#include "runtime/ring/ring_follower.h"
#include "runtime/store/recording_writer.h"

namespace stapd::ctl {

class AttachedRing {
 public:
  // `number`: what RecordShow calls it. `since` as in FollowOptions.
  AttachedRing(std::unique_ptr<ReadSession> session, size_t number, uint64_t since);
  AttachedRing(const AttachedRing&) = delete;
  AttachedRing& operator=(const AttachedRing&) = delete;

  // How long a record is held back, so that those of other CPUs can be put before it.
  static constexpr uint64_t kSettleNs = 20'000'000;

  // Reads what is new; call it when next() has given all. Appends what there is to say about
  // losses.
  void poll(const ClockReading& now, std::vector<std::string>& news);
  bool next(RingRecord& record) { return follower_.next(record); }
  // The wall time of one of its records.
  uint64_t real_of(uint64_t boot) const { return clock_.real_of(boot); }

  // Whether poll() has read the last record.
  bool has_ended() const { return ended_; }
  // Nothing is added to it any more, whatever it says itself.
  void give_up() { given_up_ = true; }

  size_t number() const { return number_; }
  Recording& recording() { return session_->recording(); }
  const ReadSchema& schema() const { return session_->schema(); }
  std::vector<uint64_t> positions() const { return follower_.positions(); }
  std::vector<SegmentReport> report() const { return report_of(follower_, session_->reader()); }

 private:
  uint64_t dropped() const;

  std::unique_ptr<ReadSession> session_;
  size_t number_;
  RingFollower follower_;
  WallClock clock_;
  bool first_ = true, given_up_, ended_ = false;
  uint64_t overwritten_ = 0;  // said so far
  uint64_t dropped_;
};

}  // namespace stapd::ctl
