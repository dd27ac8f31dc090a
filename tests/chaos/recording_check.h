// What a recording of numbered events says of itself, checked record by record.
#pragma once

#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/bus_client.h"

namespace stapd::test {

// Of one CPU's ring.
struct NumberedSegment {
  uint64_t first = 0,
           last = 0;  // numbers of the first event that was ever recorded, and the newest
  bool any = false;
};

struct NumberedRecording {
  std::string label;  // of the script that recorded it; "" when it has no record
  std::vector<NumberedSegment> cpus;
};

// Nothing may be written meanwhile. `heartbeats`: how many records of each CPU are none of the
// script's. What is wrong is added to `faults`.
inline NumberedRecording check_recording(const MappedRecording& recording, int cpus,
                                         uint64_t heartbeats, std::string& faults) {
  auto fault = [&](int cpu, const std::string& what) {
    faults += "CPU " + std::to_string(cpu) + ": " + what + "\n";
  };
  NumberedRecording found;
  found.cpus.resize(static_cast<size_t>(cpus));
  std::istringstream text(recording.text());
  std::string label;
  int cpu = 0;
  for (uint64_t number = 0; text >> label >> cpu >> number;) {
    if (cpu < 0 || cpu >= cpus) {
      fault(cpu, "there is no such CPU");
      continue;
    }
    NumberedSegment& segment = found.cpus[static_cast<size_t>(cpu)];
    if (segment.any && number != segment.last + 1)
      fault(cpu, std::to_string(number) + " follows " + std::to_string(segment.last));
    if (!found.label.empty() && label != found.label)
      fault(cpu, "a record of " + label + " among those of " + found.label);
    found.label = label;
    segment.last = number;
    segment.any = true;
  }
  for (cpu = 0; cpu < cpus; ++cpu) {
    SegmentLedger ledger = recording.reader().read_new(static_cast<uint32_t>(cpu), 0).ledger();
    NumberedSegment& segment = found.cpus[static_cast<size_t>(cpu)];
    if (!ledger.exact) fault(cpu, "the ledger is not exact");
    if (ledger.in_flight) fault(cpu, "a record is under way, though nobody writes");
    if (ledger.produced != ledger.kept + ledger.overwritten)
      fault(cpu, "the ledger does not add up");
    for (uint64_t dropped : ledger.dropped)
      if (dropped) fault(cpu, std::to_string(dropped) + " were dropped");
    if (segment.any) segment.first = segment.last + 1 - (ledger.produced - heartbeats);
  }
  return found;
}

}  // namespace stapd::test
