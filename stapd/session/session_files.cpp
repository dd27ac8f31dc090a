#include "stapd/session/session_files.h"

#include <syslog.h>
#include <unistd.h>

#include <utility>

#include "runtime/base/clock.h"
#include "runtime/filing/filing_state.h"
#include "runtime/load/map_set.h"
#include "stapd/host/log.h"

namespace stapd {
namespace {

// The thread gives a disk that refuses up by itself; a disk that does not answer holds the thread.
constexpr uint64_t kPatience = 10'000'000'000;

}  // namespace

std::string filing_pin(const std::string& pin_folder) { return pin_folder + "/" + kFilingPin; }

bool lacks_end_of_files(const std::string& pin_folder) {
  return ::access(filing_pin(pin_folder).c_str(), F_OK) == 0;
}

Result<SharedArea> SessionFiles::make_state(const FileSettings& settings) {
  STAPD_ASSIGN(uint32_t cpus, possible_cpus());
  uint32_t segments = cpus + 1;
  STAPD_ASSIGN(SharedArea area, SharedArea::create(kFilingPin, FilingState::size_for(segments)));
  FilingState::make(area.data(), settings, segments);
  return area;
}

Result<std::unique_ptr<SessionFiles>> SessionFiles::make(EventLoop& loop, Say say,
                                                         const FilingSource& source,
                                                         SharedArea state) {
  STAPD_ASSIGN(std::unique_ptr<Filing> filing, Filing::make(source, std::move(state)));
  std::unique_ptr<SessionFiles> files(new SessionFiles(loop, std::move(say), std::move(filing)));
  SessionFiles* self = files.get();
  STAPD_ASSIGN(self->news_, loop.on_readable(self->filing_->news_fd(), [self] { self->hear(); }));
  return files;
}

void SessionFiles::start(std::unique_ptr<SessionFiles> before) {
  before_ = std::move(before);
  auto go = [this](const std::optional<std::string>&) { filing_->start(); };
  before_ ? before_->when_finished(go) : go(std::nullopt);
}

void SessionFiles::hear() {
  for (const FilingNews& news : filing_->take_news()) {
    switch (news.kind) {
      case FilingNews::Kind::trouble_began:
        say_(LOG_ERR,
             fmt::format("its files cannot be written: {}; the ring goes on recording, and the "
                         "files when they can be written again",
                         news.text),
             message_id::kFileTrouble);
        break;
      case FilingNews::Kind::trouble_ended:
        say_(LOG_NOTICE, "its files are written again: " + news.text, message_id::kFilesGoOn);
        break;
      case FilingNews::Kind::finished:
        end(news.text.empty() ? std::nullopt : std::optional(news.text));
        break;
    }
  }
}

void SessionFiles::finish(const std::string& reason) {
  if (before_ && before_->is_finished()) before_.reset();
  filing_->finish(reason);
  Result<EventSource> deadline =
      loop_.at(read_clocks().mono + kPatience, [this] { end("the disk does not answer"); });
  if (deadline) deadline_ = std::move(*deadline);
}

void SessionFiles::end(std::optional<std::string> failure) {
  if (finished_) return;
  finished_ = true;
  deadline_.reset();
  if (failure) {
    failure_ = "not all of its files was written: " + *failure;
    say_(LOG_ERR, *failure_, message_id::kFileTrouble);
  }
  for (const Finished& tell : std::exchange(waiting_, {})) tell(failure_);
}

void SessionFiles::when_finished(Finished tell) {
  if (finished_) return tell(failure_);
  waiting_.push_back(std::move(tell));
}

}  // namespace stapd
