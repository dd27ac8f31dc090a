// Writers at full speed, readers all the time: every value is checked, the ledger is exact.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "runtime/ring/ring_follower.h"
#include "tests/support/snapshot_ring.h"

namespace stapd {
namespace {

using test::kTimed;
using test::SnapshotRing;
using test::TestRing;

constexpr auto kRunTime = std::chrono::milliseconds(700);

// The text of the record with this value: length and bytes follow from it.
std::string text_of(uint64_t value) {
  std::string text(value * 11 % 57, '\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + (value + i) % 26);
  return text;
}

// A thread that writes until it is told to stop. Values carry the writer in the top byte.
class Producer {
 public:
  Producer(TestRing& ring, uint32_t segment, uint64_t id, const std::atomic<bool>& stop)
      : thread_([&ring, segment, id, &stop, this] {
          RingWriter writer = ring.writer(segment);
          uint64_t half = ring.mapping().segment_size / kUnit / 2;
          while (!stop.load(std::memory_order_relaxed)) {
            uint64_t value = id << 56 | ++written_;
            std::string text = text_of(value);
            RecordValue values[] = {RecordValue::of(static_cast<int64_t>(value)),
                                    RecordValue::of(text)};
            uint64_t before = head_units(ring.words(segment).head);
            writer.write(kTimed, ring.format(kTimed), ++time_, values);
            uint64_t moved = head_units(ring.words(segment).head) - before;
            if ((moved & kUnitsMask) > half) lapped_ = true;
          }
        }) {}
  void join() { thread_.join(); }
  uint64_t written() const { return written_; }
  // The others may have gone round the ring while this one was stopped inside a record: then it
  // wrote over newer ones, which no reader can know.
  bool lapped() const { return lapped_; }

 private:
  uint64_t written_ = 0, time_ = 0;
  bool lapped_ = false;
  std::thread thread_;
};

// The value in a record if every byte of it is right, else 0.
uint64_t checked_value(const RingRecord& record, const TestRing& ring) {
  auto view = RecordView::parse_untrusted(record.bytes, ring.format(kTimed));
  if (!view) return 0;
  uint64_t value = static_cast<uint64_t>(view->integer(0));
  return view->string(1) == text_of(value) ? value : 0;
}

struct Findings {
  uint64_t windows = 0, records = 0;
  uint64_t wrong = 0;       // bytes that nobody wrote
  uint64_t disorder = 0;    // a writer's values that do not go up
  uint64_t unreadable = 0;  // healthy memory has none
  bool sums_up = true;
};

void look(const TestRing& ring, RingWindow window, Findings& findings) {
  ++findings.windows;
  uint64_t last[4] = {};
  for (RingRecord record; window.next(record);) {
    ++findings.records;
    uint64_t value = checked_value(record, ring);
    if (!value) {
      ++findings.wrong;
      continue;
    }
    uint64_t& before = last[value >> 56];
    findings.disorder += (value & ~(255ull << 56)) <= before;
    before = value & ~(255ull << 56);
  }
  SegmentLedger ledger = window.total();
  findings.unreadable += ledger.unreadable;
  findings.sums_up &= ledger.produced == ledger.kept + ledger.in_flight + ledger.overwritten;
}

// Runs two writers on the given segments under a reader; false when one lapped the other.
bool torture(TestRing& ring, uint32_t first, uint32_t second, Findings& findings) {
  std::atomic<bool> stop = false;
  Producer a(ring, first, 1, stop), b(ring, second, 2, stop);
  auto end = std::chrono::steady_clock::now() + kRunTime;
  while (std::chrono::steady_clock::now() < end || findings.windows < 5 ||
         findings.records < 200'000)
    look(ring, ring.reader().take(), findings);
  stop = true;
  a.join();
  b.join();
  RingWindow window = ring.reader().take();
  EXPECT_EQ(window.total().produced, a.written() + b.written());
  EXPECT_EQ(window.total().in_flight, 0u);
  EXPECT_EQ(window.total().kept + window.total().overwritten, a.written() + b.written());
  return !a.lapped() && !b.lapped();
}

void expect_clean(const Findings& findings) {
  EXPECT_EQ(findings.wrong, 0u);
  EXPECT_EQ(findings.disorder, 0u);
  EXPECT_EQ(findings.unreadable, 0u);
  EXPECT_TRUE(findings.sums_up);
  EXPECT_GT(findings.windows, 3u);
  EXPECT_GT(findings.records, 100'000u);
}

TEST(Torture, TwoSegmentsUnderAReader) {
  TestRing ring(2, 1u << 20);
  Findings findings;
  torture(ring, 0, 1, findings);
  expect_clean(findings);
}

TEST(Torture, TwoWritersOnOneSegment) {
  // Large, so that a writer that loses its CPU inside a record is not lapped meanwhile; on a busy
  // machine it may be, and then there is another try.
  for (int attempt = 0; attempt < 5; ++attempt) {
    TestRing ring(1, 64u << 20);
    Findings findings;
    if (!torture(ring, 0, 0, findings)) continue;
    expect_clean(findings);
    return;
  }
  FAIL() << "the machine is too busy: writers were stopped for a whole lap each time";
}

TEST(Torture, SnapshotsUnderWriters) {
  TestRing ring(2, 1u << 20);
  SnapshotRing snapshot(ring);
  Findings findings;
  std::atomic<bool> stop = false;
  Producer a(ring, 0, 1, stop), b(ring, 1, 2, stop);
  auto end = std::chrono::steady_clock::now() + kRunTime;
  while (std::chrono::steady_clock::now() < end || findings.windows < 5 ||
         findings.records < 200'000) {
    snapshot.refresh();
    look(ring, snapshot.reader().take(), findings);
  }
  stop = true;
  a.join();
  b.join();
  expect_clean(findings);
}

TEST(Torture, TheCountWrapsUnderWritersAndReader) {
  TestRing ring(1, 1u << 20);
  std::atomic<bool> stop = false;
  uint64_t start = (9ull << kCountBits) - 20'000;
  ring.pretend(start, 0);
  Producer producer(ring, 0, 1, stop);
  RingReader reader = ring.reader();
  uint64_t last = start;
  while (last < (9ull << kCountBits) + 20'000) {
    uint64_t produced = reader.read_new(0, last).ledger().produced;
    ASSERT_GE(produced, last);
    ASSERT_LT(produced - last, 1u << 23) << "epochs was read too early";
    last = produced;
  }
  stop = true;
  producer.join();
  EXPECT_EQ(reader.counters(0).produced, start + producer.written());
}

TEST(Torture, AFollowerGetsEachRecordOnceOrCountsIt) {
  TestRing ring(2, 4u << 20);
  std::atomic<bool> stop = false;
  RingReader reader = ring.reader();
  RingFollower follower(reader, {.settle_ns = 1'000});
  uint64_t last[3] = {}, wrong = 0, repeated = 0;
  auto drain = [&] {
    for (RingRecord record; follower.next(record);) {
      uint64_t value = checked_value(record, ring);
      uint64_t number = value & ~(255ull << 56);
      wrong += value == 0;
      repeated += number <= last[value >> 56];
      last[value >> 56] = number;
    }
  };
  Producer a(ring, 0, 1, stop), b(ring, 1, 2, stop);
  auto end = std::chrono::steady_clock::now() + kRunTime;
  for (uint64_t now = 0;
       std::chrono::steady_clock::now() < end || follower.total().delivered < 200'000;
       now += 100'000) {
    follower.poll(now);
    drain();
  }
  stop = true;
  a.join();
  b.join();
  follower.flush(UINT64_MAX / 2);
  drain();
  FollowLedger total = follower.total();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(repeated, 0u);
  EXPECT_EQ(total.abandoned + total.unreadable + total.resets, 0u);
  EXPECT_EQ(total.delivered + total.overwritten, a.written() + b.written());
  EXPECT_GT(total.delivered, 100'000u);
}

}  // namespace
}  // namespace stapd
