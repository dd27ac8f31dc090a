#include "runtime/load/map_calls.h"

#include <bpf/bpf.h>

#include <cerrno>

namespace stapd {
namespace {

constexpr uint32_t kBatch = 256;

}  // namespace

bool lookup_element(int map, std::string_view key, std::string& value) {
  return bpf_map_lookup_elem(map, key.data(), value.data()) == 0;
}

int update_element(int map, std::string_view key, std::string_view value, bool only_new) {
  return bpf_map_update_elem(map, key.data(), value.data(), only_new ? BPF_NOEXIST : BPF_ANY);
}

void delete_element(int map, std::string_view key) { bpf_map_delete_elem(map, key.data()); }

// In batches: a call for every few hundred elements. The kernel asks for room for the longest chain
// of its hash table, so the batch grows when it says so.
void for_each_element(int map, size_t key_size, size_t value_size,
                      const std::function<void(std::string_view, std::string_view)>& f) {
  uint32_t batch = kBatch, position = 0, next = 0;
  bool first = true;
  for (;;) {
    std::string keys(batch * key_size, '\0'), values(batch * value_size, '\0');
    uint32_t count = batch;
    int result = bpf_map_lookup_batch(map, first ? nullptr : &position, &next, keys.data(),
                                      values.data(), &count, nullptr);
    if (result == -ENOSPC) {
      batch *= 2;
      continue;
    }
    if (result < 0 && result != -ENOENT) return;
    for (uint32_t i = 0; i < count; ++i)
      f({keys.data() + i * key_size, key_size}, {values.data() + i * value_size, value_size});
    if (result == -ENOENT) return;
    position = next;
    first = false;
  }
}

}  // namespace stapd
