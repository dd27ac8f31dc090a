// The ring's readers on memory that holds anything: they end, touch nothing outside, and their
// ledgers add up.
#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/record/record_view.h"
#include "runtime/ring/ring_follower.h"
#include "tests/support/test_ring.h"

namespace stapd {
namespace {

void check_sum(const SegmentLedger& ledger) {
  STAPD_CHECK(ledger.produced == ledger.before + ledger.kept + ledger.in_flight +
                                     ledger.overwritten + ledger.unreadable);
}

void look_at(const RingRecord& record, const test::TestRing& ring) {
  for (const RecordFormat& format : ring.formats()) {
    auto view = RecordView::parse_untrusted(record.bytes, format);
    if (!view) continue;
    volatile char byte = 0;
    for (char c : view->string(1)) byte = byte ^ c;
  }
}

// Input: control words, then pieces {u16 place in units, u16 length, bytes} laid over a ring that
// holds good records already, so that changes hit something.
void run(const uint8_t* data, size_t size) {
  test::TestRing ring;
  auto take = [&](void* to, size_t want) {
    size_t got = std::min(want, size);
    std::memcpy(to, data, got);
    data += got;
    size -= got;
  };
  uint8_t records = 0, words = 0;
  take(&records, 1);
  take(&words, 1);
  for (uint64_t i = 1; i <= records * 16u; ++i) ring.write(0, i, i, std::string(i % 50, 'x'));
  if (words & 1) take(&ring.words().head, 8);
  if (words & 2) take(&ring.words().epochs, 8);
  while (size > 4) {
    uint16_t place = 0, length = 0;
    take(&place, 2);
    take(&length, 2);
    uint32_t offset = place % (kMinSegmentSize / 8) * 8;
    take(ring.control() + kControlSize + offset, std::min<size_t>(length, kSlackSize));
  }
  uint64_t since = words & 4 ? 20 : 0;
  RingReader reader = ring.reader(0);
  RingWindow window = reader.take(since);
  check_sum(window.ledger(0));
  uint64_t time = 0;
  for (RingRecord record; window.next(record);) {
    STAPD_CHECK(record.time >= time);
    time = record.time;
    look_at(record, ring);
  }
  RingStream stream(ring.mapping(), ring.formats(), since, 0, 2000);
  time = 0;
  for (RingRecord record; stream.next(record);) {
    STAPD_CHECK(record.time >= time);
    time = record.time;
    look_at(record, ring);
  }
  check_sum(stream.ledger(0));
  RingFollower follower(reader, {.settle_ns = 0, .stall_ns = 10});
  for (uint64_t now : {1ull, 100ull, ~0ull}) {
    follower.poll(now);
    for (RingRecord record; follower.next(record);) look_at(record, ring);
    ring.write(0, 1, 1, "more");
  }
}

}  // namespace
}  // namespace stapd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stapd::run(data, size);
  return 0;
}
