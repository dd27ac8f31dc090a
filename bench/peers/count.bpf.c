// Counting by name as written by hand: a hash map with a counter for each CPU.
#include "bench/peers/peer.h"

struct key {
  char comm[16];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 4096);
  __type(key, struct key);
  __type(value, __u64);
} counts SEC(".maps");

static __always_inline int count(void) {
  struct key key = {};
  bpf_get_current_comm(key.comm, sizeof key.comm);
  __u64* value = bpf_map_lookup_elem(&counts, &key);
  if (value) {
    ++*value;
    return 0;
  }
  __u64 one = 1;
  bpf_map_update_elem(&counts, &key, &one, BPF_NOEXIST);
  return 0;
}

PEER_PROGRAMS(count());
