// A stapd under load, what is done to it, and what must hold afterwards whatever was done.
#pragma once

#include <optional>
#include <random>
#include <string>

#include "tests/chaos/numbered_load.h"
#include "tests/chaos/recording_check.h"
#include "tests/support/daemon_under_test.h"

namespace stapd::test {

class World {
 public:
  World(uint64_t seed, int cpus);

  // One thing, chosen by the seed; its name.
  std::string act();
  // What does not hold, a line each; "" when all is well. The load pauses meanwhile.
  std::string check();
  // After the last round: the session is stopped and stapd ends; what is left behind, a line each.
  std::string end();

  const std::string& what_was_said() const { return said_; }

 private:
  struct Deed {
    const char* name;
    void (World::*run)();
  };
  static const Deed kDeeds[];

  void kill_and_start();
  void terminate_and_start();
  void reload();
  void restart();
  void restart_and_kill();
  void stop_and_start();
  void start_with_wrong_script();
  void lose_profile();
  void kill_while_it_starts();
  void read_meanwhile();

  uint64_t random(uint64_t below) { return random_() % below; }
  void write_profile();
  void kill_after(uint64_t us);
  void start_daemon();
  void fail(const std::string& what) { faults_ += what + "\n"; }
  void check_pins(std::string& faults);
  void check_process(std::string& faults);

  std::minstd_rand random_;
  DaemonUnderTest daemon_;
  NumberedLoad load_;
  uint64_t generation_ = 0;                // of the profile's script
  std::unique_ptr<MappedRecording> held_;  // what recorded at the last check: it stays readable
  uint64_t held_heartbeats_ = 0;
  bool paused_between_ =
      false;  // the session was stopped: events between two recordings are none's
  std::string faults_, said_;
};

}  // namespace stapd::test
