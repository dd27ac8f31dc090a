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
#include "stapd/session/earlier_recordings.h"
#include "stapd/session/opened_recording.h"
#include "stapd/session/ring_depth.h"
#include "stapd/session/session_files.h"
#include "stapd/session/session_holder.h"
#include "stapd/session/session_schema.h"
#include "stapd/session/snapshot.h"

namespace stapd {

struct SessionFailure {
  enum class Kind { profile, script, start, run };
  Kind kind = Kind::start;
  std::string message;
};

struct SessionStatistics {
  SegmentLedger ledger;
  uint64_t skipped = 0, errors = 0, missed = 0;
  uint64_t depth_ns = 0;        // as of RingDepth
  uint64_t worst_depth_ns = 0;  // today, as far as it was looked at; 0: unknown
  uint64_t oldest_ns = 0;       // CLOCK_BOOTTIME; 0: no records
  uint64_t earlier = 0;         // recordings before this one that can be read, too
  uint64_t away_ns = 0, last_away_ns = 0, adoptions = 0;
  std::optional<FilingStatus> files;
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
  // What there was to say of its profile and script when it was started; one that was taken over
  // has none.
  const std::vector<std::string>& warnings() const { return warnings_; }
  uint64_t started_real_ns() const { return started_real_; }
  uint64_t ring_bytes() const;
  // Nothing is known any more but its name: the profile is gone, and there is nothing to read.
  bool is_forgotten() const {
    return profile_gone_ && !readable_maps() && state_ != State::starting;
  }

  // ---- its profile
  void set_profile(Profile profile);
  void set_profile_error(const std::string& path, std::string message);
  void set_profile_gone() { profile_gone_ = true; }
  // What records is not what the profile says now.
  bool is_outdated() const;

  // ---- what can be done with it
  // `tell` gets nothing when it records, or why it does not; before start() returns, or later.
  using Started = std::function<void(const std::optional<SessionFailure>&)>;
  enum class OnUnknownKey { refuse, ignore };
  void start(Started tell, OnUnknownKey on_unknown_key);
  // As start(); when it records, as its profile says now, and what was recorded so far can be read
  // as before. When that cannot be had, it goes on recording as it was.
  void restart(Started tell);
  // Takes over what is pinned. An error when that is not to be had.
  // What stap or staprun left, and a process of theirs holds, is only looked at until that ends.
  Status adopt(std::optional<uint64_t> away_since);
  // Keeps what is pinned and cannot be taken over: it can be read, and goes on recording until
  // start() has an equal in its place.
  Status keep_predecessor();
  bool has_predecessor() const { return !recorder_ && !earlier_.empty(); }
  bool predecessor_records() const { return has_predecessor() && earlier_.newest().records(); }
  bool is_held() const { return holder_.is_there(); }
  // When stapd ends it goes on, and no other process holds it.
  bool records_without_us() const {
    return (state_ == State::recording && !is_held()) || predecessor_records();
  }
  // Its pins are there, or will be.
  bool has_pins() const {
    return state_ == State::recording || state_ == State::starting || unread_ || writes_end();
  }
  // Somebody may have removed the pins of what had ended.
  void look_at_pins();
  // What it recorded before it was restarted, by the pins of it that a dead stapd left; its files
  // get the end that they may lack. Before adopt().
  Status adopt_earlier(const std::string& pin_folder);
  // When their files have their end.
  void forget_earlier();
  // `tell` gets why not all of its files could be written, or nothing; before stop() returns, or
  // later.
  void stop(SessionFiles::Finished tell);

  // Its next record goes into a new file, if it writes any.
  void switch_file();

  // ---- what it holds; errors when there is nothing to read
  Result<SessionStatistics> statistics() const;
  Result<OpenedRecording> open_recording() const;
  Result<Snapshot> take_snapshot(const SnapshotRequest& request) const;
  // What it recorded before it was started anew, the oldest first, and is still worth reading.
  Result<std::vector<OpenedRecording>> open_earlier();
  Result<UniqueFd> dump_globals() const;  // a sealed memfd

 private:
  void set_state(State state);
  void fail(SessionFailure::Kind kind, std::string message);
  void warn(const std::string& text);
  void say(int priority, const std::string& text, const char* id = nullptr) const;
  std::optional<SessionFailure> refusal(OnUnknownKey on_unknown_key) const;
  void compile();
  void on_compiled(Result<CompiledScript> script);
  std::optional<SessionFailure> record(Result<CompiledScript> script);
  struct Watches;
  struct Prepared;
  Result<Prepared> prepare(UniqueFd image);
  Result<Watches> watch(const Recorder& recorder);
  Status begin_recording(UniqueFd image);
  Status replace_recording(UniqueFd image);
  void take(Prepared prepared);
  Status open_pins();
  Status take_over(std::optional<uint64_t> away_since);
  Status go_on(const std::string& who, std::optional<uint64_t> away_since);
  Status watch_holder();
  void on_holder_gone();
  void ask_holder_to_end();
  void show_end();
  void show_outcome();
  void remove_unread();
  void note_pins_left(const std::string& pin_folder);
  void forget_pinned();
  static FilingSource filing_source(const Recorder& recorder, const SessionSchema& schema);
  Result<std::unique_ptr<SessionFiles>> make_files(const FilingSource& source, SharedArea state);
  Result<std::unique_ptr<SessionFiles>> open_files();
  void begin_files(std::unique_ptr<SessionFiles> files);
  void end_files(SessionFiles& files, const std::string& pin_folder, const std::string& reason);
  Status end_files_left(const FilingSource& source, const std::string& pin_folder,
                        const std::string& reason);
  SessionFiles* last_files() const;
  bool writes_end() const;
  Status adopt_earlier(EarlierRecording earlier);
  Status take_charge_of_predecessor();
  Status succeed(UniqueFd image);
  void end_predecessor(const std::string& reason);
  void replace_predecessor();
  // Null when there is nothing to read.
  const RecordingMaps* readable_maps() const;
  const SessionSchema& readable_schema() const;
  tl::unexpected<Error> nothing_to_read() const;
  void look_after();
  void run_commands();
  RingDepth take_depth() const;
  void watch_depth();
  void check_depth();
  void end_handlers(const std::string& reason);
  void end_recording(const std::string& reason);
  std::string run_failure() const;
  void forget_sources();
  void forget_recorder();
  void forget_recording();
  void tell_starters(const std::optional<SessionFailure>& failure);

  std::string name_;
  Host& host_;
  Profile profile_;
  std::string profile_error_;
  bool profile_gone_ = false;
  State state_ = State::inactive;
  std::optional<SessionFailure> failure_;
  std::vector<std::string> warnings_;
  std::vector<Started> starters_;
  struct Attempt {};
  std::shared_ptr<Attempt> attempt_;  // to start or restart; gone when it was given up
  uint64_t started_real_ = 0;

  struct Watches {
    EventSource control, clock;
  };
  // A recorder that can begin, with all that belongs to it: nothing of that fails any more when
  // another recording has ended for it.
  struct Prepared {
    SessionSchema schema;
    MetadataMap metadata;
    std::unique_ptr<Recorder> recorder;
    std::unique_ptr<SessionFiles> files;  // null: it writes none
    Watches watches;
  };

  std::optional<SessionSchema> schema_;
  std::optional<MetadataMap> metadata_;
  std::unique_ptr<Recorder> recorder_;
  EarlierRecordings earlier_;
  std::unique_ptr<SessionFiles> files_;  // null: it writes none
  // Of the recording before, which get their end: those of the next one come after them.
  std::unique_ptr<SessionFiles> files_before_;
  Watches watches_;
  EventSource timer_, depth_timer_;
  SessionHolder holder_;
  bool unread_ = false;       // it has ended, and its pins wait for a reader
  bool too_shallow_ = false;  // and that was said
  std::map<pid_t, EventSource> commands_;
};

const char* name_of(Session::State state);

}  // namespace stapd
