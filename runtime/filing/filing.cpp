#include "runtime/filing/filing.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <system_error>

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
  STAPD_ASSIGN(std::unique_ptr<FilingThread> work,
               FilingThread::make(filing->shared_, source, std::move(state)));
  STAPD_TRY(filing->make_thread(std::move(work)));
  return filing;
}

Status Filing::make_thread(std::unique_ptr<FilingThread> work) {
  // Signals are the main thread's.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int refused = 0;
  try {
    thread_ = std::thread([shared = shared_, work = std::move(work)] {
      std::unique_lock lock(shared->mutex);
      shared->changed.wait(lock, [&] { return shared->go || shared->leave; });
      bool go = shared->go;
      shared->ended = !go;
      lock.unlock();
      if (go) return work->run();
      shared->changed.notify_all();
    });
  } catch (const std::system_error& error) {
    refused = error.code().value();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return refused ? Status(fail_errno("a thread that writes the session's files", refused))
                 : Status{};
}

void Filing::start() {
  std::lock_guard lock(shared_->mutex);
  shared_->go = true;
  shared_->changed.notify_all();
}

Filing::~Filing() {
  if (!thread_.joinable()) return;
  std::unique_lock lock(shared_->mutex);
  shared_->leave = true;
  signal(shared_->wake);
  shared_->changed.notify_all();
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
  if (!shared_->go || shared_->read < shared_->asked) return;  // it did not the last time
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
