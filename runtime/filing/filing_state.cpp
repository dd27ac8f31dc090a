#include "runtime/filing/filing_state.h"

#include <algorithm>
#include <cstring>

namespace stapd {
namespace {

constexpr uint64_t kMagic = 0x31676e69'6c696673;  // "sfiling1"

struct Slot {
  uint64_t number, opened, size;
  uint64_t written, unwritten, overwritten;
};
struct SlotSegment {
  uint64_t position;
  uint64_t beyond;  // bit i: number position + 1 + i was delivered
};

struct Header {
  uint64_t magic;
  RecordingId recording;
  uint64_t size, max_age, total, keep_free;
  uint32_t count;
  uint32_t segments;
  uint8_t format, compress;
  char path[kMaxFilePath];
  uint64_t turn;  // which slot holds; and kIntended
  Slot slots[2];
};
constexpr uint64_t kIntended = 2;

Header& header_of(std::byte* area) { return *reinterpret_cast<Header*>(area); }
SlotSegment* segments_of(std::byte* area, uint32_t slot, uint32_t segments) {
  return reinterpret_cast<SlotSegment*>(area + sizeof(Header)) + size_t{slot} * segments;
}

}  // namespace

void Delivery::note(uint64_t number) {
  beyond.insert(number);
  absorb();
}

uint64_t Delivery::pass(uint64_t number) {
  if (number <= position) return 0;
  uint64_t passed = number - position;
  for (; !beyond.empty() && *beyond.begin() <= number; --passed) beyond.erase(beyond.begin());
  position = number;
  absorb();
  return passed;
}

void Delivery::absorb() {
  while (!beyond.empty() && *beyond.begin() == position + 1) {
    ++position;
    beyond.erase(beyond.begin());
  }
}

size_t FilingState::size_for(uint32_t segments) {
  return sizeof(Header) + 2 * sizeof(SlotSegment) * segments;
}

void FilingState::make(std::byte* area, const FileSettings& settings, uint32_t segments) {
  Header& header = header_of(area);
  header.recording = make_recording_id();
  header.size = settings.size;
  header.max_age = settings.max_age;
  header.total = settings.total;
  header.keep_free = settings.keep_free;
  header.count = settings.count;
  header.segments = segments;
  header.format = static_cast<uint8_t>(settings.format);
  header.compress = settings.compress;
  settings.path.copy(header.path, sizeof header.path - 1);
  header.magic = kMagic;
}

Result<FilingState> FilingState::open(std::byte* area, size_t size) {
  const Header& header = header_of(area);
  if (size < sizeof(Header) || header.magic != kMagic || header.segments > UINT16_MAX ||
      size < size_for(header.segments) || header.format > uint8_t(FileSettings::Format::text))
    return fail(ErrorCode::corrupt, "what is known of the session's files was damaged");
  FilingState state(area, header.segments);
  state.recording_ = header.recording;
  FileSettings& settings = state.settings_;
  settings.size = header.size;
  settings.max_age = header.max_age;
  settings.total = header.total;
  settings.keep_free = header.keep_free;
  settings.count = header.count;
  settings.format = FileSettings::Format{header.format};
  settings.compress = header.compress;
  settings.path.assign(header.path, strnlen(header.path, sizeof header.path));
  STAPD_TRY(check_file_path(settings.path));
  return state;
}

void FilingState::begin_recording() {
  header_of(area_).recording = recording_ = make_recording_id();
}

void FilingState::store(uint32_t slot, const TextProgress& progress) {
  header_of(area_).slots[slot] = {progress.number,  progress.opened,    progress.size,
                                  progress.written, progress.unwritten, progress.overwritten};
  SlotSegment* segments = segments_of(area_, slot, segments_);
  for (uint32_t i = 0; i < segments_ && i < progress.deliveries.size(); ++i) {
    const Delivery& delivery = progress.deliveries[i];
    segments[i] = {delivery.position, 0};
    for (uint64_t number : delivery.beyond) {
      uint64_t bit = number - delivery.position - 1;
      // Records overtake each other within one handler's time: by a few numbers.
      if (bit >= 64) break;
      segments[i].beyond |= uint64_t{1} << bit;
    }
  }
}

TextProgress FilingState::load(uint32_t slot) const {
  const Slot& from = header_of(area_).slots[slot];
  TextProgress progress{static_cast<uint32_t>(from.number),
                        from.opened,
                        from.size,
                        from.written,
                        from.unwritten,
                        from.overwritten,
                        std::vector<Delivery>(segments_)};
  const SlotSegment* segments = segments_of(area_, slot, segments_);
  for (uint32_t i = 0; i < segments_; ++i) {
    progress.deliveries[i].position = segments[i].position;
    for (uint64_t bit = 0; bit < 64; ++bit)
      if (segments[i].beyond >> bit & 1)
        progress.deliveries[i].beyond.insert(segments[i].position + 1 + bit);
  }
  return progress;
}

// Whoever is killed between any two of these stores leaves one slot that holds.
void FilingState::intend(const TextProgress& after) {
  uint64_t turn = header_of(area_).turn & 1;
  store(static_cast<uint32_t>(1 - turn), after);
  __atomic_store_n(&header_of(area_).turn, turn | kIntended, __ATOMIC_SEQ_CST);
}

void FilingState::settle(bool happened) {
  uint64_t turn = header_of(area_).turn & 1;
  __atomic_store_n(&header_of(area_).turn, happened ? 1 - turn : turn, __ATOMIC_SEQ_CST);
}

TextProgress FilingState::progress() const {
  return load(static_cast<uint32_t>(header_of(area_).turn & 1));
}

std::optional<TextProgress> FilingState::intention() const {
  uint64_t turn = header_of(area_).turn;
  if (!(turn & kIntended)) return std::nullopt;
  return load(static_cast<uint32_t>(1 - (turn & 1)));
}

}  // namespace stapd
