// One session of an attachment: its records as they come, from one ring after the other, and what
// happens to it and its stapd.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "ctl/stapctl/attached_ring.h"
#include "ctl/stapctl/record_show.h"
#include "ctl/stapctl/session_watch.h"

namespace stapd::ctl {

// What somebody who attaches wants of a session.
struct AttachOptions {
  std::optional<std::string> root;
  uint64_t since = 0;  // as in FollowOptions, of what there is already
  bool wait = false;   // for the next start, when it has ended or never ran
};

class AttachedSession {
 public:
  using Tell = std::function<void(const std::string& text)>;  // a line for people

  // `rings`: what there is of it, the oldest first, and from `first` on what RecordShow calls them.
  // Borrows `show`.
  static Result<std::unique_ptr<AttachedSession>> open(const std::string& name, ReadSessions rings,
                                                       size_t first, const AttachOptions& options,
                                                       RecordShow& show, Tell tell);
  AttachedSession(const AttachedSession&) = delete;
  AttachedSession& operator=(const AttachedSession&) = delete;

  // Reads what is new; call it when next() has given all, and that was shown.
  Status poll(const ClockReading& now);
  bool next(RingRecord& record);
  // Of the record that next() gave.
  size_t recording() const { return rings_[at_]->number(); }
  const ReadSchema& schema() const { return rings_[at_]->schema(); }
  uint64_t real_of(uint64_t boot) const { return rings_[at_]->real_of(boot); }

  // Looks whether stapd is there.
  void look_at_daemon(uint64_t now);
  int daemon_fd() const { return watch_.fd(); }

  const std::string& name() const { return name_; }
  // Whether poll() has read the last record, and none will follow.
  bool has_ended() const { return ended_; }
  bool is_recording() const { return !rings_.empty() && !rings_.back()->has_ended(); }
  // Why it has ended.
  const std::string& end() const { return end_; }
  // Puts the reports of those that were not shown to their end where their numbers say.
  void add_reports(std::vector<std::vector<SegmentReport>>& reports) const;

 private:
  AttachedSession(const std::string& name, const AttachOptions& options, SessionWatch watch,
                  RecordShow& show, Tell tell);
  Status forget_shown();
  void poll_from(size_t ring, const ClockReading& now);
  void add(std::unique_ptr<ReadSession> session, size_t number, uint64_t since, std::string began);
  bool goes_on() const;
  Status ask_for_more(const ClockReading& now);
  Status go_on(ReadSessions rings, bool was_away, const ClockReading& now);
  std::string how_it_began(bool was_away) const;
  void tell_waiting(const SessionOutlook& outlook);
  void finish(const SessionOutlook& outlook);

  std::string name_;
  AttachOptions options_;
  SessionWatch watch_;
  RecordShow& show_;
  Tell tell_;
  // The last one grows; those before it have ended, and are shown one after the other.
  std::deque<std::unique_ptr<AttachedRing>> rings_;
  std::deque<std::string> began_;  // what to say when the first record of each is due
  std::set<uint32_t> known_;       // rings, by the kernel's numbers
  size_t at_ = 0;                  // the one that is shown
  bool came_back_ = false;         // stapd did, and what it knows of the session was not asked yet
  bool is_waiting_ = false;        // for the next start, and that was said
  bool ended_ = false;
  std::string end_;
  uint64_t next_ask_ = 0;
};

}  // namespace stapd::ctl
