// A session that records: its maps, programs and links, and the handlers that run outside the
// kernel. Used by `stap` in its own process and by stapd; owns no event loop: it says what to wait
// for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/load/armed_probes.h"
#include "runtime/load/control_events.h"
#include "runtime/load/map_set.h"
#include "runtime/load/session_lock.h"
#include "runtime/recorder/condition_watch.h"
#include "runtime/recorder/kernel_maps.h"
#include "runtime/ring/ring_reader.h"
#include "runtime/ring/ring_writer.h"
#include "runtime/vm/vm.h"

namespace stapd {

struct RecorderOptions {
  uint32_t segment_size = 1u << 20;  // bytes a CPU, a power of two
  std::string pin_folder;            // in bpffs; "": nothing is pinned, all ends with this process
  int metadata = -1;                 // a MetadataMap's, which is pinned with the rest
  std::vector<std::pair<std::string, int>> more_pins;  // names and maps, likewise
  uint32_t target_pid = 0;                             // what target() gives
  uint32_t shown_by = 0;                 // what stp_pid() gives, until it is set again
  bool tolerate_missing_probes = false;  // OnMissingProbe=warn
};

class Recorder {
 public:
  // Loads and attaches everything, and pins it beside options.pin_folder: nothing runs, and nobody
  // sees it. `image` is shared with whoever formats records. What could not be attached and may be
  // missing is said by take_warnings().
  static Result<std::unique_ptr<Recorder>> prepare(std::shared_ptr<const ProgramImage> image,
                                                   const RecorderOptions& options);
  // What is prepared begins: its pins get their name, the begin handlers run, and then the
  // programs. already_exists when a session of that name is there.
  Status begin();
  // As begin(), while `old` records and until this one does: from one moment to the next. `old`'s
  // pins are in `old_folder` then, and what is left is old.stop(). An error, also of the begin
  // handlers, leaves `old` recording as if nothing had been.
  Status replace(Recorder& old, const std::string& old_folder);
  // As begin(), while something records that is not ours, and goes on after an error: so begin
  // handlers that fail are one.
  Status succeed();
  // prepare() and begin().
  static Result<std::unique_ptr<Recorder>> start(std::shared_ptr<const ProgramImage> image,
                                                 const RecorderOptions& options);
  // Takes over what another process pinned in options.pin_folder and left recording; busy when that
  // process is there. Begin handlers do not run again; timers start anew.
  static Result<std::unique_ptr<Recorder>> adopt(std::shared_ptr<const ProgramImage> image,
                                                 const RecorderOptions& options);
  // What another process holds, or what is left of a session that has ended: for looking at.
  static Result<std::unique_ptr<Recorder>> observe(std::shared_ptr<const ProgramImage> image,
                                                   const std::string& pin_folder);
  // What was only observed, when the process that held it is gone; busy when it is not.
  Status take_over();
  // For stop(), to which one that was replaced did not come before its process died.
  static Result<std::unique_ptr<Recorder>> adopt_replaced(std::shared_ptr<const ProgramImage> image,
                                                          const RecorderOptions& options);
  // What is pinned goes on recording.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // ---- what to wait for
  int control_fd() const;  // readable: handle_control()
  int clock_fd() const;    // readable: handle_clock(): somebody set the wall clock
  // CLOCK_MONOTONIC ns of the next timer handler, or nothing.
  std::optional<uint64_t> next_timer() const;

  // Called when handlers outside of the kernel have filled half of their segment; programs ring
  // the doorbell.
  void on_half_segment(std::function<void()> f) { writer_->on_half(std::move(f)); }

  void handle_control();
  void handle_clock();
  void run_due_timers(uint64_t now);

  // exit() was called or there were too many errors: stop() is due.
  bool wants_to_end() const { return wants_to_end_; }
  bool has_failed() const;

  // Ends the recording: programs stop, end handlers run (error handlers when it failed), globals
  // that the script never read are shown, links and pins go. What was recorded stays readable
  // while this object lives; of one that was replaced, or with `keep`, the pins of what can be read
  // stay, too.
  enum class Pins { remove, keep };
  Status stop(Pins pins = Pins::remove);
  bool is_stopped() const { return stopped_; }

  // What was not pinned when it started is from now on; already_exists when a session of that name
  // is there.
  Status pin(const std::string& folder, int metadata,
             std::vector<std::pair<std::string, int>> more_pins = {});
  const std::string& pin_folder() const { return pin_folder_; }

  // Commands of system() that were recorded since the last call.
  std::vector<std::string> take_commands();

  // The process that shows or writes what is recorded, or 0: what stp_pid() gives.
  void set_shown_by(uint32_t pid) { maps_->session_state().shown_by = pid; }
  // Writes a record of channel `notice` into the daemon's segment.
  void write_notice(std::string_view text);
  // Runs the heartbeat through the path that every record takes, on every CPU: an error when a
  // probe is gone or detached, or a record does not arrive.
  Status prove_alive();

  const ProgramImage& image() const { return *image_; }
  int program(uint32_t index) const { return programs_[index].get(); }
  std::shared_ptr<const ProgramImage> shared_image() const { return image_; }
  RingMapping ring() const;
  RingReader reader() const { return RingReader(ring(), image_->formats); }
  const MapSet& maps() const { return *maps_; }
  const SessionState& state() const { return maps_->session_state(); }
  MapAccess& map_access() { return *kernel_maps_; }
  // The newest error that a handler ended with, of those that the ring still holds.
  std::string last_error() const;
  // What the kernel left out because a program would have interrupted itself.
  uint64_t recursion_misses() const;
  // What went wrong since the last call, and does not end the recording.
  std::vector<std::string> take_warnings() { return std::exchange(warnings_, {}); }

 private:
  explicit Recorder(std::shared_ptr<const ProgramImage> image);

  Status load(const RecorderOptions& options);
  Status attach_probes(const RecorderOptions& options);
  Status pin_beside(const RecorderOptions& options);
  Status publish_pins();
  Status remove_pins();
  void run_begin_handlers();
  Status try_begin_handlers();
  void let_programs_run();
  Status open_pins(const std::string& folder);
  Status hold(const std::string& folder);
  Status open_waits();
  void set_up_vm();
  void initialise_globals();
  void run_family(ProbeSpec::Family family);
  void run_handler(const ProbeSpec& probe);
  void finish_handler(const HandlerResult& result);
  void greet_processes();
  void show_globals();
  void skip_commands();
  void schedule_timers(uint64_t now);
  void arm_timers(uint32_t condition, bool holds);
  bool keeps_armed(uint32_t condition) const;
  void follow_conditions();
  void follow_changes();
  void ignore_conditions();

  struct Timer {
    uint32_t probe;
    uint64_t due;
    bool armed;  // its probe's condition holds
  };

  std::shared_ptr<const ProgramImage> image_;
  std::optional<MapSet> maps_;
  std::unique_ptr<KernelMaps> kernel_maps_;
  std::optional<RingWriter> writer_;
  std::unique_ptr<Vm> vm_;
  std::optional<ConditionWatch> conditions_;
  std::vector<UniqueFd> programs_;
  std::unique_ptr<ArmedProbes> probes_;
  std::vector<Timer> timers_;
  UniqueFd clock_;
  std::string pin_folder_;
  std::optional<SessionLock> lock_;  // of what is pinned, unless it is only observed
  bool keeps_pins_ = false;          // of what can be read, when it stops
  bool was_replaced_ = false;        // by another recorder
  std::unique_ptr<ControlEvents> control_;
  std::vector<uint64_t> command_positions_;
  std::vector<std::string> commands_;
  std::vector<std::string> warnings_;
  bool wants_to_end_ = false;
  bool stopped_ = false;
};

}  // namespace stapd
