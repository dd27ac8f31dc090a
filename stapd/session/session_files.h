// The files of one session while it has some: logs what becomes of them, and says when they are
// whole.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/filing/filing.h"
#include "stapd/host/event_loop.h"

namespace stapd {

// Where the state of a recording's files is pinned.
std::string filing_pin(const std::string& pin_folder);
// Whether what is pinned there writes files, and they have no end so far.
bool lacks_end_of_files(const std::string& pin_folder);

class SessionFiles {
 public:
  using Say = std::function<void(int priority, const std::string& text, const char* id)>;
  // Gets why not all could be written, or nothing.
  using Finished = std::function<void(const std::optional<std::string>& failure)>;

  // A map for FilingState, to be pinned before anything is recorded.
  static Result<SharedArea> make_state(const FileSettings& settings);
  // `state` is of make_state(), or the pin of a session that is taken over.
  static Result<std::unique_ptr<SessionFiles>> make(EventLoop& loop, Say say,
                                                    const FilingSource& source, SharedArea state);
  // Once. `before`: of the recording that this one replaces, and whose end comes first; or null.
  void start(std::unique_ptr<SessionFiles> before);

  FilingStatus status() const { return filing_->status(); }

  void catch_up() { filing_->catch_up(); }
  void switch_file() { filing_->switch_file(); }

  // No record follows any more.
  void finish(const std::string& reason);
  bool is_finished() const { return finished_; }
  // Calls `tell` when they are finished: at once, or later.
  void when_finished(Finished tell);

 private:
  SessionFiles(EventLoop& loop, Say say, std::unique_ptr<Filing> filing)
      : loop_(loop), say_(std::move(say)), filing_(std::move(filing)) {}
  void hear();
  void end(std::optional<std::string> failure);

  EventLoop& loop_;
  Say say_;
  std::unique_ptr<SessionFiles> before_;
  std::unique_ptr<Filing> filing_;
  EventSource news_, deadline_;
  bool finished_ = false;
  std::optional<std::string> failure_;
  std::vector<Finished> waiting_;
};

}  // namespace stapd
