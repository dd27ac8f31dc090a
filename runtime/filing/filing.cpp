#include "runtime/filing/filing.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include "runtime/filing/filing_shared.h"
#include "runtime/filing/filing_thread.h"

namespace stapd {
namespace {

// A thread that waits for a dead disk is left behind: it holds nothing that others need.
constexpr auto kPatience = std::chrono::seconds(2);
// Whoever waits for the ring to be read has others to serve.
constexpr auto kCatchUp = std::chrono::milliseconds(200);

Result<UniqueFd> make_eventfd() {
  UniqueFd fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd.valid()) return fail_errno("eventfd", errno);
  return fd;
}

void signal(const UniqueFd& fd) {
  uint64_t one = 1;
  (void)!::write(fd.get(), &one, sizeof one);
}

}  // namespace

Filing::Filing() : shared_(std::make_shared<Shared>()) {}

Result<std::unique_ptr<Filing>> Filing::make(const FilingSource& source, SharedArea state) {
  std::unique_ptr<Filing> filing(new Filing);
  STAPD_ASSIGN(filing->shared_->wake, make_eventfd());
  STAPD_ASSIGN(filing->shared_->news, make_eventfd());
  STAPD_ASSIGN(filing->work_, FilingThread::make(filing->shared_, source, std::move(state)));
  return filing;
}

void Filing::start() {
  // Signals are the main thread's.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([work = std::move(work_)] { work->run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Filing::~Filing() {
  if (!thread_.joinable()) return;
  std::unique_lock lock(shared_->mutex);
  shared_->leave = true;
  signal(shared_->wake);
  bool ended = shared_->changed.wait_for(lock, kPatience, [&] { return shared_->ended; });
  lock.unlock();
  ended ? thread_.join() : thread_.detach();
}

int Filing::news_fd() const { return shared_->news.get(); }

std::vector<FilingNews> Filing::take_news() {
  uint64_t ignored;
  (void)!::read(shared_->news.get(), &ignored, sizeof ignored);
  std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->untold, {});
}

FilingStatus Filing::status() const {
  std::lock_guard lock(shared_->mutex);
  return shared_->status;
}

void Filing::finish(const std::string& reason) {
  std::lock_guard lock(shared_->mutex);
  shared_->finish = true;
  shared_->reason = reason;
  signal(shared_->wake);
}

void Filing::catch_up() {
  std::unique_lock lock(shared_->mutex);
  if (!thread_.joinable() || shared_->read < shared_->asked) return;  // it did not the last time
  ++shared_->asked;
  signal(shared_->wake);
  shared_->changed.wait_for(lock, kCatchUp,
                            [&] { return shared_->read == shared_->asked || shared_->ended; });
}

void Filing::switch_file() {
  std::lock_guard lock(shared_->mutex);
  shared_->switch_file = true;
  signal(shared_->wake);
}

}  // namespace stapd
