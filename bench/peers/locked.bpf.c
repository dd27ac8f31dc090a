// Two counters that nobody sees differ, as written by hand: a lock word that is tried a few times,
// since the kernel refuses its own spin locks to programs that trace.
#include "bench/peers/peer.h"

__u64 lock = 0;
__u64 first = 0, second = 0;
__u64 skipped = 0;

static __always_inline int count_both(void) {
  for (int i = 0; i < 32; ++i) {
    if (__sync_val_compare_and_swap(&lock, 0, 1) != 0) continue;
    ++first;
    second += first;
    __sync_lock_test_and_set(&lock, 0);
    return 0;
  }
  __sync_fetch_and_add(&skipped, 1);
  return 0;
}

PEER_PROGRAMS(count_both());
