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
  // Borrows `show`. Records behind the end of `range` are not waited for.
  Attachment(const TimeRange& range, RecordShow& show);
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

  // Before run(): `rings` are what there is of it, and from `first` on what RecordShow calls them.
  Status add(const std::string& name, ReadSessions rings, size_t first,
             const AttachOptions& options);
  Status run();

 private:
  Status open_signals();
  void wait();
  void look_at_daemon();
  Status poll();
  void show_waiting();
  bool all_ended() const;
  void tell(const std::string& text);
  Status finish();
  Status write_rest();

  std::vector<std::unique_ptr<AttachedSession>> sessions_;
  TimeRange range_;
  RecordShow& show_;
  std::optional<SessionMerge<AttachedSession>> merge_;
  UniqueFd signals_;
  bool waiting_ = false;  // records that were read and not shown
  bool detached_ = false;
};

}  // namespace stapd::ctl
