#include "runtime/ring/ring_follower.h"

#include <algorithm>
#include <utility>

namespace stapd {
namespace {

constexpr uint64_t kNone = UINT64_MAX;

// Of each entry and those behind it, and of nothing.
std::vector<uint64_t> least_numbers(const std::vector<SegmentCopy::Entry>& entries) {
  std::vector<uint64_t> least(entries.size() + 1, kNone);
  for (size_t i = entries.size(); i-- > 0;) least[i] = std::min(entries[i].number, least[i + 1]);
  return least;
}

}  // namespace

RingFollower::RingFollower(const RingReader& reader, FollowOptions options)
    : reader_(reader), options_(std::move(options)), tracks_(reader.segments()) {
  options_.positions.resize(tracks_.size());
  bool only_new = options_.since == UINT64_MAX;
  for (uint32_t i = 0; i < tracks_.size(); ++i)
    tracks_[i].position = only_new ? reader.counters(i).produced : options_.positions[i];
  if (only_new) options_.since = 0;
}

void RingFollower::poll(uint64_t now) {
  advance(now, now > options_.settle_ns ? now - options_.settle_ns : 0);
}

void RingFollower::flush(uint64_t now) { advance(now, UINT64_MAX); }

// The merge has two sources a segment: what was carried over, then what is fresh.
void RingFollower::advance(uint64_t now, uint64_t horizon) {
  for (uint32_t i = 0; i < tracks_.size(); ++i) {
    Track& track = tracks_[i];
    size_t source = 2 * size_t{i};
    if (source + 1 < merge_.sources().size())
      carry_over(track, merge_.sources()[source], merge_.sources()[source + 1]);
    read_track(i, now);
  }
  std::vector<MergeSource> sources;
  sources.reserve(2 * tracks_.size());
  for (uint32_t i = 0; i < tracks_.size(); ++i) {
    Track& track = tracks_[i];
    track.carried_least = least_numbers(track.carried);
    track.fresh_least = least_numbers(track.fresh.entries());
    sources.push_back({track.carried, track.carried_bytes.data(), i});
    sources.push_back({track.fresh.entries(), track.fresh.bytes(), i});
  }
  merge_ = RecordMerge(std::move(sources), horizon);
}

// Keeps what was not handed out: both sources together, in order, in bytes of their own.
void RingFollower::carry_over(Track& track, const MergeSource& carried, const MergeSource& fresh) {
  std::vector<SegmentCopy::Entry>& entries = track.next_carried;
  std::vector<char>& bytes = track.next_carried_bytes;
  auto keep = [&](const SegmentCopy::Entry& entry, const char* from) {
    entries.push_back(entry);
    entries.back().offset = static_cast<uint32_t>(bytes.size());
    bytes.insert(bytes.end(), from + entry.offset, from + entry.offset + entry.length);
  };
  size_t a = carried.taken, b = fresh.taken;
  const auto& old_entries = track.carried;
  const auto& new_entries = track.fresh.entries();
  entries.reserve(old_entries.size() - a + new_entries.size() - b);
  while (a < old_entries.size() || b < new_entries.size()) {
    bool take_new = a == old_entries.size() ||
                    (b < new_entries.size() && new_entries[b].time < old_entries[a].time);
    if (take_new)
      keep(new_entries[b++], track.fresh.bytes());
    else
      keep(old_entries[a++], track.carried_bytes.data());
  }
  std::swap(track.carried, entries);
  std::swap(track.carried_bytes, bytes);
  entries.clear();
  bytes.clear();
  track.fresh.forget();
}

void RingFollower::read_track(uint32_t segment, uint64_t now) {
  Track& track = tracks_[segment];
  if (reader_.counters(segment).produced == track.position) return;
  SegmentCopy copy =
      reader_.read_new(segment, track.position, options_.since, std::move(track.fresh));
  if (copy.ledger().produced < track.position) {
    track.position = 0;
    track.waiting.clear();
    ++track.ledger.resets;
    copy = reader_.read_new(segment, 0, options_.since);
  }
  track.fresh = std::move(copy);
  uint64_t end = readable_end(track, now);
  track.fresh.keep_up_to(end);
  track.ledger.overwritten += track.fresh.ledger().overwritten;
  track.ledger.unreadable += track.fresh.ledger().unreadable;
  track.position = end;
}

// Up to which number records can be taken: a record in flight is waited for, but not for ever.
uint64_t RingFollower::readable_end(Track& track, uint64_t now) {
  uint64_t end = track.fresh.ledger().produced;
  std::vector<Waiting> waiting;
  for (const auto& [number, distance] : track.fresh.in_flight()) {
    auto seen = std::find_if(track.waiting.begin(), track.waiting.end(),
                             [n = number](const Waiting& w) { return w.number == n; });
    waiting.push_back({number, seen == track.waiting.end() ? now : seen->since});
    if (now - waiting.back().since < options_.stall_ns) end = number - 1;
  }
  track.waiting = std::move(waiting);
  for (const auto& [number, distance] : track.fresh.in_flight())
    track.ledger.abandoned += number <= end;
  return end;
}

bool RingFollower::next(RingRecord& record) {
  if (!merge_.next(record)) return false;
  ++tracks_[record.segment].ledger.delivered;
  return true;
}

FollowLedger RingFollower::total() const {
  FollowLedger sum;
  for (const Track& track : tracks_) {
    sum.delivered += track.ledger.delivered;
    sum.overwritten += track.ledger.overwritten;
    sum.abandoned += track.ledger.abandoned;
    sum.unreadable += track.ledger.unreadable;
    sum.resets += track.ledger.resets;
  }
  return sum;
}

uint64_t RingFollower::position(uint32_t segment) const {
  const Track& track = tracks_[segment];
  size_t source = 2 * size_t{segment};
  if (source + 1 >= merge_.sources().size()) return track.position;  // nothing was read so far
  uint64_t held = std::min(track.carried_least[merge_.sources()[source].taken],
                           track.fresh_least[merge_.sources()[source + 1].taken]);
  return std::min(track.position, held - 1);
}

std::vector<uint64_t> RingFollower::positions() const {
  std::vector<uint64_t> positions;
  for (uint32_t i = 0; i < tracks_.size(); ++i) positions.push_back(position(i));
  return positions;
}

}  // namespace stapd
