// Output that goes to a row of files: SystemTap's `-o FILE -S size[,N]` and switch_file(), and
// limits by age, sum and free space. Text and recordings are written through it alike.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/store/file_layer.h"

namespace stapd {

struct RotationOptions {
  std::string path;        // absolute, may have strftime directives; "/dev/null" is itself
  uint64_t size = 0;       // of a file, bytes; 0: files are not switched by size
  uint32_t count = 0;      // so many files are kept; 0: all
  uint64_t max_age = 0;    // ns; files that were closed longer ago are deleted; 0: never
  uint64_t total = 0;      // bytes of all files; 0: no limit
  uint64_t keep_free = 0;  // bytes that stay free on the file system
  bool bulk = false;       // -b: a file a CPU
  uint32_t cpu = 0;        // of this file, in bulk mode
};

// The argument of -S: `size[,N]`, in MiB.
struct RotationLimits {
  uint64_t size = 0;
  uint32_t count = 0;
};
Result<RotationLimits> parse_rotation_limits(const std::string& text);

// The name of file `number`, opened at `opened` (ns since the epoch).
//   stream: FILE.K with -S; else FILE, and FILE.K after a switch
//   bulk:   FILE_cpuC.K with -S; else FILE_C (stpd_cpuC without -o), and FILE_cpuC.K after a switch
Result<std::string> rotated_name(const RotationOptions& options, uint32_t number, uint64_t opened);

struct RotatedFile {
  uint32_t number = 0;
  std::string path;
  uint64_t opened = 0, closed = 0;  // ns since the epoch; 0: is open
  uint64_t size = 0;
};
// What there is, to go on with it after a restart.
struct RotationState {
  uint32_t next = 0;
  std::deque<RotatedFile> files;  // oldest first
};

class FileRotation {
 public:
  FileRotation(FileLayer& layer, RotationOptions options, RotationState state = {});
  ~FileRotation();
  FileRotation(const FileRotation&) = delete;
  FileRotation& operator=(const FileRotation&) = delete;

  // Opens the first file, or the next one, and deletes what is too much then.
  Status open_next();
  // Goes on with the last file of the state, behind its size. An error when it is not to be had.
  Status reopen_last();
  bool is_open() const { return fd_.valid(); }

  // Whether a message of `incoming` bytes belongs into the next file: in a stream when the file is
  // larger than its size already, in bulk mode when it would be; when a switch was asked for, or
  // the file is old. `waiting` bytes are still to be written to it before.
  bool is_due(size_t incoming, size_t waiting = 0) const;
  // May be called from a signal handler.
  void request_switch() { switch_wanted_ = true; }

  // Writes to the open file: all of it, or nothing and an error.
  Status write(std::string_view message);
  // For output without structure of its own: switches when it is due, then writes.
  Status write_message(std::string_view message);
  Status sync();
  void close();

  // Deletes by age and free space, and gives up a file that somebody removed: now and then.
  void expire();

  uint32_t number() const { return state_.files.empty() ? 0 : state_.files.back().number; }
  uint32_t oldest() const { return state_.files.empty() ? 0 : state_.files.front().number; }
  uint64_t written() const { return state_.files.empty() ? 0 : state_.files.back().size; }
  const std::string& path() const;  // of the open file
  const RotationState& state() const { return state_; }

 private:
  void follow_clock();
  bool is_null() const { return options_.path == "/dev/null"; }
  uint64_t part_size() const;
  void delete_oldest();
  void make_room(size_t closed_files_kept);
  Status check_free();

  FileLayer& layer_;
  RotationOptions options_;
  RotationState state_;
  UniqueFd fd_;
  uint64_t clock_offset_;       // of the wall clock to one that nobody sets
  uint64_t opened_steady_ = 0;  // when the open file was, by that
  uint64_t unchecked_ = 0;      // bytes since the free space was looked at
  std::atomic<bool> switch_wanted_ = false;
};

}  // namespace stapd
