#include "runtime/recorder/error_budget.h"

namespace stapd {
namespace {

constexpr uint64_t kNsPerMs = 1'000'000;

uint64_t* time_of_error(const ErrorTimes& times, std::byte* state, uint64_t number) {
  return reinterpret_cast<uint64_t*>(state + times.state_offset) + (number & (times.slots - 1));
}

}  // namespace

bool spend_error(const ProgramImage& image, std::byte* state, uint64_t now) {
  const Limits& limits = image.limits;
  auto* session = reinterpret_cast<SessionState*>(state);
  uint64_t number = __atomic_fetch_add(&session->errors, 1, __ATOMIC_SEQ_CST);
  bool is_timed = image.error_times.slots > 0;
  if (is_timed)
    __atomic_store_n(time_of_error(image.error_times, state, number), now, __ATOMIC_RELAXED);
  if (number < limits.max_errors) return false;
  if (!is_timed) return true;
  uint64_t before = __atomic_load_n(
      time_of_error(image.error_times, state, number - limits.max_errors), __ATOMIC_RELAXED);
  return now - before <= limits.error_window_ms * kNsPerMs;
}

bool skipped_too_many(const ProgramImage& image, const SessionState& session) {
  return image.limits.max_skipped != UINT32_MAX && session.skipped > image.limits.max_skipped;
}

}  // namespace stapd
