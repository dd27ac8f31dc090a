// Reading the clock alone, which every record with a time does: hosts differ in it more than in
// anything else.
#include "bench/peers/peer.h"

static __always_inline int read_clock(void) {
  bpf_ktime_get_boot_ns();
  return 0;
}

PEER_PROGRAMS(read_clock());
