// One session of an attachment: its records as they come, and what happens to them and to it.
#pragma once

#include "ctl/stapctl/read_session.h"
#include "ctl/stapctl/session_watch.h"
#include "runtime/ring/ring_follower.h"
#include "runtime/store/recording_writer.h"

namespace stapd::ctl {

class AttachedSession {
 public:
  // Borrows the session. `since` as in FollowOptions.
  static Result<std::unique_ptr<AttachedSession>> open(ReadSession& session,
                                                       const std::optional<std::string>& root,
                                                       uint64_t since);
  AttachedSession(const AttachedSession&) = delete;
  AttachedSession& operator=(const AttachedSession&) = delete;

  // How long a record is held back, so that those of other CPUs can be put before it.
  static constexpr uint64_t kSettleNs = 20'000'000;

  // Reads what is new; call it when next() has given all. Appends what there is to say about
  // losses.
  void poll(uint64_t now, std::vector<std::string>& news);
  bool next(RingRecord& record) { return follower_.next(record); }

  // Whether poll() has read the last record.
  bool has_ended() const { return ended_; }
  const ReadSession& session() const { return session_; }
  // Null when it was replaced already: nothing happens to it any more.
  SessionWatch* watch() { return watch_ ? &*watch_ : nullptr; }
  std::vector<SegmentReport> report() const { return report_of(follower_, session_.reader()); }

 private:
  AttachedSession(ReadSession& session, uint64_t since);
  uint64_t dropped() const;

  ReadSession& session_;
  std::optional<SessionWatch> watch_;
  RingFollower follower_;
  bool first_ = true, ended_ = false;
  uint64_t overwritten_ = 0;  // said so far
  uint64_t dropped_;
};

}  // namespace stapd::ctl
