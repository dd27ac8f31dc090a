#include "runtime/recorder/condition_watch.h"

namespace stapd {

uint64_t* ConditionWatch::told(uint32_t condition) const {
  std::byte* at = state_ + image_.conditions[condition].state_offset;
  return &reinterpret_cast<ConditionState*>(at)->told;
}

// What we told is looked at by programs after they wrote, and we look again after we told: one of
// the two sees the other's. A program may have told what was true a moment ago; then it sent an
// event too.
bool ConditionWatch::holds(uint32_t condition) {
  uint64_t* word = told(condition);
  uint64_t now = vm_.evaluate(image_.conditions[condition].function) != 0;
  while (__atomic_load_n(word, __ATOMIC_SEQ_CST) != kConditionIgnored) {
    __atomic_exchange_n(word, now, __ATOMIC_SEQ_CST);
    uint64_t again = vm_.evaluate(image_.conditions[condition].function) != 0;
    if (again == now) break;
    now = again;
  }
  return now != 0;
}

void ConditionWatch::ignore(uint32_t condition) {
  __atomic_store_n(told(condition), kConditionIgnored, __ATOMIC_SEQ_CST);
}

}  // namespace stapd
