// What files of numbered events say of themselves, checked record by record, line by line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stapd::test {

// Of one CPU.
struct FiledSegment {
  // Numbers of the first event that was ever recorded, and the newest. Of text, the first that is
  // there: it says nothing of what is lost before.
  uint64_t first = 0, last = 0;
  uint64_t lost = 0;        // records that are not there, and counted; of text, events
  uint64_t heartbeats = 0;  // records that are none of the script's
  bool any = false;
};

struct FiledRecording {
  std::string label;  // of the script that recorded it
  std::vector<FiledSegment> cpus;
  bool from_start = true;  // rotation deleted nothing of it
  bool ended = true;
};

// In the order in which they were recorded. What is wrong is added to `faults`; that the files have
// no end yet is not.
std::vector<FiledRecording> read_recordings(const std::vector<std::string>& paths, int cpus,
                                            std::string& faults);
std::vector<FiledRecording> read_texts(const std::vector<std::string>& paths, int cpus,
                                       std::string& faults);

}  // namespace stapd::test
