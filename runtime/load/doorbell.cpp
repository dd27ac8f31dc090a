#include "runtime/load/doorbell.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace stapd {
namespace {

Result<MapMemory> map_page(int map, off_t offset, int protection) {
  auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* data = mmap(nullptr, page, protection, MAP_SHARED, map, offset);
  if (data == MAP_FAILED) return fail_errno("mapping the doorbell", errno);
  return MapMemory(data, page);
}

}  // namespace

Result<Doorbell> Doorbell::open(int map) {
  STAPD_ASSIGN(MapMemory consumer, map_page(map, 0, PROT_READ | PROT_WRITE));
  STAPD_ASSIGN(MapMemory producer, map_page(map, sysconf(_SC_PAGESIZE), PROT_READ));
  return Doorbell(map, std::move(consumer), std::move(producer));
}

void Doorbell::answer() {
  auto position = [](MapMemory& memory) { return reinterpret_cast<uint64_t*>(memory.data()); };
  uint64_t rung = __atomic_load_n(position(producer_), __ATOMIC_ACQUIRE);
  __atomic_store_n(position(consumer_), rung, __ATOMIC_RELEASE);
}

}  // namespace stapd
