// Writes what a session records into files while it records: in a thread of its own, so that a disk
// that does not answer stops nobody else. Reads the ring by itself; is woken up when half of it is
// new, and looks every second; without a doorbell ten times a second.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/filing/file_settings.h"
#include "runtime/load/recording_maps.h"
#include "runtime/load/shared_area.h"
#include "runtime/store/schema.h"

namespace stapd {

class FilingThread;

struct FilingStatus {
  std::string path;  // of the open file
  uint64_t files = 0, bytes = 0;
  uint64_t written = 0, unwritten = 0, overwritten = 0;  // records: record_sink.h
  uint64_t blocks = 0;
  std::string trouble;    // while the disk refuses
  uint64_t failures = 0;  // attempts that it refused
  bool finished = false;
};

// Something to tell, once.
struct FilingNews {
  enum class Kind { trouble_began, trouble_ended, finished };
  Kind kind;
  std::string text;
};

// What is to be written. The maps are the session's; a Filing has its own of them.
struct FilingSource {
  std::shared_ptr<const RecordingInfo> info;
  const RecordingMaps& maps;
  int doorbell = -1;  // the map that says that half of a ring is new; -1: there is none
};

class Filing {
 public:
  // `state` is a FilingState's. Makes all that can fail, the thread too.
  static Result<std::unique_ptr<Filing>> make(const FilingSource& source, SharedArea state);
  // Once. Files are opened by the thread: what is wrong with them is news.
  void start();
  // Leaves the files as they are, without an end: another one goes on with them.
  ~Filing();
  Filing(const Filing&) = delete;
  Filing& operator=(const Filing&) = delete;

  int news_fd() const;  // readable when there is news
  std::vector<FilingNews> take_news();
  FilingStatus status() const;

  // No record follows any more: what there is is written, and the files get their end. Then there
  // is news of it; also when the disk refuses for too long.
  void finish(const std::string& reason);
  // Waits a moment for what the ring has now to be read.
  void catch_up();
  // The next record goes into a new file.
  void switch_file();

 private:
  friend class FilingThread;
  struct Shared;

  Filing();
  Status make_thread(std::unique_ptr<FilingThread> work);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace stapd
