// A session that another process holds, or that has ended and was not read yet, by its name: to
// look at, to end, to remove.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/process_handle.h"
#include "runtime/load/metadata_pin.h"
#include "runtime/recorder/recorder.h"

namespace stapd::ctl {

class PinnedSession {
 public:
  // `root`: of the instance among whose sessions it is.
  static Result<std::unique_ptr<PinnedSession>> open(const std::string& root,
                                                     const std::string& name);
  // Names of all that stap or staprun left, sorted.
  static Result<std::vector<std::string>> list(const std::string& root);

  Recorder& recorder() { return *recorder_; }
  const MetadataMap& metadata() const { return metadata_; }
  const std::string& name() const { return name_; }

  // Its end handlers ran, and nothing more will be recorded.
  bool has_ended() const;
  // When nobody holds what stap left: a new process does from now on. True when that was so.
  Result<bool> ensure_holder();
  // Readable when the process that holds it is gone; -1 when that is not to be known.
  int holder_fd() const { return holder_.fd(); }

  // Whoever holds it is asked to end it, once; nobody does: it is ended here and now. To be called
  // until it has ended: the holder may die instead, and another one take its place.
  Status bring_to_end();
  // What is left of an ended session.
  Status remove();

 private:
  PinnedSession(std::string root, std::string name, std::string folder, MetadataMap metadata)
      : root_(std::move(root)),
        name_(std::move(name)),
        folder_(std::move(folder)),
        metadata_(std::move(metadata)) {}
  void watch_holder();
  Status ask_stapd();
  void ask_process();

  std::string root_, name_, folder_;
  MetadataMap metadata_;
  std::unique_ptr<Recorder> recorder_;
  ProcessHandle holder_;
  uint64_t asked_ = 0;  // pid of the holder that was asked to end it
};

}  // namespace stapd::ctl
