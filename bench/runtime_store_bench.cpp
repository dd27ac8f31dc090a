// Recording 100,000 events/s of a pid, one argument and a timestamp: bytes a record and records/s.
#include <benchmark/benchmark.h>

#include <random>

#include "runtime/store/block.h"
#include "runtime/store/record_block.h"
#include "tests/support/record_bytes.h"
#include "tests/support/record_formats.h"

namespace stapd {
namespace {

using test::FormatBuilder;

struct Sample {
  std::vector<RecordFormat> formats = {FormatBuilder().natural(4, "pid").natural(8, "arg").build()};
  std::vector<std::string> bytes;
  std::vector<RingRecord> records;
};

// A host with 60 busy processes, some much busier than others, on 4 CPUs. Each CPU stays with a
// process for a while; events come at random moments, 10 us apart on average.
template <class Argument>
Sample make_sample(Argument argument) {
  constexpr size_t kRecords = 200'000, kCpus = 4;
  Sample sample;
  std::mt19937_64 random(1);
  std::exponential_distribution<double> gap(1.0 / 10'000), busy(1.0 / 8);
  std::vector<int64_t> running(kCpus, 1000);
  std::vector<uint64_t> numbers(kCpus);
  uint64_t time = 5'000'000'000'000;
  for (size_t i = 0; i < kRecords; ++i) {
    auto cpu = static_cast<uint32_t>(random() % kCpus);
    if (random() % 10 == 0)
      running[cpu] = 1000 + 37 * std::min<int64_t>(59, static_cast<int64_t>(busy(random)));
    time += static_cast<uint64_t>(gap(random));
    sample.bytes.push_back(test::record_bytes(
        sample.formats[0], 0,
        {RecordValue::of(running[cpu]), RecordValue::of(argument(random, running[cpu]))}, time));
    sample.records.push_back({{}, cpu, ++numbers[cpu], time});
  }
  for (size_t i = 0; i < kRecords; ++i) sample.records[i].bytes = sample.bytes[i];
  return sample;
}

void encode(benchmark::State& state, const Sample& sample) {
  Compressor compressor(1);
  RecordBlockBuilder builder(sample.formats);
  size_t bytes = 0, records = 0;
  for (auto _ : state) {
    auto write = [&] {
      BlockHeader header;
      header.records = builder.records();
      BlockBody body = builder.take({}, std::vector<SegmentTotals>(5));
      bytes += encode_block(header, pack_body(body, compressor)).size();
    };
    for (const RingRecord& record : sample.records) {
      builder.add(record);
      if (builder.weight() >= 128u << 10) write();
    }
    write();
    records += sample.records.size();
  }
  state.counters["bytes_per_record"] = static_cast<double>(bytes) / static_cast<double>(records);
  state.SetItemsProcessed(static_cast<int64_t>(records));
}

// read(fd, ..., count): a few sizes, and odd ones now and then.
void read_sizes(benchmark::State& state) {
  encode(state, make_sample([](std::mt19937_64& random, int64_t) -> int64_t {
           static constexpr int64_t kSizes[] = {4096, 65536, 832, 1024, 16, 8192, 131072, 1};
           return random() % 5 ? kSizes[random() % 8] : static_cast<int64_t>(random() % 20'000);
         }));
}
BENCHMARK(read_sizes);

// Page faults: addresses in the mappings of each process.
void fault_addresses(benchmark::State& state) {
  encode(state, make_sample([](std::mt19937_64& random, int64_t pid) -> int64_t {
           return 0x7f0000000000 + (pid << 28) + static_cast<int64_t>(random() % 4096 << 12);
         }));
}
BENCHMARK(fault_addresses);

// Latencies in ns: random in every bit that matters.
void latencies(benchmark::State& state) {
  encode(state, make_sample([](std::mt19937_64& random, int64_t) {
           return static_cast<int64_t>(std::exponential_distribution<double>(1.0 / 50'000)(random));
         }));
}
BENCHMARK(latencies);

// Names of files that are opened: some over and over, most of them once.
void file_names(benchmark::State& state) {
  Sample sample = make_sample([](std::mt19937_64&, int64_t) { return int64_t{3}; });
  sample.formats = {FormatBuilder().natural(4, "pid").text("name").build()};
  std::mt19937_64 random(2);
  for (size_t i = 0; i < sample.records.size(); ++i) {
    uint64_t which = random() % 4 ? random() % 200 : random() % 100'000;
    std::string name = "/usr/lib/x86_64-linux-gnu/" + std::to_string(which * 7919 % 1000) +
                       "/libsomething-" + std::to_string(which) + ".so." +
                       std::to_string(which % 7);
    sample.bytes[i] = test::record_bytes(
        sample.formats[0], 0, {RecordValue::of(1000 + int64_t(which % 37)), RecordValue::of(name)},
        sample.records[i].time);
    sample.records[i].bytes = sample.bytes[i];
  }
  encode(state, sample);
}
BENCHMARK(file_names);

}  // namespace
}  // namespace stapd
