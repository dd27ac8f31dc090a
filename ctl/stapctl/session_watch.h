// What becomes of a session and its stapd while somebody reads: stapd may go and come back, and the
// session may get another ring meanwhile. Reading needs neither.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "ctl/client/stapd_client.h"
#include "ctl/stapctl/read_session.h"

namespace stapd::ctl {

// What stapd says of a session.
struct SessionOutlook {
  bool is_known = true;
  bool is_recording = false;
  std::string failure;           // why it does not record, or ""
  bool is_newest_known = false;  // of its rings, and so there is no other one
  ReadSessions rings;            // that were not known, the oldest first

  // That it has ended, and why, as a line for people.
  std::string end_of(const std::string& name) const;
};

class SessionWatch {
 public:
  static Result<SessionWatch> open(std::string name, std::optional<std::string> root);

  // To wait for; -1 while there is no stapd.
  int fd() const { return client_ ? client_->bus().fd() : -1; }

  // Brings a copy of the recording up to date, now and then. True when stapd refuses to: nothing
  // more can be had of it.
  bool refresh(Recording& recording, const std::vector<uint64_t>& positions, uint64_t now);
  // Whether stapd has gone since the last look, or come back. Looks for it now and then.
  enum class News { none, gone, back };
  News look(uint64_t now);
  // Nothing while stapd does not answer, or is about to start the session. `known`: rings, by the
  // kernel's numbers.
  std::optional<SessionOutlook> ask(const std::set<uint32_t>& known);

 private:
  SessionWatch(std::string name, std::optional<std::string> root, StapdClient client);

  std::string name_;
  std::optional<std::string> root_;
  std::optional<StapdClient> client_;
  uint64_t asked_of_ = 0;  // the start of the newest ring that was known, at the last question
  uint64_t next_look_ = 0, next_refresh_ = 0;
};

}  // namespace stapd::ctl
