#include "stapd/session/session.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/base/clock.h"
#include "runtime/base/units.h"
#include "runtime/filing/filing_state.h"
#include "runtime/image/image_io.h"
#include "runtime/load/pins.h"
#include "runtime/recorder/error_budget.h"
#include "runtime/recorder/show_globals.h"
#include "runtime/recorder/system_command.h"
#include "stapd/session/sealed_memfd.h"

namespace stapd {
namespace {

Result<std::string> read_whole(int fd) {
  struct stat status;
  if (fstat(fd, &status) < 0) return fail_errno("image", errno);
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  if (pread(fd, bytes.data(), bytes.size(), 0) != status.st_size) return fail_errno("image", errno);
  return bytes;
}

bool has_commands(const ProgramImage& image) {
  return std::any_of(image.formats.begin(), image.formats.end(), [](const RecordFormat& format) {
    return format.channel == RecordChannel::system;
  });
}

}  // namespace

const char* name_of(Session::State state) {
  switch (state) {
    case Session::State::inactive:
      return "inactive";
    case Session::State::starting:
      return "starting";
    case Session::State::recording:
      return "recording";
    case Session::State::stopped:
      return "stopped";
    case Session::State::failed:
      return "failed";
  }
  return "";
}

Session::Session(std::string name, Host& host)
    : name_(std::move(name)),
      host_(host),
      earlier_([this](int priority, const std::string& text) { say(priority, text); }) {
  profile_.name = name_;
}
Session::~Session() = default;

void Session::say(int priority, const std::string& text, const char* id) const {
  host_.log.write({priority, text, name_, id});
}

void Session::set_state(State state) {
  if (state_ == state) return;
  state_ = state;
  host_.on_state(*this);
}

void Session::fail(SessionFailure::Kind kind, std::string message) {
  failure_ = SessionFailure{kind, std::move(message)};
  say(LOG_ERR, failure_->message, message_id::kFailed);
  set_state(State::failed);
}

void Session::warn(const std::string& text) {
  say(LOG_WARNING, text);
  warnings_.push_back(text);
}

// ---- the profile ------------------------------------------------------------------------------

void Session::set_profile(Profile profile) {
  profile_ = std::move(profile);
  profile_error_.clear();
  profile_gone_ = false;
  for (const std::string& warning : profile_.warnings)
    say(LOG_WARNING, warning, message_id::kProfile);
  if (state_ == State::recording) watch_depth();
  if (state_ == State::failed && failure_->kind == SessionFailure::Kind::profile) {
    failure_.reset();
    set_state(State::inactive);
  }
}

void Session::set_profile_error(const std::string& path, std::string message) {
  profile_.path = path;
  profile_gone_ = false;
  profile_error_ = std::move(message);
  if (state_ == State::inactive || state_ == State::failed)
    fail(SessionFailure::Kind::profile, profile_error_);
  else
    say(LOG_ERR, profile_error_, message_id::kProfile);
}

bool Session::is_outdated() const {
  return metadata_ && state_ == State::recording &&
         text_of(metadata_->metadata().fingerprint) != fingerprint_of(profile_);
}

uint64_t Session::ring_bytes() const {
  const RecordingMaps* maps = readable_maps();
  return maps ? maps->shape().segment_size : profile_.ring_bytes;
}

// ---- starting ---------------------------------------------------------------------------------

void Session::start(Started tell, OnUnknownKey on_unknown_key) {
  if (state_ == State::recording) return tell(std::nullopt);
  starters_.push_back(std::move(tell));
  if (state_ == State::starting) return;
  if (std::optional<SessionFailure> refused = refusal(on_unknown_key)) {
    fail(refused->kind, refused->message);
    return tell_starters(failure_);
  }
  failure_.reset();
  if (state_ == State::stopped && has_predecessor()) forget_earlier();
  set_state(State::starting);
  if (!writes_end()) return compile();
  // Its pins are those of the last recording until then.
  last_files()->when_finished(
      [this, attempt = std::weak_ptr<Attempt>(attempt_ = std::make_shared<Attempt>())](
          const std::optional<std::string>&) {
        if (!attempt.expired()) compile();
      });
}

std::optional<SessionFailure> Session::refusal(OnUnknownKey on_unknown_key) const {
  if (has_predecessor() && profile_gone_)
    return SessionFailure{
        SessionFailure::Kind::profile,
        "it cannot be taken over, and it has no profile to start it from: it goes "
        "on recording as it was until it is stopped"};
  if (Status possible = check_bpffs_writable(); !possible)
    return SessionFailure{SessionFailure::Kind::start, possible.error().message};
  if (!profile_error_.empty()) return SessionFailure{SessionFailure::Kind::profile, profile_error_};
  if (on_unknown_key == OnUnknownKey::refuse && !profile_.unknown_keys.empty())
    return SessionFailure{SessionFailure::Kind::profile,
                          fmt::format("{}", fmt::join(profile_.unknown_keys, "; "))};
  return std::nullopt;
}

void Session::compile() {
  auto done = [this, attempt = std::weak_ptr<Attempt>(attempt_ = std::make_shared<Attempt>())](
                  Result<CompiledScript> script) {
    if (attempt.expired()) return;  // stopped meanwhile
    attempt_.reset();
    on_compiled(std::move(script));
  };
  host_.compiler.submit(profile_, std::move(done));
}

void Session::on_compiled(Result<CompiledScript> script) {
  bool replaces = state_ == State::recording;
  std::optional<SessionFailure> failure = record(std::move(script));
  // What compiling and loading took is given back: most of a daemon's life is idle.
  malloc_trim(0);
  if (!failure)
    look_after();
  else if (replaces)
    say(LOG_ERR, "goes on recording as it was: " + failure->message, message_id::kFailed);
  else
    fail(failure->kind, failure->message);
  tell_starters(failure ? failure : failure_);
}

std::optional<SessionFailure> Session::record(Result<CompiledScript> script) {
  if (!script) return SessionFailure{SessionFailure::Kind::start, script.error().message};
  if (!script->image.valid())
    return SessionFailure{SessionFailure::Kind::script, script->diagnostics};
  warnings_ = profile_.warnings;
  if (!script->diagnostics.empty()) warn(script->diagnostics);
  Status began = state_ == State::recording ? replace_recording(std::move(script->image))
                                            : begin_recording(std::move(script->image));
  if (!began) {
    Status removed = remove_pin_folder(host_.paths.session_pins(name_) + "+new");
    if (!removed) say(LOG_WARNING, removed.error().message);
    return SessionFailure{SessionFailure::Kind::start, began.error().message};
  }
  for (const std::string& warning : recorder_->take_warnings()) warn(warning);
  say(LOG_INFO, fmt::format("records, {} KB a CPU", ring_bytes() >> 10), message_id::kStarted);
  set_state(State::recording);
  return std::nullopt;
}

void Session::tell_starters(const std::optional<SessionFailure>& failure) {
  std::vector<Started> starters = std::exchange(starters_, {});
  for (const Started& starter : starters) starter(failure);
}

Result<Session::Prepared> Session::prepare(UniqueFd image_fd) {
  STAPD_ASSIGN(std::string encoded, read_whole(image_fd.get()));
  STAPD_ASSIGN(ProgramImage image, decode_image_untrusted(encoded));
  ClockReading now = read_clocks();
  SessionMetadata metadata;
  metadata.started_real = now.real;
  metadata.started_boot = now.boot;
  metadata.holder = static_cast<uint64_t>(getpid());
  copy_text(metadata.fingerprint, fingerprint_of(profile_));
  copy_text(metadata.profile_path, profile_.path);
  copy_text(metadata.script_path, profile_.script_path);
  STAPD_ASSIGN(SessionSchema schema, SessionSchema::make(image, name_));
  STAPD_ASSIGN(MetadataMap map, MetadataMap::create(metadata, {encoded, schema.encoded}));
  RecorderOptions options;
  options.segment_size = profile_.ring_bytes;
  options.pin_folder = host_.paths.session_pins(name_);
  options.metadata = map.fd();
  options.target_pid = profile_.target_pid;
  options.tolerate_missing_probes = !profile_.missing_probe_is_fatal;
  std::optional<SharedArea> files_state;
  if (profile_.has_files()) {
    STAPD_ASSIGN(files_state, SessionFiles::make_state(profile_.files));
    options.more_pins.emplace_back(kFilingPin, files_state->fd());
  }
  STAPD_ASSIGN(std::unique_ptr<Recorder> recorder,
               Recorder::prepare(std::make_shared<const ProgramImage>(std::move(image)), options));
  std::unique_ptr<SessionFiles> files;
  if (files_state) {
    FilingSource source = filing_source(*recorder, schema);
    STAPD_ASSIGN(files, make_files(source, std::move(*files_state)));
  }
  STAPD_ASSIGN(Watches watches, watch(*recorder));
  return Prepared{std::move(schema), std::move(map), std::move(recorder), std::move(files),
                  std::move(watches)};
}

Status Session::begin_recording(UniqueFd image_fd) {
  if (has_predecessor()) return succeed(std::move(image_fd));
  forget_recording();
  forget_earlier();
  STAPD_ASSIGN(Prepared prepared, prepare(std::move(image_fd)));
  STAPD_TRY(prepared.recorder->begin());
  take(std::move(prepared));
  return {};
}

void Session::take(Prepared prepared) {
  recorder_ = std::move(prepared.recorder);
  schema_ = std::move(prepared.schema);
  metadata_.emplace(std::move(prepared.metadata));
  started_real_ = metadata_->metadata().started_real;
  watches_ = std::move(prepared.watches);
  begin_files(std::move(prepared.files));
  watch_depth();
}

// ---- while it records -------------------------------------------------------------------------

// Of the one that is to be the session's.
Result<Session::Watches> Session::watch(const Recorder& recorder) {
  Watches watches;
  STAPD_ASSIGN(watches.control, host_.loop.on_readable(recorder.control_fd(), [this] {
    recorder_->handle_control();
    look_after();
  }));
  STAPD_ASSIGN(watches.clock,
               host_.loop.on_readable(recorder.clock_fd(), [this] { recorder_->handle_clock(); }));
  return watches;
}

// After anything that may have run a handler or told us something.
void Session::look_after() {
  if (state_ != State::recording) return;
  for (const std::string& warning : recorder_->take_warnings()) say(LOG_WARNING, warning);
  if (has_commands(recorder_->image())) run_commands();
  if (recorder_->wants_to_end()) return end_recording("the script ended it");
  timer_.reset();
  std::optional<uint64_t> due = recorder_->next_timer();
  if (!due) return;
  Result<EventSource> timer = host_.loop.at(*due, [this] {
    recorder_->run_due_timers(read_mono_clock());
    look_after();
  });
  if (timer)
    timer_ = std::move(*timer);
  else
    say(LOG_ERR, timer.error().message);
}

void Session::run_commands() {
  for (const std::string& command : recorder_->take_commands()) {
    Result<pid_t> pid = start_system_command(command);
    if (!pid) {
      say(LOG_ERR, pid.error().message);
      continue;
    }
    auto reap = [this, pid = *pid](int) { commands_.erase(pid); };
    if (Result<EventSource> source = host_.loop.on_child(*pid, reap))
      commands_[*pid] = std::move(*source);
  }
}

// ---- ending -----------------------------------------------------------------------------------

void Session::end_handlers(const std::string& reason) {
  forget_sources();
  Status stopped = recorder_->stop(files_ ? Recorder::Pins::keep : Recorder::Pins::remove);
  if (files_)
    end_files(*files_, recorder_->pin_folder(),
              recorder_->has_failed() ? "run-time errors ended it" : reason);
  if (has_commands(recorder_->image())) run_commands();
  if (stopped) return;
  say(LOG_ERR, stopped.error().message);
  note_pins_left(recorder_->pin_folder());
}

// Which limit it has come to: ErrorBudget= or MaxSkipped=.
std::string Session::run_failure() const {
  const Limits& limits = recorder_->image().limits;
  const SessionState& state = recorder_->state();
  if (skipped_too_many(recorder_->image(), state))
    return fmt::format(
        "ended, since more than {} handlers were skipped: they did not get their "
        "locks in time, or were nested too deep",
        limits.max_skipped);
  std::string window;
  if (limits.error_window_ms)
    window = fmt::format(" in all, more than {} within {}", limits.max_errors,
                         duration_text(uint64_t{limits.error_window_ms} * 1'000'000));
  return fmt::format("ended by run-time errors ({}{}): {}", state.errors, window,
                     recorder_->last_error());
}

// What was recorded stays readable.
void Session::end_recording(const std::string& reason) {
  end_handlers(reason);
  if (recorder_->has_failed()) return fail(SessionFailure::Kind::run, run_failure());
  say(LOG_INFO, "stopped", message_id::kStopped);
  set_state(State::stopped);
}

void Session::stop(SessionFiles::Finished tell) {
  if (state_ == State::starting) {
    attempt_.reset();
    failure_ = {SessionFailure::Kind::start, "stopped before it had started"};
    set_state(State::inactive);
    tell_starters(failure_);
    failure_.reset();
  }
  if (attempt_) {
    attempt_.reset();
    tell_starters(SessionFailure{SessionFailure::Kind::start, "stopped before it was restarted"});
  }
  remove_unread();
  if (is_held()) {
    ask_holder_to_end();
    return tell(std::nullopt);
  }
  if (state_ == State::recording) end_recording("stopped");
  if (has_predecessor()) {
    end_predecessor("stopped");
    set_state(State::stopped);
  }
  auto ended = [this, tell = std::move(tell)](const std::optional<std::string>& failure) {
    earlier_.remove_pins();
    tell(failure);
  };
  last_files() ? last_files()->when_finished(std::move(ended)) : ended(std::nullopt);
}

void Session::switch_file() {
  if (files_) files_->switch_file();
}

void Session::forget_sources() {
  watches_ = {};
  timer_.reset();
  depth_timer_.reset();
}

void Session::forget_recorder() {
  forget_sources();
  recorder_.reset();
  metadata_.reset();
  schema_.reset();
}

void Session::forget_recording() {
  files_.reset();
  forget_recorder();
}

// ---- what it holds ----------------------------------------------------------------------------

tl::unexpected<Error> Session::nothing_to_read() const {
  return failf(ErrorCode::not_found, "{} records nothing", name_);
}

const RecordingMaps* Session::readable_maps() const {
  if (recorder_) return &recorder_->maps().recording();
  return earlier_.empty() ? nullptr : &earlier_.newest().maps();
}

const SessionSchema& Session::readable_schema() const {
  return recorder_ ? *schema_ : earlier_.newest().schema();
}

Result<SessionStatistics> Session::statistics() const {
  const RecordingMaps* maps = readable_maps();
  if (!maps) return nothing_to_read();
  SessionStatistics statistics;
  RingDepth ring = take_depth();
  statistics.ledger = ring.ledger;
  statistics.oldest_ns = ring.oldest_ns;
  statistics.depth_ns = ring.depth_ns;
  for (DropCause cause : {DropCause::nested_too_deep, DropCause::lock_timeout})
    statistics.skipped += statistics.ledger.dropped[static_cast<size_t>(cause)];
  statistics.errors = maps->state().errors;
  statistics.earlier = earlier_.size();
  if (files_) statistics.files = files_->status();
  if (!recorder_) {
    --statistics.earlier;
    return statistics;
  }
  statistics.missed = recorder_->recursion_misses();
  const SessionMetadata& metadata = metadata_->metadata();
  statistics.away_ns = metadata.away;
  statistics.last_away_ns = metadata.last_away;
  statistics.adoptions = metadata.adoptions;
  if (metadata.worst_depth.day == local_day(read_clocks().real))
    statistics.worst_depth_ns = metadata.worst_depth.depth_ns;
  return statistics;
}

Result<OpenedRecording> Session::open_recording() const {
  const RecordingMaps* maps = readable_maps();
  if (!maps) return nothing_to_read();
  return open_for_reading(readable_schema().sealed.get(), *maps);
}

Result<std::vector<OpenedRecording>> Session::open_earlier() {
  if (state_ == State::recording) earlier_.forget_outlived(recorder_->reader());
  return earlier_.open_for_reading();
}

Result<Snapshot> Session::take_snapshot(const SnapshotRequest& request) const {
  if (request.earlier > earlier_.size())
    return failf(ErrorCode::not_found, "{} has no {} earlier recordings", name_, request.earlier);
  if (request.earlier > 0) {
    const EarlierRecording& earlier = earlier_[request.earlier - 1];
    return copy_recording(earlier.schema().sealed.get(), earlier.maps(), request);
  }
  const RecordingMaps* maps = readable_maps();
  if (!maps) return nothing_to_read();
  return copy_recording(readable_schema().sealed.get(), *maps, request);
}

Result<UniqueFd> Session::dump_globals() const {
  if (!recorder_ && readable_maps())
    return failf(ErrorCode::unsupported,
                 "{} was started by another build of stapd, or is not whole any more: its globals "
                 "cannot be read",
                 name_);
  if (!recorder_) return nothing_to_read();
  std::string text;
  for (const GlobalSpec& global : recorder_->image().globals)
    append_global(text, global, recorder_->map_access());
  return sealed_memfd("stapd-globals", text);
}

}  // namespace stapd
