// A window of one segment, and records through the merge to text.
#include <benchmark/benchmark.h>

#include "runtime/format/record_text.h"
#include "tests/support/test_ring.h"

namespace stapd {
namespace {

using test::TestRing;

void fill(TestRing& ring) {
  uint64_t records = ring.mapping().segment_size / 40 * 2;
  for (uint32_t segment = 0; segment < ring.mapping().segments; ++segment)
    for (uint64_t i = 1; i <= records; ++i) ring.write(segment, i * 100 + segment, i, "12345678");
}

// 1 MiB a CPU: the target is under 2 ms.
void snapshot_1m(benchmark::State& state) {
  TestRing ring(1, 1u << 20);
  fill(ring);
  for (auto _ : state) benchmark::DoNotOptimize(ring.reader().take().total().kept);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) << 20);
}
BENCHMARK(snapshot_1m)->Unit(benchmark::kMicrosecond);

void merge_4_cpus(benchmark::State& state) {
  TestRing ring(4, 1u << 20);
  fill(ring);
  RingWindow window = ring.reader().take();
  uint64_t records = 0;
  for (auto _ : state) {
    window.rewind();
    for (RingRecord record; window.next(record);) ++records;
  }
  state.SetItemsProcessed(static_cast<int64_t>(records));
}
BENCHMARK(merge_4_cpus);

void write_record(benchmark::State& state) {
  TestRing ring(1, 1u << 20);
  RingWriter writer = ring.writer();
  RecordValue values[] = {RecordValue::of(1), RecordValue::of("12345678")};
  for (auto _ : state) writer.write(0, ring.format(0), 1, values);
}
BENCHMARK(write_record);

}  // namespace
}  // namespace stapd
