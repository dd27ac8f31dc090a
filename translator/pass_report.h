// What each pass did and cost, for `stap -v`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stapd {

struct PassReport {
  std::string what;  // "analyzed script: 1 probe, ..."
  uint64_t user_ms = 0, system_ms = 0, real_ms = 0;
};

// Measures from the end of the last pass.
class PassClock {
 public:
  PassClock() : last_(read()) {}
  void end_pass(std::string what);
  const std::vector<PassReport>& reports() const { return reports_; }

 private:
  struct Reading {
    uint64_t user_us, system_us, real_us;
  };
  static Reading read();

  Reading last_;
  std::vector<PassReport> reports_;
};

}  // namespace stapd
