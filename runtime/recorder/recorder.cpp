#include "runtime/recorder/recorder.h"

#include <sys/stat.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <random>

#include "runtime/base/clock.h"
#include "runtime/image/map_layout.h"
#include "runtime/load/load_program.h"
#include "runtime/load/metadata_pin.h"
#include "runtime/load/pins.h"
#include "runtime/load/run_word.h"
#include "runtime/recorder/error_budget.h"
#include "runtime/recorder/running_processes.h"
#include "runtime/recorder/show_globals.h"
#include "runtime/ring/ring_follower.h"
#include "runtime/vm/map_codec.h"

namespace stapd {
Recorder::Recorder(std::shared_ptr<const ProgramImage> image) : image_(std::move(image)) {}
Recorder::~Recorder() = default;

// ---- starting ---------------------------------------------------------------------------------

Result<std::unique_ptr<Recorder>> Recorder::start(std::shared_ptr<const ProgramImage> image,
                                                  const RecorderOptions& options) {
  STAPD_ASSIGN(std::unique_ptr<Recorder> recorder, prepare(std::move(image), options));
  STAPD_TRY(recorder->begin());
  return recorder;
}

Result<std::unique_ptr<Recorder>> Recorder::prepare(std::shared_ptr<const ProgramImage> image,
                                                    const RecorderOptions& options) {
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(image)));
  STAPD_TRY(recorder->load(options));
  STAPD_TRY(recorder->attach_probes(options));
  STAPD_TRY(recorder->open_waits());
  STAPD_TRY(recorder->pin_beside(options));
  return recorder;
}

Status Recorder::begin() {
  STAPD_TRY(publish_pins());
  run_begin_handlers();
  let_programs_run();
  return {};
}

Status Recorder::succeed() {
  STAPD_TRY(try_begin_handlers());
  STAPD_TRY(publish_pins());
  let_programs_run();
  return {};
}

void Recorder::run_begin_handlers() {
  run_family(ProbeSpec::Family::begin);
  if (!wants_to_end_) greet_processes();
}

Status Recorder::try_begin_handlers() {
  run_begin_handlers();
  if (!has_failed()) return {};
  return failf(ErrorCode::invalid_argument, "its begin handlers failed: {}", last_error());
}

void Recorder::let_programs_run() {
  if (wants_to_end_) return;
  schedule_timers(read_mono_clock());
  ignore_conditions();
  follow_conditions();
  store_run(maps_->session_state(), SessionState::running);
}

Status Recorder::load(const RecorderOptions& options) {
  STAPD_ASSIGN(MapSet maps, MapSet::create(*image_, options.segment_size));
  maps_.emplace(std::move(maps));
  SessionState& state = maps_->session_state();
  store_run(state, SessionState::starting);
  state.target = options.target_pid;
  state.shown_by = options.shown_by;
  handle_clock();
  set_up_vm();
  initialise_globals();
  for (const ProgramSpec& program : image_->programs) {
    STAPD_ASSIGN(UniqueFd fd, load_program(*image_, program, *maps_));
    programs_.push_back(std::move(fd));
  }
  return {};
}

void Recorder::set_up_vm() {
  const RingShape& shape = maps_->ring_shape();
  kernel_maps_ = std::make_unique<KernelMaps>(*image_, *maps_);
  writer_.emplace(maps_->ring() + (shape.segments - 1) * shape.stride, shape.segment_size);
  vm_ = std::make_unique<Vm>(*image_, *kernel_maps_, &*writer_);
  conditions_.emplace(*image_, *vm_, maps_->state());
}

void Recorder::initialise_globals() {
  for (const GlobalSpec& global : image_->globals) {
    if (global.is_array) continue;
    std::byte* at = maps_->state() + global.state_offset;
    if (global.kind == ValueKind::integer)
      std::memcpy(at, &global.init, sizeof global.init);
    else if (global.kind == ValueKind::string)
      encode_string(at, global.capacity, global.init_text);
  }
}

Status Recorder::attach_probes(const RecorderOptions& options) {
  STAPD_ASSIGN(probes_,
               ArmedProbes::attach(*image_, programs_, *maps_, options.tolerate_missing_probes));
  warnings_ = probes_->missing();
  return {};
}

Status Recorder::open_waits() {
  auto on_event = [this](const ControlEvent& event) {
    if (event.kind == ControlEvent::too_many_skips)
      writer_->write(kSkippedFormat, image_->formats[kSkippedFormat], read_boot_clock(), {});
    if (event.kind == ControlEvent::exit_requested || event.kind == ControlEvent::too_many_errors ||
        event.kind == ControlEvent::too_many_skips)
      wants_to_end_ = true;
  };
  STAPD_ASSIGN(control_, ControlEvents::open(maps_->fd(kControlMap), on_event));
  clock_.reset(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!clock_.valid()) return fail_errno("timerfd", errno);
  handle_clock();
  return {};
}

// ---- adoption ---------------------------------------------------------------------------------

Result<std::unique_ptr<Recorder>> Recorder::adopt(std::shared_ptr<const ProgramImage> image,
                                                  const RecorderOptions& options) {
  STAPD_ASSIGN(std::unique_ptr<Recorder> recorder, observe(std::move(image), options.pin_folder));
  STAPD_TRY(recorder->take_over());
  return recorder;
}

Result<std::unique_ptr<Recorder>> Recorder::observe(std::shared_ptr<const ProgramImage> image,
                                                    const std::string& pin_folder) {
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(image)));
  STAPD_TRY(recorder->open_pins(pin_folder));
  recorder->set_up_vm();
  recorder->stopped_ = recorder->state().ended;
  return recorder;
}

Status Recorder::take_over() {
  STAPD_TRY(hold(pin_folder_));
  uint32_t run = state().run;
  // Whoever ends a session takes them away.
  bool ends = run == SessionState::stopping || run == SessionState::failed;
  for (size_t i = 0; i < programs_.size() && !ends; ++i)
    if (!programs_[i].valid())
      return failf(ErrorCode::corrupt, "{}/program{}: it is gone", pin_folder_, i);
  STAPD_TRY(open_waits());
  skip_commands();
  if (run == SessionState::starting)
    return failf(ErrorCode::corrupt, "{}: its recorder died before it had started", pin_folder_);
  if (run == SessionState::running) {
    schedule_timers(read_mono_clock());
  } else {
    wants_to_end_ = true;
    control_->handle();  // why it ended
  }
  follow_changes();
  return {};
}

Status Recorder::prove_alive() {
  STAPD_TRY(probes_->prove_attached());
  if (!image_->heartbeat) return {};
  RingReader ring = reader();
  STAPD_ASSIGN(std::vector<int> cpus, online_cpus());
  for (int cpu : cpus) {
    uint32_t segment = static_cast<uint32_t>(cpu);
    uint64_t before = ring.counters(segment).produced;
    STAPD_TRY(run_program_on(programs_[*image_->heartbeat].get(), cpu));
    if (ring.counters(segment).produced == before)
      return failf(ErrorCode::corrupt, "CPU {} records nothing", cpu);
  }
  return {};
}

// ---- running ----------------------------------------------------------------------------------

int Recorder::control_fd() const { return control_->fd(); }
int Recorder::clock_fd() const { return clock_.get(); }

void Recorder::handle_control() {
  control_->handle();
  follow_changes();
}

// Takes the offset of the wall clock, and waits for the next time that somebody sets it.
void Recorder::handle_clock() {
  maps_->session_state().real_offset = read_real_clock() - read_boot_clock();
  if (!clock_.valid()) return;
  uint64_t ignored;
  while (::read(clock_.get(), &ignored, sizeof ignored) < 0 && errno == ECANCELED) {
  }
  itimerspec never = {};
  never.it_value.tv_sec = 1L << 40;
  timerfd_settime(clock_.get(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, nullptr);
}

namespace {

uint64_t interval_of(const ProbeSpec& probe) {
  int64_t interval = probe.interval_ns;
  if (probe.randomize_ns > 0) {
    static std::minstd_rand engine(std::random_device{}());
    interval +=
        std::uniform_int_distribution<int64_t>(-probe.randomize_ns, probe.randomize_ns)(engine);
  }
  return static_cast<uint64_t>(std::max<int64_t>(interval, 1));
}

}  // namespace

void Recorder::schedule_timers(uint64_t now) {
  for (uint32_t i = 0; i < image_->probes.size(); ++i)
    if (image_->probes[i].family == ProbeSpec::Family::timer)
      timers_.push_back({i, now + interval_of(image_->probes[i]), true});
}

std::optional<uint64_t> Recorder::next_timer() const {
  std::optional<uint64_t> due;
  if (stopped_ || wants_to_end_) return due;
  for (const Timer& timer : timers_)
    if (timer.armed && (!due || timer.due < *due)) due = timer.due;
  return due;
}

// A timer that fell behind by more than its interval is not made up for.
void Recorder::run_due_timers(uint64_t now) {
  for (Timer& timer : timers_) {
    if (wants_to_end_ || !timer.armed || timer.due > now) continue;
    const ProbeSpec& probe = image_->probes[timer.probe];
    run_handler(probe);
    timer.due += interval_of(probe);
    if (timer.due <= now) timer.due = now + interval_of(probe);
    follow_changes();
  }
}

// ---- conditions -------------------------------------------------------------------------------

// A recording outlives its recorder. Whoever is not there cannot arm a probe again when a program
// makes its condition true: such a probe stays armed, and its handler looks at the condition.
bool Recorder::keeps_armed(uint32_t condition) const {
  return !pin_folder_.empty() && image_->conditions[condition].changes_in_kernel;
}

void Recorder::arm_timers(uint32_t condition, bool holds) {
  for (Timer& timer : timers_) {
    const ProbeSpec& probe = image_->probes[timer.probe];
    if (probe.condition != condition) continue;
    if (holds && !timer.armed) timer.due = read_mono_clock() + interval_of(probe);
    timer.armed = holds;
  }
}

// Arms the probes whose condition holds, and no others.
void Recorder::follow_conditions() {
  for (uint32_t i = 0; i < image_->conditions.size(); ++i) {
    bool holds = conditions_->holds(i);
    arm_timers(i, holds);
    if (Status armed = probes_->set_armed(i, holds || keeps_armed(i)); !armed)
      warnings_.push_back(armed.error().message);
  }
}

// Of conditions that nobody follows, programs need not tell.
void Recorder::ignore_conditions() {
  for (uint32_t i = 0; i < image_->conditions.size(); ++i) {
    bool followed =
        !keeps_armed(i) || std::any_of(timers_.begin(), timers_.end(), [&](const Timer& timer) {
          return image_->probes[timer.probe].condition == i;
        });
    if (!followed) conditions_->ignore(i);
  }
}

// After anything that may have changed them.
void Recorder::follow_changes() {
  if (!wants_to_end_ && state().run == SessionState::running) follow_conditions();
}

void Recorder::run_family(ProbeSpec::Family family) {
  std::multimap<int64_t, const ProbeSpec*> ordered;
  for (const ProbeSpec& probe : image_->probes)
    if (probe.family == family) ordered.emplace(probe.order, &probe);
  for (const auto& [order, probe] : ordered) {
    run_handler(*probe);
    if (wants_to_end_ && family == ProbeSpec::Family::begin) return;
  }
}

// A timer that shares globals with programs runs as a program itself; all else in the VM.
void Recorder::run_handler(const ProbeSpec& probe) {
  if (probe.program) {
    Status status = run_program(programs_[*probe.program].get(), {});
    if (!status) warnings_.push_back(status.error().message);
    handle_control();
    return;
  }
  bool interruptible = probe.family != ProbeSpec::Family::timer;
  const Limits& limits = image_->limits;
  finish_handler(vm_->run(probe.handler, HandlerContext::of_this_process(),
                          interruptible ? limits.max_action_interruptible : limits.max_action));
}

// What a handler in the VM asked for.
void Recorder::finish_handler(const HandlerResult& result) {
  SessionState& session = maps_->session_state();
  bool ending = session.run == SessionState::stopping || session.run == SessionState::failed;
  if (result.end == HandlerResult::End::raised &&
      spend_error(*image_, maps_->state(), read_boot_clock())) {
    store_run(session, SessionState::failed);
    wants_to_end_ = true;
    return;
  }
  if (result.exit_requested && !ending) {
    store_run(session, SessionState::stopping);
    wants_to_end_ = true;
  }
}

// process.begin for the processes that are there already: in the VM, which sees each as the kernel
// would show it. Nothing else runs yet.
void Recorder::greet_processes() {
  std::vector<const ProbeSpec*> begins;
  for (const ProbeSpec& probe : image_->probes)
    if (probe.family == ProbeSpec::Family::process_begin) begins.push_back(&probe);
  if (begins.empty()) return;
  for (const RunningProcess& process : list_processes()) {
    for (const ProbeSpec* probe : begins) {
      bool other_pid = probe->pid >= 0 && static_cast<uint32_t>(probe->pid) != process.context.pid;
      bool other_file = !probe->path.empty() &&
                        (probe->inode != process.inode || probe->device != process.device);
      if (!other_pid && !other_file)
        finish_handler(vm_->run(probe->handler, process.context, image_->limits.max_action));
    }
  }
}

bool Recorder::has_failed() const { return state().run == SessionState::failed; }

// ---- ending -----------------------------------------------------------------------------------

Status Recorder::stop(Pins pins) {
  if (stopped_) return {};
  if (pins == Pins::keep) keeps_pins_ = true;
  SessionState& session = maps_->session_state();
  if (session.run != SessionState::failed) store_run(session, SessionState::stopping);
  // Without pins and links no program starts any more, and the handlers below are alone.
  Status removed = remove_pins();
  probes_.reset();
  run_family(has_failed() ? ProbeSpec::Family::error : ProbeSpec::Family::end);
  if (!has_failed()) show_globals();
  stopped_ = true;
  store_ended(session, was_replaced_ ? SessionState::replaced : SessionState::for_good);
  timers_.clear();
  return removed;
}

void Recorder::show_globals() {
  std::string text = text_of_unread_globals(*image_, *kernel_maps_);
  uint64_t now = read_boot_clock();
  constexpr size_t kPart = 4000;
  for (size_t at = 0; at < text.size(); at += kPart) {
    RecordValue value = RecordValue::of(std::string_view(text).substr(at, kPart));
    writer_->write(kTextFormat, image_->formats[kTextFormat], now, {&value, 1});
  }
}

void Recorder::write_notice(std::string_view text) {
  RecordValue value = RecordValue::of(text);
  writer_->write(kNoticeFormat, image_->formats[kNoticeFormat], read_boot_clock(), {&value, 1});
}

// ---- looking at it ----------------------------------------------------------------------------

RingMapping Recorder::ring() const { return maps_->recording().ring(); }

uint64_t Recorder::recursion_misses() const {
  uint64_t misses = 0;
  for (const UniqueFd& program : programs_) misses += stapd::recursion_misses(program.get());
  return misses;
}

std::string Recorder::last_error() const {
  RingWindow window = reader().take();
  RecordFormatter formatter(image_->formats);
  std::string text;
  for (RingRecord record; window.next(record);) {
    std::optional<RecordView> view = formatter.view_untrusted(record.bytes);
    if (!view || view->format().channel != RecordChannel::error) continue;
    text.clear();
    formatter.append_text(text, *view);
  }
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::vector<std::string> Recorder::take_commands() {
  auto is_command = [](const RecordFormat& format) {
    return format.channel == RecordChannel::system;
  };
  if (std::none_of(image_->formats.begin(), image_->formats.end(), is_command)) return {};
  RingReader ring = reader();
  FollowOptions options;
  options.positions = command_positions_;
  RingFollower follower(ring, options);
  follower.flush(read_boot_clock());
  RecordFormatter formatter(image_->formats);
  std::vector<std::string> commands;
  for (RingRecord record; follower.next(record);) {
    std::optional<RecordView> view = formatter.view_untrusted(record.bytes);
    if (!view || view->format().channel != RecordChannel::system) continue;
    commands.emplace_back();
    formatter.append_plain_text(commands.back(), *view);
  }
  command_positions_ = follower.positions();
  return commands;
}

// Those before an adoption were run, or are too old to be.
void Recorder::skip_commands() {
  RingReader ring = reader();
  for (uint32_t segment = 0; segment < ring.segments(); ++segment)
    command_positions_.push_back(ring.counters(segment).produced);
}

}  // namespace stapd
