// All sessions of an instance.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "stapd/profile/find_profiles.h"
#include "stapd/session/pin_watch.h"
#include "stapd/session/session.h"
#include "stapd/session/stopped_marks.h"

namespace stapd {

class Manager {
 public:
  // What happens to sessions, for whoever tells clients.
  struct Observer {
    virtual ~Observer() = default;
    virtual void on_added(const Session&) {}
    virtual void on_removed(const Session&) {}
    virtual void on_state(const Session&) {}
  };

  Manager(EventLoop& loop, const Paths& paths, Log& log);
  void add_observer(Observer& observer) { observers_.push_back(&observer); }
  void remove_observer(Observer& observer) { std::erase(observers_, &observer); }

  // Once: sweeps what a dead stapd left half made, adopts what it left recording, reads the
  // profiles, starts those that start by themselves. While bpffs is read-only, all that waits.
  Status take_over();

  const std::map<std::string, std::unique_ptr<Session>>& sessions() const { return sessions_; }
  Session* find(const std::string& name) const;

  // By what the profile says now. `done` as of Session::start(); never called, and false, when
  // there is no such profile.
  bool start(const std::string& name, Session::Started done);
  // Likewise, also when it records: see Session::restart().
  bool restart(const std::string& name, Session::Started done);
  // `done` as of Session::stop().
  bool stop(const std::string& name, SessionFiles::Finished done);
  // `done` gets their names when all have, and what is wrong with the files of some.
  using AllStopped = std::function<void(const std::vector<std::string>& names,
                                        const std::optional<std::string>& failure)>;
  void stop_all(AllStopped done);
  // For the log: what somebody asked for, of a session or, when that is "", of stapd.
  void note(const std::string& session, const std::string& what, const Caller& by) const;
  // The same for who reads, and goes on reading: once.
  void note_reader(const std::string& session, const Caller& by);
  // Sessions that write files begin new ones.
  void switch_files();
  // A line for every difference.
  std::vector<std::string> reload();
  size_t count_of(Session::State state) const;
  // In a line, for people.
  std::string summary() const;
  // When somebody has removed the notes.
  Status note_stopped_again() { return stopped_.add_again(); }
  // In the log, for who ends stapd.
  void say_what_goes_on() const;

 private:
  Session& get(const std::string& name);
  Session& get_left(const std::string& name);
  void read_profile_of(Session& session, const ProfileFiles& files);
  void take_over_pins();
  void take_over_when_writable();
  void watch_pins();
  std::set<std::string> adopt_sessions();
  bool adopt_session(const std::string& name, std::optional<uint64_t> died);
  void look_at_pins();
  void restore_replaced();
  void adopt_earlier();
  void settle_orphans(const std::set<std::string>& lost);
  void forget(const std::string& name);
  void sweep(const std::string& pin, const std::string& why);
  void on_state(const Session& session);
  void forget_later();
  void stop(Session& session, SessionFiles::Finished done);
  void update_watch();

  EventLoop& loop_;
  const Paths& paths_;
  Log& log_;
  Compiler compiler_;
  Session::Host host_;
  std::vector<Observer*> observers_;
  std::map<std::string, std::unique_ptr<Session>> sessions_;
  StoppedMarks stopped_;
  using Reader = std::tuple<std::string, uid_t, pid_t>;
  std::map<Reader, uint64_t> readers_;  // when they read last, CLOCK_BOOTTIME
  EventSource forgetting_, waiting_;
  std::unique_ptr<PinWatch> pin_watch_;
  bool taken_over_ = false;
  std::optional<bool> watched_;  // at first: who knows what is pinned
};

}  // namespace stapd
