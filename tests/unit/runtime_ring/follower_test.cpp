// Following a ring: every record once, in order; losses counted; positions that survive a restart.
#include "runtime/ring/ring_follower.h"

#include <gtest/gtest.h>

#include "tests/support/test_ring.h"

namespace stapd {
namespace {

using test::kTimed;
using test::TestRing;
using Values = std::vector<uint64_t>;

constexpr uint64_t kNoSettle = 0;

Values drain(RingFollower& follower, const TestRing& ring) {
  Values values;
  for (RingRecord record; follower.next(record);) values.push_back(ring.value_of(record));
  return values;
}

Values polled(RingFollower& follower, const TestRing& ring, uint64_t now) {
  follower.poll(now);
  return drain(follower, ring);
}

TEST(Follower, HistoryThenLiveEachRecordOnce) {
  TestRing ring(2);
  RingReader reader = ring.reader();
  ring.write(0, 10, 1);
  ring.write(1, 20, 2);
  RingFollower follower(reader, {.settle_ns = kNoSettle});
  EXPECT_EQ(polled(follower, ring, 100), (Values{1, 2}));
  EXPECT_EQ(polled(follower, ring, 100), (Values{}));
  ring.write(1, 30, 3);
  ring.write(0, 40, 4);
  EXPECT_EQ(polled(follower, ring, 100), (Values{3, 4}));
  EXPECT_EQ(follower.total().delivered, 4u);
}

TEST(Follower, YoungRecordsAreHeldBackForThoseOfOtherCpus) {
  TestRing ring(2);
  RingReader reader = ring.reader();
  RingFollower follower(reader, {.settle_ns = 50});
  ring.write(0, 100, 1);
  ring.write(0, 140, 3);
  EXPECT_EQ(polled(follower, ring, 150), (Values{1}));
  ring.write(1, 120, 2);  // late
  ring.write(1, 160, 4);
  EXPECT_EQ(polled(follower, ring, 190), (Values{2, 3}));
  EXPECT_EQ(polled(follower, ring, 209), (Values{}));
  EXPECT_EQ(polled(follower, ring, 210), (Values{4}));
}

TEST(Follower, RecordsOfOneHandlerStayTogetherAcrossPolls) {
  TestRing ring(2);
  RingReader reader = ring.reader();
  RingFollower follower(reader, {.settle_ns = 50});
  ring.write(0, 100, 1);
  ring.write(0, 105, 3);
  ring.write(1, 100, 5);
  EXPECT_EQ(polled(follower, ring, 120), (Values{}));
  ring.write(0, 100, 2);
  EXPECT_EQ(polled(follower, ring, 160), (Values{1, 2, 5, 3}));
}

TEST(Follower, RecordsOfOneHandlerStayInOrderWhenTheyAreHeldTwice) {
  TestRing ring;
  RingReader reader = ring.reader();
  RingFollower follower(reader, {.settle_ns = 50});
  ring.write(0, 100, 1);
  EXPECT_EQ(polled(follower, ring, 110), (Values{}));
  ring.write(0, 100, 2);
  EXPECT_EQ(polled(follower, ring, 120), (Values{}));
  ring.write(0, 100, 3);
  EXPECT_EQ(polled(follower, ring, 130), (Values{}));
  EXPECT_EQ(polled(follower, ring, 150), (Values{1, 2, 3}));
}

TEST(Follower, WhatWasHeldIsNotLostWhenTheRingOverwritesIt) {
  TestRing ring;
  RingReader reader = ring.reader();
  RingFollower follower(reader, {.settle_ns = 1'000'000});
  ring.write(0, 100, 1);
  follower.poll(200);
  for (uint64_t i = 2; i <= 5000; ++i) ring.write(0, 200, i);
  Values values = polled(follower, ring, 2'000'000);
  EXPECT_EQ(values.front(), 1u);
  EXPECT_EQ(values.back(), 5000u);
  FollowLedger total = follower.total();
  EXPECT_EQ(total.delivered, values.size());
  EXPECT_EQ(total.delivered + total.overwritten, 5000u);
}

TEST(Follower, OverwrittenBeforeReadIsCountedExactly) {
  TestRing ring;
  RingReader reader = ring.reader();
  RingFollower follower(reader, {.settle_ns = kNoSettle});
  uint64_t written = 0, delivered = 0;
  for (int burst : {10, 5000, 3, 20'000, 1}) {
    for (int i = 0; i < burst; ++i) ring.write(0, 1, ++written);
    delivered += polled(follower, ring, 100).size();
    FollowLedger total = follower.total();
    EXPECT_EQ(total.delivered, delivered);
    EXPECT_EQ(total.delivered + total.overwritten, written);
    EXPECT_EQ(total.unreadable, 0u);
  }
  EXPECT_GT(follower.total().overwritten, 20'000u);
}

TEST(Follower, ARecordInFlightIsWaitedFor) {
  TestRing ring;
  RingReader reader = ring.reader();
  RingFollower follower(reader, {.settle_ns = kNoSettle, .stall_ns = 1000});
  ring.write(0, 1, 1);
  RingWriter writer = ring.writer();
  std::span<std::byte> open = writer.reserve(kTimed, 32);
  ring.write(0, 3, 3);
  EXPECT_EQ(polled(follower, ring, 100), (Values{1}));
  EXPECT_EQ(polled(follower, ring, 500), (Values{}));
  RecordValue value = RecordValue::of(2);
  fill_record(open, ring.format(kTimed), 2, {&value, 1});
  writer.commit(open);
  EXPECT_EQ(polled(follower, ring, 600), (Values{2, 3}));
}

TEST(Follower, ARecordThatStaysInFlightIsAbandonedAndTheRestGoesOn) {
  TestRing ring;
  RingReader reader = ring.reader();
  RingFollower follower(reader, {.settle_ns = kNoSettle, .stall_ns = 1000});
  ring.writer().reserve(kTimed, 32);
  ring.write(0, 2, 2);
  EXPECT_EQ(polled(follower, ring, 100), (Values{}));
  ring.writer().reserve(kTimed, 32);
  ring.write(0, 4, 4);
  EXPECT_EQ(polled(follower, ring, 1099), (Values{}));
  EXPECT_EQ(polled(follower, ring, 1100), (Values{2}));
  EXPECT_EQ(follower.total().abandoned, 1u);
  EXPECT_EQ(polled(follower, ring, 2099), (Values{4}));
  EXPECT_EQ(follower.total().abandoned, 2u);
}

TEST(Follower, FlushHoldsNothingBack) {
  TestRing ring;
  RingReader reader = ring.reader();
  RingFollower follower(reader, {.settle_ns = 1000});
  ring.write(0, 100, 1);
  EXPECT_EQ(polled(follower, ring, 100), (Values{}));
  follower.flush(100);
  EXPECT_EQ(drain(follower, ring), (Values{1}));
}

TEST(Follower, SinceStartsInTheMiddleOfHistory) {
  TestRing ring;
  RingReader reader = ring.reader();
  for (uint64_t i = 1; i <= 10; ++i) ring.write(0, i * 100, i);
  RingFollower follower(reader, {.settle_ns = kNoSettle, .since = 800});
  EXPECT_EQ(polled(follower, ring, 2000), (Values{8, 9, 10}));
  ring.write(0, 1100, 11);
  EXPECT_EQ(polled(follower, ring, 2000), (Values{11}));
  RingFollower only_new(reader, {.settle_ns = kNoSettle, .since = UINT64_MAX});
  ring.write(0, 1200, 12);
  EXPECT_EQ(polled(only_new, ring, 2000), (Values{12}));
}

// A handler that began before the time that was asked for makes no gap unasked for.
TEST(Follower, SinceAndALateRecordHideNoGap) {
  TestRing ring;
  RingReader reader = ring.reader();
  ring.write(0, 1000, 1);
  RingFollower follower(reader, {.settle_ns = kNoSettle, .since = 1000});
  EXPECT_EQ(polled(follower, ring, 2000), (Values{1}));
  constexpr uint64_t kRecords = 10'000;
  for (uint64_t i = 0; i < kRecords; ++i) ring.write(0, 2000 + i, 2 + i);
  ring.write(0, 500, 2 + kRecords);
  const uint64_t given = polled(follower, ring, 100'000).size();
  EXPECT_LT(given, kRecords);
  EXPECT_EQ(follower.total().overwritten, kRecords - given);
}

TEST(Follower, PositionsGoOnWithoutLossAfterARestart) {
  TestRing ring(2);
  RingReader reader = ring.reader();
  for (uint64_t i = 1; i <= 10; ++i) ring.write(i % 2, i * 10, i);
  std::vector<uint64_t> positions;
  {
    RingFollower follower(reader, {.settle_ns = 30});
    EXPECT_EQ(polled(follower, ring, 100), (Values{1, 2, 3, 4, 5, 6, 7}));
    positions = follower.positions();
  }
  ring.write(0, 110, 11);
  RingFollower follower(reader, {.settle_ns = kNoSettle, .positions = positions});
  EXPECT_EQ(polled(follower, ring, 200), (Values{8, 9, 10, 11}));
}

TEST(Follower, PositionsCountWhatIsCarriedOver) {
  TestRing ring;
  RingReader reader = ring.reader();
  RingFollower follower(reader, {.settle_ns = 50});
  for (uint64_t i = 1; i <= 4; ++i) ring.write(0, i * 100, i);
  EXPECT_EQ(polled(follower, ring, 150), (Values{1}));
  ring.write(0, 500, 5);
  EXPECT_EQ(polled(follower, ring, 250), (Values{2}));
  EXPECT_EQ(follower.positions(), (Values{2}));
}

TEST(Follower, ARingThatWasMadeAnewIsReadFromItsStart) {
  TestRing ring;
  RingReader reader = ring.reader();
  RingFollower follower(reader, {.settle_ns = kNoSettle});
  for (uint64_t i = 1; i <= 5; ++i) ring.write(0, i, i);
  polled(follower, ring, 100);
  std::memset(ring.control(), 0, ring.size());
  ring.write(0, 50, 42);
  EXPECT_EQ(polled(follower, ring, 100), (Values{42}));
  EXPECT_EQ(follower.total().resets, 1u);
}

TEST(Follower, Wrap_OfTheCountIsCrossed) {
  TestRing ring;
  RingReader reader = ring.reader();
  ring.pretend((1ull << kCountBits) - 3, 50);
  RingFollower follower(reader, {.settle_ns = kNoSettle, .since = UINT64_MAX});
  for (uint64_t i = 1; i <= 6; ++i) {
    ring.write(0, i, i);
    EXPECT_EQ(polled(follower, ring, 100), (Values{i}));
  }
  EXPECT_EQ(follower.positions()[0], (1ull << kCountBits) + 3);
  EXPECT_EQ(follower.total().overwritten, 0u);
  EXPECT_EQ(follower.total().resets, 0u);
}

}  // namespace
}  // namespace stapd
