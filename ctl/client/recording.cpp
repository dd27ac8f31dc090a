#include "ctl/client/recording.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "runtime/image/image_io.h"

namespace stapd::ctl {
namespace {

// Far more than the largest script makes.
constexpr off_t kMostImageBytes = 256 << 20;

// By reading, not by mapping: nobody can cut short what was read.
Result<ProgramImage> read_image(int fd) {
  struct stat file = {};
  if (fstat(fd, &file) != 0) return fail_errno("the session's program image", errno);
  if (!S_ISREG(file.st_mode) || file.st_size > kMostImageBytes)
    return fail(ErrorCode::corrupt, "what came is no program image");
  std::string bytes(static_cast<size_t>(file.st_size), '\0');
  for (size_t at = 0; at < bytes.size();) {
    ssize_t got = ::pread(fd, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("reading the session's program image", errno);
    if (got == 0) return fail(ErrorCode::corrupt, "the session's program image was cut short");
    at += static_cast<size_t>(got);
  }
  return decode_image_untrusted(bytes);
}

}  // namespace

Result<std::unique_ptr<Recording>> Recording::open(const RecordingFiles& files) {
  std::unique_ptr<Recording> recording(new Recording);
  STAPD_ASSIGN(recording->image_, read_image(files.image.get()));
  STAPD_ASSIGN(recording->ring_,
               map_foreign_ring(files.ring.get(), files.segment_bytes, files.segments));
  STAPD_ASSIGN(recording->state_, map_foreign_state(files.state.get(), files.state_bytes));
  return recording;
}

RingReader Recording::reader() const {
  const RingShape& shape = ring_.shape;
  RingMapping mapping = {ring_.memory.data(), shape.segment_size, shape.stride, shape.segments};
  return RingReader(mapping, image_.formats);
}

bool Recording::has_times() const {
  return std::all_of(image_.formats.begin() + kFixedFormats, image_.formats.end(),
                     [](const RecordFormat& format) { return format.has_time; });
}

bool Recording::has_ended() const {
  const auto* state = reinterpret_cast<const SessionState*>(state_.data());
  return __atomic_load_n(&state->ended, __ATOMIC_ACQUIRE) != 0;
}

}  // namespace stapd::ctl
