// Finds the blocks of a file, whatever became of it. docs/recording-format.md, "Finding blocks".
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/store/block.h"
#include "runtime/store/byte_source.h"

namespace stapd {

struct ScannedBlock {
  BlockHeader header;
  uint64_t offset = 0;
  bool intact = false;  // the body is there and its checksum is right
};

// Bytes between intact blocks that are none.
struct DamagedRange {
  uint64_t offset = 0, length = 0;
};

struct BlockScan {
  std::vector<ScannedBlock> blocks;  // with a right header, in the order of the file
  std::vector<DamagedRange> damage;
  uint64_t torn = 0;  // bytes at the end that are no intact block
};

BlockScan scan_blocks(const ByteSource& source);

// The body of an intact block, unpacked.
Result<std::string> read_body(const ByteSource& source, const ScannedBlock& block);
// Its first `size` bytes; nothing else is unpacked.
Result<std::string> read_body_start(const ByteSource& source, const ScannedBlock& block,
                                    size_t size);

}  // namespace stapd
