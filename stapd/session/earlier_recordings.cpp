#include "stapd/session/earlier_recordings.h"

#include <syslog.h>

#include "stapd/session/session_files.h"

namespace stapd {
namespace {

// Rings take memory that cannot be swapped out: whoever tries one script after the other must not
// fill it.
constexpr size_t kMost = 4;

// What the daemon's own handlers say is little, and does not fill its segment.
bool has_wrapped(const RingReader& ring) {
  bool overwrites = false;
  for (uint32_t cpu = 0; cpu + 1 < ring.segments(); ++cpu) {
    SegmentLedger ledger = ring.read_new(cpu, 0).ledger();
    if (ledger.produced && !ledger.overwritten) return false;
    overwrites |= ledger.overwritten > 0;
  }
  return overwrites;
}

}  // namespace

void EarlierRecordings::add(EarlierRecording recording) {
  recordings_.push_back(std::move(recording));
  while (recordings_.size() > kMost && !lacks_end_of_files(recordings_.front().pin_folder()))
    forget_oldest("it was restarted too often");
}

void EarlierRecordings::forget_oldest(const std::string& why) {
  say_(LOG_INFO, "no longer keeps what it recorded before: " + why);
  if (Status removed = recordings_.front().remove_pins(); !removed)
    say_(LOG_WARNING, removed.error().message);
  recordings_.erase(recordings_.begin());
}

void EarlierRecordings::forget_outlived(const RingReader& now) {
  if (empty() || !has_wrapped(now)) return;
  while (!empty() && !lacks_end_of_files(recordings_.front().pin_folder()))
    forget_oldest("the ring is full of what came since");
}

void EarlierRecordings::remove_pins() const {
  for (const EarlierRecording& recording : recordings_)
    if (Status removed = recording.remove_pins(); !removed)
      say_(LOG_WARNING, removed.error().message);
}

void EarlierRecordings::forget_all() {
  remove_pins();
  recordings_.clear();
}

Result<std::vector<OpenedRecording>> EarlierRecordings::open_for_reading() const {
  std::vector<OpenedRecording> opened;
  for (const EarlierRecording& recording : recordings_) {
    STAPD_ASSIGN(OpenedRecording one, recording.open_for_reading());
    opened.push_back(std::move(one));
  }
  return opened;
}

}  // namespace stapd
