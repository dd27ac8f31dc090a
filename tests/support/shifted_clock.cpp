// To be preloaded: a process's wall clock is off by what the file STAPD_TEST_CLOCK says, in ns, and
// jumps when somebody writes another number into it. The host's clock stays as it is.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace {

constexpr int64_t kSecond = 1'000'000'000;

const volatile int64_t* map_offset() {
  static const int64_t none = 0;
  const char* path = std::getenv("STAPD_TEST_CLOCK");
  int fd = path ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
  void* memory = fd < 0 ? MAP_FAILED : ::mmap(nullptr, sizeof none, PROT_READ, MAP_SHARED, fd, 0);
  if (fd >= 0) ::close(fd);
  return memory == MAP_FAILED ? &none : static_cast<const volatile int64_t*>(memory);
}

int64_t offset() {
  static const volatile int64_t* const mapped = map_offset();
  return *mapped;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  long outcome = ::syscall(SYS_clock_gettime, clock, time);
  if (outcome == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t now = time->tv_sec * kSecond + time->tv_nsec + offset();
    *time = {now / kSecond, now % kSecond};
  }
  return static_cast<int>(outcome);
}

extern "C" int gettimeofday(timeval* time, void*) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  *time = {now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

extern "C" time_t time(time_t* to) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (to) *to = now.tv_sec;
  return now.tv_sec;
}
