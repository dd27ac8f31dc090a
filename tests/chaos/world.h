// A stapd under load, what is done to it, and what must hold afterwards whatever was done.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/chaos/files_check.h"
#include "tests/chaos/numbered_load.h"
#include "tests/chaos/recording_check.h"
#include "tests/support/daemon_under_test.h"

namespace stapd::test {

class World {
 public:
  World(uint64_t seed, int cpus);

  // Until there is something to look at.
  void record_a_while();
  // One thing, chosen by the seed; its name.
  std::string act();
  // What does not hold, a line each; "" when all is well. The load pauses meanwhile.
  std::string check();
  // After the last round: the session is stopped and stapd ends; what is left behind, a line each.
  std::string end();

  // How many recordings had files of each format that were found whole.
  uint64_t whole_recordings() const { return whole_[FileMode::recording]; }
  uint64_t whole_texts() const { return whole_[FileMode::text]; }

 private:
  struct Deed {
    const char* name;
    void (World::*run)();
  };
  static const Deed kDeeds[];
  static constexpr char kSession[] = "numbered";

  // [File] of a profile.
  struct FileMode {
    enum Kind { none, recording, text } kind = none;
    uint32_t count = 0;  // 0: all files are kept
  };
  // What its ring said of a recording, when it was looked at last.
  struct Recorded {
    std::string label;
    FileMode mode;
    bool after_pause;  // events between it and the one before are nobody's
    struct Cpu {
      uint64_t last, overwritten;
    };
    std::vector<Cpu> cpus;
  };

  void kill_and_start();
  void terminate_and_start();
  void reload();
  void restart();
  void restart_and_kill();
  void stop_and_start();
  void stop_and_kill();
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

  std::string files_folder() const { return daemon_.root() + "/files"; }
  std::string choose_files(const std::string& label);
  void note_recording(const MappedRecording& held, const NumberedRecording& found,
                      bool after_pause);
  std::vector<std::string> files_of(FileMode::Kind kind, std::string& faults) const;
  std::vector<FiledRecording> read_files(FileMode::Kind kind, std::string& faults) const;
  bool files_have_all_events();
  void check_files(bool ended, std::string& faults);
  static void check_filed(const FiledRecording& filed, const Recorded& recorded,
                          std::string& faults);
  static void check_seam(const FiledRecording& before, const FiledRecording& now,
                         std::string& faults);
  void check_ended_files();
  void check_live_files(std::string& faults);

  std::minstd_rand random_;
  DaemonUnderTest daemon_;
  NumberedLoad load_;
  uint64_t generation_ = 0;                // of the profile's script
  std::unique_ptr<MappedRecording> held_;  // what recorded at the last check: it stays readable
  uint64_t held_heartbeats_ = 0;
  bool paused_between_ =
      false;  // the session was stopped: events between two recordings are none's
  std::map<std::string, FileMode> modes_;  // by label
  std::vector<Recorded> recorded_;         // since the files were checked as a whole
  uint64_t whole_[3] = {};                 // by kind
  std::string faults_;
};

}  // namespace stapd::test
