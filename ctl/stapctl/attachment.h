// History, then live, without a seam, until the session ends or a signal detaches.
#pragma once

#include <string>

#include "ctl/client/recording.h"
#include "ctl/show/record_output.h"
#include "ctl/stapctl/session_watch.h"
#include "runtime/base/unique_fd.h"
#include "runtime/ring/ring_follower.h"

namespace stapd::ctl {

class Attachment {
 public:
  // Borrows recording and watch. `since` as in FollowOptions.
  Attachment(std::string name, Recording& recording, uint64_t since, const ShowOptions& show,
             SessionWatch& watch);
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

  Status run();

 private:
  Status open_signals();
  void wait();
  void show_new();
  void show_rest();
  void take_records();
  void note_losses();
  void notice(const std::string& text);
  Status write_rest();

  std::string name_;
  Recording& recording_;
  SessionWatch& watch_;
  RingReader reader_;
  RingFollower follower_;
  OutputQueue queue_;
  RecordOutput output_;
  UniqueFd signals_;
  bool detached_ = false;
  bool first_ = true;
  uint64_t overwritten_ = 0;  // said so far
  uint64_t dropped_ = 0;
};

}  // namespace stapd::ctl
