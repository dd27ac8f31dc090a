// What a session recorded before what it records now, as long as that is worth its memory.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "stapd/session/earlier_recording.h"

namespace stapd {

class EarlierRecordings {
 public:
  // For what becomes of them: a syslog priority, and a line.
  using Say = std::function<void(int priority, const std::string& text)>;
  explicit EarlierRecordings(Say say) : say_(std::move(say)) {}

  // The newest of them. When there are too many, the oldest goes, if its files have their end.
  void add(EarlierRecording recording);
  // A ring that has begun to overwrite holds as much as it ever will: it needs none before it.
  void forget_outlived(const RingReader& now);
  void forget_all();
  // They can be read as long as they are here.
  void remove_pins() const;

  bool empty() const { return recordings_.empty(); }
  size_t size() const { return recordings_.size(); }
  const EarlierRecording& operator[](size_t i) const { return recordings_[i]; }  // 0: the oldest
  const EarlierRecording& newest() const { return recordings_.back(); }
  EarlierRecording& newest() { return recordings_.back(); }
  Result<std::vector<OpenedRecording>> open_for_reading() const;

 private:
  void forget_oldest(const std::string& why);

  Say say_;
  std::vector<EarlierRecording> recordings_;  // the oldest first
};

}  // namespace stapd
