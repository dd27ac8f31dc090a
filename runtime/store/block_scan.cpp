#include "runtime/store/block_scan.h"

#include <algorithm>

#include "runtime/base/crc32c.h"

namespace stapd {
namespace {

constexpr uint64_t kWindow = 1u << 20;

// Reads a source in large pieces.
class SourceWindow {
 public:
  explicit SourceWindow(const ByteSource& source) : source_(source) {}

  // Up to `length` bytes, at most kWindow; valid up to the next call.
  std::string_view at(uint64_t offset, uint64_t length) {
    if (offset < start_ || offset + length > start_ + bytes_.size()) {
      start_ = offset;
      bytes_ = source_.read(offset, kWindow);
    }
    return std::string_view(bytes_).substr(offset - start_, length);
  }

 private:
  const ByteSource& source_;
  uint64_t start_ = 0;
  std::string bytes_;
};

class Scanner {
 public:
  explicit Scanner(const ByteSource& source)
      : source_(source), window_(source), size_(source.size()) {}

  BlockScan run() {
    uint64_t at = 0;
    while (at < size_) {
      auto header = decode_block_header_untrusted(window_.at(at, kMaxBlockHeader));
      if (header && is_intact(*header, at)) {
        note_damage(at);
        scan_.blocks.push_back({*header, at, true});
        at = good_end_ = at + header->size();
      } else {
        if (header) scan_.blocks.push_back({*header, at, false});
        // A body that is cut or damaged may end before the header says.
        at = find_magic(at + (header ? header->header_size : 1));
      }
    }
    scan_.torn = size_ - good_end_;
    return std::move(scan_);
  }

 private:
  bool is_intact(const BlockHeader& header, uint64_t at) const {
    if (header.size() > size_ - at) return false;
    std::string body = source_.read(at + header.header_size, header.length);
    return body.size() == header.length && crc32c(body) == header.body_checksum;
  }

  void note_damage(uint64_t end) {
    if (end > good_end_) scan_.damage.push_back({good_end_, end - good_end_});
  }

  // Where the magic stands next, from `from` on; or the end.
  uint64_t find_magic(uint64_t from) {
    while (from + kBlockMagic.size() <= size_) {
      std::string_view bytes = window_.at(from, std::min(kWindow / 2, size_ - from));
      size_t found = bytes.find(kBlockMagic);
      if (found != std::string_view::npos) return from + found;
      if (bytes.size() < kBlockMagic.size()) break;
      from += bytes.size() - (kBlockMagic.size() - 1);
    }
    return size_;
  }

  const ByteSource& source_;
  SourceWindow window_;
  uint64_t size_;
  uint64_t good_end_ = 0;  // of the last intact block
  BlockScan scan_;
};

}  // namespace

BlockScan scan_blocks(const ByteSource& source) { return Scanner(source).run(); }

Result<std::string> read_body(const ByteSource& source, const ScannedBlock& block) {
  std::string stored = source.read(block.offset + block.header.header_size, block.header.length);
  return decode_block_body_untrusted(block.header, stored);
}

Result<std::string> read_body_start(const ByteSource& source, const ScannedBlock& block,
                                    size_t size) {
  std::string stored = source.read(block.offset + block.header.header_size, block.header.length);
  if (block.header.compressed) return decompress_start_untrusted(stored, size);
  if (stored.size() < size) return fail(ErrorCode::corrupt, "a block that is too short");
  return stored.substr(0, size);
}

}  // namespace stapd
