// A ring read piece by piece gives what a copy of all of it gives.
#include <gtest/gtest.h>

#include <random>

#include "tests/support/test_ring.h"

namespace stapd {
namespace {

using test::kTimed;
using test::kUntimed;
using test::TestRing;

constexpr uint64_t kSmallChunk = 1000;

struct Seen {
  uint32_t segment;
  uint64_t number, time;
  std::string bytes;
  bool operator==(const Seen&) const = default;
};

template <class Source>
std::vector<Seen> all_of(Source& source) {
  std::vector<Seen> seen;
  for (RingRecord record; source.next(record);)
    seen.push_back({record.segment, record.number, record.time, std::string(record.bytes)});
  return seen;
}

RingStream stream_of(const TestRing& ring, uint64_t since = 0, uint64_t chunk = kSmallChunk) {
  return RingStream(ring.mapping(), ring.formats(), since, 1000, chunk);
}

void expect_same(const TestRing& ring, uint64_t since, uint64_t ahead = 0) {
  RingWindow window = ring.reader().take(since);
  RingStream stream = stream_of(ring, since);
  EXPECT_GE(stream.records(), window.total().kept);
  if (ahead) stream.read_ahead(ahead);
  ASSERT_TRUE(all_of(stream) == all_of(window));
  for (uint32_t i = 0; i < window.segments(); ++i) {
    SegmentLedger a = stream.ledger(i), b = window.ledger(i);
    EXPECT_EQ(std::tuple(a.produced, a.before, a.kept, a.in_flight, a.overwritten, a.unreadable),
              std::tuple(b.produced, b.before, b.kept, b.in_flight, b.overwritten, b.unreadable));
  }
}

TEST(Stream, AnEmptyRing) {
  TestRing ring(3);
  expect_same(ring, 0);
}

TEST(Stream, ARingThatOverwroteWhatWasNotAskedFor) {
  TestRing ring;
  for (uint64_t i = 1; i <= 10'000; ++i) ring.write(0, i, i);
  for (uint64_t since : {0, 8'000, 9'000, 10'000, 11'000}) expect_same(ring, since);
}

// Handlers that interrupt each other, records without time, lengths of all kinds.
TEST(Stream, AnyRing) {
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    TestRing ring(1 + round % 3);
    uint64_t time = 1000;
    bool timeless = round % 10 == 9;
    for (uint64_t i = 1; i <= 200u * (1 + round); ++i) {
      uint64_t late = random() % 4 ? 0 : random() % 500;
      bool timed = !timeless && random() % 5;
      ring.write(random() % ring.mapping().segments, time - late, i,
                 std::string(random() % 60, 'x'), timed ? kTimed : kUntimed);
      time += random() % 20;
    }
    expect_same(ring, 0);
    expect_same(ring, 0, 1 << 30);
    expect_same(ring, 1000 + (time - 1000) * (random() % 100) / 100);
    if (HasFailure()) FAIL() << "round " << round;
  }
}

// Handlers that were interrupted for ever, or commit while the ring is read.
TEST(Stream, RecordsInTheMaking) {
  std::mt19937 random(2);
  for (int round = 0; round < 40; ++round) {
    TestRing ring;
    std::span<std::byte> late;
    for (uint64_t i = 1; i <= 400; ++i) {
      if (random() % 60 == 0) {
        late = ring.writer().reserve(kTimed, 40);
        std::memcpy(late.data() + kTimeOffset, &i, sizeof i);
      }
      ring.write(0, i, i, std::string(random() % 60, 'x'));
    }
    expect_same(ring, 0);
    RingWindow window = ring.reader().take();
    RingStream stream = stream_of(ring);
    if (!late.empty()) ring.writer().commit(late);
    ASSERT_TRUE(all_of(stream) == all_of(window)) << "round " << round;
    EXPECT_EQ(stream.total().in_flight, window.total().in_flight);
  }
}

TEST(Stream, ACountThatWraps) {
  TestRing ring;
  ring.pretend((1ull << kCountBits) - 300, 5'000'000);
  for (uint64_t i = 1; i <= 1000; ++i) ring.write(0, i, i, "text");
  expect_same(ring, 0);
}

TEST(Stream, WhatIsOverwrittenMeanwhileIsCounted) {
  TestRing ring;
  constexpr uint64_t kRecords = 3000;
  for (uint64_t i = 1; i <= kRecords; ++i) ring.write(0, i, i, "text");
  RingStream stream = stream_of(ring);
  RingRecord record;
  ASSERT_TRUE(stream.next(record));
  uint64_t first = record.number, given = 1, last = 0;
  for (uint64_t i = 1; i <= 500; ++i) ring.write(0, kRecords + i, kRecords + i, "text");
  for (; stream.next(record); ++given) {
    EXPECT_GT(record.number, last);
    last = record.number;
  }
  EXPECT_EQ(last, kRecords);  // none of those that came later
  SegmentLedger ledger = stream.ledger(0);
  EXPECT_EQ(ledger.kept, given);
  EXPECT_GE(ledger.overwritten, first - 1 + 400);
  EXPECT_EQ(ledger.produced, kRecords);
  EXPECT_EQ(ledger.produced, ledger.before + ledger.kept + ledger.in_flight + ledger.overwritten);
}

// That older records were there when the reading began does not make later losses unasked for.
TEST(Stream, WhatIsOverwrittenMeanwhileWasAskedFor) {
  TestRing ring;
  constexpr uint64_t kRecords = 1500, kSince = 300;
  for (uint64_t i = 1; i <= kRecords; ++i) ring.write(0, i, i, "text");
  RingStream stream = stream_of(ring, kSince);
  RingRecord record;
  ASSERT_TRUE(stream.next(record));
  EXPECT_EQ(record.number, kSince);
  for (uint64_t i = 1; i <= 5000; ++i) ring.write(0, kRecords + i, kRecords + i, "later");
  const uint64_t given = 1 + all_of(stream).size();
  SegmentLedger ledger = stream.ledger(0);
  EXPECT_EQ(ledger.before, kSince - 1);
  EXPECT_EQ(ledger.kept, given);
  EXPECT_EQ(ledger.overwritten, kRecords - (kSince - 1) - given);
  EXPECT_GT(ledger.overwritten, 1000u);
}

TEST(Stream, WhatWasReadAheadIsSafe) {
  TestRing ring;
  for (uint64_t i = 1; i <= 1500; ++i) ring.write(0, i, i, "text");
  RingWindow window = ring.reader().take();
  std::vector<Seen> before = all_of(window);
  RingStream stream = stream_of(ring);
  RingRecord record;
  ASSERT_TRUE(stream.next(record));
  stream.read_ahead(1 << 30);
  for (uint64_t i = 1; i <= 5000; ++i) ring.write(0, i, i, "later");
  std::vector<Seen> rest = all_of(stream);
  ASSERT_EQ(rest.size() + 1, before.size());
  EXPECT_TRUE(std::equal(rest.begin(), rest.end(), before.begin() + 1));
}

}  // namespace
}  // namespace stapd
