// Windows of a ring that stands still: order, wrap, ledger, damage.
#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/test_ring.h"

namespace stapd {
namespace {

using test::kTimed;
using test::kUntimed;
using test::TestRing;
using Values = std::vector<uint64_t>;

void expect_sums_up(const SegmentLedger& ledger) {
  EXPECT_EQ(ledger.produced, ledger.before + ledger.kept + ledger.in_flight + ledger.overwritten +
                                 ledger.unreadable);
}

Values range(uint64_t first, uint64_t last) {
  Values values(last - first + 1);
  std::iota(values.begin(), values.end(), first);
  return values;
}

TEST(Window, AnEmptyRingHasNoRecords) {
  TestRing ring(3);
  RingWindow window = ring.reader().take();
  RingRecord record;
  EXPECT_FALSE(window.next(record));
  EXPECT_EQ(window.total().produced, 0u);
  expect_sums_up(window.total());
}

TEST(Window, GivesWhatWasWrittenOldestFirst) {
  TestRing ring;
  for (uint64_t i = 1; i <= 100; ++i) ring.write(0, i, i, std::string(i, 'x'));
  RingWindow window = ring.reader().take();
  uint64_t number = 0;
  for (RingRecord record; window.next(record);) {
    ++number;
    EXPECT_EQ(record.number, number);
    EXPECT_EQ(record.time, number);
    auto view = RecordView::parse_untrusted(record.bytes, ring.format(kTimed));
    ASSERT_TRUE(view);
    EXPECT_EQ(view->string(1), std::string(number, 'x'));
  }
  EXPECT_EQ(number, 100u);
  EXPECT_EQ(window.total().kept, 100u);
  window.rewind();
  RingRecord record;
  ASSERT_TRUE(window.next(record));
  EXPECT_EQ(record.number, 1u);
}

TEST(Window, Overwrite_TheNewestStayAndTheRestIsCounted) {
  TestRing ring;
  constexpr uint64_t kRecords = 50'000;
  for (uint64_t i = 1; i <= kRecords; ++i) ring.write(0, i, i, std::string(i % 40, 'x'));
  RingWindow window = ring.reader().take();
  SegmentLedger ledger = window.ledger(0);
  EXPECT_EQ(ledger.produced, kRecords);
  EXPECT_EQ(ledger.unreadable, 0u);
  EXPECT_GT(ledger.kept, kMinSegmentSize / 80);
  expect_sums_up(ledger);
  EXPECT_EQ(ring.values(std::move(window)), range(kRecords - ledger.kept + 1, kRecords));
}

TEST(Window, Overwrite_EveryPhaseOfTheWrapKeepsAllThatFits) {
  // Lengths of 32 to 72 bytes walk the end of the data through every offset; what is kept must
  // fill the segment up to less than one record.
  TestRing ring;
  for (uint64_t i = 1; i <= 6000; ++i) {
    ring.write(0, i, i, std::string(i * 7 % 41, 'x'));
    if (i < 2500) continue;
    RingWindow window = ring.reader().take();
    uint64_t bytes = 0;
    for (RingRecord record; window.next(record);) bytes += record.bytes.size();
    ASSERT_GT(bytes, kMinSegmentSize - 80u) << i;
    ASSERT_LE(bytes, kMinSegmentSize) << i;
    ASSERT_EQ(window.ledger(0).unreadable, 0u) << i;
  }
}

TEST(Window, Overwrite_RecordsOfTheGreatestSizeRunOverTheEnd) {
  TestRing ring;
  for (uint64_t i = 1; i <= 100; ++i) ring.write(0, i, i, std::string(9000 - i % 3 * 8, 'y'));
  RingWindow window = ring.reader().take();
  EXPECT_GE(window.ledger(0).kept, 7u);
  uint64_t last = 0;
  for (RingRecord record; window.next(record);) {
    auto view = RecordView::parse_untrusted(record.bytes, ring.format(kTimed));
    ASSERT_TRUE(view);
    EXPECT_EQ(view->string(1), std::string(view->string(1).size(), 'y'));
    last = ring.value_of(record);
  }
  EXPECT_EQ(last, 100u);
}

TEST(Window, Order_InterruptedHandlersAreSortedAndStayTogether) {
  TestRing ring;
  ring.write(0, 100, 1);  // a handler prints,
  ring.write(0, 105, 2);  // is interrupted,
  ring.write(0, 105, 3);
  ring.write(0, 100, 4);  // and prints again
  ring.write(0, 110, 5);
  EXPECT_EQ(ring.values(ring.reader().take()), (Values{1, 4, 2, 3, 5}));
}

TEST(Window, Order_SegmentsAreMergedByTimeThenByCpu) {
  TestRing ring(3);
  ring.write(2, 10, 1);
  ring.write(0, 20, 2);
  ring.write(1, 20, 3);
  ring.write(1, 20, 4);
  ring.write(0, 20, 5);
  ring.write(2, 15, 6);
  ring.write(0, 30, 7);
  EXPECT_EQ(ring.values(ring.reader().take()), (Values{1, 6, 2, 5, 3, 4, 7}));
}

TEST(Window, Order_RecordsWithoutTimeComeCpuByCpu) {
  TestRing ring(2);
  for (uint64_t i = 1; i <= 3; ++i) {
    ring.write(1, 0, 10 + i, "", kUntimed);
    ring.write(0, 0, i, "", kUntimed);
  }
  EXPECT_EQ(ring.values(ring.reader().take()), (Values{1, 2, 3, 11, 12, 13}));
  EXPECT_EQ(ring.values(ring.reader().take(5)), (Values{1, 2, 3, 11, 12, 13}));
}

TEST(Window, Order_ARecordWithoutTimeStaysBehindItsNeighbour) {
  TestRing ring(2);
  ring.write(0, 10, 1);
  ring.write(0, 0, 2, "", kUntimed);
  ring.write(0, 30, 3);
  ring.write(1, 20, 4);
  EXPECT_EQ(ring.values(ring.reader().take()), (Values{1, 2, 4, 3}));
}

TEST(Window, Since_LeavesOutWhatIsOlder) {
  TestRing ring(2);
  constexpr uint64_t kSecond = 1'000'000'000;
  for (uint64_t i = 1; i <= 100; ++i) ring.write(i % 2, i * kSecond, i);
  RingWindow window = ring.reader().take(91 * kSecond);
  SegmentLedger ledger = window.total();
  EXPECT_EQ(ledger.kept, 10u);
  EXPECT_EQ(ledger.before, 90u);
  EXPECT_EQ(ledger.overwritten, 0u);
  EXPECT_EQ(ring.values(std::move(window)), range(91, 100));
}

TEST(Window, Since_WhatIsOverwrittenWasNotAskedForWhenOlderIsThere) {
  TestRing ring;
  for (uint64_t i = 1; i <= 10'000; ++i) ring.write(0, i, i);
  SegmentLedger whole = ring.reader().take().total();
  ASSERT_GT(whole.overwritten, 1000u);
  uint64_t oldest = whole.overwritten + 1;
  EXPECT_EQ(ring.reader().take(oldest).total().overwritten, whole.overwritten);
  SegmentLedger ledger = ring.reader().take(oldest + 1).total();
  EXPECT_EQ(ledger.overwritten, 0u);
  EXPECT_EQ(ledger.before, oldest);
  EXPECT_EQ(ledger.kept, 10'000 - oldest);
}

TEST(Window, Since_FindsTheLateRecordOfAHandlerBehindOlderOnes) {
  TestRing ring;
  ring.write(0, 1000, 1);
  ring.write(0, 500, 2);  // began long before, interrupted by 1
  ring.write(0, 600, 3);
  EXPECT_EQ(ring.values(ring.reader().take(600)), (Values{3, 1}));
}

TEST(Window, Wrap_OfTheCountGoesOnCounting) {
  TestRing ring;
  constexpr uint64_t kStart = (5ull << kCountBits) - 10;
  ring.pretend(kStart, 777);
  for (uint64_t i = 1; i <= 20; ++i) ring.write(0, i, i, "text");
  EXPECT_EQ(ring.words().epochs, 5u);
  RingWindow window = ring.reader().take();
  SegmentLedger ledger = window.ledger(0);
  EXPECT_EQ(ledger.produced, kStart + 20);
  EXPECT_EQ(ledger.kept, 20u);
  RingRecord record;
  ASSERT_TRUE(window.next(record));
  EXPECT_EQ(record.number, kStart + 1);
  EXPECT_EQ(ring.values(std::move(window)), range(2, 20));
  EXPECT_EQ(ring.reader().counters(0).produced, kStart + 20);
}

TEST(Window, Wrap_OfTheUnitsChangesNothing) {
  TestRing ring;
  ring.pretend(1000, kUnitsMask - 20);
  for (uint64_t i = 1; i <= 20; ++i) ring.write(0, i, i, "text");
  EXPECT_LT(head_units(ring.words().head), 1000u);
  RingWindow window = ring.reader().take();
  EXPECT_EQ(window.ledger(0).produced, 1020u);
  EXPECT_EQ(ring.values(std::move(window)), range(1, 20));
}

TEST(Window, Wrap_OfTheCountAtTheGreatestRecordAtTheEndOfTheData) {
  TestRing ring;
  // The record with count 0 is one unit longer; it starts 8 bytes before the end of the data.
  uint32_t units = kMaxRecordSize / kUnit + 1;
  ring.pretend((1ull << kCountBits) - 1, kMinSegmentSize / kUnit + 1 - units);
  ASSERT_TRUE(ring.write(0, 1, 42, std::string(kMaxRecordSize, 'z')));
  RingWindow window = ring.reader().take();
  EXPECT_EQ(window.ledger(0).produced, 1ull << kCountBits);
  RingRecord record;
  ASSERT_TRUE(window.next(record));
  EXPECT_EQ(record.bytes.size(), kMaxLengthInRing);
  EXPECT_EQ(ring.value_of(record), 42u);
}

TEST(Window, Wrap_EpochsThatLagAreNoticed) {
  for (uint64_t epochs : {1, 6}) {
    TestRing ring;
    uint64_t wrapped = epochs << kCountBits;
    ring.pretend(wrapped - 1, 500);
    RingWriter writer = ring.writer();
    std::span<std::byte> record = writer.reserve(kTimed, 32);
    ASSERT_EQ(record.size(), 40u);
    // As another reader would see it between the reserve and the add to epochs.
    ring.words().epochs = epochs - 1;
    for (int more = 0; more < 3; ++more) {
      EXPECT_FALSE(ring.reader().take().ledger(0).exact);
      EXPECT_FALSE(ring.reader().read_new(0, wrapped + more).ledger().exact);
      EXPECT_FALSE(ring.reader().counters(0).exact);
      ring.write(0, 1, 1);
    }
    ring.words().epochs = epochs;
    writer.commit(record);
    EXPECT_TRUE(ring.reader().take().ledger(0).exact);
    EXPECT_EQ(ring.reader().take().ledger(0).produced, wrapped + 3);
    EXPECT_TRUE(ring.reader().read_new(0, wrapped + 1).ledger().exact);
    EXPECT_EQ(ring.reader().counters(0).produced, wrapped + 3);
  }
}

TEST(Window, InFlight_IsSkippedAndCounted) {
  TestRing ring;
  ring.write(0, 1, 1);
  RingWriter writer = ring.writer();
  std::span<std::byte> open = writer.reserve(kTimed, 48);
  ring.write(0, 3, 3);
  RingWindow window = ring.reader().take();
  EXPECT_EQ(window.ledger(0).in_flight, 1u);
  EXPECT_EQ(window.ledger(0).kept, 2u);
  expect_sums_up(window.ledger(0));
  EXPECT_EQ(ring.values(std::move(window)), (Values{1, 3}));
  SegmentCopy copy = ring.reader().read_new(0, 0);
  ASSERT_EQ(copy.in_flight().size(), 1u);
  EXPECT_EQ(copy.in_flight()[0].number, 2u);
  RecordValue value = RecordValue::of(2);
  fill_record(open, ring.format(kTimed), 2, {&value, 1});
  writer.commit(open);
  EXPECT_EQ(ring.values(ring.reader().take()), (Values{1, 2, 3}));
}

// Reserves without writing a header, as a writer that is killed right there.
void reserve_without_header(TestRing& ring, uint32_t length) {
  ring.words().head += head_increment(length);
}

TEST(Window, Gap_AWriterThatDiedBeforeItsHeaderHidesNothing) {
  TestRing ring;
  for (uint64_t i = 1; i <= 3000; ++i) ring.write(0, i, i, "some text");  // old bytes everywhere
  reserve_without_header(ring, 64);
  for (uint64_t i = 3002; i <= 3005; ++i) ring.write(0, i, i, "some text");
  RingWindow window = ring.reader().take();
  SegmentLedger ledger = window.ledger(0);
  EXPECT_EQ(ledger.in_flight, 1u);
  EXPECT_EQ(ledger.unreadable, 0u);
  EXPECT_GT(ledger.kept, 1000u);
  expect_sums_up(ledger);
  Values values = ring.values(std::move(window));
  EXPECT_EQ(values.back(), 3005u);
  EXPECT_EQ(values[values.size() - 5], 3000u);
}

TEST(Window, Gap_SeveralInARowAndAtTheEnds) {
  TestRing ring;
  reserve_without_header(ring, 40);  // the first record ever
  ring.write(0, 2, 2);
  for (int i = 0; i < 3; ++i) reserve_without_header(ring, 72);
  ring.write(0, 6, 6);
  reserve_without_header(ring, kMaxRecordSize);  // the newest
  RingWindow window = ring.reader().take();
  EXPECT_EQ(window.ledger(0).in_flight, 5u);
  EXPECT_EQ(ring.values(std::move(window)), (Values{2, 6}));
}

TEST(Window, Gap_TheWriterThatComesBackIsSeen) {
  TestRing ring;
  ring.write(0, 1, 1);
  reserve_without_header(ring, 64);
  EXPECT_EQ(ring.reader().take().ledger(0).in_flight, 1u);
  uint64_t offset = -(head_units(ring.words().head) * kUnit) & (kMinSegmentSize - 1);
  uint64_t word = record_header(2, kCommitted, 64, kTimed);
  std::memcpy(ring.control() + kControlSize + offset, &word, sizeof word);
  EXPECT_EQ(ring.reader().take().ledger(0).kept, 2u);
}

TEST(Window, Malformed_BytesThatAreNoRecordEndTheWalkAndAreCounted) {
  TestRing ring;
  for (uint64_t i = 1; i <= 100; ++i) ring.write(0, i, i, std::string(100, 'x'));
  // Zeros over what lies behind the newest 10 records, longer than any gap.
  uint64_t newest = -(head_units(ring.words().head) * kUnit) & (kMinSegmentSize - 1);
  std::byte* data = ring.control() + kControlSize;
  std::memset(data + newest + 10 * 128, 0, kMinSegmentSize - newest - 10 * 128);
  SegmentLedger ledger = ring.reader().take().ledger(0);
  EXPECT_EQ(ledger.kept, 10u);
  EXPECT_EQ(ledger.unreadable, 90u);
  expect_sums_up(ledger);
}

TEST(Window, Drops_AreReadByCause) {
  TestRing ring(2);
  EXPECT_TRUE(ring.writer(1).reserve(0, kMaxRecordSize + 1).empty());
  ring.writer(1).count_drop(DropCause::lock_timeout);
  ring.writer(1).count_drop(DropCause::lock_timeout);
  SegmentLedger total = ring.reader().take().total();
  EXPECT_EQ(total.dropped[static_cast<uint32_t>(DropCause::record_too_long)], 1u);
  EXPECT_EQ(total.dropped[static_cast<uint32_t>(DropCause::lock_timeout)], 2u);
  EXPECT_EQ(total.produced, 0u);
  EXPECT_EQ(ring.reader().counters(1).dropped, total.dropped);
}

}  // namespace
}  // namespace stapd
