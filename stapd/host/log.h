// The daemon's log: fields for the journal when stderr is the journal, else plain lines. Only the
// daemon's own edge writes to it; rooms return what went wrong.
#pragma once

#include <syslog.h>

#include <string>
#include <string_view>

#include "stapd/host/caller.h"

namespace stapd {

// A kind of event that somebody may look for: MESSAGE_ID= in the journal, explained in
// units/stapd.catalog.
namespace message_id {
inline constexpr char kStarted[] = "c1a7c1d7d3a04f53a2f6d3d5f8d0a101";
inline constexpr char kStopped[] = "c1a7c1d7d3a04f53a2f6d3d5f8d0a102";
inline constexpr char kFailed[] = "c1a7c1d7d3a04f53a2f6d3d5f8d0a103";
inline constexpr char kAdopted[] = "c1a7c1d7d3a04f53a2f6d3d5f8d0a104";
inline constexpr char kSwept[] = "c1a7c1d7d3a04f53a2f6d3d5f8d0a105";
inline constexpr char kProfile[] = "c1a7c1d7d3a04f53a2f6d3d5f8d0a106";
inline constexpr char kAsked[] = "c1a7c1d7d3a04f53a2f6d3d5f8d0a107";
inline constexpr char kRefused[] = "c1a7c1d7d3a04f53a2f6d3d5f8d0a108";
inline constexpr char kBus[] = "c1a7c1d7d3a04f53a2f6d3d5f8d0a109";
inline constexpr char kDepth[] = "c1a7c1d7d3a04f53a2f6d3d5f8d0a110";
}  // namespace message_id

struct LogEntry {
  int priority = LOG_INFO;
  std::string_view text;  // may have several lines
  std::string_view session = {};
  const char* id = nullptr;        // of message_id
  const Caller* caller = nullptr;  // who asked for it; the text ends with it
};

class Log {
 public:
  Log();
  void write(const LogEntry& entry);

 private:
  bool to_journal_;
};

}  // namespace stapd
