#include "stapd/session/manager.h"

#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "runtime/base/clock.h"
#include "runtime/load/death_watch.h"
#include "runtime/load/pins.h"
#include "runtime/load/session_lock.h"

namespace stapd {
namespace {

// Whoever follows a session asks several times a second.
constexpr uint64_t kReaderIsGoneNs = 10'000'000'000;
// While bpffs is read-only.
constexpr uint64_t kBetweenLooksNs = 2'000'000'000;

// By another process.
bool is_held(const std::string& pin_folder) {
  Result<std::optional<SessionLock>> lock = SessionLock::take(pin_folder);
  return lock && !*lock;
}

}  // namespace

Manager::Manager(EventLoop& loop, const Paths& paths, Log& log)
    : loop_(loop),
      paths_(paths),
      log_(log),
      compiler_(loop),
      host_{loop, paths, log, compiler_, [this](const Session& session) { on_state(session); }},
      stopped_(paths.stopped_folder()) {}

Session* Manager::find(const std::string& name) const {
  auto found = sessions_.find(name);
  return found == sessions_.end() ? nullptr : found->second.get();
}

Session& Manager::get(const std::string& name) {
  if (Session* session = find(name)) return *session;
  Session& session = *(sessions_[name] = std::make_unique<Session>(name, host_));
  for (Observer* observer : observers_) observer->on_added(session);
  return session;
}

size_t Manager::count_of(Session::State state) const {
  size_t count = 0;
  for (const auto& [name, session] : sessions_) count += session->state() == state;
  return count;
}

std::string Manager::summary() const {
  std::string text = fmt::format("{} of {} sessions record", count_of(Session::State::recording),
                                 sessions_.size());
  if (size_t failed = count_of(Session::State::failed)) text += fmt::format(", {} failed", failed);
  return text;
}

void Manager::say_what_goes_on() const {
  std::string names;
  for (const auto& [name, session] : sessions_)
    if (session->records_without_us()) names += " " + name;
  if (!names.empty())
    log_.write({LOG_NOTICE, "ends, and leaves recording:" + names +
                                "; to end recordings, start stapd and stapctl stop --all"});
}

// ---- taking over ------------------------------------------------------------------------------

Status Manager::take_over() {
  STAPD_TRY(ensure_bpffs());
  if (Status writable = check_bpffs_writable(); !writable) {
    log_.write(
        {LOG_ERR, "what records goes on, and is taken over later: " + writable.error().message});
    reload();
    take_over_when_writable();
  } else {
    take_over_pins();
  }
  return {};
}

// Nobody tells that a file system was mounted with other options.
void Manager::take_over_when_writable() {
  if (check_bpffs_writable()) return take_over_pins();
  Result<EventSource> later =
      loop_.at(read_clocks().mono + kBetweenLooksNs, [this] { take_over_when_writable(); });
  if (later)
    waiting_ = std::move(*later);
  else
    log_.write({LOG_ERR, later.error().message});
}

void Manager::take_over_pins() {
  std::set<std::string> lost = adopt_sessions();
  reload();
  taken_over_ = true;
  update_watch();
  watch_pins();
  for (const auto& [name, session] : sessions_) {
    bool wanted = session->profile().automatic || lost.count(name);
    if (session->state() != Session::State::inactive || !wanted) continue;
    if (stopped_.has(name))
      log_.write({LOG_INFO, "was stopped: it records when it is started, or the host boots", name});
    else
      session->start([](const std::optional<SessionFailure>&) {}, Session::OnUnknownKey::ignore);
  }
  malloc_trim(0);  // what decoding took
}

void Manager::watch_pins() {
  auto say = [this](int priority, const std::string& text) { log_.write({priority, text}); };
  pin_watch_ = std::make_unique<PinWatch>(
      loop_, paths_.pin_folder, [this] { look_at_pins(); }, say);
}

// Names of those that should record, and that no recorder of ours does.
std::set<std::string> Manager::adopt_sessions() {
  std::set<std::string> lost;
  std::optional<uint64_t> died = time_of_death(paths_.watch_folder());
  restore_replaced();
  adopt_earlier();
  for (const std::string& pin : list_pins(paths_.sessions_folder())) {
    if (!session_of_earlier_pins(pin).empty()) continue;
    std::string name = decode_pin_name(pin);
    if (name.empty()) {
      sweep(pin, "half made");
      continue;
    }
    if (!adopt_session(name, died)) lost.insert(name);
  }
  for (const auto& [name, session] : sessions_)
    if (session->predecessor_records()) lost.insert(name);
  settle_orphans(lost);
  return lost;
}

Session& Manager::get_left(const std::string& name) {
  bool is_new = !find(name);
  Session& session = get(name);
  if (is_new) session.set_profile_gone();  // until its profile is read
  return session;
}

bool Manager::adopt_session(const std::string& name, std::optional<uint64_t> died) {
  Session& session = get_left(name);
  Status adopted = session.adopt(died);
  if (adopted) return true;
  if (session.keep_predecessor()) {
    log_.write({LOG_WARNING,
                "cannot be taken over, and is started again; what it recorded can be read: " +
                    adopted.error().message,
                name, message_id::kAdopted});
    return false;
  }
  sweep(encode_pin_name(name), adopted.error().message);
  if (!session.is_forgotten()) return false;
  forget(name);
  return false;
}

void Manager::forget(const std::string& name) {
  for (Observer* observer : observers_) observer->on_removed(*find(name));
  sessions_.erase(name);
}

// stap and staprun leave sessions without asking, and take them away.
void Manager::look_at_pins() {
  for (const auto& [name, session] : sessions_) session->look_at_pins();
  for (const std::string& pin : list_pins(paths_.sessions_folder())) {
    std::string name = decode_pin_name(pin);
    Session* session = find(name);
    if (name.empty() || (session && session->has_pins())) continue;
    adopt_session(name, std::nullopt);
  }
}

// The dead stapd was replacing a recording, and had not come to the moment at which the new one
// begins: the old one still records, and gets its name again.
void Manager::restore_replaced() {
  for (const std::string& pin : list_pins(paths_.sessions_folder())) {
    std::string name = session_of_earlier_pins(pin);
    std::string folder = paths_.session_pins(name);
    if (name.empty() || was_replaced(paths_.sessions_folder() + "/" + pin, folder)) continue;
    if (is_held(folder)) continue;
    if (Status removed = discard_pin_folder(folder); !removed)
      log_.write({LOG_ERR, removed.error().message, name});
    if (std::rename((paths_.sessions_folder() + "/" + pin).c_str(), folder.c_str()) != 0)
      log_.write({LOG_ERR, fmt::format("renaming {}: {}", pin, std::strerror(errno)), name});
  }
}

// What sessions recorded before what they record now, the oldest first.
void Manager::adopt_earlier() {
  for (const std::string& pin : list_pins(paths_.sessions_folder())) {
    std::string name = session_of_earlier_pins(pin);
    if (name.empty()) continue;
    Status adopted = get_left(name).adopt_earlier(paths_.sessions_folder() + "/" + pin);
    if (!adopted) sweep(pin, adopted.error().message);
  }
}

// What recorded last has gone without what it had recorded before: somebody removed its pins, or
// was killed while it was being stopped.
void Manager::settle_orphans(const std::set<std::string>& lost) {
  for (const auto& [name, session] : sessions_) {
    if (session->state() != Session::State::inactive || lost.count(name)) continue;
    if (!session->has_predecessor()) continue;
    if (stopped_.has(name)) {
      session->forget_earlier();
      log_.write(
          {LOG_INFO, "removed what it recorded earlier: it was stopped", name, message_id::kSwept});
    } else {
      log_.write({LOG_WARNING,
                  "its newest recording is gone; what it recorded earlier can be read until it is "
                  "stopped",
                  name, message_id::kAdopted});
    }
  }
}

// What somebody holds is alive, whatever we understand of it.
void Manager::sweep(const std::string& pin, const std::string& why) {
  std::string folder = paths_.sessions_folder() + "/" + pin;
  if (is_held(folder)) {
    log_.write({LOG_WARNING, fmt::format("left {} to the process that holds it: {}", folder, why)});
    return;
  }
  Status removed = remove_pin_folder(folder);
  log_.write({LOG_WARNING, fmt::format("removed {}: {}", folder, why), {}, message_id::kSwept});
  if (!removed) log_.write({LOG_ERR, removed.error().message});
}

// ---- profiles ---------------------------------------------------------------------------------

void Manager::read_profile_of(Session& session, const ProfileFiles& files) {
  Result<Profile> profile = read_profile(files, paths_);
  if (profile)
    session.set_profile(std::move(*profile));
  else
    session.set_profile_error(files.path, profile.error().message);
}

std::vector<std::string> Manager::reload() {
  std::vector<std::string> lines;
  std::set<std::string> present;
  for (const ProfileFiles& files : find_profiles(paths_)) {
    present.insert(files.name);
    // At first every profile is new.
    if (taken_over_ && !find(files.name)) lines.push_back(files.name + ": new");
    Session& session = get(files.name);
    read_profile_of(session, files);
    if (session.is_outdated())
      lines.push_back(files.name +
                      ": changed; what records goes on as it was, until it is restarted");
  }
  for (const auto& [name, session] : sessions_) {
    // What stap left never had one.
    if (present.count(name) || session->profile().path.empty()) continue;
    session->set_profile_gone();
    lines.push_back(name + (session->is_forgotten()
                                ? ": its profile is gone"
                                : ": its profile is gone; it is kept until it is stopped"));
  }
  for (const std::string& line : lines) log_.write({LOG_INFO, line, {}, message_id::kProfile});
  forget_later();
  return lines;
}

// ---- what clients ask for ---------------------------------------------------------------------

bool Manager::start(const std::string& name, Session::Started done) {
  std::optional<ProfileFiles> files = find_profile(paths_, name);
  Session* session = find(name);
  if (!files && !session) return false;
  if (!session) session = &get(name);
  if (session->state() != Session::State::recording && files) read_profile_of(*session, *files);
  stopped_.remove(name);
  session->start(std::move(done), Session::OnUnknownKey::refuse);
  return true;
}

void Manager::note(const std::string& session, const std::string& what, const Caller& by) const {
  log_.write({LOG_INFO, what + " by ", session, message_id::kAsked, &by});
}

void Manager::note_reader(const std::string& session, const Caller& by) {
  uint64_t now = read_boot_clock();
  std::erase_if(readers_, [&](const auto& seen) { return now - seen.second > kReaderIsGoneNs; });
  if (readers_.insert_or_assign({session, by.user, by.pid}, now).second) note(session, "read", by);
}

bool Manager::restart(const std::string& name, Session::Started done) {
  std::optional<ProfileFiles> files = find_profile(paths_, name);
  if (!files) return false;
  Session& session = get(name);
  read_profile_of(session, *files);
  stopped_.remove(name);
  session.restart(std::move(done));
  return true;
}

bool Manager::stop(const std::string& name, SessionFiles::Finished done) {
  Session* session = find(name);
  if (!session) return false;
  stop(*session, std::move(done));
  return true;
}

void Manager::stop(Session& session, SessionFiles::Finished done) {
  if (session.profile().automatic)
    if (Status noted = stopped_.add(session.name()); !noted)
      log_.write({LOG_WARNING, noted.error().message, session.name()});
  session.stop(std::move(done));
}

void Manager::stop_all(AllStopped done) {
  // Who lets go of it last tells.
  struct Waiting {
    AllStopped done;
    std::vector<std::string> names;
    std::optional<std::string> failure;
    ~Waiting() { done(names, failure); }
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->done = std::move(done);
  for (const auto& [name, session] : sessions_) {
    if (session->state() != Session::State::recording &&
        session->state() != Session::State::starting && !session->predecessor_records())
      continue;
    waiting->names.push_back(name);
    stop(*session, [waiting, name = name](const std::optional<std::string>& failure) {
      if (failure)
        waiting->failure = waiting->failure.value_or("") + fmt::format("{}: {}\n", name, *failure);
    });
  }
}

void Manager::switch_files() {
  for (const auto& [name, session] : sessions_) session->switch_file();
}

void Manager::on_state(const Session& session) {
  for (Observer* observer : observers_) observer->on_state(session);
  update_watch();
  forget_later();
}

// Sessions without a profile and without anything to read; not in the midst of their own functions.
void Manager::forget_later() {
  auto forget = [this] {
    for (auto at = sessions_.begin(); at != sessions_.end();) {
      if (!at->second->is_forgotten()) {
        ++at;
        continue;
      }
      for (Observer* observer : observers_) observer->on_removed(*at->second);
      at = sessions_.erase(at);
    }
  };
  if (Result<EventSource> soon = loop_.soon(forget)) forgetting_ = std::move(*soon);
}

// Somebody notes our death as long as something would go on without us.
void Manager::update_watch() {
  if (!taken_over_) return;  // pins of the dead one are still looked at
  bool wanted = std::any_of(sessions_.begin(), sessions_.end(), [](const auto& entry) {
    return entry.second->state() == Session::State::recording && !entry.second->is_held();
  });
  if (watched_ == wanted) return;
  Status status =
      wanted ? watch_this_process(paths_.watch_folder()) : remove_pin_folder(paths_.watch_folder());
  if (!wanted) remove_empty_instance(paths_.session_pins(""));
  if (status)
    watched_ = wanted;
  else
    log_.write({LOG_WARNING, status.error().message});
}

}  // namespace stapd
