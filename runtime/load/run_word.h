// The two words of a session's state by which its programs, whoever runs it and whoever reads it
// know whether it records: shared memory, read and written by other processes and by the kernel.
#pragma once

#include "runtime/image/program_image.h"

namespace stapd {

inline SessionState::Run load_run(const SessionState& state) {
  return static_cast<SessionState::Run>(__atomic_load_n(&state.run, __ATOMIC_SEQ_CST));
}
inline void store_run(SessionState& state, SessionState::Run run) {
  __atomic_store_n(&state.run, run, __ATOMIC_SEQ_CST);
}

// SessionState::Ended, or 0. What was recorded before it is seen by whoever sees it.
inline uint32_t load_ended(const SessionState& state) {
  return __atomic_load_n(&state.ended, __ATOMIC_ACQUIRE);
}
inline void store_ended(SessionState& state, SessionState::Ended ended) {
  __atomic_store_n(&state.ended, ended, __ATOMIC_RELEASE);
}

}  // namespace stapd
