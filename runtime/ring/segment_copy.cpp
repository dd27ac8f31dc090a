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
constexpr uint64_t kPrefetchBytes = 1024;
// A walk looks so often again at once for a missing header, then it naps.
constexpr uint32_t kSpins = 200;
constexpr uint32_t kNapUs = 50;
// How many records in a row may lack their header (one a level of nesting).
constexpr uint64_t kMaxGap = 4;
// How often one walk looks for the next record behind a gap: a bound for hostile memory.
constexpr int kMaxGaps = 16;
// Records after a wrap within which the record that adds to epochs may not be committed yet.
constexpr uint64_t kJustWrapped = 256;
// A chunk is never larger than so many times what was asked for.
constexpr uint64_t kLargestChunks = 4;
// How often a walk starts again because the count wrapped under it.
constexpr int kWalks = 8;

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
              const CopyRequest& request, SegmentCopy used = {})
      : segment_(segment), formats_(formats), request_(request), copy_(std::move(used)) {
    copy_.forget();
    epochs_ = segment.load_epochs();
    head_ = segment.load_head();
    copy_.ledger_.produced = epochs_ << kCountBits | head_count(head_);
    if (request.newest) {
      head_ = request.newest->head;
      copy_.ledger_.produced = request.newest->number;
    }
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
    copy_.ledger_.exact = belongs_together();
    drop_overwritten();
    put_in_order();
    older_ = copy_.drop_older(request_.since);
    settle_ledger();
    return copy_.ledger_.exact;
  }

  // The walk alone, which notes chunks instead of records.
  bool run_index(SegmentIndex& index, uint64_t chunk_bytes) {
    index_ = &index;
    chunk_bytes_ = chunk_bytes;
    begin_chunk();
    walk();
    end_chunk();
    index.in_flight = copy_.in_flight_;
    index.ledger = copy_.ledger_;
    index.ledger.before = after_;
    index.ledger.exact = belongs_together();
    for (uint32_t cause = 0; cause < kDropCauses; ++cause)
      index.ledger.dropped[cause] = segment_.load_dropped(cause);
    return index.ledger.exact;
  }

  SegmentCopy take() { return std::move(copy_); }

 private:
  using Entry = SegmentCopy::Entry;

  // Who looks back from a place that was given knows what belongs to it.
  bool belongs_together() const {
    return request_.newest || (!wrap_pending_ && segment_.load_epochs() == epochs_);
  }

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

  uint64_t intact() const { return segment_.intact(head_); }

  void walk() {
    while (number_ > after_ && distance_ < segment_.data_size()) {
      // Each header says where the next one is: the memory would be waited for record by record.
      __builtin_prefetch(segment_.data() + place(distance_ + kPrefetchBytes));
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
      if (index_ && distance_ - chunk_start_ >= chunk_bytes_ && is_chunk_end(*header)) {
        end_chunk();
        begin_chunk();
      }
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
    if (index_) {
      SegmentChunk& chunk = index_->chunks.back();
      ++chunk.records;
      uint64_t time = has_time(header) ? segment_.load_data(place(distance_) + kTimeOffset) : 0;
      if (has_time(header)) chunk.least_time = std::min(chunk.least_time, time);
      return;
    }
    // Until the copy is made, an entry holds its distance and its header word.
    uint64_t word = record_header(header.count, header.flags, header.length, header.format);
    copy_.entries_.push_back({word, number_, static_cast<uint32_t>(distance_), header.length});
  }

  // From the record at distance_ on.
  void begin_chunk() {
    chunk_start_ = distance_;
    uint64_t units = (head_units(head_) - distance_ / kUnit) & kUnitsMask;
    SegmentChunk chunk;
    chunk.newest = {units << kCountBits | (number_ & kCountMask), number_};
    index_->chunks.push_back(chunk);
  }
  void end_chunk() {
    index_->chunks.back().after = number_;
    index_->chunks.back().bytes = distance_ - chunk_start_;
  }

  // Whether `header` may be the oldest of a chunk: one without time belongs to the one before it,
  // unless none has a time.
  bool is_chunk_end(const RecordHeader& header) const {
    return is_whole(header.flags) &&
           (has_time(header) || distance_ - chunk_start_ >= kLargestChunks * chunk_bytes_);
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

  bool has_time(const RecordHeader& header) const { return stapd::has_time(header, formats_); }

  bool is_too_old(const RecordHeader& header) {
    if (!request_.since || !is_whole(header.flags) || !has_time(header)) return false;
    uint64_t time = segment_.load_data(place(distance_) + kTimeOffset);
    if (time + kHandlerSpan >= request_.since) return false;
    after_ = number_;
    return true;
  }

  void copy() {
    copy_.copy_bytes(segment_, newest_, distance_);
    copy_.extent_.head = head_;
    copy_.extent_.epochs = epochs_;
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
    auto keep = entries.begin();
    for (Entry entry : entries) {
      uint64_t noted = entry.time, word;
      entry.offset = copy_.offset_of(entry.offset);
      std::memcpy(&word, copy_.bytes() + entry.offset, sizeof word);
      if (word != noted) {
        ++copy_.ledger_.unreadable;
        continue;
      }
      entry.time = copy_.time_at(entry.offset, has_time(unpack_header(word)));
      *keep++ = entry;
    }
    entries.erase(keep, entries.end());
    copy_.sort_by_time(request_.time_before);
  }

  void settle_ledger() {
    SegmentLedger& ledger = copy_.ledger_;
    ledger.before = after_ + older_;
    ledger.kept = copy_.entries_.size();
    ledger.in_flight = copy_.in_flight_.size();
    uint64_t found = ledger.before + ledger.kept + ledger.in_flight + ledger.unreadable;
    uint64_t missing = ledger.produced - std::min(found, ledger.produced);
    // What is older than something too old was not asked for; behind a number, everything was.
    bool asked_for = !older_ || request_.after_number;
    (asked_for ? ledger.overwritten : ledger.before) += missing;
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
  SegmentIndex* index_ = nullptr;  // set: chunks are noted
  uint64_t chunk_bytes_ = 0;
  uint64_t chunk_start_ = 0;  // distance
};

void SegmentCopy::forget() {
  if (room_ > kMostKept) *this = SegmentCopy();
  entries_.clear();
  in_flight_.clear();
  ledger_ = {};
}

void SegmentCopy::copy_bytes(const SharedSegment& segment, uint32_t newest, uint64_t bytes) {
  uint32_t size = segment.data_size();
  uint64_t end = newest + bytes;
  // The record that runs over the end of the data goes on in the slack.
  uint64_t first = end <= size ? bytes : size - newest + kSlackSize;
  uint64_t second = end <= size ? 0 : end - size;
  if (room_ < first + second) {
    room_ = first + second;
    bytes_ = std::make_unique_for_overwrite<std::byte[]>(room_);
  }
  if (first) std::memcpy(bytes_.get(), segment.data() + newest, first);
  if (second) std::memcpy(bytes_.get() + first, segment.data(), second);
  std::atomic_thread_fence(std::memory_order_acquire);
  extent_ = {0, 0, newest, first, second, 0};
  // Where there is a second part, the first one ends with the slack.
  wraps_at_ = second ? size - newest : first;
}

void SegmentCopy::sort_by_time(uint64_t time_before) {
  uint64_t time = time_before;
  bool sorted = true;
  for (Entry& entry : entries_) {
    uint64_t before = time;
    if (entry.time == kNoTime)
      entry.time = time;
    else
      time = entry.time;
    sorted &= time >= before;
  }
  last_time_ = time;
  // Handlers interrupt each other: the records of one stay together, in their order.
  if (!sorted)
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const Entry& a, const Entry& b) { return a.time < b.time; });
}

uint64_t SegmentCopy::drop_older(uint64_t since) {
  if (!since) return 0;
  return std::erase_if(entries_,
                       [&](const Entry& entry) { return entry.time && entry.time < since; });
}

SegmentCopy SegmentCopy::take(const SharedSegment& segment, std::span<const RecordFormat> formats,
                              const CopyRequest& request, SegmentCopy used) {
  for (int walks = 1;; ++walks) {
    SegmentWalk walk(segment, formats, request, std::move(used));
    if (walk.run() || walks == kWalks) return walk.take();
    used = walk.take();
    if (request.patience_us) nap();
  }
}

SegmentIndex SegmentIndex::take(const SharedSegment& segment, std::span<const RecordFormat> formats,
                                const CopyRequest& request, uint64_t chunk_bytes) {
  for (int walks = 1;; ++walks) {
    SegmentIndex index;
    SegmentWalk walk(segment, formats, request);
    if (walk.run_index(index, chunk_bytes) || walks == kWalks) return index;
    if (request.patience_us) nap();
  }
}

void SegmentCopy::keep_up_to(uint64_t number) {
  auto newer = [&](const Entry& entry) { return entry.number > number; };
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(), newer), entries_.end());
}

void SegmentCopy::leave_out(const std::vector<InFlight>& records) {
  for (const InFlight& record : records) {
    uint64_t left =
        std::erase_if(entries_, [&](const Entry& entry) { return entry.number == record.number; });
    ledger_.kept -= left;
    ledger_.in_flight += left;
  }
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
