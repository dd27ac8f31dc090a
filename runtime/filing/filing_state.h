// What must be known to go on with a session's files when the one who wrote them was killed: in a
// pinned map beside the session's others (runtime/load/shared_area.h).
#pragma once

#include <climits>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/filing/file_settings.h"
#include "runtime/store/block.h"

namespace stapd {

constexpr char kFilingPin[] = "filing";
constexpr size_t kMaxFilePath = PATH_MAX;

// Of one segment of the ring.
struct Delivery {
  uint64_t position = 0;      // every record up to this number was delivered, or is lost
  std::set<uint64_t> beyond;  // delivered behind it

  bool has(uint64_t number) const { return number <= position || beyond.contains(number); }
  void note(uint64_t number);
  // Up to `number` every record was delivered, or will never be. How many will not.
  uint64_t pass(uint64_t number);

 private:
  void absorb();
};

// How far text files have come. A recording says that by itself.
struct TextProgress {
  uint32_t number = 0;                                   // of the file
  uint64_t opened = 0;                                   // ns since the epoch; 0: none was
  uint64_t size = 0;                                     // of the file
  uint64_t written = 0, unwritten = 0, overwritten = 0;  // records
  std::vector<Delivery> deliveries;                      // by segment
};

class FilingState {
 public:
  // Bytes for so many segments.
  static size_t size_for(uint32_t segments);
  // Fills zeros.
  static void make(std::byte* area, const FileSettings& settings, uint32_t segments);
  // Of bytes that are not trusted.
  static Result<FilingState> open(std::byte* area, size_t size);

  const FileSettings& settings() const { return settings_; }
  const RecordingId& recording() const { return recording_; }
  void begin_recording();  // another one, with a new number
  uint32_t segments() const { return segments_; }

  // A write to the text file is about to happen, after which things will be as `after` says.
  void intend(const TextProgress& after);
  // It has happened; or it has failed, and the file is as it was.
  void settle(bool happened);
  // Of a dead writer: what is true now, and what it was about to make true.
  TextProgress progress() const;
  std::optional<TextProgress> intention() const;

 private:
  FilingState(std::byte* area, uint32_t segments) : area_(area), segments_(segments) {}
  TextProgress load(uint32_t slot) const;
  void store(uint32_t slot, const TextProgress& progress);

  std::byte* area_;
  uint32_t segments_;
  FileSettings settings_;
  RecordingId recording_{};
};

}  // namespace stapd
