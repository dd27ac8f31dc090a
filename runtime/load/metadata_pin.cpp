#include "runtime/load/metadata_pin.h"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/load/pins.h"

namespace stapd {
namespace {

constexpr size_t kImageOffset = 4096;
constexpr size_t kMaxContent = 256u << 20;  // of image and schema, each
static_assert(sizeof(SessionMetadata) <= kImageOffset);

constexpr size_t behind(size_t offset, size_t bytes) { return offset + (bytes + 7) / 8 * 8; }

Result<MapMemory> map_pages(int fd, size_t size, int protection) {
  void* data = mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return fail_errno("mapping the session's metadata", errno);
  return MapMemory(data, size);
}

}  // namespace

Result<MetadataMap> MetadataMap::create(const SessionMetadata& metadata, const Content& content) {
  if (content.image.size() > kMaxContent || content.schema.size() > kMaxContent)
    return failf(ErrorCode::limit, "a script of {} MB",
                 (content.image.size() + content.schema.size()) >> 20);
  MetadataMap map;
  const size_t schema_offset = behind(kImageOffset, content.image.size());
  map.size_ = behind(schema_offset, content.schema.size()) + 8 * size_t{content.segments};
  LIBBPF_OPTS(bpf_map_create_opts, options);
  options.map_flags = BPF_F_MMAPABLE;
  map.fd_.reset(bpf_map_create(BPF_MAP_TYPE_ARRAY, kMetadataPin, 4,
                               static_cast<uint32_t>(map.size_), 1, &options));
  if (!map.fd_.valid()) return fail_errno("making the session's metadata", errno);
  STAPD_ASSIGN(MapMemory whole, map_pages(map.fd(), map.size_, PROT_READ | PROT_WRITE));
  std::memcpy(whole.data() + kImageOffset, content.image.data(), content.image.size());
  std::memcpy(whole.data() + schema_offset, content.schema.data(), content.schema.size());
  STAPD_TRY(map.map_memory());
  map.metadata() = metadata;
  map.metadata().image_bytes = content.image.size();
  map.metadata().schema_bytes = content.schema.size();
  return map;
}

Result<MetadataMap> MetadataMap::open(const std::string& pin_folder) {
  MetadataMap map;
  STAPD_ASSIGN(map.fd_, open_pin(pin_folder + "/" + kMetadataPin));
  bpf_map_info info = {};
  uint32_t length = sizeof info;
  if (bpf_obj_get_info_by_fd(map.fd(), &info, &length) < 0)
    return fail_errno("the session's metadata", errno);
  map.size_ = info.value_size;
  auto not_ours = [&] {
    return failf(ErrorCode::corrupt, "{}/{}: not the metadata of a session", pin_folder,
                 kMetadataPin);
  };
  if (info.type != BPF_MAP_TYPE_ARRAY || map.size_ < kImageOffset) return not_ours();
  STAPD_TRY(map.map_memory());
  if (map.metadata().magic != SessionMetadata::kMagic || map.metadata().image_bytes > kMaxContent ||
      map.metadata().schema_bytes > kMaxContent || map.positions_offset() > map.size_)
    return not_ours();
  return map;
}

Status MetadataMap::map_memory() {
  STAPD_ASSIGN(memory_, map_pages(fd(), kImageOffset, PROT_READ | PROT_WRITE));
  return {};
}

// The sizes may have changed since they were checked.
Result<std::string> MetadataMap::read(size_t offset, size_t bytes) const {
  STAPD_ASSIGN(MapMemory whole, map_pages(fd(), size_, PROT_READ));
  offset = std::min(offset, size_);
  return std::string(reinterpret_cast<const char*>(whole.data()) + offset,
                     std::min(bytes, size_ - offset));
}

Result<std::string> MetadataMap::read_image() const {
  return read(kImageOffset, metadata().image_bytes);
}

Result<std::string> MetadataMap::read_schema() const {
  return read(schema_offset(), metadata().schema_bytes);
}

size_t MetadataMap::schema_offset() const { return behind(kImageOffset, metadata().image_bytes); }

size_t MetadataMap::positions_offset() const {
  return behind(schema_offset(), metadata().schema_bytes);
}

Result<std::vector<uint64_t>> MetadataMap::read_positions() const {
  STAPD_ASSIGN(MapMemory whole, map_pages(fd(), size_, PROT_READ));
  const size_t offset = std::min(positions_offset(), size_);
  std::vector<uint64_t> positions((size_ - offset) / 8);
  std::copy_n(whole.data() + offset, 8 * positions.size(),
              reinterpret_cast<std::byte*>(positions.data()));
  return positions;
}

Status MetadataMap::store_positions(std::span<const uint64_t> positions) const {
  STAPD_ASSIGN(MapMemory whole, map_pages(fd(), size_, PROT_READ | PROT_WRITE));
  const size_t offset = std::min(positions_offset(), size_);
  size_t count = std::min((size_ - offset) / 8, positions.size());
  std::memcpy(whole.data() + offset, positions.data(), 8 * count);
  return {};
}

void copy_text(char* to, size_t size, std::string_view text) {
  size_t length = std::min(text.size(), size - 1);
  std::memcpy(to, text.data(), length);
  std::memset(to + length, 0, size - length);
}

}  // namespace stapd
