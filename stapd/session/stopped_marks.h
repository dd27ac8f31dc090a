// Which sessions that start with stapd somebody has stopped: a stapd that comes back after a crash
// or an upgrade must not arm again what was taken off a host on purpose. Kept until the session is
// started, or the host boots.
#pragma once

#include <set>
#include <string>

#include "runtime/base/result.h"

namespace stapd {

class StoppedMarks {
 public:
  // One file a session, in `folder`.
  explicit StoppedMarks(std::string folder) : folder_(std::move(folder)) {}

  Status add(const std::string& session);
  void remove(const std::string& session);
  bool has(const std::string& session);
  // When somebody has removed the files: those that this process knows.
  Status add_again();

 private:
  std::string path_of(const std::string& session) const;

  Status write(const std::string& session) const;

  std::string folder_;
  std::set<std::string> known_;
};

}  // namespace stapd
