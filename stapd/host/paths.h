// Where an instance of stapd has its things. Everything is below its root, and its pins have a
// prefix of their own, so that instances never meet.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/load/session_pins.h"

namespace stapd {

struct Paths {
  std::string root;                          // "": the host's own instance
  std::vector<std::string> profile_folders;  // conf.d; a later one replaces an earlier one
  std::vector<std::string> script_folders;   // script.d; the first that has a script gives it
  std::string run_folder;
  std::string private_socket;
  std::string lock;
  std::string pin_folder;  // in bpffs

  // "" is the host's own instance. An error when `root` is no folder.
  static Result<Paths> of_root(const std::string& root);

  std::string session_pins(const std::string& session) const;
  // Of what it recorded before it was started anew; by name in the order of their starts.
  std::string earlier_pins(const std::string& session, uint64_t started_boot) const;
  std::string sessions_folder() const;
  std::string watch_folder() const { return stapd_watch(pin_folder); }
  std::string stopped_folder() const { return run_folder + "/stopped"; }
};

// The session's name, when this is the last part of one of its earlier_pins(); else "".
std::string session_of_earlier_pins(const std::string& pin);

}  // namespace stapd
