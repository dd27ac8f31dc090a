// One session: its profile, and its recorder while there is something to read.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/load/metadata_pin.h"
#include "runtime/recorder/recorder.h"
#include "stapd/host/event_loop.h"
#include "stapd/host/log.h"
#include "stapd/host/paths.h"
#include "stapd/profile/profile.h"
#include "stapd/session/compiler.h"
#include "stapd/session/session_files.h"

namespace stapd {

struct SessionFailure {
  enum class Kind { profile, script, start, run };
  Kind kind = Kind::start;
  std::string message;
};

struct SessionStatistics {
  SegmentLedger ledger;
  uint64_t skipped = 0, errors = 0, missed = 0;
  uint64_t depth_ns = 0;   // of the CPU whose ring reaches back least, of those that lost records
  uint64_t oldest_ns = 0;  // CLOCK_BOOTTIME; 0: no records
  uint64_t away_ns = 0, last_away_ns = 0, adoptions = 0;
  std::optional<FilingStatus> files;
};

// What a reader needs to read by itself.
struct OpenedRecording {
  UniqueFd image, ring, state;
  uint64_t segment_bytes = 0, state_bytes = 0;
  uint32_t segments = 0;
  std::string script_name;
};

class Session {
 public:
  enum class State { inactive, starting, recording, stopped, failed };

  // What all sessions share; outlives them.
  struct Host {
    EventLoop& loop;
    const Paths& paths;
    Log& log;
    Compiler& compiler;
    std::function<void(const Session&)> on_state;  // it changed
  };

  Session(std::string name, Host& host);
  ~Session();  // what records is left recording
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // ---- what it is
  const std::string& name() const { return name_; }
  const Profile& profile() const { return profile_; }
  State state() const { return state_; }
  const std::optional<SessionFailure>& failure() const { return failure_; }
  uint64_t started_real_ns() const { return started_real_; }
  uint64_t ring_bytes() const;
  // Nothing is known any more but its name: the profile is gone, and there is nothing to read.
  bool is_forgotten() const { return profile_gone_ && !recorder_ && state_ != State::starting; }

  // ---- its profile
  void set_profile(Profile profile);
  void set_profile_error(std::string message);
  void set_profile_gone() { profile_gone_ = true; }
  // What records is not what the profile says now.
  bool is_outdated() const;

  // ---- what can be done with it
  // `tell` gets nothing when it records, or why it does not; before start() returns, or later.
  using Started = std::function<void(const std::optional<SessionFailure>&)>;
  enum class OnUnknownKey { refuse, ignore };
  void start(Started tell, OnUnknownKey on_unknown_key);
  // Takes over what is pinned. An error when that is not to be had.
  Status adopt(std::optional<uint64_t> away_since);
  // `tell` gets why not all of its files could be written, or nothing; before stop() returns, or
  // later.
  void stop(SessionFiles::Finished tell);

  // ---- what it holds; errors when there is nothing to read
  Result<SessionStatistics> statistics() const;
  Result<OpenedRecording> open_recording() const;
  Result<UniqueFd> dump_globals() const;  // a sealed memfd

 private:
  void set_state(State state);
  void fail(SessionFailure::Kind kind, std::string message);
  void say(int priority, const std::string& text, const char* id = nullptr) const;
  void on_compiled(Result<CompiledScript> script);
  Status begin_recording(UniqueFd image);
  Status watch();
  Status begin_files(SharedArea state);
  void look_after();
  void run_commands();
  void end_recording(const std::string& reason);
  void forget_sources();
  void forget_recording();
  void tell_starters();

  std::string name_;
  Host& host_;
  Profile profile_;
  std::string profile_error_;
  bool profile_gone_ = false;
  State state_ = State::inactive;
  std::optional<SessionFailure> failure_;
  std::vector<Started> starters_;
  struct Attempt {};
  std::shared_ptr<Attempt> attempt_;  // to start; gone when it was given up
  uint64_t started_real_ = 0;

  UniqueFd image_;
  std::optional<MetadataMap> metadata_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<SessionFiles> files_;  // null: it writes none
  EventSource control_, clock_, timer_;
  std::map<pid_t, EventSource> commands_;
};

const char* name_of(Session::State state);

}  // namespace stapd
