#include "runtime/store/block.h"

#include <sys/random.h>

#include <algorithm>
#include <cstring>

#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/clock.h"
#include "runtime/base/crc32c.h"

namespace stapd {
namespace {

constexpr uint8_t kCompressed = 1, kSettled = 2;
constexpr size_t kChecksumOffset = kBlockHeaderSize - sizeof(uint32_t);

uint32_t header_checksum(std::string_view header) {
  return crc32c(header.substr(kBlockHeaderSize), crc32c(header.substr(0, kChecksumOffset)));
}

std::string encode_header(const BlockHeader& header) {
  ByteWriter out;
  out.put_raw(kBlockMagic);
  out.put(header.version);
  out.put(header.kind);
  out.put(static_cast<uint8_t>((header.compressed ? kCompressed : 0) |
                               (header.settled ? kSettled : 0)));
  out.put(kBlockHeaderSize);
  out.put(header.length);
  out.put(header.raw_length);
  out.put_raw({reinterpret_cast<const char*>(header.recording.data()), header.recording.size()});
  out.put(header.sequence);
  out.put(header.file);
  out.put(header.schema);
  out.put(header.first_time);
  out.put(header.last_time);
  out.put(header.records);
  out.put(header.body_checksum);
  std::string bytes = out.take();
  STAPD_CHECK(bytes.size() == kChecksumOffset);
  uint32_t sum = crc32c(bytes);
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  return bytes;
}

}  // namespace

RecordingId make_recording_id() {
  RecordingId id;
  if (getrandom(id.data(), id.size(), 0) != static_cast<ssize_t>(id.size())) {
    // Without randomness (early boot, a seccomp filter): different all the same on one host.
    ClockReading now = read_clocks();
    std::memcpy(id.data(), &now.boot, 8);
    std::memcpy(id.data() + 8, &now.real, 8);
  }
  return id;
}

std::string to_text(const RecordingId& id) {
  std::string text;
  for (uint8_t byte : id) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

PackedBody pack_body(const BlockBody& body, Compressor& compressor) {
  PackedBody packed;
  packed.stored = compressor.compress(body.bytes, body.cuts);
  packed.compressed = packed.stored.size() < body.bytes.size();
  if (!packed.compressed) packed.stored = body.bytes;
  packed.raw_length = body.bytes.size();
  packed.checksum = crc32c(packed.stored);
  return packed;
}

PackedBody plain_body(const BlockBody& body) {
  return {body.bytes, false, body.bytes.size(), crc32c(body.bytes)};
}

std::string encode_block(BlockHeader header, const PackedBody& body) {
  header.compressed = body.compressed;
  header.length = body.stored.size();
  header.raw_length = body.raw_length;
  header.body_checksum = body.checksum;
  return encode_header(header) + body.stored;
}

std::optional<BlockHeader> decode_block_header_untrusted(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.get_raw(kBlockMagic.size()) != kBlockMagic) return std::nullopt;
  BlockHeader header;
  header.version = in.get<uint16_t>();
  header.kind = in.get<BlockKind>();
  auto flags = in.get<uint8_t>();
  header.compressed = flags & kCompressed;
  header.settled = flags & kSettled;
  header.header_size = in.get<uint32_t>();
  header.length = in.get<uint64_t>();
  header.raw_length = in.get<uint64_t>();
  std::string_view id = in.get_raw(header.recording.size());
  std::copy(id.begin(), id.end(), header.recording.begin());
  header.sequence = in.get<uint64_t>();
  header.file = in.get<uint32_t>();
  header.schema = in.get<uint32_t>();
  header.first_time = in.get<uint64_t>();
  header.last_time = in.get<uint64_t>();
  header.records = in.get<uint64_t>();
  header.body_checksum = in.get<uint32_t>();
  auto sum = in.get<uint32_t>();
  if (!in.ok() || header.header_size < kBlockHeaderSize || header.header_size > kMaxBlockHeader ||
      header.header_size > bytes.size())
    return std::nullopt;
  if (header_checksum(bytes.substr(0, header.header_size)) != sum) return std::nullopt;
  if (header.length > kMaxBodySize || header.raw_length > kMaxRawBodySize ||
      header.records > kMaxRecordsInBlock)
    return std::nullopt;
  return header;
}

Result<std::string> decode_block_body_untrusted(const BlockHeader& header,
                                                std::string_view stored) {
  if (stored.size() != header.length || crc32c(stored) != header.body_checksum)
    return fail(ErrorCode::corrupt, "the checksum of a block is wrong");
  if (header.compressed) return decompress_untrusted(stored, header.raw_length);
  if (header.length != header.raw_length)
    return fail(ErrorCode::corrupt, "a block of another length than it says");
  return std::string(stored);
}

}  // namespace stapd
