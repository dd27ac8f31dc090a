// Blocks, of which recordings consist: docs/recording-format.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/store/column.h"
#include "runtime/store/compression.h"

namespace stapd {

enum class BlockKind : uint8_t { schema = 1, symbols = 2, records = 3, end = 4 };

using RecordingId = std::array<uint8_t, 16>;
RecordingId make_recording_id();
std::string to_text(const RecordingId& id);  // hex

constexpr std::string_view kBlockMagic = "\x89stapd\r\n";
constexpr uint16_t kBlockVersion = 1;
constexpr uint32_t kBlockHeaderSize = 96;
constexpr uint32_t kMaxBlockHeader = 4096;
constexpr uint64_t kMaxBodySize = 16u << 20;
constexpr uint64_t kMaxRawBodySize = 64u << 20;
constexpr uint64_t kMaxRecordsInBlock = 1u << 20;

struct BlockHeader {
  uint16_t version = kBlockVersion;
  BlockKind kind = BlockKind::records;  // may be one that this build does not know
  bool compressed = false;
  bool settled = false;
  uint32_t header_size = kBlockHeaderSize;
  uint64_t length = 0, raw_length = 0;
  RecordingId recording{};
  uint64_t sequence = 0;
  uint32_t file = 0;
  uint32_t schema = 0;
  uint64_t first_time = 0, last_time = 0;
  uint64_t records = 0;
  uint32_t body_checksum = 0;

  uint64_t size() const { return header_size + length; }
};

// A body as it is stored.
struct PackedBody {
  std::string stored;
  bool compressed = false;
  uint64_t raw_length = 0;
  uint32_t checksum = 0;
};
// Compressed where that makes it smaller.
PackedBody pack_body(const BlockBody& body, Compressor& compressor);
PackedBody plain_body(const BlockBody& body);

// The whole block: `header` with lengths and checksums filled in, then the body.
std::string encode_block(BlockHeader header, const PackedBody& body);

// The header at the start of `bytes`; nothing when there is none, or not all of it.
std::optional<BlockHeader> decode_block_header_untrusted(std::string_view bytes);

// The body of a block as it was before compression; `stored` is header.length bytes.
Result<std::string> decode_block_body_untrusted(const BlockHeader& header, std::string_view stored);

}  // namespace stapd
