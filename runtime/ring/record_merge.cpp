#include "runtime/ring/record_merge.h"

#include <algorithm>
#include <tuple>

namespace stapd {

RecordMerge::RecordMerge(std::vector<MergeSource> sources, uint64_t horizon)
    : sources_(std::move(sources)) {
  for (uint32_t i = 0; i < sources_.size(); ++i) {
    MergeSource& source = sources_[i];
    auto after = [&](uint64_t time, const SegmentCopy::Entry& entry) { return time < entry.time; };
    auto end = std::upper_bound(source.entries.begin(), source.entries.end(), horizon, after);
    source.entries = source.entries.first(static_cast<size_t>(end - source.entries.begin()));
    source.taken = 0;
    if (!source.entries.empty()) heap_.push_back(i);
  }
  for (size_t i = heap_.size(); i-- > 0;) sift_down(i);
  note_rival();
}

bool RecordMerge::is_before(uint32_t a, uint32_t b) const {
  const MergeSource &x = sources_[a], &y = sources_[b];
  return std::tuple(x.entries[x.taken].time, x.segment, a) <
         std::tuple(y.entries[y.taken].time, y.segment, b);
}

void RecordMerge::sift_down(size_t place) {
  for (;;) {
    size_t child = 2 * place + 1;
    if (child >= heap_.size()) return;
    if (child + 1 < heap_.size() && is_before(heap_[child + 1], heap_[child])) ++child;
    if (!is_before(heap_[child], heap_[place])) return;
    std::swap(heap_[child], heap_[place]);
    place = child;
  }
}

// The oldest of the sources but the first one is one of the two below it.
void RecordMerge::note_rival() {
  rival_ = UINT64_MAX;
  for (size_t i = 1; i < std::min<size_t>(heap_.size(), 3); ++i) {
    const MergeSource& source = sources_[heap_[i]];
    rival_ = std::min(rival_, source.entries[source.taken].time);
  }
}

bool RecordMerge::next(RingRecord& record) {
  if (heap_.empty()) return false;
  MergeSource& source = sources_[heap_.front()];
  const SegmentCopy::Entry& entry = source.entries[source.taken];
  record = {{source.bytes + entry.offset, entry.length}, source.segment, entry.number, entry.time};
  bool is_last = ++source.taken == source.entries.size();
  if (!is_last && source.entries[source.taken].time < rival_) return true;
  if (is_last) {
    heap_.front() = heap_.back();
    heap_.pop_back();
  }
  sift_down(0);
  note_rival();
  return true;
}

}  // namespace stapd
