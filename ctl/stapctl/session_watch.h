// What becomes of a session and its stapd while somebody reads: stapd may go and come back, and the
// session may have ended meanwhile. Reading needs neither.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ctl/client/stapd_client.h"

namespace stapd::ctl {

class SessionWatch {
 public:
  // `ring_id`: the kernel's number of the ring that is read.
  SessionWatch(std::string name, std::optional<std::string> root, StapdClient client,
               uint32_t ring_id);

  // To wait for; -1 while there is no stapd.
  int fd() const { return client_ ? client_->bus().fd() : -1; }

  // Brings a copy of the recording up to date, now and then.
  void refresh(Recording& recording, const std::vector<uint64_t>& positions, uint64_t now);
  // What is new, as a line for people, or nothing. Asks for stapd now and then while it is gone.
  std::optional<std::string> look(uint64_t now);
  // Whether stapd said that nothing will be added to that ring.
  bool has_ended() const { return ended_; }

 private:
  std::optional<std::string> greet();

  std::string name_;
  std::optional<std::string> root_;
  std::optional<StapdClient> client_;
  uint32_t ring_id_;
  uint64_t next_look_ = 0, next_refresh_ = 0;
  bool ended_ = false;
};

}  // namespace stapd::ctl
