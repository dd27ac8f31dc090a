// A snapshot reads like the ring it was taken of, and has no more than was asked for.
#include <gtest/gtest.h>

#include "runtime/ring/ring_follower.h"
#include "tests/support/snapshot_ring.h"

namespace stapd {
namespace {

using test::kTimed;
using test::SnapshotRing;
using test::TestRing;
using Values = std::vector<uint64_t>;

void expect_equal(const SegmentLedger& a, const SegmentLedger& b) {
  EXPECT_EQ(a.produced, b.produced);
  EXPECT_EQ(a.kept, b.kept);
  EXPECT_EQ(a.in_flight, b.in_flight);
  EXPECT_EQ(a.overwritten, b.overwritten);
  EXPECT_EQ(a.unreadable, b.unreadable);
  EXPECT_EQ(a.dropped, b.dropped);
}

TEST(Snapshot, ReadsLikeItsRing) {
  for (uint64_t records : {0, 1, 7, 1000, 1300, 1400, 2600, 50'000}) {
    TestRing ring(2);
    for (uint64_t i = 1; i <= records; ++i) ring.write(i % 3 == 0, i, i, std::string(i % 40, 'x'));
    ring.writer().count_drop(DropCause::lock_timeout);
    SnapshotRing snapshot(ring);
    snapshot.refresh();
    EXPECT_EQ(ring.values(snapshot.reader().take()), ring.values(ring.reader().take())) << records;
    expect_equal(snapshot.reader().take().total(), ring.reader().take().total());
    expect_equal(snapshot.reader().counters(0), ring.reader().counters(0));
  }
}

TEST(Snapshot, StaysAsItWas) {
  TestRing ring;
  ring.write(0, 1, 1);
  SnapshotRing snapshot(ring);
  snapshot.refresh();
  for (uint64_t i = 2; i < 10'000; ++i) ring.write(0, i, i);
  EXPECT_EQ(ring.values(snapshot.reader().take()), Values{1});
}

TEST(Snapshot, HasOnlyWhatIsBehindTheGivenNumber) {
  TestRing ring;
  for (uint64_t i = 1; i <= 1000; ++i) ring.write(0, i, i);
  SnapshotRing snapshot(ring);
  uint64_t all = snapshot.refresh();
  uint64_t some = snapshot.refresh({990});
  EXPECT_LT(some * 50, all);
  SegmentCopy copy = snapshot.reader().read_new(0, 990);
  EXPECT_EQ(copy.ledger().kept, 10u);
  EXPECT_EQ(copy.ledger().overwritten, 0u);
  EXPECT_EQ(snapshot.refresh({1000}), 0u);
  EXPECT_EQ(snapshot.reader().read_new(0, 1000).ledger().kept, 0u);
}

TEST(Snapshot, WhatIsOverwrittenSinceTheGivenNumberIsCounted) {
  TestRing ring;
  for (uint64_t i = 1; i <= 20'000; ++i) ring.write(0, i, i);
  SnapshotRing snapshot(ring);
  snapshot.refresh({100});
  SegmentLedger ledger = snapshot.reader().read_new(0, 100).ledger();
  expect_equal(ledger, ring.reader().read_new(0, 100).ledger());
  EXPECT_GT(ledger.overwritten, 1000u);
}

TEST(Snapshot, ARecordInFlightStaysInFlight) {
  TestRing ring;
  ring.write(0, 1, 1);
  RingWriter writer = ring.writer();
  std::span<std::byte> open = writer.reserve(kTimed, 32);
  ring.write(0, 3, 3);
  SnapshotRing snapshot(ring);
  snapshot.refresh();
  writer.commit(open);
  EXPECT_EQ(ring.values(snapshot.reader().take()), (Values{1, 3}));
  EXPECT_EQ(snapshot.reader().take().total().in_flight, 1u);
}

TEST(Snapshot, AFollowerOfSnapshotsGetsEachRecordOnce) {
  TestRing ring(2);
  SnapshotRing snapshot(ring);
  snapshot.refresh();
  RingReader reader = snapshot.reader();
  RingFollower follower(reader, {.settle_ns = 5});
  uint64_t written = 0, next = 1;
  for (int burst : {3, 0, 900, 20, 1}) {
    for (int i = 0; i < burst; ++i) ++written, ring.write(written % 2, written, written);
    snapshot.refresh(follower.positions());
    follower.poll(written);
    for (RingRecord record; follower.next(record);) EXPECT_EQ(ring.value_of(record), next++);
  }
  follower.flush(written);
  for (RingRecord record; follower.next(record);) EXPECT_EQ(ring.value_of(record), next++);
  EXPECT_EQ(next, written + 1);
  EXPECT_EQ(follower.total().overwritten, 0u);
}

TEST(Snapshot, AFullSinkIsAnError) {
  TestRing ring;
  ring.write(0, 1, 1);
  auto full = [](uint64_t, std::span<const std::byte>) -> Status {
    return fail(ErrorCode::io, "full");
  };
  EXPECT_FALSE(take_snapshot(SharedSegment(ring.mapping(), 0), 0, full));
}

}  // namespace
}  // namespace stapd
