// What stapd can be asked and told (docs/dbus.md), as plain data. Whatever it answers is checked.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctl/client/bus.h"
#include "ctl/client/recording.h"

namespace stapd::ctl {

struct SessionEntry {
  std::string name, path, state, description;
};

struct SessionInfo {
  std::string name, description, state, failure, warnings, profile, script;
  bool automatic = false;
  bool outdated = false;    // what records is not what its profile and script say now
  uint64_t started_us = 0;  // wall clock; 0: never
  uint64_t ring_bytes = 0;  // a CPU
};

// Of a session with [File].
struct FileStatistics {
  std::string path;  // of the open file
  std::string trouble;
  uint64_t files = 0, bytes = 0, blocks = 0, failures = 0;
  uint64_t records = 0;      // written
  uint64_t unwritten = 0;    // refused by the disk
  uint64_t overwritten = 0;  // in the ring, before they could be written
};

// Counts of records, but for the times.
struct SessionStatistics {
  uint64_t produced = 0, kept = 0, overwritten = 0, dropped = 0, skipped = 0, errors = 0,
           missed = 0, in_flight = 0;
  std::map<std::string, uint64_t> dropped_by;
  uint64_t depth_ns = 0;        // how far back the ring of every CPU reaches
  uint64_t worst_depth_ns = 0;  // today; 0: unknown
  uint64_t keep_ns = 0;         // how far it should; 0: no matter
  uint64_t oldest_ns = 0;       // CLOCK_BOOTTIME of the oldest record
  uint64_t earlier = 0;         // recordings before this one that can be read, too
  uint64_t away_ns = 0, last_away_ns = 0, adoptions = 0;
  std::optional<FileStatistics> files;

  uint64_t lost() const { return dropped + skipped + missed; }
};

struct ManagerInfo {
  std::string version;
  uint32_t pid = 0;
};

// How far back the recording is whole: to its start as long as nothing was overwritten.
uint64_t reach_ns(const SessionInfo& info, const SessionStatistics& statistics);

class StapdClient {
 public:
  // Starting a session compiles its script and takes its programs through the verifier.
  static constexpr uint64_t kTimeoutUs = 60'000'000;

  static Result<StapdClient> connect(const std::optional<std::string>& root,
                                     uint64_t timeout_us = kTimeoutUs);

  Result<ManagerInfo> manager();
  Result<std::vector<SessionEntry>> list_sessions();
  // The path of a session's object, by its name.
  Result<std::string> find_session(const std::string& name);
  Status start(const std::string& name);
  Status restart(const std::string& name);
  Status stop(const std::string& name);
  Result<std::vector<std::string>> stop_all();
  Result<std::vector<std::string>> reload();

  Result<SessionInfo> session_info(const std::string& path);
  Result<SessionStatistics> statistics(const std::string& path);
  // Root gets the recording itself, others a copy.
  Result<std::unique_ptr<Recording>> open_recording(const std::string& path);
  // Brings a copy up to date, also of a ring that was replaced meanwhile: `positions` as of
  // RingFollower, what is before them is not needed.
  Status refresh(Recording& copy, const std::vector<uint64_t>& positions);
  // What it recorded before it was started anew, the oldest first. Copies for who is not root.
  Result<std::vector<std::unique_ptr<Recording>>> open_earlier(const std::string& path);
  // The values that the script's globals have now, as text.
  Result<std::string> globals(const std::string& path);

  const Bus& bus() const { return *bus_; }
  // As connect() got it.
  const std::optional<std::string>& root() const { return root_; }

 private:
  StapdClient(std::unique_ptr<Bus> bus, const std::optional<std::string>& root)
      : bus_(std::move(bus)), root_(root) {}

  std::unique_ptr<Bus> bus_;
  std::optional<std::string> root_;
};

}  // namespace stapd::ctl
