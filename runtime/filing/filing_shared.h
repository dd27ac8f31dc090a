// What a Filing and its thread tell each other.
#pragma once

#include <condition_variable>
#include <mutex>

#include "runtime/base/unique_fd.h"
#include "runtime/filing/filing.h"

namespace stapd {

struct Filing::Shared {
  UniqueFd wake;  // eventfd, to the thread: look at the wishes
  UniqueFd news;  // eventfd, to the owner

  std::mutex mutex;                 // for all below; never held while anything waits
  std::condition_variable changed;  // `go`, `leave`, `read` or `ended`
  bool go = false;                  // it may begin
  bool leave = false, finish = false, switch_file = false;  // wishes
  std::string reason;                                       // to finish
  uint64_t asked = 0, read = 0;                             // how often it should catch up, and did
  FilingStatus status;
  std::vector<FilingNews> untold;
  bool ended = false;  // the thread will touch nothing any more
};

}  // namespace stapd
