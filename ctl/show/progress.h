// How far a long reading is, on stderr: only for a person, and only when it takes long.
#pragma once

#include <cstdint>
#include <string>

namespace stapd::ctl {

class Progress {
 public:
  // `what` is counted. Nothing is said when stderr is no terminal, or stdout is one: the text that
  // scrolls by says it all.
  explicit Progress(std::string what);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Looks at the clock: for every some thousand records.
  void update(uint64_t done, uint64_t all);
  // Takes the line away again.
  void clear();

 private:
  std::string what_;
  bool wanted_;
  bool shown_ = false;
  uint64_t started_, said_;
};

}  // namespace stapd::ctl
