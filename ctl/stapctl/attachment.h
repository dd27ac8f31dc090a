// History, then live, without a seam, until the sessions end, --until is reached, or a signal
// detaches.
#pragma once

#include <memory>

#include "ctl/stapctl/attached_session.h"
#include "ctl/stapctl/record_show.h"
#include "runtime/base/unique_fd.h"

namespace stapd::ctl {

class Attachment {
 public:
  using Sessions = std::vector<std::unique_ptr<AttachedSession>>;

  // Borrows `show`. Records behind the end of `range` are not waited for.
  Attachment(Sessions sessions, const TimeRange& range, RecordShow& show);
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

  Status run();

 private:
  Status open_signals();
  void wait();
  void look_at_clock();
  void look_at_daemon();
  void poll();
  void show_waiting();
  bool all_ended() const;
  void notice(const AttachedSession& session, const std::string& text);
  Status finish();
  Status write_rest();

  Sessions sessions_;
  TimeRange range_;
  RecordShow& show_;
  SessionMerge<AttachedSession> merge_;
  WallClock clock_;
  UniqueFd signals_;
  bool waiting_ = false;  // records that were read and not shown
  bool detached_ = false;
};

}  // namespace stapd::ctl
