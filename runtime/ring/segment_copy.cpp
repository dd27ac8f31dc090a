#include "runtime/ring/segment_copy.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>

#include "runtime/record/record_view.h"

namespace stapd {

namespace {

// A record is written when its handler runs on, and carries the time at which the handler began:
// no older record is newer than this many ns after it.
constexpr uint64_t kHandlerSpan = 1'000'000'000;
// A walk looks so often again at once for a missing header, then it naps.
constexpr uint32_t kSpins = 200;
constexpr uint32_t kNapUs = 50;
// How many records in a row may lack their header (one a level of nesting).
constexpr uint64_t kMaxGap = 4;
// How often one walk looks for the next record behind a gap: a bound for hostile memory.
constexpr int kMaxGaps = 16;
// Records after a wrap within which the record that adds to epochs may not be committed yet.
constexpr uint64_t kJustWrapped = 256;
// How often a walk starts again because the count wrapped under it.
constexpr int kWalks = 8;

bool is_whole(uint8_t flags) { return (flags & ~kTruncated) == kCommitted; }

void nap() {
  timespec time{0, kNapUs * 1000};
  nanosleep(&time, nullptr);
}

}  // namespace

// One walk over the headers where they lie, newest to oldest, then the copy. The headers come
// first: what was committed when the walk saw it is whole when it is copied afterwards.
class SegmentWalk {
 public:
  SegmentWalk(const SharedSegment& segment, std::span<const RecordFormat> formats,
              const CopyRequest& request)
      : segment_(segment), formats_(formats), request_(request) {
    epochs_ = segment.load_epochs();
    head_ = segment.load_head();
    copy_.ledger_.produced = epochs_ << kCountBits | head_count(head_);
    number_ = copy_.ledger_.produced;
    // Fewer than before: epochs lags behind a count that wrapped, or the ring is a new one.
    wrap_pending_ = request.after_number > number_;
    after_ = std::min(request.after_number, number_);
    newest_ = segment.newest_offset(head_);
  }

  // Whether head and epochs belong together: not when a count wrapped meanwhile.
  bool run() {
    walk();
    copy();
    copy_.ledger_.exact = !wrap_pending_ && segment_.load_epochs() == epochs_;
    drop_overwritten();
    put_in_order();
    drop_older();
    settle_ledger();
    return copy_.ledger_.exact;
  }

  SegmentCopy take() { return std::move(copy_); }

 private:
  using Entry = SegmentCopy::Entry;

  uint32_t place(uint64_t distance) const {
    return static_cast<uint32_t>(newest_ + distance) & (segment_.data_size() - 1);
  }
  uint64_t word_at(uint64_t distance) const { return segment_.load_data(place(distance)); }

  // The header word `distance` bytes behind the newest record, if it is that of record `number`.
  std::optional<RecordHeader> header_at(uint64_t distance, uint64_t number) const {
    RecordHeader header = unpack_header(word_at(distance));
    if (header.count != (number & kCountMask)) return std::nullopt;
    if (header.length == 0 || header.length > kMaxLengthInRing) return std::nullopt;
    if (!is_whole(header.flags) && header.flags != kReserved) return std::nullopt;
    return header;
  }

  // Bytes behind the newest record that nobody overwrote so far.
  uint64_t intact() const {
    uint64_t moved = (head_units(segment_.load_head()) - head_units(head_)) & kUnitsMask;
    uint64_t size = segment_.data_size(), gone = segment_.load_untaken();
    if (moved >= size / kUnit || gone >= size) return 0;
    return size - std::min(size, gone + moved * kUnit);
  }

  void walk() {
    while (number_ > after_ && distance_ < segment_.data_size()) {
      auto header = header_at(distance_, number_);
      if (!header && !(header = wait_for_header())) {
        if (distance_ >= intact()) return;  // overwritten under us
        if (step_over_gap()) continue;
        if (distance_ < intact()) copy_.ledger_.unreadable = number_ - after_;
        return;
      }
      if (distance_ + header->length > segment_.data_size()) return;
      if (is_too_old(*header)) return;
      take_note(*header);
      distance_ += header->length;
      --number_;
    }
    // All records that a first count can mean, and still others behind them: it wrapped.
    if (number_ == 0 && distance_ < std::min<uint64_t>(head_units(head_) * kUnit, intact()))
      wrap_pending_ = true;
  }

  void take_note(const RecordHeader& header) {
    if (header.flags == kReserved) {
      note_in_flight(1);
      return;
    }
    // Until the copy is made, an entry holds its distance and its header word.
    uint64_t word = record_header(header.count, header.flags, header.length, header.format);
    copy_.entries_.push_back({word, number_, static_cast<uint32_t>(distance_), header.length});
  }

  // The `records` from number_ on down are reserved, not committed.
  void note_in_flight(uint64_t records) {
    for (uint64_t i = 0; i < records; ++i) {
      copy_.in_flight_.push_back({number_ - i, distance_});
      wrap_pending_ |= head_count(number_ - i) == 0;
    }
  }

  std::optional<RecordHeader> wait_for_header() {
    while (waits_ < kSpins + request_.patience_us / kNapUs && distance_ < intact()) {
      if (++waits_ > kSpins) nap();
      if (auto header = header_at(distance_, number_)) return header;
    }
    return std::nullopt;
  }

  // Finds the next record behind one to kMaxGap that have no header: their writers were stopped, or
  // killed, right after the reserve.
  bool step_over_gap() {
    if (++gaps_ > kMaxGaps) return false;
    for (uint64_t missing = 1; missing <= kMaxGap && missing <= number_ - after_; ++missing) {
      if (number_ - missing == after_) {
        note_in_flight(missing);
        number_ = after_;
        return true;
      }
      uint64_t end =
          std::min<uint64_t>(distance_ + missing * kMaxLengthInRing, segment_.data_size() - kUnit);
      for (uint64_t at = distance_ + missing * kUnit; at <= end; at += kUnit) {
        if (!header_at(at, number_ - missing)) continue;
        note_in_flight(missing);
        number_ -= missing;
        distance_ = at;
        return true;
      }
    }
    return false;
  }

  bool has_time(const RecordHeader& header) const {
    return header.format < formats_.size() && formats_[header.format].has_time &&
           header.length >= kTimeOffset + sizeof(uint64_t);
  }

  bool is_too_old(const RecordHeader& header) {
    if (!request_.since || !is_whole(header.flags) || !has_time(header)) return false;
    uint64_t time = segment_.load_data(place(distance_) + kTimeOffset);
    if (time + kHandlerSpan >= request_.since) return false;
    after_ = number_;
    return true;
  }

  void copy() {
    const std::byte* data = segment_.data();
    uint32_t size = segment_.data_size();
    uint64_t end = newest_ + distance_;
    // The record that runs over the end of the data goes on in the slack.
    uint64_t first = end <= size ? distance_ : size - newest_ + kSlackSize;
    uint64_t second = end <= size ? 0 : end - size;
    copy_.bytes_ = std::make_unique_for_overwrite<std::byte[]>(first + second);
    std::memcpy(copy_.bytes_.get(), data + newest_, first);
    std::memcpy(copy_.bytes_.get() + first, data, second);
    std::atomic_thread_fence(std::memory_order_acquire);
    copy_.extent_ = {head_, epochs_, newest_, first, second, 0};
  }

  void drop_overwritten() {
    auto& entries = copy_.entries_;
    uint64_t limit = intact();
    copy_.extent_.whole = std::min(limit, distance_);
    while (!entries.empty() && entries.back().offset + entries.back().length > limit)
      entries.pop_back();
    auto& in_flight = copy_.in_flight_;
    while (!in_flight.empty() && in_flight.back().distance >= limit) in_flight.pop_back();
  }

  // Turns entries from what the walk noted into what the copy holds, oldest first.
  void put_in_order() {
    auto& entries = copy_.entries_;
    std::reverse(entries.begin(), entries.end());
    uint64_t time = 0;
    bool sorted = true;
    auto keep = entries.begin();
    for (Entry entry : entries) {
      uint32_t at = place(entry.offset);
      entry.offset = at >= newest_ ? at - newest_ : static_cast<uint32_t>(copy_.extent_.first) + at;
      uint64_t word;
      std::memcpy(&word, copy_.bytes_.get() + entry.offset, sizeof word);
      if (word != entry.time) {
        ++copy_.ledger_.unreadable;
        continue;
      }
      uint64_t before = time;
      if (has_time(unpack_header(word)))
        std::memcpy(&time, copy_.bytes_.get() + entry.offset + kTimeOffset, sizeof time);
      entry.time = time;
      sorted &= time >= before;
      *keep++ = entry;
    }
    entries.erase(keep, entries.end());
    // Handlers interrupt each other: the records of one stay together, in their order.
    if (!sorted)
      std::stable_sort(entries.begin(), entries.end(),
                       [](const Entry& a, const Entry& b) { return a.time < b.time; });
  }

  void drop_older() {
    auto& entries = copy_.entries_;
    auto old = [&](const Entry& entry) { return entry.time && entry.time < request_.since; };
    auto keep = std::remove_if(entries.begin(), entries.end(), old);
    older_ = static_cast<uint64_t>(entries.end() - keep);
    entries.erase(keep, entries.end());
  }

  void settle_ledger() {
    SegmentLedger& ledger = copy_.ledger_;
    ledger.before = after_ + older_;
    ledger.kept = copy_.entries_.size();
    ledger.in_flight = copy_.in_flight_.size();
    uint64_t found = ledger.before + ledger.kept + ledger.in_flight + ledger.unreadable;
    ledger.overwritten = ledger.produced - std::min(found, ledger.produced);
    for (uint32_t cause = 0; cause < kDropCauses; ++cause)
      ledger.dropped[cause] = segment_.load_dropped(cause);
  }

  const SharedSegment& segment_;
  std::span<const RecordFormat> formats_;
  const CopyRequest& request_;
  SegmentCopy copy_;
  uint64_t epochs_, head_;
  uint64_t number_;        // of the record at distance_
  uint64_t after_;         // the walk ends before this number
  uint64_t distance_ = 0;  // bytes behind the start of the newest record
  uint32_t newest_;        // where that is in the data
  uint64_t older_ = 0;
  uint32_t waits_ = 0;
  int gaps_ = 0;
  bool wrap_pending_ = false;
};

SegmentCopy SegmentCopy::take(const SharedSegment& segment, std::span<const RecordFormat> formats,
                              const CopyRequest& request) {
  for (int walks = 1;; ++walks) {
    SegmentWalk walk(segment, formats, request);
    if (walk.run() || walks == kWalks) return walk.take();
    if (request.patience_us) nap();
  }
}

void SegmentCopy::keep_up_to(uint64_t number) {
  auto newer = [&](const Entry& entry) { return entry.number > number; };
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(), newer), entries_.end());
}

SegmentLedger read_counters(const SharedSegment& segment) {
  SegmentLedger ledger;
  uint64_t head = segment.load_head();
  ledger.produced = segment.load_epochs() << kCountBits | head_count(head);
  // Right after a wrap epochs may lag behind: then only the records tell.
  if (head_count(head) < kJustWrapped || segment.load_head() < head)
    ledger = SegmentCopy::take(segment, {}, {}).ledger();
  ledger.before = ledger.kept = ledger.in_flight = ledger.overwritten = ledger.unreadable = 0;
  for (uint32_t cause = 0; cause < kDropCauses; ++cause)
    ledger.dropped[cause] = segment.load_dropped(cause);
  return ledger;
}

}  // namespace stapd
